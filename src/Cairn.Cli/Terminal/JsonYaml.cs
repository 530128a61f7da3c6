using System.Buffers;
using System.Globalization;
using System.Text;

using Cairn.Trust.Json;

namespace Cairn.Cli.Terminal;

/// <summary>Signed documents as people read them: indented JSON, or YAML that means the same.</summary>
internal static class JsonYaml
{
    private const int IndentWidth = 2;
    private const int HashCharsMin = 40;

    // What YAML reads as something else than a text, whatever the schema of its reader.
    private static readonly string[] Words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"];

    private static readonly SearchValues<char> PlainChars = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./@+=~-");

    /// <summary>A value as YAML, with a newline at its end.</summary>
    public static void Append(ByteText text, JsonValue value)
    {
        switch (value)
        {
            case JsonValue.Object { Members.Length: > 0 } or JsonValue.List { Items.Length: > 0 }:
                Block(text, value, 0);
                break;
            default:
                Scalar(text, value);
                text.Line();
                break;
        }
    }

    /// <summary>A value as indented JSON, with a newline at its end.</summary>
    public static void AppendJson(ByteText text, JsonValue value)
    {
        Json(text, value, 0);
        text.Line();
    }

    private static void Block(ByteText text, JsonValue value, int indent)
    {
        if (value is JsonValue.Object o)
        {
            for (var i = 0; i < o.Members.Length; i++)
            {
                // What begins in a line of its parent's is not indented again.
                text.Spaces(i == 0 ? 0 : indent);
                Text(text, o.Members[i].Key);
                text.Append(":");
                Nested(text, o.Members[i].Value, indent + IndentWidth, isItem: false);
            }
        }
        else if (value is JsonValue.List list)
        {
            for (var i = 0; i < list.Items.Length; i++)
            {
                text.Spaces(i == 0 ? 0 : indent).Append("-");
                Nested(text, list.Items[i], indent + IndentWidth, isItem: true);
            }
        }
    }

    private static void Nested(ByteText text, JsonValue value, int indent, bool isItem)
    {
        if (value is JsonValue.Object { Members.Length: > 0 } or JsonValue.List { Items.Length: > 0 })
        {
            if (isItem)
            {
                text.Append(" ");
            }
            else
            {
                text.Line().Spaces(indent);
            }

            Block(text, value, indent);
            return;
        }

        text.Append(" ");
        Scalar(text, value);
        text.Line();
    }

    private static void Scalar(ByteText text, JsonValue value)
    {
        switch (value)
        {
            case JsonValue.Text t:
                Text(text, t.Value);
                break;
            case JsonValue.Number number:
                text.Append(number.Value);
                break;
            case JsonValue.Flag flag:
                text.Append(flag.Value ? "true" : "false");
                break;
            case JsonValue.Object:
                text.Append("{}");
                break;
            case JsonValue.List:
                text.Append("[]");
                break;
            default:
                text.Append("null");
                break;
        }
    }

    private static void Text(ByteText text, string value)
    {
        if (IsPlain(value))
        {
            text.Append(value);
        }
        else
        {
            Quoted(text, value);
        }
    }

    // What begins with a digit may be a number, a time or one to the base of 60. Hashes are quoted whatever they begin with.
    private static bool IsPlain(string value) =>
        value.Length > 0 && (char.IsAsciiLetter(value[0]) || value[0] == '_') && !(value.Length >= HashCharsMin && value.All(char.IsAsciiHexDigit)) && !value.AsSpan().ContainsAnyExcept(PlainChars) && !Words.Contains(value, StringComparer.OrdinalIgnoreCase);

    // Every text of JSON is one of YAML.
    private static void Quoted(ByteText text, string value)
    {
        text.Append("\"");
        foreach (var rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"':
                    text.Append("\\\"");
                    break;
                case '\\':
                    text.Append("\\\\");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '\t':
                    text.Append("\\t");
                    break;
                default:
                    if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
                    {
                        // Nothing that a terminal would take for a command, or that a person does not see.
                        foreach (var unit in rune.ToString())
                        {
                            text.Append(string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"));
                        }
                    }
                    else
                    {
                        text.Append(rune.ToString());
                    }

                    break;
            }
        }

        text.Append("\"");
    }

    private static void Json(ByteText text, JsonValue value, int indent)
    {
        switch (value)
        {
            case JsonValue.Object { Members.Length: > 0 } o:
                text.Append("{");
                for (var i = 0; i < o.Members.Length; i++)
                {
                    text.Append(i == 0 ? "" : ",").Line().Spaces(indent + IndentWidth);
                    Quoted(text, o.Members[i].Key);
                    text.Append(": ");
                    Json(text, o.Members[i].Value, indent + IndentWidth);
                }

                text.Line().Spaces(indent).Append("}");
                break;
            case JsonValue.List { Items.Length: > 0 } list:
                text.Append("[");
                for (var i = 0; i < list.Items.Length; i++)
                {
                    text.Append(i == 0 ? "" : ",").Line().Spaces(indent + IndentWidth);
                    Json(text, list.Items[i], indent + IndentWidth);
                }

                text.Line().Spaces(indent).Append("]");
                break;
            case JsonValue.Text t:
                Quoted(text, t.Value);
                break;
            default:
                Scalar(text, value);
                break;
        }
    }
}
