using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Syntax;

namespace Cairn.Trust.Policies;

/// <summary>What reading a policy yields.</summary>
/// <param name="Policy">The policy; null after errors.</param>
/// <param name="Diagnostics">Every mistake, sorted by place.</param>
/// <param name="Source">The text; null where it could not be decoded.</param>
public sealed record PolicyReadResult(Policy? Policy, ImmutableArray<Diagnostic> Diagnostics, SourceText? Source);

/// <summary>Reads policies.</summary>
public static class PolicyReader
{
    /// <summary>Reads a policy.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="content">Its bytes.</param>
    public static PolicyReadResult Read(string file, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(content);
        var diagnostics = new DiagnosticBag();
        var source = YamlReader.Decode(file, content, diagnostics);
        var draft = source is null ? null : ReadMapping(source, PolicyKeys.Policy, new PolicyDraft(), "policy", diagnostics);
        if (draft?.Rules is { } rules)
        {
            Check(rules, diagnostics);
            if (!diagnostics.HasErrors && draft.Extends is null && !PolicyKeys.Rules.Keys.Any(k => rules.Find(k.Name) is not null))
            {
                diagnostics.Error(DiagnosticCodes.PolicyEmpty, "The policy checks nothing", new SourceSpan(file, 1, 1, 1, 2), "Write at least one rule below `require`, such as `signatures: 1`");
            }
        }

        return new PolicyReadResult(draft is null || diagnostics.HasErrors ? null : Build(draft, file, content), diagnostics.ToSorted(), source);
    }

    /// <summary>Reads a document of one mapping; null where there is none. Mistakes are added.</summary>
    internal static TDraft? ReadMapping<TDraft>(SourceText source, KeySet<TDraft> keys, TDraft draft, string what, DiagnosticBag diagnostics)
        where TDraft : class
    {
        if (YamlReader.Read(source, diagnostics) is not { } node)
        {
            return null;
        }

        var start = new SourceSpan(source.Name, node.Span.Line, node.Span.Column, node.Span.Line, node.Span.Column + 1);
        if (node is not MappingNode mapping)
        {
            diagnostics.Error(DiagnosticCodes.WrongType, $"A {what} is a mapping, but this is {node.KindName}", start, "Begin with `version: 1`");
            return null;
        }

        keys.Read(new Binder(diagnostics, new FileDraft(source.Name)), mapping, draft, start);
        return draft;
    }

    private static Policy Build(PolicyDraft draft, string file, byte[] content)
    {
        var level = draft.Extends is { } name ? PolicyLevels.Find(name) : null;
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        foreach (var key in PolicyKeys.Rules.Keys)
        {
            var rule = draft.Rules!.Has(key.Name) ? draft.Rules.Find(key.Name) : level?.Rules.FirstOrDefault(r => r.Key == key.Name);
            if (rule is not null)
            {
                rules.Add(rule);
            }
        }

        return new Policy
        {
            Name = draft.Name ?? NameOf(file),
            Description = draft.Description,
            FailsUnchecked = draft.FailsUnchecked ?? level?.FailsUnchecked ?? true,
            Rules = rules.DrainToImmutable(),
            Sha256 = Digest.Of(content).Hash,
        };
    }

    private static string NameOf(string file)
    {
        var name = file[(file.LastIndexOf('/') + 1)..];
        return name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : name;
    }

    /// <summary>Finds rules that nothing could ever fulfil, and those that anything does.</summary>
    private static void Check(RulesDraft rules, DiagnosticBag diagnostics)
    {
        foreach (var demand in rules.Demands)
        {
            if (!demand.By.IsEmpty && demand.By.All(static p => p.IsLiteral) && demand.By.Distinct().Count() is var names && names < demand.Count)
            {
                diagnostics.Error(
                    DiagnosticCodes.PolicyImpossible, string.Create(CultureInfo.InvariantCulture, $"{demand.Count} are asked for, but only {names} {(names == 1 ? "is" : "are")} named"), demand.Span,
                    "Name more, or ask for fewer");
            }
        }

        foreach (var seed in rules.Seeds)
        {
            if (IsBroken(seed.Span, diagnostics))
            {
                // What it lacks may be what could not be read.
                continue;
            }

            if (seed is { Kind: null, Origin: null, Suites.IsEmpty: true, SignedBy.IsEmpty: true, Digests.IsEmpty: true })
            {
                diagnostics.Error(DiagnosticCodes.PolicyEmpty, "This seed says nothing, so that every toolchain comes from it", seed.Span, "Give its `kind`, or the keys that vouch for it: `signed_by`");
            }
            else if (seed is { Kind: not (null or "debian"), Suites.IsEmpty: false })
            {
                diagnostics.Error(DiagnosticCodes.PolicyImpossible, $"A toolchain of the kind `{seed.Kind}` has no suites", seed.Span, "Remove `suites`, or write `kind: debian`");
            }
            else if (seed is { Kind: "oci" or "step" or "host", SignedBy.IsEmpty: false })
            {
                diagnostics.Error(DiagnosticCodes.PolicyImpossible, $"Nobody signs a toolchain of the kind `{seed.Kind}`", seed.Span, "Remove `signed_by`; `digests` names what it may be made of");
            }
        }
    }

    private static bool IsBroken(SourceSpan span, DiagnosticBag diagnostics) =>
        diagnostics.ToSorted().Any(d => (d.Span.Line, d.Span.Column).CompareTo((span.Line, span.Column)) >= 0 && (d.Span.Line, d.Span.Column).CompareTo((span.EndLine, span.EndColumn)) < 0);
}
