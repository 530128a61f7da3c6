using System.Collections.Immutable;

namespace Cairn.Trust.Verification;

/// <summary>How many keys must have signed: m of n. They sign the same payload bytes, in one envelope or in several.</summary>
/// <param name="Signatures">How many, at least one.</param>
public sealed record Threshold(int Signatures)
{
    /// <summary>The projects for which it holds; empty for all.</summary>
    public ImmutableArray<RolePattern> Projects { get; init; } = [];

    /// <summary>The pipelines for which it holds; empty for all.</summary>
    public ImmutableArray<RolePattern> Pipelines { get; init; } = [];

    /// <summary>The names of the keys of which so many must have signed; empty for all that are trusted.</summary>
    public ImmutableArray<string> Of { get; init; } = [];

    /// <summary>Whether keys of one owner count once.</summary>
    public bool ByOwner { get; init; }

    /// <summary>Whether it holds for a pipeline of a project. What does not say where it belongs has to fit every threshold.</summary>
    public bool IsFor(string? project, string? pipeline) => Fits(Projects, project) && Fits(Pipelines, pipeline);

    /// <summary>How many of these signers count, each public key once, a key and what it was rotated to as one, and with <see cref="ByOwner"/> each owner once.</summary>
    public int Count(IEnumerable<TrustedKey> signers)
    {
        ArgumentNullException.ThrowIfNull(signers);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var signer in signers)
        {
            if (Of.IsEmpty || Of.Contains(signer.Name, StringComparer.Ordinal) || signer.Predecessors.Any(name => Of.Contains(name, StringComparer.Ordinal)))
            {
                seen.Add(ByOwner ? signer.OwnerOrId : signer.LineageOrId);
            }
        }

        return seen.Count;
    }

    private static bool Fits(ImmutableArray<RolePattern> patterns, string? name) => patterns.IsEmpty || name is null || RolePattern.AnyMatches(patterns, name);
}
