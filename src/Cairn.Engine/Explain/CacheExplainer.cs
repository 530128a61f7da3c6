using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Store.Actions;

namespace Cairn.Engine.Explain;

/// <summary>Explains hits and misses of a run by the runs before it.</summary>
/// <param name="history">The project's runs.</param>
/// <param name="actions">Its actions.</param>
/// <param name="origins">Which job makes a file.</param>
/// <param name="demotions">Which results count no more; null for none.</param>
public sealed class CacheExplainer(RunHistory history, IActionSource actions, FileOrigins origins, Demotions? demotions = null)
{
    private const int RenameCandidatesMax = 100;

    /// <summary>Explains jobs of a run, in plan order.</summary>
    /// <param name="record">The run.</param>
    /// <param name="jobs">Which; null for all of them.</param>
    public ImmutableArray<JobExplanation> Explain(RunRecord record, IReadOnlySet<string>? jobs)
    {
        ArgumentNullException.ThrowIfNull(record);
        var view = RunView.Of(record);
        var explanations = new List<JobExplanation>();
        var missed = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var job in view.Jobs)
        {
            if (jobs is not null && !jobs.Contains(job.Id))
            {
                continue;
            }

            var explanation = new JobExplanation(job.Id, job.Step, view.Finished.GetValueOrDefault(job.Id));
            if (explanation.Cache is { State: CacheState.Miss, Action: not null })
            {
                missed[job.Id] = explanations.Count;
            }

            explanations.Add(explanation);
        }

        foreach (var earlier in history.Before(record.Summary.Id))
        {
            if (missed.Count == 0)
            {
                break;
            }

            foreach (var runEvent in earlier.Events)
            {
                if (runEvent is StepFinished { Cache.Action: not null } finished && missed.Remove(finished.Job, out var index))
                {
                    explanations[index] = Miss(view, explanations[index], new EarlierJob(earlier.Summary.Id, earlier.Summary.StartedAt, finished));
                }
            }
        }

        foreach (var index in missed.Values)
        {
            // To look for a step's earlier name is work; it is done for those who ask for the step.
            var renamed = jobs is null ? null : FindRenamed(view, explanations[index]);
            explanations[index] = renamed ?? explanations[index] with { Cause = explanations[index].Cache!.Forced ? MissCause.Forced : MissCause.First };
        }

        return [.. explanations];
    }

    private JobExplanation Miss(RunView view, JobExplanation explanation, EarlierJob earlier)
    {
        explanation = explanation with { Earlier = earlier };
        var (before, after) = (earlier.Finished.Cache!.Action!, explanation.Cache!.Action!);
        if (string.Equals(before, after, StringComparison.Ordinal))
        {
            // One that was found later is not why it missed.
            var demotion = earlier.Finished is StepCompleted && demotions?.OfAction(after) is { } found && found.Time >= earlier.Time.AddSeconds(-1) && found.Time <= explanation.Finished!.Time ? found : null;
            return explanation with
            {
                Demotion = demotion,
                Cause = explanation.Cache.Forced ? MissCause.Forced
                    : earlier.Finished is not StepCompleted ? MissCause.Failed
                    : earlier.Finished.Cache.NotKept is not null ? MissCause.NotKept
                    : demotion is not null ? MissCause.Demoted
                    : MissCause.Gone,
            };
        }

        return actions.Compare(before, after) is { } changes
            ? explanation with { Cause = explanation.Cache.Forced ? MissCause.Forced : MissCause.Changed, Changes = origins.Mark(view, explanation.Job, changes) }
            : explanation with { Cause = explanation.Cache.Forced ? MissCause.Forced : MissCause.Forgotten };
    }

    // The job of the run before that is no longer there and whose action is nearest: it does the same, or does something else with the same files.
    private JobExplanation? FindRenamed(RunView view, JobExplanation explanation)
    {
        foreach (var earlier in history.Before(view.Id))
        {
            EarlierJob? nearest = null;
            var fewest = int.MaxValue;
            var candidates = 0;
            foreach (var runEvent in earlier.Events)
            {
                if (runEvent is not StepFinished { Cache.Action: { } action } finished || view.Finished.ContainsKey(finished.Job) || candidates++ == RenameCandidatesMax
                    || actions.Compare(action, explanation.Cache!.Action!) is not { Changes: var changes })
                {
                    continue;
                }

                var (files, arguments) = (0, 0);
                foreach (var change in changes)
                {
                    files += change.Kind == ActionChangeKind.Input ? 1 : 0;
                    arguments += change.Kind is ActionChangeKind.Argument or ActionChangeKind.Script ? 1 : 0;
                }

                if ((files == 0 || arguments == 0) && changes.Length < fewest)
                {
                    (nearest, fewest) = (new EarlierJob(earlier.Summary.Id, earlier.Summary.StartedAt, finished), changes.Length);
                }
            }

            return nearest is null ? null : Miss(view, explanation, nearest);
        }

        return null;
    }
}
