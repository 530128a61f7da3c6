using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Fetching;
using Cairn.Engine.History;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Receipts;
using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>What the attempts of one run share.</summary>
internal sealed record RunContext
{
    public required RunRequest Request { get; init; }

    public required RunScope Scope { get; init; }

    public required RunReporter Reporter { get; init; }

    public required RunDirectory Directory { get; init; }

    public required ScratchFolders Scratch { get; init; }

    public required ProcessHost Host { get; init; }

    public required OutputTree Tree { get; init; }

    public required SecretResolver Secrets { get; init; }

    public required NamedLocks Locks { get; init; }

    public required ServiceManager Services { get; init; }

    /// <summary>The action cache; null where this run does without.</summary>
    public RunCache? Cache { get; init; }

    /// <summary>Why this run does without the action cache.</summary>
    public string? CacheOff { get; init; }

    /// <summary>The times that deterministic steps take for that of their sources.</summary>
    public required SourceDates Dates { get; init; }

    /// <summary>What the receipt will say.</summary>
    public required ReceiptDraft Receipt { get; init; }

    /// <summary>What fetch steps brought.</summary>
    public required ProjectFetches Fetches { get; init; }

    /// <summary>The run's sandboxes.</summary>
    public required SandboxIsolation Sandboxes { get; init; }

    /// <summary>Locks that the whole run holds already.</summary>
    public required ImmutableArray<LockName> RunLocks { get; init; }

    /// <summary>Clears up after an attempt in the working tree.</summary>
    public void Return(Scratch scratch, Job job)
    {
        try
        {
            Scratch.Return(scratch);
        }
        catch (IOException exception)
        {
            Reporter.Warn(DiagnosticCodes.ScratchLeft, $"The temporary folder of `{job.Id}` could not be removed: {exception.Message}", job.Id);
        }
    }

    /// <summary>Tells of files in the way of a job's outputs.</summary>
    public void WarnMoved(Job job, int moved)
    {
        if (moved > 0)
        {
            Reporter.Warn(
                DiagnosticCodes.ForeignOutputsMoved,
                $"{moved} {(moved == 1 ? "file that matches" : "files that match")} the outputs of `{job.Id}` but {(moved == 1 ? "was" : "were")} not written by a step moved to `.cairn/trash/{Reporter.Run}`",
                job.Id);
        }
    }
}
