using System.Buffers;
using System.Text.Json;

using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary><c>cairn runs --json</c>: one object a line for each run; <c>show</c>: one object with the run's events in it.</summary>
internal static class RunsJson
{
    public static void Append(ByteText text, IEnumerable<RunSummary> runs)
    {
        foreach (var run in runs)
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                WriteSummary(json, run);
                json.WriteEndObject();
            }

            text.Append(buffer.WrittenSpan).Line();
        }
    }

    public static void Append(ByteText text, RunRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteSummary(json, record.Summary);
            json.WriteString("directory", record.Directory);
            json.WriteStartArray("events");
            foreach (var runEvent in record.Events)
            {
                json.WriteRawValue(RunEventJson.Serialize(runEvent), skipInputValidation: true);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        text.Append(buffer.WrittenSpan).Line();
    }

    private static void WriteSummary(Utf8JsonWriter json, RunSummary run)
    {
        json.WriteString("id", run.Id.Value);
        json.WriteString("state", RunsText.State(run.State));
        json.WriteString("pipeline", run.Pipeline);
        json.WriteString("started_at", run.StartedAt);
        json.WriteNumber("duration_ms", run.Duration.TotalMilliseconds);
        if (run.Commit is { } commit)
        {
            json.WriteString("commit", commit);
        }

        if (run.Branch is { } branch)
        {
            json.WriteString("branch", branch);
        }

        json.WriteNumber("jobs", run.Jobs);
        json.WriteNumber("failed", run.Failed);
        json.WriteNumber("cached", run.Cached);
        json.WriteNumber("saved_ms", run.SavedMs);
    }
}
