using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>A tool cache that stands in the project stands where nobody else writes: no step its outputs, and git no files.</summary>
internal static class ToolCachePlaces
{
    /// <summary>Checks the caches of the new jobs against the outputs of all, and those of all against the outputs of the new.</summary>
    public static void Check(ImmutableArray<Job> jobs, int firstNew, PlanInput input, DiagnosticBag diagnostics)
    {
        Step? last = null;
        for (var i = 0; i < jobs.Length; i++)
        {
            var step = jobs[i].Step;
            if (ReferenceEquals(step, last))
            {
                continue;
            }

            last = step;
            foreach (var cache in step.Cache.Paths)
            {
                if (cache.IsInProject)
                {
                    CheckOutputs(jobs, i >= firstNew ? 0 : firstNew, step, cache, diagnostics);
                    if (i >= firstNew && (input.IsTracked?.Invoke(cache.Path) == true ? cache.Path : input.FirstTrackedBelow?.Invoke(cache.Path)) is { } tracked)
                    {
                        diagnostics.Error(DiagnosticCodes.ToolCacheTracked, $"The tool cache `{cache.Name}` of `{step.Name}` holds `{tracked}`, which git tracks", cache.Span, "name a folder that git ignores");
                    }
                }
            }
        }
    }

    private static void CheckOutputs(ImmutableArray<Job> jobs, int from, Step step, ToolCacheUse cache, DiagnosticBag diagnostics)
    {
        PathPatterns? previous = null;
        for (var i = from; i < jobs.Length; i++)
        {
            var job = jobs[i];
            if (ReferenceEquals(job.Outputs, previous) || job.Outputs.IsEmpty || !(job.Outputs.IsMatch(cache.Path) || job.Outputs.CouldMatchBelow(cache.Path)))
            {
                previous = job.Outputs;
                continue;
            }

            diagnostics.Add(new Diagnostic(
                DiagnosticCodes.ToolCacheOverlap, DiagnosticSeverity.Error,
                $"The tool cache `{cache.Name}` of `{step.Name}` is at `{cache.Path}`, where `{job.Step.Name}` writes its outputs", cache.Span,
                $"choose one: what is an output is stored with the result; or take the folder out of the outputs with `\"!{cache.Path}\"`")
            {
                Notes = [new DiagnosticNote("The outputs are declared here", job.OutputSpans.IsEmpty ? job.Step.Span : job.OutputSpans[0])],
            });
            return;
        }
    }
}
