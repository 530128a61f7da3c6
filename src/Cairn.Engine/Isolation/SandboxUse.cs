using Cairn.Core.Language.Model;

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
        _ => throw new ArgumentOutOfRangeException(nameof(network)),
    };
}
