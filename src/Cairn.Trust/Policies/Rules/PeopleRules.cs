using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies.Rules;

/// <summary>How many, and whose.</summary>
/// <param name="Count">How many at least.</param>
/// <param name="By">The names or owners of keys that count; none for all trusted ones.</param>
public sealed record SignerDemand(int Count, ImmutableArray<RolePattern> By)
{
    /// <summary>Whether somebody counts.</summary>
    public bool Fits(SignerEvidence signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        return By.IsEmpty || RolePattern.AnyMatches(By, signer.Name) || RolePattern.AnyMatches(By, signer.Owner);
    }

    /// <summary><c>2 signatures by `release-*`</c>.</summary>
    public string Words(string what) => $"{Listed.Count(Count, what)}{(By.IsEmpty ? "" : $" by {Listed.Names(By.Select(static p => p.Text))}")}";
}

/// <summary><c>signatures</c>: how many trusted keys signed, each key once.</summary>
public sealed record SignaturesRule(ImmutableArray<SignerDemand> Demands) : PolicyRule("signatures")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var demand in Demands)
        {
            var keys = Fitting(evidence, demand);
            if (keys.Count < demand.Count)
            {
                return Fail(keys.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{demand.Words("signature")} needed, {keys.Count} there: {Listed.Names(keys.Values)}")
                    : evidence.Signers.IsEmpty ? "No trusted key signed it"
                    : $"{demand.Words("signature")} needed, none there: {Listed.Names(evidence.Signers.Select(static s => s.Name))} signed");
            }
        }

        return Pass($"Signed by {Listed.Names(evidence.Signers.DistinctBy(static s => s.KeyId, StringComparer.Ordinal).Select(static s => s.Name))}");
    }

    private static Dictionary<string, string> Fitting(Evidence evidence, SignerDemand demand)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var signer in evidence.Signers)
        {
            if (demand.Fits(signer))
            {
                keys.TryAdd(signer.KeyId, signer.Name);
            }
        }

        return keys;
    }
}

/// <summary><c>approvals</c>: how many people approved it, none of whom built it.</summary>
/// <param name="Demand">How many, and whose.</param>
/// <param name="AtMost">How old an approval may be; null for any age.</param>
public sealed record ApprovalsRule(SignerDemand Demand, TimeSpan? AtMost) : PolicyRule("approvals")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Artifacts.IsEmpty)
        {
            return NotChecked("There is nothing that could be approved");
        }

        var builders = evidence.Signers.Select(static s => s.Owner).ToHashSet(StringComparer.Ordinal);
        var keys = evidence.Signers.Select(static s => s.KeyId).ToHashSet(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        string? reason = null;
        foreach (var approval in evidence.Approvals)
        {
            var problem = !Demand.Fits(approval.By) ? "is not one of those who count"
                : builders.Contains(approval.By.Owner) || keys.Contains(approval.By.KeyId) ? "built it, and cannot approve it"
                : !evidence.Artifacts.All(a => approval.Hashes.Contains(a.Sha256, StringComparer.Ordinal)) ? "approved something else"
                : AtMost is { } most && evidence.Now - approval.Time > most ? $"approved it more than {Durations.Format(most)} ago"
                : null;
            if (problem is null)
            {
                owners.TryAdd(approval.By.Owner, approval.By.Name);
            }
            else
            {
                reason ??= $"`{approval.By.Name}` {problem}";
            }
        }

        return owners.Count >= Demand.Count
            ? Pass($"Approved by {Listed.Names(owners.Values)}")
            : Fail(string.Create(CultureInfo.InvariantCulture, $"{Demand.Words("approval")} needed, {(owners.Count == 0 ? "none" : owners.Count)} there{(owners.Count == 0 ? "" : $": {Listed.Names(owners.Values)}")}{(reason is null ? "" : $"; {reason}")}"));
    }
}

/// <summary><c>reproduced</c>: how many owners of builders made the very same bytes, each by an execution of its own.</summary>
public sealed record ReproducedRule(int By) : PolicyRule("reproduced")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Artifacts.IsEmpty)
        {
            return NotChecked("There is nothing that could be reproduced");
        }

        IEnumerable<string> least = [];
        var fewest = int.MaxValue;
        foreach (var artifact in evidence.Artifacts)
        {
            var owners = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var build in evidence.Builds)
            {
                if (build.Sha256 == artifact.Sha256)
                {
                    owners.Add(build.Owner);
                    if (Contradiction(evidence, build) is { } other)
                    {
                        return Fail($"`{other.Owner}` executed the same action and made another `{artifact.Name}`");
                    }
                }
            }

            if (owners.Count < By)
            {
                return Fail(string.Create(CultureInfo.InvariantCulture, $"`{artifact.Name}` was built by {(owners.Count == 0 ? "nobody who is trusted" : Listed.Names(owners))}, and must be by {By}"));
            }

            if (owners.Count < fewest)
            {
                (least, fewest) = (owners, owners.Count);
            }
        }

        return Pass($"{Listed.Names(least)} made the same bytes");
    }

    private static BuildEvidence? Contradiction(Evidence evidence, BuildEvidence build)
    {
        foreach (var other in evidence.Builds)
        {
            if (build.Action is not null && other.Action == build.Action && other.Name == build.Name && other.Sha256 != build.Sha256)
            {
                return other;
            }
        }

        return null;
    }
}
