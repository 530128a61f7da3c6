using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Checks;

/// <summary>Checks what expressions read, as far as that is known before a run.</summary>
internal sealed class ReferenceChecker(Definitions definitions, NeedsGraph graph, DiagnosticBag diagnostics)
{
    private static readonly string[] Roots = ["params", "matrix", "git", "run", "env", "job", "steps", "secrets"];
    private static readonly string[] EarlyRoots = ["params", "git", "run"];
    internal static readonly string[] PatternRoots = ["params", "matrix", "git", "run"];
    private static readonly string[] FileRoots = ["params", "git", "run", "env"];
    private static readonly string[] DefaultsRoots = ["params", "git", "run", "env", "job"];
    private static readonly string[] JobRoots = ["params", "matrix", "git", "run", "env", "job", "steps"];

    private static readonly string[] GitMembers = ["commit", "short_commit", "branch", "tag", "dirty", "message", "author"];
    private static readonly string[] RunMembers = ["id", "started_at", "user", "host", "ci"];
    private static readonly string[] JobMembers = ["id", "name", "step", "attempt"];
    private static readonly string[] StepMembers = ["status", "outputs", "digest"];

    // A template's expression is looked at for each step that is made from it; its mistake counts once.
    private readonly HashSet<(string Code, SourceSpan Span)> _reported = [];
    private readonly ScriptLint _lint = new(definitions.Parameters, diagnostics);

    /// <summary>Checks what needs no step to know: roots, members, parameters and secrets.</summary>
    public void CheckSite(ExpressionSite site)
    {
        foreach (var use in site.Expressions)
        {
            var allowed = AllowedRoots(site, use.Role);
            foreach (var expression in use.Expressions)
            {
                if (expression.UsesStatusFunction && use.Role != ExpressionRole.Condition)
                {
                    diagnostics.Error(DiagnosticCodes.StatusFunctionMisplaced, "`success()`, `failure()`, `always()` and `cancelled()` have a meaning in `if` only", expression.RootSpan, "Move the test to `if`, or read `steps.<name>.status`");
                }

                foreach (var reference in expression.References)
                {
                    Check(site, use, expression, reference, allowed);
                }
            }
        }
    }

    /// <summary>Checks what depends on the step: its matrix and its needs; and warns of scripts that take in text of others.</summary>
    public void CheckStep(ResolvedStep step)
    {
        foreach (var (draft, _) in step.Layers)
        {
            foreach (var use in draft.Expressions)
            {
                // A key that an outer layer replaces is not part of this step, but mistakes in it are mistakes all the same.
                foreach (var expression in use.Expressions)
                {
                    foreach (var reference in expression.References)
                    {
                        switch (reference.Root)
                        {
                            case "matrix" when use.Role != ExpressionRole.Matrix:
                                CheckMatrix(step, reference);
                                break;
                            case "steps" when use.Role is not (ExpressionRole.Matrix or ExpressionRole.Pattern):
                                CheckNeeded(step, reference);
                                break;
                        }

                        if (use.Role == ExpressionRole.Script)
                        {
                            _lint.CheckSubstitution(draft, reference, step.Matrix, Find(draft, reference));
                        }
                    }
                }
            }

            _lint.CheckScript(draft);
        }
    }

    /// <summary>Warns of service scripts that take in text of others.</summary>
    public void CheckService(ServiceDraft service)
    {
        foreach (var use in service.Expressions)
        {
            if (use.Role != ExpressionRole.Script)
            {
                continue;
            }

            foreach (var expression in use.Expressions)
            {
                foreach (var reference in expression.References)
                {
                    _lint.CheckSubstitution(service.Shell, reference, matrix: null, definitions.Parameters.Find(reference.Path.IsEmpty ? "" : reference.Path[0])?.Value);
                }
            }
        }
    }

    private Parameter? Find(StepDraft draft, ExpressionReference reference)
    {
        if (reference.Root is not "params" || reference.Path.IsEmpty)
        {
            return null;
        }

        return draft.Role == StepRole.Template
            ? draft.Parameters.Find(p => string.Equals(p.Name, reference.Path[0], StringComparison.Ordinal))?.Value
            : definitions.Parameters.Find(reference.Path[0])?.Value;
    }

