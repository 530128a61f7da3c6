using System.Globalization;

namespace Cairn.Trust.Policies.Rules;

/// <summary><c>witnesses</c>: how many witnesses cosigned the checkpoint of its log, so that nobody was shown a log of their own.</summary>
/// <param name="Count">How many at least.</param>
public sealed record WitnessesRule(int Count) : PolicyRule("witnesses")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Witnesses is not { } witnesses)
        {
            return NotChecked("No proof of a log was found that witnesses could have cosigned");
        }

        // A witness counts once, however often its name is there.
        var names = witnesses.Distinct(StringComparer.Ordinal).ToList();
        return names.Count >= Count ? Pass($"Cosigned by {Listed.Names(names)}")
            : Fail(string.Create(CultureInfo.InvariantCulture, $"{Count} {(Count == 1 ? "witness" : "witnesses")} needed, {(names.Count == 0 ? "none" : Listed.Names(names))} cosigned"));
    }
}
