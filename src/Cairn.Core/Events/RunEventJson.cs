using System.Text.Json;
using System.Text.Json.Serialization;

using Cairn.Core.Scheduling;

namespace Cairn.Core.Events;

/// <summary>The JSON form of run events: snake_case members, snake_case enum texts, nulls left out, one line each.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(SnakeCaseEnumConverter<RunStatus>), typeof(SnakeCaseEnumConverter<JobStatus>), typeof(SnakeCaseEnumConverter<CacheState>), typeof(SnakeCaseEnumConverter<FetchResult>), typeof(SnakeCaseEnumConverter<SignedSubject>)],
    AllowOutOfOrderMetadataProperties = true)]
[JsonSerializable(typeof(RunEvent))]
public sealed partial class RunEventJson : JsonSerializerContext
{
    /// <summary>Writes one event as one line of UTF-8 without the newline.</summary>
    public static byte[] Serialize(RunEvent runEvent)
    {
        var buffer = new byte[512];
        var length = RunEventWriter.Append(runEvent, ref buffer, 0);
        return buffer[..length];
    }

    /// <summary>Reads a line; null where it is not an event (a line cut short by a crash).</summary>
    public static RunEvent? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, Default.RunEvent);
        }
        catch (JsonException)
        {
            return null;
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }
}

/// <summary>Writes an enum as its members' names in snake_case: <c>timed_out</c>. Numbers are refused.</summary>
internal sealed class SnakeCaseEnumConverter<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where TEnum : struct, Enum;
