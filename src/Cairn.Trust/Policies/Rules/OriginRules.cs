using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies.Rules;

/// <summary><c>builders</c>, <c>projects</c>, <c>pipelines</c>: which one it may come from.</summary>
/// <param name="RuleKey">The key.</param>
/// <param name="What">What is named: <c>builder</c>.</param>
/// <param name="Allowed">Those that are allowed.</param>
/// <param name="NameOf">Takes the name out of evidence.</param>
public sealed record NamedRule(string RuleKey, string What, ImmutableArray<RolePattern> Allowed, Func<Evidence, string?> NameOf) : PolicyRule(RuleKey)
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return NameOf(evidence) is not { } name ? NotChecked($"No attestation names the {What}")
            : RolePattern.AnyMatches(Allowed, name) ? Pass($"The {What} `{name}` is allowed")
            : Fail($"The {What} is `{name}`, not {Listed.Names(Allowed.Select(static p => p.Text))}");
    }
}

/// <summary><c>tier</c>: how far the surroundings of the build must be trusted at least.</summary>
public sealed record TierRule(Tier AtLeast) : PolicyRule("tier")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return evidence.Tier is not { } tier ? NotChecked("No attestation claims a tier")
            : tier >= AtLeast ? Pass($"It is of the tier `{TierWords.Of(tier)}`")
            : Fail($"It is of the tier `{TierWords.Of(tier)}`, which is lower than `{TierWords.Of(AtLeast)}`");
    }
}

/// <summary><c>age</c>: how long ago it may have been built.</summary>
public sealed record AgeRule(TimeSpan AtMost) : PolicyRule("age")
{
    // Clocks differ.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Finished is not { } finished)
        {
            return NotChecked("No attestation says when it was built");
        }

        var age = evidence.Now - finished;
        var built = string.Create(CultureInfo.InvariantCulture, $"It was built on {finished.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        return age < -Skew ? Fail($"{built}, which is yet to come")
            : age > AtMost ? Fail($"{built}, more than {Durations.Format(AtMost)} ago")
            : Pass($"{built}, at most {Durations.Format(AtMost)} ago");
    }
}
