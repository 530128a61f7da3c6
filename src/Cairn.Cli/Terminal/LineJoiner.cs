namespace Cairn.Cli.Terminal;

/// <summary>Cuts a stream of bytes into lines, whatever pieces it comes in.</summary>
internal sealed class LineJoiner
{
    /// <summary>A longer line is given out in pieces of this size.</summary>
    public const int LineBytesMax = 64 * 1024;

    private byte[] _partial = [];
    private int _length;
    private bool _given;

    /// <summary>Takes the next line, without its newline, from the pieces so far and <paramref name="bytes"/>, which is moved on. The span is valid until the next call.</summary>
    /// <param name="bytes">The new piece.</param>
    /// <param name="line">The line.</param>
    /// <param name="continues">Whether it is cut because it is too long.</param>
    public bool Next(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line, out bool continues)
    {
        DropGiven();
        line = default;
        continues = false;
        if (bytes.IsEmpty)
        {
            return false;
        }

        var room = LineBytesMax - _length;
        var newline = bytes.IndexOf((byte)'\n');
        if (newline < 0 && bytes.Length < room)
        {
            Keep(bytes);
            bytes = default;
            return false;
        }

        continues = newline < 0 || newline > room;
        var taken = continues ? room : newline;
        if (_length == 0)
        {
            line = bytes[..taken];
        }
        else
        {
            Keep(bytes[..taken]);
            line = _partial.AsSpan(0, _length);
            _given = true;
        }

        bytes = bytes[(continues ? taken : taken + 1)..];
        return true;
    }

    /// <summary>Takes a last line that has no newline.</summary>
    public bool Rest(out ReadOnlySpan<byte> line)
    {
        DropGiven();
        line = _partial.AsSpan(0, _length);
        _given = true;
        return !line.IsEmpty;
    }

    private void DropGiven()
    {
        if (_given)
        {
            _length = 0;
            _given = false;
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_partial.Length - _length < bytes.Length)
        {
            Array.Resize(ref _partial, Math.Min(LineBytesMax, Math.Max(_length + bytes.Length, Math.Max(256, _partial.Length * 2))));
        }

        bytes.CopyTo(_partial.AsSpan(_length));
        _length += bytes.Length;
    }
}
