using System.Collections.Immutable;

using Cairn.Core.Events;

namespace Cairn.Engine.Explain;

/// <summary>How the actions of a job in two runs relate.</summary>
public enum ActionRelation
{
    /// <summary>One of the runs has no action of the job.</summary>
    None,

    /// <summary>They are the same.</summary>
    Same,

    /// <summary>They differ; the changes say in what.</summary>
    Changed,

    /// <summary>They differ; one of them is no longer in the project's log.</summary>
    Forgotten,
}

/// <summary>A job in two runs.</summary>
/// <param name="Job">Its id.</param>
/// <param name="InBefore">Whether the first run has it.</param>
/// <param name="InAfter">Whether the second run has it.</param>
/// <param name="Before">How it ended in the first; null where it did not.</param>
/// <param name="After">How it ended in the second; null where it did not.</param>
public sealed record JobComparison(string Job, bool InBefore, bool InAfter, StepFinished? Before, StepFinished? After)
{
    /// <summary>How the actions relate.</summary>
    public ActionRelation Relation { get; init; }

    /// <summary>What changed in the action.</summary>
    public JobChanges Changes { get; init; } = JobChanges.None;

    /// <summary>
    /// What the same action gave differently: step outputs as <c>output:KEY</c>, and files that jobs which need this one read. Such a
    /// step is not reproducible. Files that nobody reads are not seen.
    /// </summary>
    public ImmutableArray<string> Unstable { get; init; } = [];

    /// <summary>Whether anything but durations and the use of the cache differs.</summary>
    public bool Differs => !InBefore || !InAfter || Before?.Status != After?.Status || Relation is ActionRelation.Changed or ActionRelation.Forgotten || !Unstable.IsEmpty;
}

/// <summary>Two runs side by side.</summary>
/// <param name="Before">The first.</param>
/// <param name="After">The second.</param>
/// <param name="Jobs">Their jobs: those of the second in plan order, then those that only the first has.</param>
public sealed record RunComparison(RunRecord Before, RunRecord After, ImmutableArray<JobComparison> Jobs)
{
    /// <summary>Compares two runs.</summary>
    public static RunComparison Of(RunRecord before, RunRecord after, IActionSource actions, FileOrigins origins)
    {
        ArgumentNullException.ThrowIfNull(actions);
        ArgumentNullException.ThrowIfNull(origins);
        var (first, second) = (RunView.Of(before), RunView.Of(after));
        var jobs = new List<JobComparison>();
        var indices = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var job in second.Jobs)
        {
            indices[job.Id] = jobs.Count;
            jobs.Add(Compare(job.Id, first, second, actions, origins));
        }

        foreach (var job in first.Jobs)
        {
            if (!indices.ContainsKey(job.Id))
            {
                jobs.Add(new JobComparison(job.Id, InBefore: true, InAfter: false, first.Finished.GetValueOrDefault(job.Id), After: null));
            }
        }

        // A file that changed although its maker's action did not: the maker is not reproducible.
        var unstable = new SortedDictionary<int, SortedSet<string>>();
        foreach (var job in jobs)
        {
            foreach (var change in job.Changes.Changes)
            {
                if (change.MadeBy is { } maker && indices.TryGetValue(maker, out var index) && jobs[index].Relation == ActionRelation.Same)
                {
                    if (!unstable.TryGetValue(index, out var paths))
                    {
                        unstable[index] = paths = new SortedSet<string>(StringComparer.Ordinal);
                    }

                    paths.Add(change.Change.Name);
                }
            }
        }

        foreach (var (index, paths) in unstable)
        {
            jobs[index] = jobs[index] with { Unstable = [.. jobs[index].Unstable, .. paths] };
        }

        return new RunComparison(before, after, [.. jobs]);
    }

    private static JobComparison Compare(string job, RunView first, RunView second, IActionSource actions, FileOrigins origins)
    {
        var (before, after) = (first.Finished.GetValueOrDefault(job), second.Finished.GetValueOrDefault(job));
        var comparison = new JobComparison(job, first.Find(job) is not null, InAfter: true, before, after);
        if (before?.Cache?.Action is not { } from || after?.Cache?.Action is not { } to)
        {
            return comparison;
        }

        if (string.Equals(from, to, StringComparison.Ordinal))
        {
            return comparison with { Relation = ActionRelation.Same, Unstable = before is StepCompleted && after is StepCompleted ? UnstableOutputs(before, after) : [] };
        }

        return actions.Compare(from, to) is { } changes
            ? comparison with { Relation = ActionRelation.Changed, Changes = origins.Mark(second, job, changes) }
            : comparison with { Relation = ActionRelation.Forgotten };
    }

    private static ImmutableArray<string> UnstableOutputs(StepFinished before, StepFinished after)
    {
        var keys = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in before.Outputs)
        {
            _ = after.Outputs.TryGetValue(key, out var now) && string.Equals(now, value, StringComparison.Ordinal) ? false : keys.Add($"output:{key}");
        }

        foreach (var key in after.Outputs.Keys)
        {
            _ = before.Outputs.ContainsKey(key) ? false : keys.Add($"output:{key}");
        }

        return [.. keys];
    }
}
