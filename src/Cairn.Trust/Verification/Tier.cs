namespace Cairn.Trust.Verification;

/// <summary>How far what surrounded an execution can be trusted. A run accepts only results of its own tier or a higher one.</summary>
public enum Tier
{
    /// <summary>Anybody's change, as of a fork.</summary>
    Untrusted,

    /// <summary>The work of people who may push; what a machine of one's own has.</summary>
    Branch,

    /// <summary>A reviewed branch, built by a controller.</summary>
    Protected,

    /// <summary>What is handed out.</summary>
    Release,
}

/// <summary>The words for tiers.</summary>
public static class TierWords
{
    private static readonly string[] All = ["untrusted", "branch", "protected", "release"];

    /// <summary>All, from low to high.</summary>
    public static IReadOnlyList<string> Words => All;

    /// <summary>The word.</summary>
    public static string Of(Tier tier) => All[(int)tier];

    /// <summary>The tier of a word, or null.</summary>
    public static Tier? TryRead(string? word) => Array.IndexOf(All, word) is >= 0 and var index ? (Tier)index : null;
}
