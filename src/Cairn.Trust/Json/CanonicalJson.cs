using System.Buffers;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Trust.Json;

/// <summary>Writes JSON as RFC 8785 (JCS) has it: members sorted by UTF-16 code units, no blanks, as few escapes as there can be. Equal values have equal bytes.</summary>
public static class CanonicalJson
{
    /// <summary>The bytes of a value.</summary>
    public static byte[] Write(JsonValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var writer = new ArrayBufferWriter<byte>(1024);
        Write(writer, value);
        return writer.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> writer, JsonValue value)
    {
        switch (value)
        {
            case JsonValue.Object o:
                WriteObject(writer, o);
                break;
            case JsonValue.List list:
                Put(writer, (byte)'[');
                for (var i = 0; i < list.Items.Length; i++)
                {
                    if (i > 0)
                    {
                        Put(writer, (byte)',');
                    }

                    Write(writer, list.Items[i]);
                }

                Put(writer, (byte)']');
                break;
            case JsonValue.Text text:
                WriteText(writer, text.Value);
                break;
            case JsonValue.Number number:
                number.Value.TryFormat(writer.GetSpan(20), out var count, default, CultureInfo.InvariantCulture);
                writer.Advance(count);
                break;
            case JsonValue.Flag flag:
                writer.Write(flag.Value ? "true"u8 : "false"u8);
                break;
            default:
                writer.Write("null"u8);
                break;
        }
    }

    private static void WriteObject(ArrayBufferWriter<byte> writer, JsonValue.Object value)
    {
        var members = value.Members.ToArray();
        Array.Sort(members, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
        Put(writer, (byte)'{');
        for (var i = 0; i < members.Length; i++)
        {
            if (i > 0)
            {
                Put(writer, (byte)',');
                if (string.Equals(members[i - 1].Key, members[i].Key, StringComparison.Ordinal))
                {
                    throw new ArgumentException($"The name `{members[i].Key}` stands twice in one object", nameof(value));
                }
            }

            WriteText(writer, members[i].Key);
            Put(writer, (byte)':');
            Write(writer, members[i].Value);
        }

        Put(writer, (byte)'}');
    }

    /// <summary>Writes a text alone, in its quotation marks.</summary>
    internal static void WriteText(ArrayBufferWriter<byte> writer, string text)
    {
        Put(writer, (byte)'"');
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and not ('"' or '\\'))
            {
                continue;
            }

            WriteRaw(writer, text.AsSpan(start, i - start));
            start = i + 1;
            WriteEscape(writer, c);
        }

        WriteRaw(writer, text.AsSpan(start));
        Put(writer, (byte)'"');
    }

    private static void WriteRaw(ArrayBufferWriter<byte> writer, ReadOnlySpan<char> text)
    {
        // Throws for half of a surrogate pair: such a text has no UTF-8.
        var span = writer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        writer.Advance(Strict.GetBytes(text, span));
    }

    private static void WriteEscape(ArrayBufferWriter<byte> writer, char c)
    {
        Put(writer, (byte)'\\');
        var letter = c switch { '"' => '"', '\\' => '\\', '\b' => 'b', '\t' => 't', '\n' => 'n', '\f' => 'f', '\r' => 'r', _ => 'u' };
        Put(writer, (byte)letter);
        if (letter == 'u')
        {
            var digits = writer.GetSpan(4);
            Hex.Write([(byte)(c >> 8), (byte)c], digits[..4]);
            writer.Advance(4);
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static void Put(ArrayBufferWriter<byte> writer, byte value)
    {
        writer.GetSpan(1)[0] = value;
        writer.Advance(1);
    }
}
