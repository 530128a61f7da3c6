using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Cairn.Core.Expressions;

/// <summary>Reads JSON into values: at most 64 levels, no comments, no key twice, finite numbers.</summary>
public static class JsonText
{
    private const int DepthMax = 64;

    /// <summary>The value of a JSON text; says where a bad one is wrong.</summary>
    public static bool TryParse(string json, out Value value, out string error)
    {
        ArgumentNullException.ThrowIfNull(json);
        value = Value.Null.Instance;
        error = "";
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(json.Length));
        try
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(0, Encoding.UTF8.GetBytes(json, bytes)), new JsonReaderOptions { MaxDepth = DepthMax });
            reader.Read();
            if (Read(ref reader, ref error) is not { } read)
            {
                return false;
            }

            reader.Read();
            value = read;
            return true;
        }
        catch (JsonException e)
        {
            error = $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
            return false;
        }
        catch (InvalidOperationException)
        {
            // GetString refuses escapes of half a surrogate pair.
            error = "an escape names half of a character";
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static Value? Read(ref Utf8JsonReader reader, ref string error)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.True:
                return Value.Of(true);
            case JsonTokenType.False:
                return Value.Of(false);
            case JsonTokenType.String:
                return Value.Of(reader.GetString()!);
            case JsonTokenType.Number:
                if (reader.TryGetDouble(out var number) && double.IsFinite(number))
                {
                    return Value.Of(number);
                }

                error = "a number is too large";
                return null;
            case JsonTokenType.StartArray:
                var items = ImmutableArray.CreateBuilder<Value>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (Read(ref reader, ref error) is not { } item)
                    {
                        return null;
                    }

                    items.Add(item);
                }

                return new Value.List(items.DrainToImmutable());
            case JsonTokenType.StartObject:
                return ReadMap(ref reader, ref error);
            default:
                return Value.Null.Instance;
        }
    }

    private static Value.Map? ReadMap(ref Utf8JsonReader reader, ref string error)
    {
        var entries = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            if (!names.Add(name))
            {
                error = $"the name `{(name.Length <= 40 ? name : name[..40] + "…")}` stands twice in a map";
                return null;
            }

            reader.Read();
            if (Read(ref reader, ref error) is not { } value)
            {
                return null;
            }

            entries.Add(new(name, value));
        }

        return new Value.Map(entries.DrainToImmutable());
    }
}
