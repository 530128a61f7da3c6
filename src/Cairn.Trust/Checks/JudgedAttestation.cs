using System.Collections.Immutable;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Checks;

/// <summary>A trusted key whose signature is right, and whether it counts.</summary>
/// <param name="By">The key.</param>
/// <param name="Key">The key as it is trusted.</param>
public sealed record JudgedSigner(Policies.SignerEvidence By, TrustedKey Key)
{
    /// <summary>Why it does not count by its time; null where it does.</summary>
    public string? ValidityProblem { get; init; }

    /// <summary>Whether it only counts because the statement says itself that it was made while the key was valid.</summary>
    public bool IsByClaimedTime { get; init; }

    /// <summary>Why it may not say this; null where it may.</summary>
    public string? RoleProblem { get; init; }

    /// <summary>Whether it counts.</summary>
    public bool Counts => ValidityProblem is null && RoleProblem is null;
}

/// <summary>Something signed, and what is to be thought of it.</summary>
public sealed record JudgedAttestation
{
    /// <summary>What was found.</summary>
    public required FoundAttestation Found { get; init; }

    /// <summary>Why it is none that could count; null where it could.</summary>
    public string? Problem { get; init; }

    /// <summary>The statement; null after problems, and for a signature without one.</summary>
    public Statement? Statement { get; init; }

    /// <summary>The receipt that the statement is; null where it is none.</summary>
    public RunReceipt? Receipt { get; init; }

    /// <summary>The approval that the statement is; null where it is none.</summary>
    public Approval? Approval { get; init; }

    /// <summary>What it says of how it was made.</summary>
    public Claims Claims { get; init; } = Claims.None;

    /// <summary>The trusted keys that signed it.</summary>
    public ImmutableArray<JudgedSigner> Signers { get; init; } = [];

    /// <summary>A trusted key that it names, and which did not make its signature; null where there is none.</summary>
    public string? ForgedName { get; init; }

    /// <summary>What it is about.</summary>
    public ImmutableArray<Subject> Subjects => Statement?.Subjects ?? (Found.Message is { } message ? [new Subject(Found.Where, message.Sha256)] : []);

    /// <summary>What names it: the SHA-256 of what was signed.</summary>
    public string Payload => Found.Envelope?.PayloadHash ?? Found.Message?.Sha256 ?? "";

    /// <summary>Whether anybody who counts signed it.</summary>
    public bool Counts => Problem is null && Signers.Any(static s => s.Counts);

    /// <summary>Whether it says something about a hash.</summary>
    public bool Covers(string sha256) => Subjects.Any(s => s.Sha256 == sha256);
}
