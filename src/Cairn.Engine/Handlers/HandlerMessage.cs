using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Core.Events;

namespace Cairn.Engine.Handlers;

/// <summary>What a handler gets: an event with what it takes to understand it alone. One JSON object in one line of UTF-8.</summary>
/// <param name="Id">Names it for good: a receiver that gets it twice knows.</param>
/// <param name="Type">The most telling name of the event.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Body">The object, without an end of line.</param>
internal sealed record HandlerMessage(string Id, string Type, DateTimeOffset Time, ReadOnlyMemory<byte> Body)
{
    /// <summary>The type of the message that tells of lost ones.</summary>
    public const string LostType = "handler.lost";

    /// <summary>The type of the message of <c>cairn events test</c>.</summary>
    public const string TestType = "handler.test";

    /// <summary>Of a <see cref="LostType"/>, how many; otherwise 0.</summary>
    public int Lost { get; init; }

    /// <summary>The message of an event.</summary>
    public static HandlerMessage Of(RunEvent runEvent, ImmutableArray<string> names, HandlerContext context, long number)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{context.Source}.{number}");
        return new HandlerMessage(id, names[0], runEvent.Time, Write(id, names, runEvent.Time, json =>
        {
            context.Write(json);
            json.WritePropertyName("event"u8);
            json.WriteRawValue(RunEventJson.Serialize(runEvent), skipInputValidation: true);
        }));
    }

    /// <summary>The message that some were lost.</summary>
    public static HandlerMessage OfLost(int count, string id, DateTimeOffset time) =>
        new(id, LostType, time, Write(id, [LostType], time, json => json.WriteNumber("lost"u8, count))) { Lost = count };

    /// <summary>The message that tries a handler out.</summary>
    public static HandlerMessage OfTest(string id, DateTimeOffset time) => new(id, TestType, time, Write(id, [TestType], time, static _ => { }));

    /// <summary>Reads one that was kept; null where it is none.</summary>
    public static HandlerMessage? TryRead(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("id"u8, out var id) && id.ValueKind == JsonValueKind.String && IsId(id.GetString()!)
                && root.TryGetProperty("type"u8, out var type) && type.ValueKind == JsonValueKind.String && IsId(type.GetString()!)
                && root.TryGetProperty("time"u8, out var time) && time.ValueKind == JsonValueKind.String && time.TryGetDateTimeOffset(out var at)
                ? new HandlerMessage(id.GetString()!, type.GetString()!, at, line.ToArray()) { Lost = root.TryGetProperty("lost"u8, out var lost) && lost.TryGetInt32(out var count) ? count : 0 }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Write(string id, ImmutableArray<string> names, DateTimeOffset time, Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("type"u8, names[0]);
            json.WriteStartArray("names"u8);
            foreach (var name in names)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
            json.WriteString("time"u8, time);
            rest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // They become headers and variables.
    private static bool IsId(string text)
    {
        var isId = text.Length is > 0 and <= 128;
        foreach (var c in text)
        {
            isId &= char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_';
        }

        return isId;
    }
}

/// <summary>What events are of: a run, or a command that a person gave outside of one.</summary>
/// <param name="Source">What the ids of its events begin with: the id of the run, or of the command.</param>
/// <param name="Project">The project's folder.</param>
/// <param name="Host">The machine.</param>
internal sealed record HandlerContext(string Source, string Project, string Host)
{
    /// <summary>The command; null for a run.</summary>
    public string? Command { get; init; }

    /// <summary>The pipeline's name; null outside of a run.</summary>
    public string? Pipeline { get; init; }

    /// <summary>The run's branch, or null.</summary>
    public string? Branch { get; init; }

    /// <summary>The run's commit, or null.</summary>
    public string? Commit { get; init; }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteString(Command is null ? "run"u8 : "command"u8, Command ?? Source);
        json.WriteString("project"u8, Project);
        WriteOptional(json, "pipeline"u8, Pipeline);
        WriteOptional(json, "branch"u8, Branch);
        WriteOptional(json, "commit"u8, Commit);
        json.WriteString("host"u8, Host);
    }

    private static void WriteOptional(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
