using System.Collections.Immutable;

using Cairn.Core.Language.Model;
using Cairn.Engine.Caching;
using Cairn.Engine.History;
using Cairn.Engine.Outputs;
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

    /// <summary>Locks that the whole run holds already.</summary>
    public required ImmutableArray<LockName> RunLocks { get; init; }
}
