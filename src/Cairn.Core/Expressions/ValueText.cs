using System.Globalization;
using System.Text;

namespace Cairn.Core.Expressions;

/// <summary>Values as texts: names of types, numbers, JSON.</summary>
public static class ValueText
{
    private const double IntegerMax = 9_007_199_254_740_992;

    /// <summary>A number in its shortest exact form, integers without a fraction.</summary>
    public static string Format(double number) =>
        Math.Abs(number) <= IntegerMax && Math.Truncate(number) == number
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>What a person calls this kind of value: <c>a text</c>, <c>a list</c>, …</summary>
    public static string KindName(Value value) => NameOf(KindOf(value));

    /// <summary>The value inside a text: nothing for null; null for lists and maps, which have no such form.</summary>
    public static string? ToText(Value value) => value switch
    {
        Value.String text => text.Content,
        Value.Null => "",
        Value.Boolean truth => truth.Content ? "true" : "false",
        Value.Number number => Format(number.Content),
        _ => null,
    };

    /// <summary>The value as JSON without white space, or null where it would be longer than <paramref name="charsMax"/>.</summary>
    public static string? ToJson(Value value, int charsMax)
    {
        ArgumentNullException.ThrowIfNull(value);
        var json = new StringBuilder();
        return Write(json, value, charsMax) && json.Length <= charsMax ? json.ToString() : null;
    }

    internal static ValueKind KindOf(Value value) => value switch
    {
        Value.Null => ValueKind.Null,
        Value.Boolean => ValueKind.Boolean,
        Value.Number => ValueKind.Number,
        Value.String => ValueKind.Text,
        Value.List => ValueKind.List,
        Value.Map => ValueKind.Map,
        _ => ValueKind.Unknown,
    };

    internal static string NameOf(ValueKind kind) => kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Boolean => "a truth value",
        ValueKind.Number => "a number",
        ValueKind.Text => "a text",
        ValueKind.List => "a list",
        ValueKind.Map => "a map",
        _ => "a value",
    };

    private static bool Write(StringBuilder json, Value value, int charsMax)
    {
        if (json.Length > charsMax)
        {
            return false;
        }

        switch (value)
        {
            case Value.Boolean truth:
                json.Append(truth.Content ? "true" : "false");
                return true;
            case Value.Number { Content: var number }:
                json.Append(double.IsFinite(number) ? Format(number) : "null");
                return true;
            case Value.String text:
                WriteText(json, text.Content);
                return true;
            case Value.List list:
                json.Append('[');
                for (var i = 0; i < list.Items.Length; i++)
                {
                    json.Append(i == 0 ? "" : ",");
                    if (!Write(json, list.Items[i], charsMax))
                    {
                        return false;
                    }
                }

                json.Append(']');
                return true;
            case Value.Map map:
                json.Append('{');
                for (var i = 0; i < map.Entries.Length; i++)
                {
                    json.Append(i == 0 ? "" : ",");
                    WriteText(json, map.Entries[i].Key);
                    json.Append(':');
                    if (!Write(json, map.Entries[i].Value, charsMax))
                    {
                        return false;
                    }
                }

                json.Append('}');
                return true;
            default:
                json.Append("null");
                return true;
        }
    }

    private static void WriteText(StringBuilder json, string text)
    {
        json.Append('"');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '"' or '\\':
                    json.Append('\\').Append(c);
                    break;
                case '\n':
                    json.Append("\\n");
                    break;
                case '\r':
                    json.Append("\\r");
                    break;
                case '\t':
                    json.Append("\\t");
                    break;
                case < ' ' or '\u007f' or '\u2028' or '\u2029':
                    json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    break;
                case var _ when char.IsSurrogate(c):
                    if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                    {
                        json.Append(c).Append(text[++i]);
                    }
                    else
                    {
                        // Half a pair has no UTF-8 form, so it stays an escape.
                        json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    }

                    break;
                default:
                    json.Append(c);
                    break;
            }
        }

        json.Append('"');
    }
}
