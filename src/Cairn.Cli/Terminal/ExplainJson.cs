using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Explain;

namespace Cairn.Cli.Terminal;

/// <summary>The JSON of <c>cairn why</c> and <c>cairn diff</c>: see <c>docs/reference/json.md</c>.</summary>
internal static class ExplainJson
{
    private const int ScriptContextLines = 3;
    private const int ScriptLinesMax = 1000;

    public static void Write(Utf8JsonWriter json, RunRecord record, ImmutableArray<JobExplanation> jobs)
    {
        json.WriteStartObject();
        json.WriteString("run", record.Summary.Id.Value);
        json.WriteStartArray("jobs");
        foreach (var job in jobs)
        {
            Write(json, job);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, RunComparison comparison)
    {
        json.WriteStartObject();
        WriteRun(json, "before", comparison.Before);
        WriteRun(json, "after", comparison.After);
        json.WriteStartArray("jobs");
        foreach (var job in comparison.Jobs)
        {
            json.WriteStartObject();
            json.WriteString("job", job.Job);
            json.WriteString("in", (job.InBefore, job.InAfter) switch
            {
                (true, true) => "both",
                (true, _) => "before",
                _ => "after",
            });
            WriteEnd(json, "before", job.Before);
            WriteEnd(json, "after", job.After);
            if (job.Relation != ActionRelation.None)
            {
                json.WriteString("action", job.Relation switch
                {
                    ActionRelation.Same => "same",
                    ActionRelation.Changed => "changed",
                    _ => "forgotten",
                });
            }

            WriteChanges(json, job.Changes);
            WriteTexts(json, "unstable", job.Unstable);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, JobExplanation job)
    {
        json.WriteStartObject();
        json.WriteString("job", job.Job);
        json.WriteString("step", job.Step);
        if (job.Finished is { } finished)
        {
            json.WriteString("status", Words.Status(finished.Status).Replace(' ', '_'));
        }

        if (job.Cache is { } cache)
        {
            WriteCache(json, cache);
        }

        if (job.Cause is { } cause)
        {
            json.WriteString("cause", cause switch
            {
                MissCause.First => "first",
                MissCause.Changed => "changed",
                MissCause.Failed => "failed",
                MissCause.NotKept => "not_kept",
                MissCause.Gone => "gone",
                MissCause.Demoted => "demoted",
                MissCause.Forced => "forced",
                _ => "forgotten",
            });
        }

        if (job.Earlier is { } earlier)
        {
            json.WriteStartObject("earlier");
            json.WriteString("run", earlier.Run.Value);
            json.WriteString("job", earlier.Finished.Job);
            json.WriteString("time", earlier.Time);
            json.WriteString("action", earlier.Finished.Cache!.Action);
            json.WriteEndObject();
        }

        WriteChanges(json, job.Changes);
        json.WriteEndObject();
    }

    private static void WriteCache(Utf8JsonWriter json, CacheUse cache)
    {
        json.WriteString("cache", ExplainText.State(cache.State));
        WriteText(json, "action", cache.Action);
        WriteText(json, "reason", cache.Reason);
        WriteText(json, "pin", cache.Pin);
        WriteText(json, "from_run", cache.FromRun);
        if (cache.FromTime is { } time)
        {
            json.WriteString("from_time", time);
        }

        WriteText(json, "from_host", cache.FromHost);
        WriteText(json, "from_project", cache.FromProject);
        if (cache.SavedMs is { } saved)
        {
            json.WriteNumber("saved_ms", saved);
        }
    }

    private static void WriteRun(Utf8JsonWriter json, string name, RunRecord record)
    {
        json.WriteStartObject(name);
        json.WriteString("run", record.Summary.Id.Value);
        json.WriteString("state", RunsText.State(record.Summary.State));
        json.WriteString("pipeline", record.Started.Pipeline);
        json.WriteString("file", record.Started.File);
        WriteText(json, "commit", record.Started.Commit);
        WriteText(json, "branch", record.Started.Branch);
        if (record.Started.Dirty is { } dirty)
        {
            json.WriteBoolean("dirty", dirty);
        }

        json.WriteNumber("duration_ms", record.Summary.Duration.TotalMilliseconds);
        json.WriteStartObject("parameters");
        foreach (var (parameter, value) in record.Started.Parameters)
        {
            json.WriteString(parameter, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteEnd(Utf8JsonWriter json, string name, StepFinished? finished)
    {
        if (finished is null)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("status", Words.Status(finished.Status).Replace(' ', '_'));
        json.WriteNumber("duration_ms", finished.DurationMs);
        if (finished.Cache is { } cache)
        {
            WriteCache(json, cache);
        }

        json.WriteEndObject();
    }

    /// <summary>The members <c>changes</c> and <c>complete</c>.</summary>
    public static void WriteChanges(Utf8JsonWriter json, JobChanges changes)
    {
        if (changes.Changes.IsEmpty)
        {
            return;
        }

        json.WriteStartArray("changes");
        foreach (var (change, maker) in changes.Changes)
        {
            json.WriteStartObject();
            json.WriteString("kind", ChangesText.Kind(change.Kind));
            WriteText(json, "name", change.Name.Length == 0 ? null : change.Name);
            if (change.Line > 0)
            {
                json.WriteNumber("line", change.Line);
            }

            WriteText(json, "before", ChangesText.Before(change));
            WriteText(json, "after", ChangesText.After(change));
            WriteText(json, "made_by", maker);
            WriteScript(json, change.Script);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (!changes.IsComplete)
        {
            json.WriteBoolean("complete", false);
        }
    }

    /// <summary>A unified difference, cut where it is long.</summary>
    private static void WriteScript(Utf8JsonWriter json, ScriptChange? script)
    {
        if (script is null)
        {
            return;
        }

        json.WriteStartArray("diff");
        var lines = 0;
        foreach (var hunk in LineDifference.Between(script.Before, script.After, ScriptContextLines))
        {
            var (before, after) = (0, 0);
            foreach (var line in hunk.Lines)
            {
                before += line.Kind == LineChangeKind.Added ? 0 : 1;
                after += line.Kind == LineChangeKind.Removed ? 0 : 1;
            }

            json.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"@@ -{hunk.Before},{before} +{hunk.After},{after} @@"));
            foreach (var line in hunk.Lines)
            {
                json.WriteStringValue((line.Kind switch
                {
                    LineChangeKind.Removed => "-",
                    LineChangeKind.Added => "+",
                    _ => " ",
                }) + line.Text);
                if (++lines == ScriptLinesMax)
                {
                    json.WriteEndArray();
                    json.WriteBoolean("diff_complete", false);
                    return;
                }
            }
        }

        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        if (texts.IsEmpty)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
