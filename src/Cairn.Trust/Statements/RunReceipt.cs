using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Trust.Statements;

/// <summary>A run as its receipt tells it. <c>docs/formats/receipt.md</c> describes how that is written.</summary>
public sealed record RunReceipt
{
    /// <summary>The run's id.</summary>
    public required string RunId { get; init; }

    /// <summary>The project's name: that of its folder.</summary>
    public required string Project { get; init; }

    /// <summary>The pipeline.</summary>
    public required ReceiptPipeline Pipeline { get; init; }

    /// <summary>What it was run on.</summary>
    public required ReceiptSource Source { get; init; }

    /// <summary>The parameters' values as texts, sorted by name. Null for one whose value holds a secret.</summary>
    public ImmutableArray<KeyValuePair<string, string?>> Parameters { get; init; } = [];

    /// <summary>What of the pipeline was asked for: <c>--until test</c>; empty for all of it.</summary>
    public ImmutableArray<string> Selection { get; init; } = [];

    /// <summary>The toolchains that steps of it had, as <c>cairn.lock</c> pins them or as a step of the run made them, sorted by name.</summary>
    public ImmutableArray<ReceiptToolchain> Toolchains { get; init; } = [];

    /// <summary>The jobs, in the order of the plan.</summary>
    public ImmutableArray<ReceiptStep> Steps { get; init; } = [];

    /// <summary>How the run ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The tier that it claims.</summary>
    public required string Tier { get; init; }

    /// <summary>The builder's id: that of its weakest step.</summary>
    public required string Builder { get; init; }

    /// <summary>The version of Cairn.</summary>
    public required string Version { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public required DateTimeOffset Finished { get; init; }

    /// <summary>What it took, to the millisecond.</summary>
    public TimeSpan Duration => Finished - Started;

    /// <summary>The job of the run that made a toolchain; null for one from elsewhere.</summary>
    public ReceiptStep? MakerOf(ReceiptToolchain toolchain)
    {
        ArgumentNullException.ThrowIfNull(toolchain);
        return toolchain is { Kind: "step", Sources: [var made] } ? Steps.FirstOrDefault(s => s.Step == made.Path && s.Action == made.Sha256) : null;
    }
}

/// <summary>A pipeline in a receipt.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">Its file, relative to the project.</param>
/// <param name="Files">All files that it was read from, sorted by the bytes of their paths.</param>
public sealed record ReceiptPipeline(string Name, string File, ImmutableArray<ReceiptFile> Files)
{
    /// <summary>One SHA-256 for all its files, as <c>sha256sum FILES | sha256sum</c> gives it: 64 lower-case hex digits.</summary>
    public string Digest => RunProvenance.DigestOf(Files);
}

/// <summary>A file in a receipt.</summary>
/// <param name="Path">Relative to the project.</param>
/// <param name="Sha256">The SHA-256 of its bytes, 64 lower-case hex digits.</param>
public sealed record ReceiptFile(string Path, string Sha256);

/// <summary>What a run was made from.</summary>
public sealed record ReceiptSource
{
    /// <summary>Git's commit; null without one.</summary>
    public string? Commit { get; init; }

    /// <summary>Git's tree of that commit; null where it is not known.</summary>
    public string? GitTree { get; init; }

    /// <summary>The branch; null without one.</summary>
    public string? Branch { get; init; }

    /// <summary>Whether tracked files differed from the commit; null where that is not known.</summary>
    public bool? IsDirty { get; init; }

    /// <summary>The digest of the tree of all source files as the run read them, <c>HASH/SIZE</c>; null where they were not looked at.</summary>
    public string? Tree { get; init; }
}

/// <summary>A toolchain in a receipt.</summary>
public sealed record ReceiptToolchain
{
    /// <summary>Its name in the pipeline.</summary>
    public required string Name { get; init; }

    /// <summary>What it is: <c>debian</c>, <c>oci</c>, <c>archive</c>, <c>step</c>, <c>host</c>, <c>dotnet</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The digest of its tree, <c>HASH/SIZE</c>.</summary>
    public required string Tree { get; init; }

    /// <summary>Whether its content is the same wherever it is used.</summary>
    public required bool IsHermetic { get; init; }

    /// <summary>Where it is from, in a few words.</summary>
    public required string Origin { get; init; }

    /// <summary>Of packages: the suites.</summary>
    public ImmutableArray<string> Suites { get; init; } = [];

    /// <summary>The keys that vouch for it, sorted: fingerprints, or a kind of key and its number.</summary>
    public ImmutableArray<string> SignedBy { get; init; } = [];

    /// <summary>What it starts from: signed releases, the manifest of an image, an archive, an action, paths of the machine. Sorted by the bytes of their names.</summary>
    public ImmutableArray<ReceiptFile> Sources { get; init; } = [];
}

/// <summary>A job in a receipt.</summary>
public sealed record ReceiptStep
{
    /// <summary>The job's id.</summary>
    public required string Job { get; init; }

    /// <summary>Its step.</summary>
    public required string Step { get; init; }

    /// <summary>How it ended.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>Whether a failure of it does not fail the run.</summary>
    public bool IsAllowed { get; init; }

    /// <summary>What the cache had to do with it; null where it did not run.</summary>
    public CacheState? Cache { get; init; }

    /// <summary>The hash of the action digest, under which the action cache has its attestation; null where it is not known.</summary>
    public string? Action { get; init; }

    /// <summary>The payload hash of its attestation; null where it has none.</summary>
    public string? Attestation { get; init; }

    /// <summary>Attempts made; 0 where nothing was executed.</summary>
    public int Attempts { get; init; }

    /// <summary>What the last attempt took, to the millisecond.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The exit code of the last attempt; null where none was executed.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Its isolation: <c>process</c>, <c>sandbox</c>.</summary>
    public required string Isolation { get; init; }

    /// <summary>What of the network it reached: <c>none</c>, <c>hosts</c>, <c>wan</c>, <c>host</c>.</summary>
    public required string Network { get; init; }

    /// <summary>The builder's id of this step.</summary>
    public required string Builder { get; init; }

    /// <summary>The toolchains that it had; empty for programs of the machine.</summary>
    public ImmutableArray<string> Toolchains { get; init; } = [];

    /// <summary>The tool caches that it had, which are neither inputs nor outputs.</summary>
    public ImmutableArray<string> ToolCaches { get; init; } = [];

    /// <summary>Whether it used programs of the machine, which no digest names in full.</summary>
    public bool UsesHost => !string.Equals(Builder, BuilderIds.LocalSandbox, StringComparison.Ordinal);

    /// <summary>The files that it made, sorted by the bytes of their paths.</summary>
    public ImmutableArray<ReceiptFile> Outputs { get; init; } = [];

    /// <summary>The links that it made, with where they lead.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Links { get; init; } = [];
}
