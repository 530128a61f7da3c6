using System.Buffers.Text;
using System.Globalization;

namespace Cairn.Core.Events;

/// <summary>
/// One event under construction as JSON: ASCII only, so that it is safe wherever it is shown. Named after <see cref="System.Text.Json.Utf8JsonWriter"/>, whose
/// escaper makes tables of all of Unicode at its first use: four milliseconds of every run.
/// </summary>
/// <param name="buffer">Holds it, behind what is there already.</param>
/// <param name="length">How much that is: whole lines.</param>
internal sealed class EventText(byte[] buffer, int length)
{
    private byte[] _bytes = buffer;

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; } = length;

    /// <summary>What holds them; another array than at the start where that was too small.</summary>
    public byte[] Buffer => _bytes;

    public void WriteStartObject()
    {
        Separate();
        Append((byte)'{');
    }

    public void WriteStartObject(ReadOnlySpan<byte> name)
    {
        Name(name);
        Append((byte)'{');
    }

    public void WriteEndObject() => Append((byte)'}');

    public void WriteStartArray(ReadOnlySpan<byte> name)
    {
        Name(name);
        Append((byte)'[');
    }

    public void WriteEndArray() => Append((byte)']');

    public void WriteString(ReadOnlySpan<byte> name, string value)
    {
        Name(name);
        Quoted(value);
    }

    public void WriteString(string name, string value)
    {
        Name(name);
        Quoted(value);
    }

    public void WriteStringValue(string value)
    {
        Separate();
        Quoted(value);
    }

    /// <summary>An instant as ISO 8601 with as many digits of its second as it has.</summary>
    public void WriteString(ReadOnlySpan<byte> name, DateTimeOffset value)
    {
        Name(name);
        Append((byte)'"');
        Digits(value.Year, 4);
        Append((byte)'-');
        Digits(value.Month, 2);
        Append((byte)'-');
        Digits(value.Day, 2);
        Append((byte)'T');
        Digits(value.Hour, 2);
        Append((byte)':');
        Digits(value.Minute, 2);
        Append((byte)':');
        Digits(value.Second, 2);
        var ticks = (int)(value.Ticks % TimeSpan.TicksPerSecond);
        if (ticks > 0)
        {
            Append((byte)'.');
            Digits(ticks, 7);
            while (_bytes[Length - 1] == (byte)'0')
            {
                Length--;
            }
        }

        var offset = value.TotalOffsetMinutes;
        Append(offset < 0 ? (byte)'-' : (byte)'+');
        Digits(Math.Abs(offset) / 60, 2);
        Append((byte)':');
        Digits(Math.Abs(offset) % 60, 2);
        Append((byte)'"');
    }

    public void WriteNumber(ReadOnlySpan<byte> name, long value)
    {
        Name(name);
        Number(value);
    }

    public void WriteNumber(string name, long value)
    {
        Name(name);
        Number(value);
    }

    public void WriteNumber(ReadOnlySpan<byte> name, double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentException($"{value} is not a number of JSON", nameof(value));
        }

        Name(name);
        Reserve(32);
        _ = value.TryFormat(_bytes.AsSpan(Length), out var written, default, CultureInfo.InvariantCulture);
        Length += written;
    }

    public void WriteBoolean(ReadOnlySpan<byte> name, bool value)
    {
        Name(name);
        Append(value ? "true"u8 : "false"u8);
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        Separate();
        Append((byte)'"');
        Append(name);
        Append("\":"u8);
    }

    private void Name(string name)
    {
        Separate();
        Quoted(name);
        Append((byte)':');
    }

    /// <summary>A comma, unless this is the first of what contains it.</summary>
    private void Separate()
    {
        if (Length > 0 && _bytes[Length - 1] is not ((byte)'{' or (byte)'[' or (byte)'\n'))
        {
            Append((byte)',');
        }
    }

    private void Quoted(string text)
    {
        Reserve((text.Length * 6) + 2);
        var bytes = _bytes;
        var at = Length;
        bytes[at++] = (byte)'"';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and < '\x7F' and not ('"' or '\\'))
            {
                bytes[at++] = (byte)c;
                continue;
            }

            bytes[at++] = (byte)'\\';
            switch (c)
            {
                case '"' or '\\':
                    bytes[at++] = (byte)c;
                    continue;
                case '\n':
                    bytes[at++] = (byte)'n';
                    continue;
                case '\t':
                    bytes[at++] = (byte)'t';
                    continue;
                case '\r':
                    bytes[at++] = (byte)'r';
                    continue;
            }

            if (char.IsSurrogate(c) && !IsPaired(text, i))
            {
                c = '\uFFFD';
            }

            bytes[at++] = (byte)'u';
            for (var shift = 12; shift >= 0; shift -= 4)
            {
                bytes[at++] = "0123456789ABCDEF"u8[(c >> shift) & 0xF];
            }
        }

        bytes[at++] = (byte)'"';
        Length = at;
    }

    private static bool IsPaired(string text, int index) =>
        char.IsHighSurrogate(text[index]) ? index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) : index > 0 && char.IsHighSurrogate(text[index - 1]);

    private void Number(long value)
    {
        Reserve(20);
        _ = Utf8Formatter.TryFormat(value, _bytes.AsSpan(Length), out var written);
        Length += written;
    }

    private void Digits(int value, int count)
    {
        Reserve(count);
        for (var i = count - 1; i >= 0; i--)
        {
            _bytes[Length + i] = (byte)('0' + (value % 10));
            value /= 10;
        }

        Length += count;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    private void Append(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }
    }
}
