using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Engine.Caching.Memo;

/// <summary>What may be remembered of a job: only what is a function of the plan and the inputs.</summary>
internal static class MemoRules
{
    /// <summary>Whether a job's action is the same in every run of the plan with the same inputs.</summary>
    public static bool IsFixed(Pipeline pipeline, Job job)
    {
        var reads = PlanDependencies.OfStep(pipeline, job.Step);
        return reads is { ReadsSteps: false, ReadsFiles: false } && reads.Git.IsEmpty && reads.Run.IsEmpty
            && !reads.Job.Contains("attempt", StringComparer.Ordinal) && !reads.Job.Contains(PlanDependencies.All, StringComparer.Ordinal);
    }
}