    private static string[] AllowedRoots(ExpressionSite site, ExpressionRole role) => (site, role) switch
    {
        (FileDraft or ServiceDraft, _) => FileRoots,
        (StepDraft { Role: StepRole.Defaults }, _) => DefaultsRoots,
        (_, ExpressionRole.Matrix) => EarlyRoots,
        (_, ExpressionRole.Pattern) => PatternRoots,
        _ => JobRoots,
    };

    private void Check(ExpressionSite site, ExpressionUse use, Expression expression, ExpressionReference reference, string[] allowed)
    {
        if (reference.Root is "secrets")
        {
            CheckSecret(site, use, expression, reference);
            return;
        }

        if (Array.IndexOf(allowed, reference.Root) < 0)
        {
            if (Array.IndexOf(Roots, reference.Root) >= 0)
            {
                diagnostics.Error(DiagnosticCodes.UnknownRoot, $"`{reference.Root}` is not known yet in {Place(site, use)}", reference.Span, $"Known there: {Names.List(allowed, "and")}");
            }
            else
            {
                diagnostics.Error(
                    DiagnosticCodes.UnknownRoot, $"Expressions know no `{reference.Root}`", reference.Span,
                    Suggestions.Nearest(reference.Root, Roots) is { } nearest ? $"Did you mean `{nearest}`?" : $"Known here: {Names.List(allowed, "and")}; texts stand in quotes, such as `'{reference.Root}'`");
            }

            return;
        }

        var member = reference.Path.IsDefaultOrEmpty ? null : reference.Path[0];
        switch (reference.Root)
        {
            case "params" when member is not null:
                CheckParameter(site, reference, member);
                break;
            case "git" when member is not null:
                CheckMember(reference, member, GitMembers);
                break;
            case "run" when member is not null:
                CheckMember(reference, member, RunMembers);
                break;
            case "job" when member is "cpus":
                diagnostics.Error(DiagnosticCodes.UnknownMember, "`job.cpus` is not to be had in expressions: the number of processors must not change what a step means", reference.Span, "Read the variable `$CAIRN_CPUS` in the script");
                break;
            case "job" when member is not null:
                CheckMember(reference, member, JobMembers);
                break;
            case "steps" when reference.Path.Length > 1 && Array.IndexOf(StepMembers, reference.Path[1]) < 0:
                diagnostics.Error(
                    DiagnosticCodes.UnknownMember, $"`steps.{member}` has no `{reference.Path[1]}`", reference.Span,
                    Suggestions.Nearest(reference.Path[1], StepMembers) is { } nearest ? $"Did you mean `{nearest}`?" : $"It has {Names.List(StepMembers, "and")}; what a step writes to `$CAIRN_OUTPUT` is in `steps.{member}.outputs`");
                break;
        }
    }

    private static string Place(ExpressionSite site, ExpressionUse use) => site switch
    {
        FileDraft => "`env` of the pipeline",
        ServiceDraft => "a service",
        StepDraft { Role: StepRole.Defaults } => "`defaults`",
        _ when use.Role == ExpressionRole.Matrix => "`matrix`",
        _ => $"`{use.Key}`",
    };

    private void CheckMember(ExpressionReference reference, string member, string[] members)
    {
        if (Array.IndexOf(members, member) < 0)
        {
            diagnostics.Error(
                DiagnosticCodes.UnknownMember, $"`{reference.Root}` has no `{member}`", reference.Span,
                Suggestions.Nearest(member, members) is { } nearest ? $"Did you mean `{reference.Root}.{nearest}`?" : $"It has {Names.List(members, "and")}");
        }
    }

