using System.Buffers;
using System.Buffers.Binary;

namespace Cairn.Execution;

/// <summary>A stretch of a log that came from one stream at one time.</summary>
/// <param name="Offset">Where it begins in the log.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Stream">Where it came from.</param>
/// <param name="At">When its first byte was read.</param>
public readonly record struct LogIndexRecord(long Offset, long Length, OutputStream Stream, DateTimeOffset At);

/// <summary>Encodes the sidecar index of a log; see <c>docs/formats/log-index.md</c>.</summary>
public sealed class LogIndexWriter(IBufferWriter<byte> output)
{
    private const int VarintBytesMax = 10;

    private OutputStream _stream;
    private long _length;
    private long _at;
    private long _previousAt;

    internal static ReadOnlySpan<byte> Magic => "CLIX1\n"u8;

    /// <summary>True while the last record waits for bytes that it could share.</summary>
    public bool HasPending => _length > 0;

    /// <summary>Begins a process's records; the magic goes before the first in a file.</summary>
    public void Start(DateTimeOffset at, bool withMagic)
    {
        Flush();
        if (withMagic)
        {
            output.Write(Magic);
        }

        var span = output.GetSpan(1 + sizeof(long));
        span[0] = 0;
        BinaryPrimitives.WriteInt64LittleEndian(span[1..], (at - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);
        output.Advance(1 + sizeof(long));
        _previousAt = 0;
    }

    /// <summary>Adds bytes that were read the given time after the start; times never go back.</summary>
    public void Append(OutputStream stream, int length, long microseconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (_length > 0 && stream == _stream && microseconds - _at < ExecutionLimits.IndexCoalesceMicroseconds)
        {
            _length += length;
            return;
        }

        Flush();
        _stream = stream;
        _length = length;
        _at = Math.Max(microseconds, _previousAt);
    }

    /// <summary>Writes the record that waits.</summary>
    public void Flush()
    {
        if (_length == 0)
        {
            return;
        }

        WriteVarint((ulong)_length << 1 | (uint)_stream);
        WriteVarint((ulong)(_at - _previousAt));
        _previousAt = _at;
        _length = 0;
    }

    private void WriteVarint(ulong value)
    {
        var span = output.GetSpan(VarintBytesMax);
        var n = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[n++] = (byte)(value | 0x80);
        }

        span[n++] = (byte)value;
        output.Advance(n);
    }
}

/// <summary>Decodes the sidecar index of a log, also one that is still growing or was cut off; see <c>docs/formats/log-index.md</c>.</summary>
public sealed class LogIndexReader
{
    private bool _begun;
    private bool _corrupt;
    private long _offset;
    private DateTimeOffset _at = DateTimeOffset.UnixEpoch;

    /// <summary>True after bytes that are no index: nothing more can be read.</summary>
    public bool IsCorrupt => _corrupt;

    /// <summary>Bytes of the log that the records so far cover.</summary>
    public long CoveredBytes => _offset;

    /// <summary>
    /// Takes the next record off the front of <paramref name="bytes"/>. False leaves an incomplete record there:
    /// the end of the file, to be tried again with more bytes after it.
    /// </summary>
    public bool TryRead(ref ReadOnlySpan<byte> bytes, out LogIndexRecord record)
    {
        record = default;
        if (!_begun && !_corrupt)
        {
            var known = Math.Min(bytes.Length, LogIndexWriter.Magic.Length);
            _corrupt = !bytes[..known].SequenceEqual(LogIndexWriter.Magic[..known]);
            if (_corrupt || known < LogIndexWriter.Magic.Length)
            {
                return false;
            }

            bytes = bytes[known..];
            _begun = true;
        }

        while (!_corrupt)
        {
            var rest = bytes;
            if (!TryVarint(ref rest, out var head))
            {
                return false;
            }

            if (head == 0)
            {
                if (!TryStart(ref rest))
                {
                    return false;
                }

                bytes = rest;
                continue;
            }

            if (!TryVarint(ref rest, out var microseconds))
            {
                return false;
            }

            var length = (long)(head >> 1);
            var ticksMax = (ulong)(DateTimeOffset.MaxValue - _at).Ticks;
            _corrupt = length == 0 || length > long.MaxValue - _offset || microseconds > ticksMax / TimeSpan.TicksPerMicrosecond;
            if (_corrupt)
            {
                return false;
            }

            _at = _at.AddTicks((long)microseconds * TimeSpan.TicksPerMicrosecond);
            record = new LogIndexRecord(_offset, length, (OutputStream)(head & 1), _at);
            _offset += length;
            bytes = rest;
            return true;
        }

        return false;
    }

    private bool TryStart(ref ReadOnlySpan<byte> rest)
    {
        if (!BinaryPrimitives.TryReadInt64LittleEndian(rest, out var nanoseconds))
        {
            return false;
        }

        // Every 64-bit count of nanoseconds lies within the years 1677 to 2262.
        _at = DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        rest = rest[sizeof(long)..];
        return true;
    }

    private bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            // Nine groups of seven bits hold every length and time that the writer can meet.
            if (i == 9)
            {
                _corrupt = true;
                return false;
            }

            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
