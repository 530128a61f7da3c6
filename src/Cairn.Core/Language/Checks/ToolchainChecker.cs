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
        if (draft?.Toolchain is not { IsHost: false } use || definitions.Toolchains.Has(use.Name))
        {
            return;
        }

        diagnostics.Error(
            DiagnosticCodes.UnknownToolchain, $"There is no toolchain `{use.Name}`", use.Span,
            Suggestions.Nearest(use.Name, definitions.Toolchains.Names) is { } nearest ? $"Did you mean `{nearest}`?" : $"Declare it at the top of the file: `toolchains: {{ {use.Name}: {ToolchainKind.Instance.Example} }}`");
    }
}
