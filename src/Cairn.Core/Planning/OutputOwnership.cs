using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;

namespace Cairn.Core.Planning;

/// <summary>
/// Every path has one writer, who is not git, and whoever reads it by name needs that writer. Only paths without wildcards can be told
/// before the run; jobs that the plan skipped write nothing.
/// </summary>
internal sealed class OutputOwnership
{
    private readonly ImmutableArray<Job> _jobs;
    private readonly int _firstNew;
    private readonly PlanInput _input;
    private readonly DiagnosticBag _diagnostics;
    private readonly Dictionary<string, Job> _owners = new(StringComparer.Ordinal);
    private readonly HashSet<(StepName, StepName)> _reported = [];

    private OutputOwnership(ImmutableArray<Job> jobs, int firstNew, PlanInput input, DiagnosticBag diagnostics)
    {
        _jobs = jobs;
        _firstNew = firstNew;
        _input = input;
        _diagnostics = diagnostics;
    }

    /// <summary>Checks the jobs from <paramref name="firstNew"/> on against each other and against those before.</summary>
    public static void Check(ImmutableArray<Job> jobs, int firstNew, PlanInput input, DiagnosticBag diagnostics)
    {
        if (jobs.Length > firstNew)
        {
            new OutputOwnership(jobs, firstNew, input, diagnostics).Check();
        }
    }

    /// <summary>Whether git tracks something that one of the jobs would write.</summary>
    public static bool WouldWriteTracked(ImmutableArray<Job> jobs, PlanInput input)
    {
        var diagnostics = new DiagnosticBag();
        var ownership = new OutputOwnership(jobs, firstNew: 0, input, diagnostics);
        var checkedPatterns = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            ownership.CheckTracked(job, checkedPatterns);
            if (diagnostics.HasErrors)
            {
                return true;
            }
        }

