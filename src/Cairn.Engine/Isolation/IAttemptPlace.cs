using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Engine.Outputs;
using Cairn.Execution;
using Cairn.Execution.Fetching;
using Cairn.Store.Files;

namespace Cairn.Engine.Isolation;

/// <summary>
/// Where one attempt runs, whatever its isolation: a project's tree with its inputs in it, a home, and files for what it tells Cairn. An attempt enters a place, starts one
/// process in it, and reads what is left there afterwards through descriptors. The process may be one of this machine, of a sandbox, of a container runtime or of a virtual
/// machine's monitor: what a level must offer is a root made of read-only layers, a bound on what is written, and the tree as it stands at the end.
/// </summary>
internal interface IAttemptPlace : IDisposable
{
    /// <summary>The project's folder as the step sees it.</summary>
    string ProjectDirectory { get; }

    /// <summary>The folder behind <c>HOME</c>.</summary>
    string Home { get; }

    /// <summary>The file behind <c>CAIRN_OUTPUT</c>.</summary>
    string OutputFile { get; }

    /// <summary>The file behind <c>CAIRN_SUMMARY</c>.</summary>
    string SummaryFile { get; }

    /// <summary>The project's tree as the process left it; hostile until it is looked at.</summary>
    DirectoryHandle Tree { get; }

    /// <summary>The folder that a path of the project means, as the step sees it. Throws <see cref="IOException"/> where there is none.</summary>
    string Resolve(string relative);

    /// <summary>Puts a script that is too long for an argument; returns its path as the step sees it.</summary>
    string PutScript(string text);

    /// <summary>What to start, given what a process of this machine would be.</summary>
    ProcessSpec Complete(ProcessSpec spec);

    /// <summary>What the step wrote to one of its two files; null for nothing, and one byte more than <paramref name="maxBytes"/> where there is more.</summary>
    byte[]? TryRead(StepFile file, int maxBytes);

    /// <summary>The process began: what bounds it and is not the kernel begins, too.</summary>
    void Began(RunningProcess process);

    /// <summary>The process has ended: what of its limits it ran into, or null.</summary>
    LimitHit? Ended(bool succeeded);

    /// <summary>After a success: the declared outputs, in the working tree.</summary>
    /// <param name="judge">Of a fetch step, says why what it left is not to be used, before any of it is; null of any other.</param>
    CollectedOutputs Collect(Func<ImmutableArray<OutputFile>, string?>? judge);

    /// <summary>What of the network a fetch step reached; null of any other.</summary>
    HostTraffic? Traffic { get; }

    /// <summary>After a failure.</summary>
    void Abandon();

    /// <summary>What the step wrote beside its outputs; null for nothing, or where that cannot be told.</summary>
    UndeclaredWrites? FindUndeclared();

    /// <summary>What may be missing among the inputs of a step that failed, in sentences.</summary>
    List<string> FindMissing(ProcessSpec spec);

    /// <summary>Keeps the root of an attempt that failed, for people; the folder, or null where there is none to keep. Throws <see cref="IOException"/>.</summary>
    string? Keep(FailedAttempt failure, CancellationToken cancellationToken);
}

/// <summary>How an attempt failed, and what it was.</summary>
/// <param name="Attempt">Its number.</param>
/// <param name="Reason">How it ended, in words.</param>
/// <param name="Spec">Its process.</param>
/// <param name="SecretVariables">Variables that are secrets, and of which name.</param>
internal sealed record FailedAttempt(int Attempt, string Reason, ProcessSpec Spec, IReadOnlyDictionary<string, string> SecretVariables);

/// <summary>A limit that a step ran into.</summary>
/// <param name="Text">In words: <c>out of memory, limit 512 MiB, peak 512 MiB</c>.</param>
/// <param name="IsFatal">Whether the step was killed for it, so that it says why the step ended.</param>
internal sealed record LimitHit(string Text, bool IsFatal);

/// <summary>A file through which a step tells Cairn something.</summary>
internal enum StepFile
{
    /// <summary><c>CAIRN_OUTPUT</c>.</summary>
    Output,

    /// <summary><c>CAIRN_SUMMARY</c>.</summary>
    Summary,
}
