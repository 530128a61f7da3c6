namespace Cairn.Execution;

/// <summary>How a <see cref="ProcessHost"/> works.</summary>
public sealed record ProcessHostOptions
{
    /// <summary>
    /// Names the run in the environment of each process (<c>CAIRN_RUN_TOKEN</c>): letters, digits and <c>-</c>, unique on the machine.
    /// Where there is no pid namespace, processes are found by it after cairn was killed.
    /// </summary>
    public required string RunToken { get; init; }

    /// <summary>Use a pid namespace where one can be had.</summary>
    public bool PidNamespace { get; init; } = true;

    /// <summary>The clock for wall times, index times and the grace of a stop.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What is wrong, or null.</summary>
    internal string? FindProblem()
    {
        var valid = RunToken.Length is > 0 and <= 100;
        foreach (var c in RunToken)
        {
            valid &= char.IsAsciiLetterOrDigit(c) || c == '-';
        }

        return valid ? null : $"`{RunToken}` is not a run token: use 1 to 100 letters, digits and `-`";
    }
}

/// <summary>What keeps processes from outliving their run.</summary>
public enum Containment
{
    /// <summary>A pid namespace: the kernel ends every process with the run, however cairn itself ends.</summary>
    PidNamespace,

    /// <summary>Processes are found by parent, session and environment: one that hides from all three can survive.</summary>
    BestEffort,
}

/// <summary>What holds on this machine.</summary>
/// <param name="Kind">The containment.</param>
/// <param name="Reason">Why it is no better, or what it means.</param>
public sealed record ContainmentProbe(Containment Kind, string Reason);