        return false;
    }

    private void Check()
    {
        foreach (var job in _jobs)
        {
            Claim(job);
        }

        foreach (var job in _jobs)
        {
            CheckFoldersAbove(job);
        }

        var checkedPatterns = new HashSet<string>(StringComparer.Ordinal);
        for (var i = _firstNew; i < _jobs.Length; i++)
        {
            CheckTracked(_jobs[i], checkedPatterns);
            CheckInputs(_jobs[i]);
        }
    }

    private void Claim(Job job)
    {
        if (job.SkippedByPlan)
        {
            return;
        }

        foreach (var path in job.Outputs.LiteralPaths)
        {
            if (!_owners.TryAdd(path, job) && _owners[path] != job)
            {
                Conflict(_owners[path], job, path, folder: null);
            }
        }
    }

    private void CheckFoldersAbove(Job job)
    {
        if (job.SkippedByPlan)
        {
            return;
        }

        foreach (var path in job.Outputs.LiteralPaths)
        {
            foreach (var folder in FoldersAbove(path))
            {
                if (_owners.TryGetValue(folder, out var owner) && owner.Index != job.Index && owner.Outputs.IsMatch(path))
                {
                    Conflict(owner, job, path, folder);
                }
            }
        }
    }

    private void Conflict(Job first, Job second, string path, string? folder)
    {
        if (Math.Max(first.Index, second.Index) < _firstNew || !_reported.Add((first.Step.Name, second.Step.Name)))
        {
            return;
        }

        var message = folder is null
            ? $"`{first.Id}` and `{second.Id}` both write `{path}`"
            : $"`{second.Id}` writes `{path}`, which is part of `{(folder.Length == 0 ? "." : folder)}` that `{first.Id}` writes";
        var sameStep = first.Step.Name == second.Step.Name;
        _diagnostics.Add(new Diagnostic(DiagnosticCodes.PlanOutputConflict, DiagnosticSeverity.Error, message, SpanOf(second, path),
            sameStep ? "give each job of the matrix its own path, with ${{ matrix.… }} in it" : "give each step its own outputs")
        {
            Notes = sameStep ? [] : [new DiagnosticNote($"`{first.Step.Name}` writes here", SpanOf(first, path))],
        });
    }

    /// <summary>The place of the pattern that a path comes from, else of the step.</summary>
    private static SourceSpan SpanOf(Job job, string path, bool input = false)
    {
        var (patterns, spans) = input ? (job.Inputs ?? PathPatterns.None, job.InputSpans) : (job.Outputs, job.OutputSpans);
        for (var i = 0; i < spans.Length && i < patterns.Patterns.Length; i++)
        {
            var pattern = patterns.Patterns[i];
            if (!pattern.Exclude && pattern.Glob.IsMatch(path))
            {
                return spans[i];
            }
        }

        return job.Step.Span;
    }

    private void CheckTracked(Job job, HashSet<string> checkedPatterns)
    {
        if (job.SkippedByPlan || job.Outputs.IsEmpty)
        {
            return;
        }

        foreach (var path in job.Outputs.LiteralPaths)
        {
            if (!checkedPatterns.Add(path))
            {
                continue;
            }

            if (_input.IsTracked?.Invoke(path) == true)
            {
                Tracked(job, path, path);
            }
            else if (_input.FirstTrackedBelow?.Invoke(path) is { } below && job.Outputs.IsMatch(below))
            {
                Tracked(job, path, below);
            }
        }

        if (HasWildcard(job.Outputs) && MayBeTracked(job.Outputs) && checkedPatterns.Add($"\0{job.Outputs}") && _input.FirstTrackedMatch?.Invoke(job.Outputs) is { } match)
        {
            Tracked(job, match, match);
        }
    }

    private void Tracked(Job job, string path, string file) =>
        _diagnostics.Error(DiagnosticCodes.PlanOutputTracked, $"`{job.Id}` would write `{file}`, which git tracks", SpanOf(job, path),
            "write somewhere else, or take the file out of git (`git rm --cached`) and ignore it");

    private bool MayBeTracked(PathPatterns outputs)
    {
        if (_input.FirstTrackedBelow is not { } firstBelow)
        {
            return true;
        }

        foreach (var pattern in outputs.Patterns)
        {
            if (!pattern.Exclude && !pattern.Glob.IsLiteral && firstBelow(pattern.Glob.LiteralPrefix.TrimEnd('/')) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasWildcard(PathPatterns outputs)
    {
        if (outputs.IsLiteral)
        {
            return false;
        }

        foreach (var pattern in outputs.Patterns)
        {
            if (!pattern.Exclude && !pattern.Glob.IsLiteral)
            {
                return true;
            }
        }

        return false;
    }

    private void CheckInputs(Job job)
    {
        if (job.Inputs is not { IsEmpty: false } inputs || job.SkippedByPlan)
        {
            return;
        }

        foreach (var path in inputs.LiteralPaths)
        {
            if (WriterOf(path) is { } writer && writer.Step.Name != job.Step.Name && job.Needs.BinarySearch(writer.Index) < 0
                && _reported.Add((job.Step.Name, writer.Step.Name)))
            {
                _diagnostics.Add(new Diagnostic(DiagnosticCodes.PlanInputNotNeeded, DiagnosticSeverity.Error,
                    $"`{job.Id}` reads `{path}`, which `{writer.Step.Name}` writes, but does not need that step", SpanOf(job, path, input: true),
                    $"add `{writer.Step.Name}` to the `needs` of `{job.Step.Name}`")
                {
                    Notes = [new DiagnosticNote($"`{writer.Step.Name}` writes it here", SpanOf(writer, path))],
                });
            }
        }
    }

    private Job? WriterOf(string path)
    {
        if (_owners.TryGetValue(path, out var owner))
        {
            return owner;
        }

        foreach (var folder in FoldersAbove(path))
        {
            if (_owners.TryGetValue(folder, out owner) && owner.Outputs.IsMatch(path))
            {
                return owner;
            }
        }

        return null;
    }

    private static IEnumerable<string> FoldersAbove(string path)
    {
        for (var end = path.LastIndexOf('/'); end > 0; end = path.LastIndexOf('/', end - 1))
        {
            yield return path[..end];
        }

        if (path.Length > 0)
        {
            yield return "";
        }
    }
}
