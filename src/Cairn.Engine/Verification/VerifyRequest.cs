using System.Collections.Immutable;

using Cairn.Store.Content;
using Cairn.Store.Log;
using Cairn.Trust.Checks;
using Cairn.Trust.Notes;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Verification;

/// <summary>What is to be verified, and by what.</summary>
public sealed record VerifyRequest
{
    /// <summary>What was asked for: a path, or a run.</summary>
    public required string Target { get; init; }

    /// <summary>The folder that paths are relative to.</summary>
    public required string CurrentDirectory { get; init; }

    /// <summary>The project whose runs are meant.</summary>
    public required string ProjectDirectory { get; init; }

    /// <summary>Files with attestations, beside those that are found.</summary>
    public ImmutableArray<string> Attestations { get; init; } = [];

    /// <summary>Whom to believe.</summary>
    public required TrustStore Believed { get; init; }

    /// <summary>What has to hold.</summary>
    public required Policy Policy { get; init; }

    /// <summary>Proofs that it stands in a log, beside those that are found.</summary>
    public ImmutableArray<string> Proofs { get; init; } = [];

    /// <summary>Which logs are believed.</summary>
    public LogTrust Logs { get; init; } = LogTrust.None;

    /// <summary>Keys of logs that are believed for the proofs that are given.</summary>
    public ImmutableArray<NoteVerifier> LogKeys { get; init; } = [];

    /// <summary>The machine's own log; null for none.</summary>
    public LogFolder? OwnLog { get; init; }

    /// <summary>Files with the keys of archives that toolchains come from, or such keys with their armour.</summary>
    public ImmutableArray<string> ArchiveKeyrings { get; init; } = [];

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Whether everything that is found must be signed by a trusted key.</summary>
    public bool TrustedOnly { get; init; }

    /// <summary>Whether a bundle is verified by what is in it and what was given alone, and by nothing that this machine knows of runs.</summary>
    public bool IsAlone { get; init; }

    /// <summary>The store, in which attestations of jobs may be; null for none.</summary>
    public ContentStore? Store { get; init; }
}

/// <summary>What a target was taken for.</summary>
public enum VerifyTargetKind
{
    /// <summary>An artifact.</summary>
    Artifact,

    /// <summary>A file with attestations.</summary>
    Attestation,

    /// <summary>A run.</summary>
    Run,

    /// <summary>A folder of artifacts.</summary>
    Folder,

    /// <summary>A bundle.</summary>
    Bundle,
}

/// <summary>What a verification came to.</summary>
/// <param name="Kind">What the target was taken for.</param>
/// <param name="Checklist">The checklist.</param>
/// <param name="Main">The attestation that tells how it was made; null where there is none.</param>
/// <param name="Subjects">What was verified.</param>
public sealed record VerifyOutcome(VerifyTargetKind Kind, Checklist Checklist, JudgedAttestation? Main, ImmutableArray<Subject> Subjects)
{
    /// <summary>The bundle that was verified, by what names it with all its documents; null for anything else.</summary>
    public Core.Content.Digest? Bundle { get; init; }
}

/// <summary>Why a target cannot be looked at.</summary>
public sealed class VerifyTargetException(string message, string? suggestion = null) : Exception(message)
{
    /// <summary>What to do about it.</summary>
    public string? Suggestion { get; } = suggestion;
}
