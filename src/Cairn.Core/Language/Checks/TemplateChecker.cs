using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Checks;

/// <summary>Checks how steps and templates use templates: names, circles, parameters, and keys that do not go together.</summary>
internal sealed class TemplateChecker(Definitions definitions, DiagnosticBag diagnostics)
{
    /// <summary>Checks all steps and templates, each once, used or not.</summary>
    public void Check()
    {
        foreach (var step in definitions.Steps.Items)
        {
            Check(step);
        }

        foreach (var template in definitions.Templates.Items)
        {
            Check(template);
        }

        CheckCircles();
    }

    /// <summary>The constant that an argument is for a parameter of this type, or null where it is computed.</summary>
    public static Value? ConstantFor(Parameter parameter, ArgumentDraft argument)
    {
        // A text keeps what was written: `1.10` is not 1.1.
        return argument is { Constant: not null and not Value.List, Computed.LiteralText: { } text } && parameter.Type == ParameterType.String
            ? Value.Of(text) : argument.Constant;
    }

    private void Check(Named<StepDraft> named)
    {
        if (named.Value is not { } draft)
        {
            return;
        }

        if (draft is { Shell: not null, Run: null } && (draft.Command is not null || draft.Uses is not null))
        {
            diagnostics.Error(
                DiagnosticCodes.KeyConflict, draft.Uses is null ? "`shell` is for `run`; `command` runs without a shell" : "`shell` is for `run`; a template brings its own",
                draft.ShellKey, "Remove `shell`, or write a script in `run`");
        }

        if (draft.Uses is not { } uses)
        {
            if (draft is { With: not null, Bundle: null })
            {
                diagnostics.Error(DiagnosticCodes.KeyConflict, "`with` gives values to a template, and none is used here", draft.WithKey, "Add `uses`, or remove `with`");
            }

            return;
        }

        if (definitions.Templates.Find(uses.Text) is not { } template)
        {
            var suggestion = Suggestions.Nearest(uses.Text, definitions.Templates.Names) is { } nearest ? $"Did you mean `{nearest}`?"
                : definitions.Templates.Items.Count == 0 ? $"Define it in `templates`; the built-in kinds of steps are `{FetchPolicy.Word}` and `{StepAction.Bundle.Word}`"
                : $"There is what `templates` defines, and the built-in `{FetchPolicy.Word}` and `{StepAction.Bundle.Word}`";
            diagnostics.Error(DiagnosticCodes.UnknownTemplate, $"There is no template `{uses.Text}`", uses.Span, suggestion);
        }
        else if (template.Value is { } body)
        {
            CheckArguments(draft, uses, template, body);
        }
    }

    private void CheckArguments(StepDraft user, NameUse uses, Named<StepDraft> template, StepDraft body)
    {
        foreach (var argument in user.With ?? [])
        {
            var declared = body.Parameters.Find(p => string.Equals(p.Name, argument.Name, StringComparison.Ordinal));
            if (declared is null)
            {
                var names = body.Parameters.ConvertAll(static p => p.Name);
                diagnostics.Add(new Diagnostic(
                    DiagnosticCodes.UnknownTemplateParameter, DiagnosticSeverity.Error, $"Template `{template.Name}` has no parameter `{argument.Name}`", argument.NameSpan,
                    Suggestions.Nearest(argument.Name, names) is { } nearest ? $"Did you mean `{nearest}`?" : names.Count == 0 ? "It takes none" : $"It takes {Names.List(names, "and")}")
                {
                    Notes = [new DiagnosticNote($"Template `{template.Name}` is defined here", template.Span)],
                });
            }
            else if (declared.Value is { } parameter && Mistake(parameter, argument) is { } error)
            {
                diagnostics.Add(new Diagnostic(DiagnosticCodes.InvalidArgument, DiagnosticSeverity.Error, error, argument.Span)
                {
                    Notes = [new DiagnosticNote($"Parameter `{parameter.Name}` is declared here", declared.Span)],
                });
            }
        }

        foreach (var declared in body.Parameters)
        {
            var isGiven = false;
            foreach (var argument in user.With ?? [])
            {
                isGiven |= string.Equals(argument.Name, declared.Name, StringComparison.Ordinal);
            }

            if (!isGiven && declared.Value is { Default: null })
            {
                diagnostics.Add(new Diagnostic(
                    DiagnosticCodes.MissingTemplateParameter, DiagnosticSeverity.Error, $"Template `{template.Name}` needs the parameter `{declared.Name}`", uses.Span,
                    $"Add `with: {{ {declared.Name}: … }}`")
                {
                    Notes = [new DiagnosticNote($"Parameter `{declared.Name}` is declared here", declared.Span)],
                });
            }
        }
    }

    private static string? Mistake(Parameter parameter, ArgumentDraft argument)
    {
        if (ConstantFor(parameter, argument) is { } constant)
        {
            return parameter.TryFit(constant, out _, out var error) ? null : error;
        }

        // Of a computed value only its shape is known.
        return parameter.Type == ParameterType.List && argument.Computed is { IsSingleExpression: false } ? $"Parameter `{parameter.Name}` is a list; a text is not"
            : parameter.Type != ParameterType.List && !argument.Items.IsEmpty ? $"Parameter `{parameter.Name}` is a {parameter.TypeName}; a list is not"
            : null;
    }

    // A template uses at most one other, so each walk is a line that ends or bites its own tail.
    private void CheckCircles()
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in definitions.Templates.Items)
        {
            var walk = new List<string>();
            var template = start;
            while (template.Value?.Uses is { } uses && done.Add(template.Name))
            {
                walk.Add(template.Name);
                var at = walk.IndexOf(uses.Text);
                if (at >= 0)
                {
                    diagnostics.Error(
                        DiagnosticCodes.TemplateCycle, $"Templates use each other in a circle: `{string.Join(" -> ", walk[at..])} -> {uses.Text}`", uses.Span, "Let one of them have a `run` or `command` of its own");
                    break;
                }

                if (definitions.Templates.Find(uses.Text) is not { } next)
                {
                    break;
                }

                template = next;
            }
        }

        CheckDepth();
    }

    private void CheckDepth()
    {
        foreach (var step in definitions.Steps.Items)
        {
            var walk = new HashSet<string>(StringComparer.Ordinal);
            var draft = step.Value;
            while (draft?.Uses is { } uses && walk.Add(uses.Text))
            {
                if (walk.Count > Limits.IncludeDepthMax)
                {
                    diagnostics.Error(DiagnosticCodes.TemplateCycle, $"Step `{step.Name}` is made from more than {Limits.IncludeDepthMax} templates", step.Value!.Uses!.Value.Span, "Use a template that is nearer to the command");
                    break;
                }

                draft = definitions.Templates.Find(uses.Text)?.Value;
            }
        }
    }
}
