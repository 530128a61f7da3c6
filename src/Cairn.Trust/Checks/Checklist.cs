using System.Collections.Immutable;

using Cairn.Trust.Policies;

namespace Cairn.Trust.Checks;

/// <summary>What is checked, in the order of the lines.</summary>
public enum CheckKind
{
    /// <summary>Whether what was read is what it says it is.</summary>
    Syntax,

    /// <summary>Whether a bundle is whole, and what is in it what it says it is.</summary>
    Bundle,

    /// <summary>Whether the jobs of a receipt fit its pipeline and each other.</summary>
    Dag,

    /// <summary>Whether the toolchains that a receipt names are those of its jobs' attestations.</summary>
    Toolchains,

    /// <summary>Whether toolchains come from what somebody vouches for.</summary>
    Seed,

    /// <summary>Whether the files are there.</summary>
    Files,

    /// <summary>Whether they have the attested bytes.</summary>
    Hashes,

    /// <summary>Whether the signatures are of the keys.</summary>
    Signatures,

    /// <summary>Whether somebody trusts the keys.</summary>
    Trust,

    /// <summary>Whether the keys were valid at the time.</summary>
    Validity,

    /// <summary>Whether the keys may say what they say.</summary>
    Roles,

    /// <summary>Whether enough keys said it.</summary>
    Thresholds,

    /// <summary>A rule of the policy.</summary>
    Policy,

    /// <summary>Whether it stands in a transparency log.</summary>
    Log,
}

/// <summary>The words for checks.</summary>
public static class CheckWords
{
    private static readonly string[] All = ["syntax", "bundle", "dag", "toolchains", "seed", "files", "hashes", "signatures", "trust", "validity", "roles", "thresholds", "policy", "log"];

    /// <summary>The word.</summary>
    public static string Of(CheckKind kind) => All[(int)kind];
}

/// <summary>A line of the checklist.</summary>
/// <param name="Kind">What was checked.</param>
/// <param name="Verdict">The answer.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Rule">The rule of the policy; null for other checks.</param>
public sealed record CheckLine(CheckKind Kind, Verdict Verdict, string Reason, string? Rule = null)
{
    /// <summary>Whether nothing is verified without it: that it could not be checked is never allowed.</summary>
    public bool IsEssential { get; init; }
}

/// <summary>What a verification came to.</summary>
public enum Conclusion
{
    /// <summary>Everything that was asked for holds.</summary>
    Verified,

    /// <summary>Something does not hold.</summary>
    Failed,

    /// <summary>Nothing is known to be wrong, but there was nothing to go by: no attestation, or none that anybody trusted signed.</summary>
    Unverifiable,
}

/// <summary>The words for conclusions.</summary>
public static class ConclusionWords
{
    /// <summary>The word.</summary>
    public static string Of(Conclusion conclusion) => conclusion switch
    {
        Conclusion.Verified => "verified",
        Conclusion.Failed => "failed",
        _ => "unverifiable",
    };
}

/// <summary>A checklist, with what it rests on.</summary>
/// <param name="Lines">The lines.</param>
/// <param name="Conclusion">What they come to.</param>
/// <param name="Evidence">What the policy was held against.</param>
/// <param name="Used">The attestations that count.</param>
public sealed record Checklist(ImmutableArray<CheckLine> Lines, Conclusion Conclusion, Evidence Evidence, ImmutableArray<JudgedAttestation> Used)
{
    /// <summary>What lines come to.</summary>
    public static Conclusion Conclude(IReadOnlyCollection<CheckLine> lines, bool failsUnchecked) =>
        lines.Any(static l => l.Verdict is Verdict.Fail) ? Conclusion.Failed
        : lines.Any(static l => l is { Verdict: Verdict.NotChecked, IsEssential: true }) ? Conclusion.Unverifiable
        : failsUnchecked && lines.Any(static l => l.Verdict is Verdict.NotChecked) ? Conclusion.Failed
        : Conclusion.Verified;
}
