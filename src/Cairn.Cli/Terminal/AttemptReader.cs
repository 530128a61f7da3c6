using Cairn.Engine;
using Cairn.Execution;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Cli.Terminal;

/// <summary>Reads the log of one attempt, also while it grows.</summary>
internal sealed class AttemptReader : IDisposable
{
    private const int ChunkBytes = 64 * 1024;

    private readonly SafeFileHandle _log;
    private readonly LogTimes? _times;
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private long _offset;

    public AttemptReader(AttemptLog attempt, bool withTimes)
    {
        _log = File.OpenHandle(attempt.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _times = withTimes ? new LogTimes(attempt.IndexPath) : null;
    }

    /// <summary>Lines in the making.</summary>
    public LineJoiner Lines { get; } = new();

    /// <summary>Where the line in the making begins.</summary>
    public long LineStart { get; set; }

    /// <summary>The next bytes, or none at the present end.</summary>
    /// <param name="complete">Whether the attempt has ended, so that bytes without a time in the index never get one.</param>
    public ReadOnlySpan<byte> Read(bool complete)
    {
        var limit = (long)ChunkBytes;
        if (_times is { } times)
        {
            times.Refresh();
            limit = complete || times.IsUseless ? limit : Math.Min(limit, times.CoveredBytes - _offset);
        }

        var count = limit <= 0 ? 0 : RandomAccess.Read(_log, _chunk.AsSpan(0, (int)limit), _offset);
        _offset += count;
        return _chunk.AsSpan(0, count);
    }

    /// <summary>When a byte was read from the step; null where the index does not tell.</summary>
    public DateTimeOffset? TimeOf(long offset) => _times?.Of(offset);

    /// <summary>Moves to the last so many lines.</summary>
    public void SkipToLast(int lines)
    {
        var end = RandomAccess.GetLength(_log);
        var position = lines == 0 ? 0 : end;
        _offset = LineStart = lines == 0 ? end : 0;
        var found = 0;
        while (position > 0)
        {
            var count = (int)Math.Min(ChunkBytes, position);
            var read = RandomAccess.Read(_log, _chunk.AsSpan(0, count), position - count);
            for (var i = read - 1; i >= 0; i--)
            {
                // A newline at the very end closes the last line; it does not begin another.
                if (_chunk[i] == '\n' && position - count + i != end - 1 && ++found == lines)
                {
                    _offset = LineStart = position - count + i + 1;
                    return;
                }
            }

            position -= count;
        }
    }

    public void Dispose()
    {
        _log.Dispose();
        _times?.Dispose();
    }
}

/// <summary>The times of a log's bytes, asked for in ascending order.</summary>
internal sealed class LogTimes : IDisposable
{
    private readonly SafeFileHandle? _index;
    private readonly LogIndexReader _reader = new();
    private readonly Queue<LogIndexRecord> _records = new();
    private byte[] _unread = [];
    private long _position;

    public LogTimes(string indexPath)
    {
        try
        {
            _index = File.OpenHandle(indexPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (IOException)
        {
            // The log is complete without its index.
        }
    }

    /// <summary>Whether no times can be had.</summary>
    public bool IsUseless => _index is null || _reader.IsCorrupt;

    /// <summary>Bytes of the log whose time is known.</summary>
    public long CoveredBytes => _reader.CoveredBytes;

    /// <summary>Reads what the index has grown by.</summary>
    public void Refresh()
    {
        if (_index is null)
        {
            return;
        }

        Span<byte> chunk = stackalloc byte[4096];
        while (!_reader.IsCorrupt && RandomAccess.Read(_index, chunk, _position) is > 0 and var count)
        {
            _position += count;
            _unread = [.. _unread, .. chunk[..count]];
            ReadOnlySpan<byte> bytes = _unread;
            while (_reader.TryRead(ref bytes, out var record))
            {
                _records.Enqueue(record);
            }

            _unread = bytes.ToArray();
        }
    }

    public DateTimeOffset? Of(long offset)
    {
        while (_records.TryPeek(out var record) && record.Offset + record.Length <= offset)
        {
            _records.Dequeue();
        }

        return _records.TryPeek(out var found) && found.Offset <= offset ? found.At : null;
    }

    public void Dispose() => _index?.Dispose();
}
