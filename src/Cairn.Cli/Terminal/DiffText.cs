using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Explain;

namespace Cairn.Cli.Terminal;

/// <summary><c>cairn diff</c> as a person reads it.</summary>
internal static class DiffText
{
    private const int NamedJobsMax = 3;

    public static void Append(ByteText text, RunComparison comparison, Style style)
    {
        AppendRuns(text, comparison, style);
        var table = new Table("JOB", "STATUS", "TOOK", "CACHE", "WHY");
        var (same, unknown) = (0, 0);
        foreach (var job in comparison.Jobs)
        {
            if (!job.Differs)
            {
                _ = job.Relation == ActionRelation.Same ? same++ : unknown++;
                continue;
            }

            table.Add(
                (job.Job, Ink.Plain),
                (Pair(Status(job.InBefore, job.Before), Status(job.InAfter, job.After), style), job.After is StepFailed && job.Before is not StepFailed ? Ink.Bad : Ink.Plain),
                (Pair(Took(job.Before), Took(job.After), style), Ink.Plain),
                (Pair(Cache(job.Before), Cache(job.After), style), Ink.Plain),
                (Why(job), job.Unstable.IsEmpty ? Ink.Dim : Ink.Warning));
        }

        text.Line();
        if (same + unknown < comparison.Jobs.Length)
        {
            table.AppendTo(text, style, indent: 0);
        }

        if (same > 0)
        {
            style.Write(text, Ink.Dim, string.Create(CultureInfo.InvariantCulture, $"{same} of {comparison.Jobs.Length} jobs had the same action and status")).Line();
        }

        if (unknown > 0)
        {
            style.Write(text, Ink.Dim, string.Create(
                CultureInfo.InvariantCulture,
                $"{unknown} of {comparison.Jobs.Length} jobs had the same status; what they did is not known of both runs: it was left out, or ran without the cache")).Line();
        }

        AppendChanges(text, comparison, style);
        AppendUnstable(text, comparison, style);
    }

    private static void AppendRuns(ByteText text, RunComparison comparison, Style style)
    {
        var (before, after) = (comparison.Before, comparison.After);
        style.Write(text, Ink.Bold, before.Summary.Id.Value);
        style.Write(text, Ink.Dim, style.Arrow);
        style.Write(text, Ink.Bold, after.Summary.Id.Value).Line();
        Field(text, style, "pipeline", before.Started.Pipeline, after.Started.Pipeline);
        Field(text, style, "file", before.Started.File, after.Started.File);
        Field(text, style, "commit", Short(before.Started.Commit), Short(after.Started.Commit));
        Field(text, style, "branch", before.Started.Branch, after.Started.Branch);
        Field(text, style, "changes", Dirty(before.Started.Dirty), Dirty(after.Started.Dirty));
        var names = new SortedSet<string>(before.Started.Parameters.Keys, StringComparer.Ordinal);
        names.UnionWith(after.Started.Parameters.Keys);
        foreach (var name in names)
        {
            Field(text, style, "param", Parameter(before, name), Parameter(after, name));
        }

        Field(text, style, "state", RunsText.State(before.Summary.State), RunsText.State(after.Summary.State));
        style.Write(text, Ink.Dim, $"  {"took",-9} ").Append(Words.Duration(before.Summary.Duration));
        style.Write(text, Ink.Dim, style.Arrow).Append(Words.Duration(after.Summary.Duration)).Line();
    }

    // Jobs with the same changes stand together: a change of the machine is one for all of them.
    private static void AppendChanges(ByteText text, RunComparison comparison, Style style)
    {
        var shown = new bool[comparison.Jobs.Length];
        for (var i = 0; i < shown.Length; i++)
        {
            var changes = comparison.Jobs[i].Changes;
            if (shown[i] || changes.Changes.IsEmpty)
            {
                continue;
            }

            var jobs = new List<string>();
            for (var j = i; j < shown.Length; j++)
            {
                if (!shown[j] && Equal(changes.Changes, comparison.Jobs[j].Changes.Changes))
                {
                    shown[j] = true;
                    jobs.Add(comparison.Jobs[j].Job);
                }
            }

            text.Line();
            style.Write(text, Ink.Bold, string.Join(", ", jobs.Take(NamedJobsMax))).Append(jobs.Count > NamedJobsMax ? $" and {jobs.Count - NamedJobsMax} more" : "").Line();
            ChangesText.Append(text, changes, style, indent: 2);
        }
    }

    private static void AppendUnstable(ByteText text, RunComparison comparison, Style style)
    {
        foreach (var job in comparison.Jobs)
        {
            if (job.Unstable.IsEmpty)
            {
                continue;
            }

            text.Line();
            style.Write(text, Ink.Bold, job.Job);
            style.Write(text, Ink.Warning, "  the same action gave different outputs: it is not reproducible").Line();
            foreach (var path in job.Unstable)
            {
                text.Append("  ").Append(AnsiText.Clean(path)).Line();
            }
        }
    }

    private static bool Equal(ImmutableArray<JobChange> a, ImmutableArray<JobChange> b)
    {
        if (a.Length != b.Length)
        {
            return false;
        }

        for (var i = 0; i < a.Length; i++)
        {
            if (a[i] != b[i])
            {
                return false;
            }
        }

        return true;
    }

    private static string Why(JobComparison job) => job switch
    {
        { InBefore: false } => "only in the second run",
        { InAfter: false } => "only in the first run",
        { Unstable.IsEmpty: false } => "same action, different outputs",
        { Relation: ActionRelation.Changed, Changes.Changes.IsEmpty: false } => ChangesText.Cause(job.Changes.Changes),
        { Relation: ActionRelation.Changed or ActionRelation.Forgotten } => "changed; what, is no longer known",
        { Relation: ActionRelation.Same } => "same action",
        _ => job.After?.Reason ?? "",
    };

    private static string Status(bool isIn, StepFinished? finished) => finished is not null ? Words.Status(finished.Status) : isIn ? "not ended" : "";

    private static string Took(StepFinished? finished) => finished is { Attempts: > 0 } ? Words.Duration(finished.DurationMs) : "";

    private static string Cache(StepFinished? finished) => finished?.Cache is { } cache ? ExplainText.State(cache.State) : "";

    private static string Pair(string before, string after, Style style) =>
        before == after || before.Length == 0 ? after : after.Length == 0 ? before : $"{before}{style.Arrow}{after}";

    private static string? Short(string? commit) => commit is { Length: > 8 } ? commit[..8] : commit;

    private static string? Dirty(bool? dirty) => dirty switch
    {
        true => "with changes",
        false => "none",
        _ => null,
    };

    private static string? Parameter(RunRecord record, string name) => record.Started.Parameters.TryGetValue(name, out var value) ? $"{name}={value}" : null;

    // Only what differs is shown.
    private static void Field(ByteText text, Style style, string name, string? before, string? after)
    {
        if (!string.Equals(before, after, StringComparison.Ordinal))
        {
            style.Write(text, Ink.Dim, $"  {name,-9} ").Append(AnsiText.Clean(before ?? "none"));
            style.Write(text, Ink.Dim, style.Arrow).Append(AnsiText.Clean(after ?? "none")).Line();
        }
    }
}
