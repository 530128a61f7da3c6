using System.Buffers;

namespace Cairn.Execution;

/// <summary>
/// Masks secrets in a stream of bytes: every byte that lies within any occurrence of any form of a secret is removed, and each run of such
/// bytes becomes <c>***</c>, however the stream is cut into reads. Holds back only bytes that so far are the beginning of a secret.
/// </summary>
public sealed class Redactor(SecretPatterns patterns)
{
    // The bytes held back, oldest first, and which of them an occurrence covers.
    private byte[] _held = new byte[64];
    private bool[] _masked = new bool[64];
    private int _start;
    private int _count;
    private int _state;
    private bool _inMask;

    private static ReadOnlySpan<byte> Mask => "***"u8;

    /// <summary>Bytes held back at present.</summary>
    public int HeldBytes => _count;

    /// <summary>Masks a chunk; what is safe to show goes to <paramref name="output"/>.</summary>
    public void Transform(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        while (!input.IsEmpty)
        {
            if (_count == 0)
            {
                input = input[Scan(input, output)..];
            }
            else
            {
                _state = patterns.Next(_state, input[0]);
                Hold(input[..1], patterns.MatchBytes(_state));
                input = input[1..];
                Release(patterns.OpenBytes(_state), output);
            }
        }
    }

    /// <summary>Ends the stream: bytes that did not become a secret are written.</summary>
    public void Flush(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Release(0, output);
        _state = 0;
        _inMask = false;
    }

    /// <summary>With nothing held back, runs to the first occurrence or the end without copying byte by byte; returns how far it came.</summary>
    private int Scan(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var state = _state;
        var end = 0;
        var match = 0;
        while (end < input.Length && match == 0)
        {
            state = patterns.Next(state, input[end++]);
            match = patterns.MatchBytes(state);
        }

        var open = patterns.OpenBytes(state);
        // Both may reach back into bytes that are masked and gone.
        var decided = Math.Max(0, end - Math.Max(match, open));
        if (decided > 0)
        {
            output.Write(input[..decided]);
            _inMask = false;
        }

        _state = state;
        Hold(input[decided..end], match);
        Release(open, output);
        return end;
    }

    /// <summary>Holds bytes back, the last <paramref name="match"/> of all that are held as masked.</summary>
    private void Hold(ReadOnlySpan<byte> bytes, int match)
    {
        while (_start + _count + bytes.Length > _held.Length)
        {
            MakeRoom();
        }

        var at = _start + _count;
        bytes.CopyTo(_held.AsSpan(at));
        _masked.AsSpan(at, bytes.Length).Clear();
        _count += bytes.Length;

        // Bytes of this occurrence that are gone already were masked by an earlier one.
        var marked = Math.Min(match, _count);
        _masked.AsSpan(_start + _count - marked, marked).Fill(true);
    }

    private void MakeRoom()
    {
        var (held, masked) = _start == 0 || _count > _held.Length / 2 ? (new byte[_held.Length * 2], new bool[_held.Length * 2]) : (_held, _masked);
        _held.AsSpan(_start, _count).CopyTo(held);
        _masked.AsSpan(_start, _count).CopyTo(masked);
        (_held, _masked, _start) = (held, masked, 0);
    }

    /// <summary>Lets go of every byte that is decided: masked, or older than the <paramref name="open"/> last ones.</summary>
    private void Release(int open, IBufferWriter<byte> output)
    {
        while (_count > 0 && (_masked[_start] || _count > open))
        {
            var masked = _masked[_start];
            var run = 1;
            while (run < _count && _masked[_start + run] == masked && (masked || _count - run > open))
            {
                run++;
            }

            if (!masked)
            {
                output.Write(_held.AsSpan(_start, run));
            }
            else if (!_inMask)
            {
                output.Write(Mask);
            }

            _inMask = masked;
            _start += run;
            _count -= run;
        }

        if (_count == 0)
        {
            _start = 0;
        }
    }
}
