using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Engine.Isolation;

/// <summary>What a deterministic step needs.</summary>
internal static class DeterminismRules
{
    /// <summary>What is said where libfaketime is asked for and missing.</summary>
    public const string NoFakeTime = "`faketime: true` needs libfaketime, which is not installed";

    /// <summary>What stands in the way of a step, or null.</summary>
    public static (string Code, string Message, string Help)? Problem(RunRequest request, Step step, Determinism determinism)
    {
        if (request.IsolationOf(step) != IsolationLevel.Sandbox)
        {
            return (DiagnosticCodes.DeterminismNeedsSandbox, $"Step `{step.Name}` shall be deterministic, but isolation `process` hides nothing of the machine from it", "Write `isolation: sandbox`");
        }

        if (determinism.FakeTime && FakeTime.Find() is null)
        {
            return (DiagnosticCodes.DeterminismUnavailable, $"Step `{step.Name}`: {NoFakeTime}", $"Install the package `{FakeTime.Package}`");
        }

        if (determinism.FakeTime && step.Toolchain is { IsHost: false } toolchain)
        {
            return (DiagnosticCodes.DeterminismUnavailable, $"Step `{step.Name}`: `faketime: true` needs libfaketime of this machine, which `toolchain: {toolchain}` hides", "Leave `faketime` out, or write `toolchain: host`");
        }

        return determinism.Cpus is { } cpus && cpus > Environment.ProcessorCount
            ? (DiagnosticCodes.DeterminismUnavailable, $"Step `{step.Name}` shall see {cpus} processors, and this machine has {Environment.ProcessorCount}", "Ask for as many as every machine has, `cpus: 1` at best")
            : null;
    }

    /// <summary>Checks the steps that a run executes.</summary>
    public static void Check(RunRequest request, Plan plan, ImmutableArray<string?> leftOut, DiagnosticBag diagnostics)
    {
        Step? last = null;
        foreach (var job in plan.Jobs)
        {
            // The jobs of a step stand together, and share it.
            if (request.InspectOnly || leftOut[job.Index] is not null || ReferenceEquals(job.Step, last) || request.DeterminismOf(job.Step) is not { } determinism)
            {
                continue;
            }

            last = job.Step;
            if (Problem(request, job.Step, determinism) is var (code, message, help))
            {
                diagnostics.Error(code, message, job.Step.Span, help);
            }
        }
    }
}
