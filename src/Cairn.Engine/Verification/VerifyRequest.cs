using System.Collections.Immutable;

using Cairn.Store.Content;
using Cairn.Trust.Checks;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;

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
    public required Believed Believed { get; init; }

    /// <summary>What has to hold.</summary>
    public required Policy Policy { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Whether everything that is found must be signed by a trusted key.</summary>
    public bool TrustedOnly { get; init; }

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
}

/// <summary>What a verification came to.</summary>
/// <param name="Kind">What the target was taken for.</param>
/// <param name="Checklist">The checklist.</param>
/// <param name="Main">The attestation that tells how it was made; null where there is none.</param>
/// <param name="Subjects">What was verified.</param>
public sealed record VerifyOutcome(VerifyTargetKind Kind, Checklist Checklist, JudgedAttestation? Main, ImmutableArray<Subject> Subjects);

/// <summary>Why a target cannot be looked at.</summary>
public sealed class VerifyTargetException(string message, string? suggestion = null) : Exception(message)
{
    /// <summary>What to do about it.</summary>
    public string? Suggestion { get; } = suggestion;
}
