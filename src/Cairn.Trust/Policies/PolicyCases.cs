using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Trust.Policies;

/// <summary>A case: evidence, and what a policy should make of it.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Evidence">The evidence.</param>
/// <param name="Expected">What rules should answer, by their keys.</param>
/// <param name="Verdict">What the policy should answer; null where the case does not say.</param>
/// <param name="Place">Where it stands.</param>
public sealed record PolicyCase(string Name, Evidence Evidence, ImmutableArray<ExpectedVerdict> Expected, Verdict? Verdict, SourceSpan Place)
{
    /// <summary>Holds it against a policy: what came out otherwise than expected, in words; nothing where all is as expected.</summary>
    public ImmutableArray<string> Run(Policy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var result = policy.Judge(Evidence);
        var wrong = ImmutableArray.CreateBuilder<string>();
        foreach (var expected in Expected)
        {
            var found = result.Rules.FirstOrDefault(r => r.Rule == expected.Rule);
            if (found is not null && found.Verdict != expected.Verdict)
            {
                wrong.Add($"`{expected.Rule}`: expected {VerdictWords.Shown(expected.Verdict)}, but it is {VerdictWords.Shown(found.Verdict)}: {found.Reason}");
            }
        }

        if (Verdict is { } verdict && verdict != result.Verdict)
        {
            wrong.Add($"The policy: expected {VerdictWords.Shown(verdict)}, but it is {VerdictWords.Shown(result.Verdict)}{Because(result)}");
        }

        return wrong.DrainToImmutable();
    }

    private static string Because(PolicyResult result)
    {
        var reasons = result.Rules.Where(r => r.Verdict is not Policies.Verdict.Pass && result.Verdict is Policies.Verdict.Fail).Select(static r => $"`{r.Rule}`: {r.Reason}").ToList();
        return reasons.Count == 0 ? "" : $": {string.Join("; ", reasons)}";
    }
}

/// <summary>What a rule should answer.</summary>
/// <param name="Rule">The rule's key.</param>
/// <param name="Verdict">The answer.</param>
/// <param name="Place">Where it stands.</param>
public sealed record ExpectedVerdict(string Rule, Verdict Verdict, SourceSpan Place);

/// <summary>A file of cases.</summary>
/// <param name="Policy">The policy that they are for: a level, or the path of a file relative to this one.</param>
/// <param name="PolicyPlace">Where that is named.</param>
/// <param name="Cases">The cases.</param>
public sealed record PolicyCases(string Policy, SourceSpan PolicyPlace, ImmutableArray<PolicyCase> Cases)
{
    /// <summary>How names of files of cases end.</summary>
    public const string Ending = ".cases.yaml";

    /// <summary>Reads a file of cases; null after errors, which are added.</summary>
    public static PolicyCases? Read(string file, byte[] content, DiagnosticBag diagnostics, out SourceText? source)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(diagnostics);
        source = YamlReader.Decode(file, content, diagnostics);
        var draft = source is null ? null : PolicyReader.ReadMapping(source, EvidenceKeys.Cases, new CasesDraft(), "file of cases", diagnostics);
        if (draft is null || diagnostics.HasErrors)
        {
            return null;
        }

        var cases = ImmutableArray.CreateBuilder<PolicyCase>(draft.Cases.Length);
        foreach (var item in draft.Cases)
        {
            cases.Add(new PolicyCase(item.Name!, item.Evidence!.ToEvidence(draft.Now), item.Expected, item.Verdict, item.Span));
            if (item.Expected.IsEmpty && item.Verdict is null)
            {
                diagnostics.Error(DiagnosticCodes.PolicyCaseEmpty, $"The case `{item.Name}` expects nothing", item.Span, "Add `expect: { verdict: pass }`, or what single rules answer");
            }
        }

        return diagnostics.HasErrors ? null : new PolicyCases(draft.Policy.Text, draft.Policy.Span, cases.MoveToImmutable());
    }

    /// <summary>Finds expectations of rules that a policy does not have.</summary>
    public void Check(Policy policy, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(diagnostics);
        foreach (var item in Cases)
        {
            foreach (var expected in item.Expected)
            {
                if (!policy.Rules.Any(r => r.Key == expected.Rule))
                {
                    var nearest = Suggestions.Nearest(expected.Rule, policy.Rules.Select(static r => r.Key));
                    diagnostics.Error(DiagnosticCodes.PolicyCaseRule, $"The policy `{policy.Name}` has no rule `{expected.Rule}`", expected.Place, nearest is null ? $"Its rules are {string.Join(", ", policy.Rules.Select(static r => $"`{r.Key}`"))}" : $"Did you mean `{nearest}`?");
                }
            }
        }
    }
}
