using System.Globalization;
using System.Text;

namespace Cairn.Cli.Terminal;

/// <summary>Text under construction as UTF-8, so that what steps wrote passes through untouched and a frame is one write.</summary>
internal sealed class ByteText
{
    private byte[] _bytes = new byte[512];

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ByteText Append(ReadOnlySpan<char> text)
    {
        Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        Length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(Length));
        return this;
    }

    public ByteText Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
        return this;
    }

    public ByteText Append(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
        return this;
    }

    public ByteText Append(long number)
    {
        Reserve(20);
        number.TryFormat(_bytes.AsSpan(Length), out var written, default, CultureInfo.InvariantCulture);
        Length += written;
        return this;
    }

    public ByteText Line(ReadOnlySpan<char> text = default) => Append(text).Append((byte)'\n');

    public ByteText Spaces(int count)
    {
        if (count > 0)
        {
            Reserve(count);
            _bytes.AsSpan(Length, count).Fill((byte)' ');
            Length += count;
        }

        return this;
    }

    /// <summary>Takes back what was appended after <paramref name="length"/>.</summary>
    public void Truncate(int length) => Length = Math.Min(Length, length);

    public void Clear() => Length = 0;

    public override string ToString() => Encoding.UTF8.GetString(Span);

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }
    }
}
