using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Trust.Json;

/// <summary>
/// Canonical JSON under construction, for large documents whose members are written in their order: without values in between. What it does not do is sort; whoever writes with it has a test that
/// <see cref="CanonicalJson"/> gives the same bytes. Plain loops, since the runtime's vectorized ones are compiled at each start.
/// </summary>
internal sealed class CanonicalWriter(int capacity)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private const int NumberChars = 20;

    // What one thread keeps of a document for the next: above that it was an exception.
    private const int SpareBytesMax = 1 << 16;

    [ThreadStatic]
    private static CanonicalWriter? Spare;

    private byte[] _bytes = new byte[capacity];
    private int _length;

    /// <summary>One to write with and to <see cref="Return"/>, so that the many small documents of a run share a buffer.</summary>
    public static CanonicalWriter Rent(int capacity)
    {
        var writer = Spare;
        if (writer is null || writer._bytes.Length < capacity)
        {
            return new CanonicalWriter(capacity);
        }

        Spare = null;
        return writer;
    }

    /// <summary>Gives it back, for the next document of this thread. It is not used afterwards, nor what it has <see cref="Written"/>.</summary>
    public void Return()
    {
        if (_bytes.Length <= SpareBytesMax)
        {
            _length = 0;
            Spare = this;
        }
    }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>The same as an array: the writer's own where the capacity was right, so that nothing large is copied. The writer is not used afterwards.</summary>
    public byte[] ToArray() => _length == _bytes.Length ? _bytes : Written.ToArray();

    /// <summary>Begins an object.</summary>
    public CanonicalWriter Begin()
    {
        Separate();
        Put((byte)'{');
        return this;
    }

    /// <summary>Begins an object that is a member.</summary>
    public CanonicalWriter Begin(ReadOnlySpan<byte> name)
    {
        Name(name);
        Put((byte)'{');
        return this;
    }

    /// <summary>Ends an object.</summary>
    public CanonicalWriter End()
    {
        Put((byte)'}');
        return this;
    }

    /// <summary>Begins a list.</summary>
    public CanonicalWriter BeginList()
    {
        Separate();
        Put((byte)'[');
        return this;
    }

    /// <summary>Begins a list that is a member.</summary>
    public CanonicalWriter BeginList(ReadOnlySpan<byte> name)
    {
        Name(name);
        Put((byte)'[');
        return this;
    }

    /// <summary>Ends a list.</summary>
    public CanonicalWriter EndList()
    {
        Put((byte)']');
        return this;
    }

    /// <summary>Writes a member that is a text; none for none.</summary>
    public CanonicalWriter Member(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            Name(name);
            Quoted(value);
        }

        return this;
    }

    /// <summary>Writes a member whose name is found out; null is written as such.</summary>
    public CanonicalWriter Entry(string name, string? value)
    {
        Separate();
        Quoted(name);
        Put((byte)':');
        if (value is null)
        {
            Raw("null"u8);
        }
        else
        {
            Quoted(value);
        }

        return this;
    }

    /// <summary>Writes a member that is a number.</summary>
    public CanonicalWriter Member(ReadOnlySpan<byte> name, long value)
    {
        Name(name);
        Number(value);
        return this;
    }

    /// <summary>Writes a member that is true or false.</summary>
    public CanonicalWriter Member(ReadOnlySpan<byte> name, bool value)
    {
        Name(name);
        Raw(value ? "true"u8 : "false"u8);
        return this;
    }

    /// <summary>Writes a member that is bytes in base64.</summary>
    public CanonicalWriter Base64(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Name(name);
        Put((byte)'"');
        var length = StrictBase64.LengthOf(value.Length);
        Reserve(length);
        StrictBase64.Write(value, _bytes.AsSpan(_length, length));
        _length += length;
        Put((byte)'"');
        return this;
    }

    /// <summary>Writes an item that is a text.</summary>
    public CanonicalWriter Item(string value)
    {
        Separate();
        Quoted(value);
        return this;
    }

    /// <summary>Writes a member that is a list of texts.</summary>
    public CanonicalWriter Texts(ReadOnlySpan<byte> name, ImmutableArray<string> texts)
    {
        BeginList(name);
        foreach (var text in texts)
        {
            Item(text);
        }

        return EndList();
    }

    /// <summary>Writes a member that is an object of texts, whose names are sorted here; each stands once. They are sorted by UTF-16 (RFC 8785), which for names beyond U+FFFF is another order than that of their bytes.</summary>
    public CanonicalWriter Pairs(ReadOnlySpan<byte> name, ImmutableArray<KeyValuePair<string, string?>> pairs)
    {
        for (var i = 1; i < pairs.Length; i++)
        {
            if (string.CompareOrdinal(pairs[i - 1].Key, pairs[i].Key) >= 0)
            {
                pairs = pairs.Sort(static (left, right) => string.CompareOrdinal(left.Key, right.Key));
                break;
            }
        }

        Begin(name);
        foreach (var (key, value) in pairs)
        {
            Entry(key, value);
        }

        return End();
    }

    /// <summary>Writes any value as a member: its own objects are sorted.</summary>
    public CanonicalWriter Member(ReadOnlySpan<byte> name, JsonValue value)
    {
        Name(name);
        Value(value);
        return this;
    }

    /// <summary>Writes any value.</summary>
    public CanonicalWriter Value(JsonValue value)
    {
        switch (value)
        {
            case JsonValue.Object o:
                WriteObject(o);
                break;
            case JsonValue.List list:
                BeginList();
                foreach (var item in list.Items)
                {
                    Value(item);
                }

                EndList();
                break;
            case JsonValue.Text text:
                Separate();
                Quoted(text.Value);
                break;
            case JsonValue.Number number:
                Separate();
                Number(number.Value);
                break;
            case JsonValue.Flag flag:
                Separate();
                Raw(flag.Value ? "true"u8 : "false"u8);
                break;
            default:
                Separate();
                Raw("null"u8);
                break;
        }

        return this;
    }

    private void WriteObject(JsonValue.Object value)
    {
        var members = value.Members.ToArray();
        Array.Sort(members, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
        Begin();
        for (var i = 0; i < members.Length; i++)
        {
            if (i > 0 && string.Equals(members[i - 1].Key, members[i].Key, StringComparison.Ordinal))
            {
                throw new ArgumentException($"The name `{members[i].Key}` stands twice in one object", nameof(value));
            }

            Separate();
            Quoted(members[i].Key);
            Put((byte)':');
            Value(members[i].Value);
        }

        End();
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        Separate();
        Put((byte)'"');
        Raw(name);
        Raw("\":"u8);
    }

    /// <summary>A comma, unless this is the first of what contains it, or the value of a name.</summary>
    private void Separate()
    {
        if (_length > 0 && _bytes[_length - 1] is not ((byte)'{' or (byte)'[' or (byte)':'))
        {
            Put((byte)',');
        }
    }

    private void Number(long value)
    {
        Reserve(NumberChars);
        var fits = value.TryFormat(_bytes.AsSpan(_length), out var count, default, CultureInfo.InvariantCulture);
        Debug.Assert(fits, "A number has that many characters at most");
        _length += count;
    }

    private void Quoted(string text)
    {
        // Mostly each character is one byte, and what there is room for is enough; six are the most that one takes.
        if (_bytes.Length - _length < (text.Length * 6) + 2 && !(Ascii(text) && _bytes.Length - _length >= text.Length + 2))
        {
            Reserve((text.Length * 6) + 2);
        }

        var (bytes, at) = (_bytes, _length);
        bytes[at++] = (byte)'"';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and < '\x80' and not ('"' or '\\'))
            {
                bytes[at++] = (byte)c;
            }
            else if (c >= '\x80')
            {
                var end = i + 1;
                while (end < text.Length && text[end] >= '\x80')
                {
                    end++;
                }

                // Throws for half of a surrogate pair: such a text has no UTF-8.
                at += Strict.GetBytes(text.AsSpan(i, end - i), bytes.AsSpan(at));
                i = end - 1;
            }
            else
            {
                bytes[at++] = (byte)'\\';
                var letter = c switch { '"' => '"', '\\' => '\\', '\b' => 'b', '\t' => 't', '\n' => 'n', '\f' => 'f', '\r' => 'r', _ => 'u' };
                bytes[at++] = (byte)letter;
                if (letter == 'u')
                {
                    Hex.Write([(byte)(c >> 8), (byte)c], bytes.AsSpan(at, 4));
                    at += 4;
                }
            }
        }

        bytes[at++] = (byte)'"';
        _length = at;
    }

    private static bool Ascii(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or >= '\x7F' or '"' or '\\')
            {
                return false;
            }
        }

        return true;
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Put(byte value)
    {
        Reserve(1);
        _bytes[_length++] = value;
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }
    }
}
