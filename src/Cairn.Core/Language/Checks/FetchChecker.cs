using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Checks;

/// <summary>Checks that fetch steps say all that makes their result one that can be pinned, and that no other step has hosts.</summary>
internal static class FetchChecker
{
    public static void Check(Definitions definitions, List<ResolvedStep> steps, DiagnosticBag diagnostics)
    {
        foreach (var template in definitions.Templates.Items)
        {
            if (template.Name is FetchPolicy.Word or StepAction.Bundle.Word)
            {
                diagnostics.Error(DiagnosticCodes.InvalidName, $"`{template.Name}` stands for steps that {(template.Name is FetchPolicy.Word ? "fetch" : "make a bundle")}, and cannot be the name of a template", template.Span, "Choose another name");
            }
        }

        foreach (var step in steps)
        {
            var fetch = step.Layers[^1].Draft.Fetch;
            if (fetch is { } place)
            {
                CheckFetch(step, place, diagnostics);
            }
            else if (step.Layers[^1].Draft.Uses is null && Find(step, static d => d.Hosts is not null) is { } draft)
            {
                diagnostics.Error(
                    DiagnosticCodes.HostsWithoutFetch, $"`hosts` names what a fetch step reaches, and `{step.Name}` is none", draft.HostsKey,
                    "Add `uses: fetch`, and pin what it brings with `cairn fetch`; or write `network: wan`");
            }
        }
    }

    private static void CheckFetch(ResolvedStep step, SourceSpan place, DiagnosticBag diagnostics)
    {
        Need(static d => d.Hosts is not null, "hosts", "so it would reach nothing", "hosts: [registry.npmjs.org]");
        Need(static d => d.Outputs is { IsEmpty: false }, "outputs", "so nothing that it brings would be pinned", "outputs: [node_modules]");
        Need(static d => d.Inputs is not null, "inputs", "so any change of any file would ask for all of it to be fetched again", "inputs: [package.json, package-lock.json]");
        Refuse(static d => d.Network is not null, "network", "it reaches its `hosts`, and nothing else");
        Refuse(static d => d.Isolation is IsolationLevel.Process, "isolation: process", "nothing would keep it from any other host");
        Refuse(static d => d.Generates is not null, "generates", "what it brings is content");
        if (!step.Services.IsEmpty)
        {
            diagnostics.Error(DiagnosticCodes.FetchConflict, $"The fetch step `{step.Name}` has `services`, but it reaches its `hosts`, and nothing else", place, "Remove `services`");
        }

        void Need(Func<StepDraft, bool> has, string key, string why, string example)
        {
            if (Find(step, has) is null)
            {
                diagnostics.Error(DiagnosticCodes.FetchIncomplete, $"The fetch step `{step.Name}` has no `{key}`, {why}", place, $"For example `{example}`");
            }
        }

        void Refuse(Func<StepDraft, bool> has, string key, string why)
        {
            if (Find(step, has) is not null)
            {
                diagnostics.Error(DiagnosticCodes.FetchConflict, $"The fetch step `{step.Name}` has `{key}`, but {why}", place, $"Remove `{key}`");
            }
        }
    }

    private static StepDraft? Find(ResolvedStep step, Func<StepDraft, bool> has)
    {
        foreach (var (draft, _) in step.Layers)
        {
            if (has(draft))
            {
                return draft;
            }
        }

        return null;
    }
}
