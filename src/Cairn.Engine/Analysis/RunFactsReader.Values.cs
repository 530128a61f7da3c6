using System.Text.Json;

using Cairn.Core.Scheduling;

namespace Cairn.Engine.Analysis;

/// <content>Values of a line's members.</content>
internal sealed partial class RunFactsReader
{
    private static void Begin(ref Utf8JsonReader json)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }
    }

    /// <summary>Goes to the next member; false at the object's end.</summary>
    private static bool Next(ref Utf8JsonReader json) => json.Read() && json.TokenType == JsonTokenType.PropertyName;

    private static bool Is(ref Utf8JsonReader json, ReadOnlySpan<byte> name) => json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(name);

    private static double Number(ref Utf8JsonReader json)
    {
        _ = json.Read();
        return json.GetDouble() is var number && double.IsFinite(number) && number >= 0 ? number : throw new JsonException();
    }

    private static DateTimeOffset Time(ref Utf8JsonReader json)
    {
        _ = json.Read();
        return json.GetDateTimeOffset();
    }

    private string Text(ref Utf8JsonReader json)
    {
        _ = json.Read();
        var text = json.GetString() ?? throw new JsonException();
        if (_texts.TryGetValue(text, out var known))
        {
            return known;
        }

        // One copy of each name, however many runs have it.
        _texts[text] = text;
        return text;
    }

    private static JobStatus Status(ref Utf8JsonReader json)
    {
        _ = json.Read();
        return json.ValueTextEquals("succeeded"u8) ? JobStatus.Succeeded
            : json.ValueTextEquals("failed"u8) ? JobStatus.Failed
            : json.ValueTextEquals("timed_out"u8) ? JobStatus.TimedOut
            : json.ValueTextEquals("skipped"u8) ? JobStatus.Skipped
            : json.ValueTextEquals("not_run"u8) ? JobStatus.NotRun
            : json.ValueTextEquals("cancelled"u8) ? JobStatus.Cancelled
            : throw new JsonException();
    }
}
