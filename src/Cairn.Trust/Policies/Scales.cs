namespace Cairn.Trust.Policies;

/// <summary>Words that have an order.</summary>
/// <param name="Subject">What they say: <c>an isolation level</c>.</param>
/// <param name="Words">They, in their order.</param>
public sealed record Scale(string Subject, params string[] Words)
{
    /// <summary>Where a word stands; -1 for one that is none of them.</summary>
    public int IndexOf(string word) => Array.IndexOf(Words, word);
}

/// <summary>The orders that rules know.</summary>
public static class Scales
{
    /// <summary>Where a job runs, the weakest first.</summary>
    public static Scale Isolation { get; } = new("an isolation level", "process", "sandbox", "container", "gvisor", "vm");

    /// <summary>What a job reaches, the least first.</summary>
    public static Scale Network { get; } = new("a network mode", "none", "hosts", "wan", "host");

    /// <summary>Tiers, the lowest first.</summary>
    public static Scale Tiers { get; } = new("a tier", "untrusted", "branch", "protected", "release");
}
