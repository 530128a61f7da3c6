using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Engine.Explain;

/// <summary>Which job makes an input file: one of those that the reader needs, by its declared outputs.</summary>
/// <param name="actions">The actions, which know the outputs as they were declared in the run.</param>
/// <param name="declared">The outputs of a job without a known action; null where they are not known either.</param>
public sealed class FileOrigins(IActionSource actions, Func<string, PathPatterns?>? declared = null)
{
    private readonly Dictionary<(Core.RunId Run, string Job), PathPatterns> _patterns = [];

    /// <summary>Adds to the changes of a job who makes the files.</summary>
    public JobChanges Mark(RunView run, string job, ActionDifference difference)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(difference);
        var needs = run.Find(job)?.Needs ?? [];
        var marked = ImmutableArray.CreateBuilder<JobChange>(difference.Changes.Length);
        foreach (var change in difference.Changes)
        {
            marked.Add(new JobChange(change, change.Kind == ActionChangeKind.Input ? Maker(run, needs, change.Name) : null));
        }

        return new JobChanges(marked.MoveToImmutable(), difference.IsComplete);
    }

    private string? Maker(RunView run, ImmutableArray<string> needs, string path)
    {
        foreach (var need in needs)
        {
            var patterns = Patterns(run, need);
            // A folder stands for something below it that is not known.
            if (path.EndsWith('/') ? patterns.CouldMatchBelow(path.AsSpan()[..^1]) : patterns.IsMatch(path))
            {
                return need;
            }
        }

        return null;
    }

    private PathPatterns Patterns(RunView run, string job)
    {
        if (!_patterns.TryGetValue((run.Id, job), out var patterns))
        {
            var texts = run.Finished.GetValueOrDefault(job)?.Cache?.Action is { } action ? actions.Outputs(action) : null;
            patterns = texts is { } known && PathPatterns.TryParse(known, out var parsed, out _) ? parsed : declared?.Invoke(job) ?? PathPatterns.None;
            _patterns[(run.Id, job)] = patterns;
        }

        return patterns;
    }
}
