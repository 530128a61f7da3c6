using System.Collections.Immutable;

namespace Cairn.Trust.Policies;

/// <summary>A rule's answer.</summary>
/// <param name="Rule">The rule's key.</param>
/// <param name="Verdict">What it answers.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record RuleResult(string Rule, Verdict Verdict, string Reason);

/// <summary>What a policy answers.</summary>
/// <param name="Rules">What each rule answers, in the order of the documentation.</param>
/// <param name="Verdict">What that means: <see cref="Verdict.Pass"/> or <see cref="Verdict.Fail"/>.</param>
public sealed record PolicyResult(ImmutableArray<RuleResult> Rules, Verdict Verdict);

/// <summary>Something that must hold. Its kinds stand in <c>Rules</c>, their keys in <see cref="PolicyKeys"/>.</summary>
public abstract record PolicyRule
{
    private protected PolicyRule(string key) => Key = key;

    /// <summary>The key that it stands under.</summary>
    public string Key { get; }

    /// <summary>Holds it against evidence.</summary>
    public abstract RuleResult Judge(Evidence evidence);

    private protected RuleResult Pass(string reason) => new(Key, Verdict.Pass, reason);

    private protected RuleResult Fail(string reason) => new(Key, Verdict.Fail, reason);

    private protected RuleResult NotChecked(string reason) => new(Key, Verdict.NotChecked, reason);
}

/// <summary>What must hold of something before it is used. Has at least one rule: a policy that checks nothing is refused when it is read.</summary>
public sealed record Policy
{
    /// <summary>What it is called.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for; null where nobody says.</summary>
    public string? Description { get; init; }

    /// <summary>Whether a rule that could not be checked is one that does not hold.</summary>
    public bool FailsUnchecked { get; init; } = true;

    /// <summary>The rules.</summary>
    public required ImmutableArray<PolicyRule> Rules { get; init; }

    /// <summary>The SHA-256 of the text that it was read from.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Holds all rules against evidence.</summary>
    public PolicyResult Judge(Evidence evidence)
    {
        var results = ImmutableArray.CreateBuilder<RuleResult>(Rules.Length);
        var worst = Verdict.Pass;
        foreach (var rule in Rules)
        {
            var result = rule.Judge(evidence);
            results.Add(result);
            worst = VerdictWords.Worse(worst, result.Verdict);
        }

        return new PolicyResult(results.MoveToImmutable(), worst is Verdict.Fail || (worst is Verdict.NotChecked && FailsUnchecked) ? Verdict.Fail : Verdict.Pass);
    }
}