    private void CheckParameter(ExpressionSite site, ExpressionReference reference, string name)
    {
        if (site is StepDraft { Role: StepRole.Template } template)
        {
            var names = template.Parameters.ConvertAll(static p => p.Name);
            if (!names.Contains(name))
            {
                diagnostics.Error(
                    DiagnosticCodes.UnknownParameter, $"This template has no parameter `{name}`", reference.Span,
                    Suggestions.Nearest(name, names) is { } nearest ? $"Did you mean `params.{nearest}`?" : $"Declare it in `params` of the template{(definitions.Parameters.Has(name) ? ": a template does not see the pipeline's" : "")}");
            }
        }
        else if (!definitions.Parameters.Has(name))
        {
            diagnostics.Error(
                DiagnosticCodes.UnknownParameter, $"The pipeline has no parameter `{name}`", reference.Span,
                Suggestions.Nearest(name, definitions.Parameters.Names) is { } nearest ? $"Did you mean `params.{nearest}`?" : "Declare it in `params` at the top of the file");
        }
    }

    private void CheckSecret(ExpressionSite site, ExpressionUse use, Expression expression, ExpressionReference reference)
    {
        var name = reference.Path.IsDefaultOrEmpty ? null : reference.Path[0];
        var isWhole = use is { Role: ExpressionRole.Variable, Whole: true } && name is not null && reference.Path.Length == 1 && IsOnly(expression.Source, name);
        if (!isWhole || site is FileDraft or StepDraft { Role: StepRole.Defaults })
        {
            var variable = Names.ToVariable(name ?? "token");
            diagnostics.Error(
                DiagnosticCodes.SecretMisplaced, "A secret can only be the whole value of a variable of a step or service", reference.Span,
                $"Write `env: {{ {variable}: \"${{{{ secrets.{name ?? "name"} }}}}\" }}` in the step and read `${variable}`");
        }

        if (name is not null && !definitions.Secrets.Has(name))
        {
            diagnostics.Error(
                DiagnosticCodes.UnknownSecret, $"There is no secret `{name}`", reference.Span,
                Suggestions.Nearest(name, definitions.Secrets.Names) is { } nearest ? $"Did you mean `secrets.{nearest}`?" : $"Declare it at the top of the file: `secrets: {{ {name}: {{ env: {Names.ToVariable(name)} }} }}`");
        }
    }

    private static bool IsOnly(string source, string name) =>
        source.StartsWith("secrets", StringComparison.Ordinal) && (source.AsSpan(7) switch
        {
            ['.', .. var rest] => rest.SequenceEqual(name),
            ['[', '\'' or '"', .. var rest, '\'' or '"', ']'] => rest.SequenceEqual(name),
            _ => false,
        });

    private void CheckMatrix(ResolvedStep step, ExpressionReference reference)
    {
        if (step.Matrix is not { } matrix)
        {
            Report(DiagnosticCodes.UnknownMatrixValue, $"Step `{step.Name}` has no matrix", reference.Span, "Add `matrix`, or remove the expression");
            return;
        }

        if (reference.Path.IsDefaultOrEmpty)
        {
            return;
        }

        var names = new List<string>();
        foreach (var axis in matrix.Axes)
        {
            names.Add(axis.Name);
        }

        foreach (var row in matrix.Include)
        {
            foreach (var (name, _) in row.Values)
            {
                if (!names.Contains(name))
                {
                    names.Add(name);
                }
            }
        }

        if (!names.Contains(reference.Path[0]))
        {
            Report(
                DiagnosticCodes.UnknownMatrixValue, $"The matrix of step `{step.Name}` has no `{reference.Path[0]}`", reference.Span,
                Suggestions.Nearest(reference.Path[0], names) is { } nearest ? $"Did you mean `matrix.{nearest}`?" : $"It has {Names.List(names, "and")}");
        }
    }

    private void CheckNeeded(ResolvedStep step, ExpressionReference reference)
    {
        if (reference.Path.IsDefaultOrEmpty)
        {
            return;
        }

        var other = reference.Path[0];
        if (!graph.Has(other))
        {
            Report(
                DiagnosticCodes.UnknownStep, $"There is no step `{other}`", reference.Span,
                Suggestions.Nearest(other, graph.Names) is { } nearest ? $"Did you mean `steps.{nearest}`?" : "Name a step of this pipeline");
        }
        else if (!graph.Reaches(step.Name, other))
        {
            Report(
                DiagnosticCodes.StepNotNeeded, $"Step `{step.Name}` reads `steps.{other}` but does not need it", reference.Span,
                string.Equals(step.Name, other, StringComparison.Ordinal) ? "A step cannot read its own results" : $"Add `{other}` to `needs` of `{step.Name}`");
        }
    }

    private void Report(string code, string message, SourceSpan span, string? suggestion)
    {
        if (_reported.Add((code, span)))
        {
            diagnostics.Error(code, message, span, suggestion);
        }
    }
}
