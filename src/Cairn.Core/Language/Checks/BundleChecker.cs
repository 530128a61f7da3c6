using System.Buffers;
using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Binding;

namespace Cairn.Core.Language.Checks;

/// <summary>Checks that steps with <c>uses: bundle</c> say what they bundle and how that is called, and nothing of a command that they do not have.</summary>
internal static class BundleChecker
{
    private const string Name = "name";
    private const string Files = "files";
    private const string Ending = ".cab";
    private const string Example = "with: { files: [\"dist/**\"], name: app.cab }";

    private static readonly SearchValues<char> OfGlobs = SearchValues.Create("*?[]{}!\\");

    /// <summary>The argument that names the bundle; null where it is not given.</summary>
    public static ArgumentDraft? NameOf(StepDraft draft) => Find(draft, Name);

    /// <summary>The globs of the files; empty where there are none.</summary>
    public static ImmutableArray<Template> FilesOf(StepDraft draft) => Find(draft, Files) is not { } files ? [] : files.Computed is { } one ? [one] : files.Items;

    public static void Check(List<ResolvedStep> steps, DiagnosticBag diagnostics)
    {
        foreach (var step in steps)
        {
            var draft = step.Layers[^1].Draft;
            if (draft.Bundle is not { } place)
            {
                continue;
            }

            CheckArguments(step.Name, draft, place, diagnostics);
            foreach (var (layer, _) in step.Layers)
            {
                CheckKeys(step.Name, layer, place, diagnostics);
            }

            if (!step.Services.IsEmpty)
            {
                Refuse(step.Name, "services", place, diagnostics);
            }
        }
    }

    private static void CheckArguments(string step, StepDraft draft, SourceSpan place, DiagnosticBag diagnostics)
    {
        foreach (var argument in draft.With ?? [])
        {
            if (argument.Name is not (Name or Files))
            {
                Error($"A bundle takes no `{argument.Name}`", argument.NameSpan, Suggestions.Nearest(argument.Name, [Name, Files]) is { } nearest ? $"Did you mean `{nearest}`?" : $"It takes `{Files}` and `{Name}`");
            }

            foreach (var template in argument.Computed is { } computed ? argument.Items.Add(computed) : argument.Items)
            {
                CheckReferences(template);
            }
        }

        if (FilesOf(draft).IsEmpty)
        {
            Error($"The bundle `{step}` holds nothing: `with` has no `{Files}`", place, $"For example `{Example}`");
        }

        foreach (var pattern in FilesOf(draft))
        {
            if (pattern.LiteralText is { } text && Glob.TryParse(text.StartsWith('!') ? text[1..] : text, out _, out var problem) is false)
            {
                Error($"`{text}` is no glob: {problem}", pattern.Span, null);
            }
        }

        if (NameOf(draft) is not { Computed: { } name })
        {
            Error($"The bundle `{step}` has no name: `with` has no `{Name}`", place, $"For example `{Example}`");
        }
        else if (name.LiteralText is { } text && (!RelativePath.IsPlain(text) || !text.EndsWith(Ending, StringComparison.Ordinal) || text.AsSpan().ContainsAny(OfGlobs)))
        {
            Error($"`{text}` cannot be the path of a bundle", name.Span, $"Write a path within the project that ends in `{Ending}`, such as `dist/app{Ending}`");
        }

        void CheckReferences(Template template)
        {
            foreach (var reference in template.Expressions.SelectMany(static e => e.References))
            {
                if (Array.IndexOf(ReferenceChecker.PatternRoots, reference.Root) < 0)
                {
                    Error($"`{reference.Root}` is not known yet when it is planned what a bundle holds", reference.Span, $"Known there: {Names.List(ReferenceChecker.PatternRoots, "and")}");
                }
            }
        }

        void Error(string message, SourceSpan span, string? suggestion) => diagnostics.Error(DiagnosticCodes.BundleStepInvalid, message, span, suggestion);
    }

    private static void CheckKeys(string step, StepDraft draft, SourceSpan place, DiagnosticBag diagnostics)
    {
        foreach (var (isThere, key) in (ReadOnlySpan<(bool, string)>)
        [
            (draft.Inputs is not null, "inputs"), (draft.Outputs is not null, "outputs"), (draft.Shell is not null, "shell"), (draft.Environment is not null, "env"),
            (draft.WorkingDirectory is not null, "working_directory"), (draft.Isolation is not null, "isolation"), (draft.Toolchain is not null, "toolchain"), (draft.Network is not null, "network"),
            (draft.Hosts is not null, "hosts"), (draft.Limits is not null, "limits"), (draft.Strict is not null, "strict"), (draft.Deterministic is not null, "deterministic"),
            (draft.JUnitReports is not null, "reports"), (draft.Generates is not null, "generates"), (draft.Retries is not null, "retries"),
        ])
        {
            if (isThere)
            {
                Refuse(step, key, place, diagnostics);
            }
        }
    }

    private static void Refuse(string step, string key, SourceSpan place, DiagnosticBag diagnostics) => diagnostics.Error(
        DiagnosticCodes.BundleStepInvalid, $"The bundle `{step}` has `{key}`, but Cairn makes it by itself: there is no command", place, $"Remove `{key}`");

    private static ArgumentDraft? Find(StepDraft draft, string name)
    {
        foreach (var argument in draft.With ?? [])
        {
            if (string.Equals(argument.Name, name, StringComparison.Ordinal))
            {
                return argument;
            }
        }

        return null;
    }
}
