using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Engine.Explain;

/// <summary>Which job makes an input file: one of those that the reader needs, by its declared outputs.</summary>
/// <param name="actions">The actions, which know the outputs as they were declared in the run.</param>
/// <param name="declared">The outputs of a job without a known action; null where they are not known either.</param>
public sealed class FileOrigins(IActionSource actions, Func<string, PathPatterns?>? declared = null)
{
    private readonly Dictionary<(Core.RunId Run, string Job), PathPatterns> _patterns = [];

    /// <summary>Notes the makers of changed files.</summary>
    public ImmutableArray<ActionChange> Mark(RunView run, string job, ImmutableArray<ActionChange> changes)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Find(job) is not { Needs.IsEmpty: false } reader)
        {
            return changes;
        }

        var marked = changes.ToBuilder();
        for (var i = 0; i < marked.Count; i++)
        {
            if (marked[i].Kind != ChangeKind.File)
            {
                continue;
            }

            foreach (var need in reader.Needs)
            {
                if (Patterns(run, need).IsMatch(marked[i].Name))
                {
                    marked[i] = marked[i] with { MadeBy = need };
                    break;
                }
            }
        }

        return marked.DrainToImmutable();
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
