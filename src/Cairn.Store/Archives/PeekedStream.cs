using Cairn.Store.Files;

namespace Cairn.Store.Archives;

/// <summary>A stream whose first bytes were looked at.</summary>
internal sealed class PeekedStream : ForwardStream
{
    private readonly Stream _source;
    private readonly byte[] _start;
    private int _position;

    public PeekedStream(Stream source, int count)
    {
        _source = source;
        var start = new byte[count];
        _start = start[..source.ReadAtLeast(start, count, throwOnEndOfStream: false)];
    }

    /// <summary>The first bytes; fewer where there are no more.</summary>
    public ReadOnlySpan<byte> Start => _start;

    public override int Read(Span<byte> buffer)
    {
        if (_position == _start.Length)
        {
            return _source.Read(buffer);
        }

        var count = Math.Min(buffer.Length, _start.Length - _position);
        _start.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
        }

        base.Dispose(disposing);
    }
}
