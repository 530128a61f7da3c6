using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Checks;

/// <summary>Checks that the toolchains which steps, templates and defaults ask for are declared.</summary>
internal static class ToolchainChecker
{
    public static void Check(IEnumerable<FileDraft> files, Definitions definitions, DiagnosticBag diagnostics)
    {
        foreach (var toolchain in definitions.Toolchains.Items)
        {
            if (toolchain.Name is Toolchain.Host)
            {
                diagnostics.Error(DiagnosticCodes.InvalidName, $"`{Toolchain.Host}` stands for the programs of the machine and cannot be declared", toolchain.Span, "Choose another name");
            }
        }

        foreach (var file in files)
        {
            Check(file.Defaults, definitions, diagnostics);
            foreach (var named in file.Templates)
            {
                Check(named.Value, definitions, diagnostics);
            }

            foreach (var named in file.Steps)
            {
                Check(named.Value, definitions, diagnostics);
            }
        }
    }

    private static void Check(StepDraft? draft, Definitions definitions, DiagnosticBag diagnostics)
    {
        foreach (var use in draft?.Toolchain?.References ?? [])
        {
            if (!use.IsHost && !definitions.Toolchains.Has(use.Name))
            {
                diagnostics.Error(
                    DiagnosticCodes.UnknownToolchain, $"There is no toolchain `{use.Name}`", use.Span,
                    Suggestions.Nearest(use.Name, definitions.Toolchains.Names) is { } nearest ? $"Did you mean `{nearest}`?" : $"Declare it at the top of the file: `toolchains: {{ {use.Name}: {ToolchainKind.Instance.Example} }}`");
            }
        }
    }

    /// <summary>Checks that who uses what a step of the pipeline makes needs that step, and that it is one job.</summary>
    public static void CheckNeeds(Pipeline pipeline, Pipeline? existing, DiagnosticBag diagnostics)
    {
        foreach (var step in pipeline.Steps)
        {
            foreach (var use in step.Toolchain?.References ?? [])
            {
                foreach (var toolchain in pipeline.Toolchains)
                {
                    if (toolchain.Name == use.Name && toolchain.Source is ToolchainSource.Step { Project: null } source)
                    {
                        Check([.. existing?.Steps ?? [], .. pipeline.Steps], step, use, source, diagnostics);
                    }
                }
            }
        }
    }

    private static void Check(ImmutableArray<Step> steps, Step step, ToolchainReference use, ToolchainSource.Step source, DiagnosticBag diagnostics)
    {
        var maker = steps.FirstOrDefault(s => s.Name.Value == source.Name);
        if (maker is null)
        {
            diagnostics.Error(
                DiagnosticCodes.ToolchainStepUnfit, $"The toolchain `{use.Name}` is what the step `{source.Name}` makes, and there is none", use.Span,
                Suggestions.Nearest(source.Name, steps.Select(static s => s.Name.Value)) is { } nearest ? $"Did you mean `step: {nearest}`?" : "`step` names a step of this pipeline, or with `project` one of another");
        }
        else if (maker.Matrix is not null)
        {
            diagnostics.Error(DiagnosticCodes.ToolchainStepUnfit, $"The toolchain `{use.Name}` is what the step `{source.Name}` makes, which has a matrix: nobody knows which of its jobs is meant", use.Span, "Make it in a step without a matrix");
        }
        else if (!step.Needs.Any(n => n.Name == maker.Name))
        {
            diagnostics.Error(DiagnosticCodes.ToolchainStepUnfit, $"`{step.Name}` has the toolchain `{use.Name}`, which the step `{source.Name}` makes, but does not need that step", use.Span, $"Add `needs: [{source.Name}]`");
        }
    }
}
