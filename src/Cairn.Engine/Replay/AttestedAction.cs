using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Engine.Receipts;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Replay;

/// <summary>An action that somebody attested, and what is said to have come of it.</summary>
public sealed record AttestedAction
{
    /// <summary>The job, where one is named; <c>action 0123456789ab</c> otherwise.</summary>
    public required string Name { get; init; }

    /// <summary>The job; empty where nobody names one.</summary>
    public string Job { get; init; } = "";

    /// <summary>Its step; empty where nobody names one.</summary>
    public string Step { get; init; } = "";

    /// <summary>The run; empty where nobody names one.</summary>
    public string Run { get; init; } = "";

    /// <summary>The payload hash of what was attested of it: of its attestation, or of the receipt where only that is at hand.</summary>
    public string? Attestation { get; init; }

    /// <summary>The action; null where it is not to be had.</summary>
    public ActionDescription? Action { get; init; }

    /// <summary>Its digest, computed here.</summary>
    public Digest Digest { get; init; }

    /// <summary>The files that came of it, as they were attested.</summary>
    public ImmutableArray<ReceiptFile> Outputs { get; init; } = [];

    /// <summary>The result that was attested, with links, modes and step outputs; null where only the attested hashes are at hand.</summary>
    public ActionResult? Result { get; init; }

    /// <summary>What its toolchains were made from.</summary>
    public ImmutableArray<ResolvedDependency> Dependencies { get; init; } = [];

    /// <summary>The payload hashes of the attestations of what it took from other actions.</summary>
    public ImmutableArray<string> Inputs { get; init; } = [];

    /// <summary>Who signed that, of those who are trusted; null where nobody did.</summary>
    public string? SignedBy { get; init; }

    /// <summary>Why bytes, a digest or a signature are not what they should be; null where they are.</summary>
    public string? Tampered { get; init; }

    /// <summary>Why it can be neither compared nor executed; null where it can.</summary>
    public string? Problem { get; init; }

    /// <summary>What a person should know before relying on it.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>What a person named, and the actions that it tells of.</summary>
/// <param name="Actions">The actions, in the order of the receipt.</param>
public sealed record AttestedTarget(ImmutableArray<AttestedAction> Actions)
{
    /// <summary>The receipt; null where there is none.</summary>
    public RunReceipt? Receipt { get; init; }

    /// <summary>The receipt as it stands in the project; null where it was given as a file, or there is none.</summary>
    public StoredReceipt? Stored { get; init; }

    /// <summary>The file or folder that was named; null where it was a run or a step.</summary>
    public string? Path { get; init; }

    /// <summary>Why the receipt itself is not what it should be; null where it is.</summary>
    public string? Tampered { get; init; }
}
