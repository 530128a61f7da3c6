namespace Cairn.Cli.Terminal;

/// <summary>The last bytes that a job wrote, at most so many.</summary>
internal sealed class TailBuffer(int bytesMax)
{
    private byte[] _ring = new byte[Math.Min(1024, bytesMax)];
    private int _start;

    /// <summary>Bytes held.</summary>
    public int Length { get; private set; }

    /// <summary>Newlines that went through since <see cref="Clear"/>.</summary>
    public long NewlinesTotal { get; private set; }

    /// <summary>Bytes that went through since <see cref="Clear"/>.</summary>
    public long BytesTotal { get; private set; }

    /// <summary>Adds bytes; the oldest go where there is no room.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        NewlinesTotal += bytes.Count((byte)'\n');
        BytesTotal += bytes.Length;
        if (bytes.Length > bytesMax)
        {
            bytes = bytes[^bytesMax..];
        }

        Grow(bytes.Length);
        var overflow = Length + bytes.Length - _ring.Length;
        if (overflow > 0)
        {
            _start = (_start + overflow) % _ring.Length;
            Length -= overflow;
        }

        var end = (_start + Length) % _ring.Length;
        var first = Math.Min(bytes.Length, _ring.Length - end);
        bytes[..first].CopyTo(_ring.AsSpan(end));
        bytes[first..].CopyTo(_ring);
        Length += bytes.Length;
    }

    /// <summary>Copies the last bytes, as many as fit, and says how many.</summary>
    public int CopyLast(Span<byte> destination)
    {
        var count = Math.Min(Length, destination.Length);
        var from = (_start + Length - count) % _ring.Length;
        var first = Math.Min(count, _ring.Length - from);
        _ring.AsSpan(from, first).CopyTo(destination);
        _ring.AsSpan(0, count - first).CopyTo(destination[first..]);
        return count;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _start = 0;
        Length = 0;
        NewlinesTotal = 0;
        BytesTotal = 0;
    }

    private void Grow(int count)
    {
        var wanted = Math.Min((long)Length + count, bytesMax);
        if (wanted <= _ring.Length)
        {
            return;
        }

        var larger = new byte[(int)Math.Min(bytesMax, Math.Max(wanted, _ring.Length * 2L))];
        Length = CopyLast(larger.AsSpan(0, Length));
        _ring = larger;
        _start = 0;
    }
}
