using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Execution.Sandbox;

namespace Cairn.Engine.Isolation;

/// <summary>Which isolation a step has in a run.</summary>
internal static class SandboxUse
{
    /// <summary>What the step says, or else what the run does.</summary>
    public static IsolationLevel IsolationOf(this RunRequest request, Step step) => step.Isolation ?? request.Isolation;

    /// <summary>What of the network the step reaches.</summary>
    public static NetworkAccess NetworkOf(this RunRequest request, Step step) =>
        step.Network ?? (request.IsolationOf(step) == IsolationLevel.Process ? NetworkAccess.Host : NetworkAccess.None);

    /// <summary>What is hidden from a step; null for no more than its isolation hides.</summary>
    public static Determinism? DeterminismOf(this RunRequest request, Step step) => step.Deterministic ?? (request.Deterministic ? Determinism.Default : null);
    /// <summary>What a step asks of its isolation that it cannot give, or null.</summary>
    public static Diagnostic? ProblemOf(RunRequest request, Step step)
    {
        var isProcess = request.IsolationOf(step) == IsolationLevel.Process;
        if (isProcess && step.Limits is not null)
        {
            return Error(DiagnosticCodes.LimitsNeedSandbox, step, $"`{step.Name}` has `limits`, which isolation `process` cannot hold", "write `isolation: sandbox`, or drop `limits`");
        }

        return step.Network switch
        {
            NetworkAccess.None or NetworkAccess.Wan when isProcess => Error(
                DiagnosticCodes.NetworkNeedsSandbox, step, $"`{step.Name}` has `network: {IsolationWords.Of(step.Network.Value)}`, but isolation `process` keeps nothing away from a step",
                "write `isolation: sandbox`, or `network: host`"),
            NetworkAccess.Wan when Uplink.FindProblem() is var (problem, remedy) => Error(
                DiagnosticCodes.NetworkUnavailable, step, $"`{step.Name}` has `network: wan`, which this machine cannot give: {problem}",
                $"`{remedy}` as root, or write `network: host` where the step may reach all that the machine reaches"),
            _ => null,
        };
    }

    /// <summary>Adds what is wrong with the steps of a plan, each step once.</summary>
    public static void Check(RunRequest request, Plan plan, DiagnosticBag diagnostics)
    {
        Step? last = null;
        foreach (var job in plan.Jobs)
        {
            if (!ReferenceEquals(job.Step, last) && ProblemOf(request, job.Step) is { } problem)
            {
                diagnostics.Add(problem);
            }

            last = job.Step;
        }
    }

    private static Diagnostic Error(string code, Step step, string message, string suggestion) => new(code, DiagnosticSeverity.Error, message, step.Span, suggestion);

    /// <summary>Whether a run may execute a step in a sandbox.</summary>
    public static bool HasSandboxes(PreparedRun prepared)
    {
        foreach (var job in prepared.Plan!.Jobs)
        {
            if (prepared.Request.IsolationOf(job.Step) == IsolationLevel.Sandbox || job.Step.Generates is not null)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The words of the language, as actions have them.</summary>
internal static class IsolationWords
{
    public static string Of(IsolationLevel level) => level switch
    {
        IsolationLevel.Process => "process",
        IsolationLevel.Sandbox => "sandbox",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    public static string Of(NetworkAccess network) => network switch
    {
        NetworkAccess.None => "none",
        NetworkAccess.Wan => "wan",
        NetworkAccess.Host => "host",
        NetworkAccess.Hosts => "hosts",
        _ => throw new ArgumentOutOfRangeException(nameof(network)),
    };
}
