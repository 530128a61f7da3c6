using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace Cairn.Trust.Json;

/// <summary>
/// Reads JSON that others signed. What two readers could understand differently is refused: names that stand twice, fractions and exponents, numbers beyond 2⁵³, lone surrogates,
/// invalid UTF-8, a byte order mark, comments, anything after the value.
/// </summary>
public static class StrictJson
{
    private const long NumberMax = (1L << 53) - 1;

    /// <summary>Reads a document; null where it is refused, with the reason.</summary>
    public static JsonValue? TryRead(ReadOnlySpan<byte> json, out string? problem)
    {
        if (json.Length > Limits.EnvelopeBytesMax)
        {
            problem = $"it has more than {Limits.EnvelopeBytesMax >> 20} MiB";
            return null;
        }

        if (!Utf8.IsValid(json))
        {
            problem = "it is not UTF-8";
            return null;
        }

        // One level more: the reader's own complaint has no good words.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Limits.JsonDepthMax + 1 });
        try
        {
            var count = 0;
            reader.Read();
            var value = Value(ref reader, ref count);
            while (reader.Read())
            {
                throw new FormatException("something follows its end");
            }

            problem = null;
            return value;
        }
        catch (FormatException exception)
        {
            problem = exception.Message;
        }
        catch (JsonException exception)
        {
            problem = $"it is no JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}";
        }

        return null;
    }

    private static JsonValue Value(ref Utf8JsonReader reader, ref int count)
    {
        if (++count > Limits.JsonValuesMax)
        {
            throw new FormatException($"it has more than {Limits.JsonValuesMax} values");
        }

        if (reader.CurrentDepth > Limits.JsonDepthMax - 1 && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            throw new FormatException($"it is nested deeper than {Limits.JsonDepthMax} levels");
        }

        return reader.TokenType switch
        {
            JsonTokenType.StartObject => ObjectValue(ref reader, ref count),
            JsonTokenType.StartArray => ListValue(ref reader, ref count),
            JsonTokenType.String => new JsonValue.Text(TextOf(ref reader)),
            JsonTokenType.Number => new JsonValue.Number(NumberOf(ref reader)),
            JsonTokenType.True => new JsonValue.Flag(true),
            JsonTokenType.False => new JsonValue.Flag(false),
            _ => new JsonValue.Null(),
        };
    }

    private static JsonValue.Object ObjectValue(ref Utf8JsonReader reader, ref int count)
    {
        var members = ImmutableArray.CreateBuilder<KeyValuePair<string, JsonValue>>();
        HashSet<string>? names = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = TextOf(ref reader);
            if (IsKnown(members, ref names, name))
            {
                throw new FormatException($"the name `{name}` stands twice in one object");
            }

            reader.Read();
            members.Add(new KeyValuePair<string, JsonValue>(name, Value(ref reader, ref count)));
        }

        return new JsonValue.Object(members.ToImmutable());
    }

    private static JsonValue.List ListValue(ref Utf8JsonReader reader, ref int count)
    {
        var items = ImmutableArray.CreateBuilder<JsonValue>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(Value(ref reader, ref count));
        }

        return new JsonValue.List(items.ToImmutable());
    }

    private static bool IsKnown(ImmutableArray<KeyValuePair<string, JsonValue>>.Builder members, ref HashSet<string>? names, string name)
    {
        const int Few = 16;
        if (members.Count < Few)
        {
            foreach (var member in members)
            {
                if (string.Equals(member.Key, name, StringComparison.Ordinal))
                {
                    return true;
                }
            }

            return false;
        }

        names ??= new HashSet<string>(members.Select(static m => m.Key), StringComparer.Ordinal);
        return !names.Add(name);
    }

    private static string TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new FormatException("a text has half of a surrogate pair", exception);
        }
    }

    private static long NumberOf(ref Utf8JsonReader reader)
    {
        // `-0` is a number whose canonical form is another.
        foreach (var digit in reader.ValueSpan)
        {
            if (digit is not ((>= (byte)'0' and <= (byte)'9') or (byte)'-'))
            {
                throw new FormatException("a number is not whole");
            }
        }

        return reader.TryGetInt64(out var number) && Math.Abs(number) <= NumberMax && !reader.ValueSpan.SequenceEqual("-0"u8) ? number : throw new FormatException("a number is beyond 2^53, or -0");
    }
}
