using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>Patterns with the place of each.</summary>
internal sealed class LocatedPatterns(PathPatterns patterns, ImmutableArray<SourceSpan> spans)
{
    public PathPatterns Patterns { get; } = patterns;

    public ImmutableArray<SourceSpan> Spans { get; } = spans;
}

/// <summary>The inputs and outputs of a step's jobs. What holds no expression is parsed once for all of them.</summary>
internal sealed class JobPaths(Step step, DiagnosticBag diagnostics)
{
    private readonly bool _inputsPlain = step.Inputs is { } inputs && AreLiteral(inputs);
    private readonly bool _outputsPlain = AreLiteral(step.Outputs) && step.Generates is not { IsLiteral: false };
    private LocatedPatterns? _inputs;
    private LocatedPatterns? _outputs;

    public LocatedPatterns? Inputs(Lazy<EvaluationContext> context)
    {
        if (step.Inputs is { } templates && !(_inputsPlain && _inputs is not null))
        {
            _inputs = Parse(templates, context).Build();
        }

        return _inputs;
    }

    public LocatedPatterns Outputs(Lazy<EvaluationContext> context)
    {
        if (_outputsPlain && _outputs is not null)
        {
            return _outputs;
        }

        var outputs = Parse(step.Outputs, context);
        if (step.Generates is { } generates)
        {
            var file = Parse([generates], context);
            if (file.Patterns is [{ Exclude: false, Glob.LiteralPath.Length: > 0 } pattern])
            {
                if (!outputs.Build().Patterns.IsMatch(pattern.Glob.LiteralPath))
                {
                    outputs.Add(pattern, generates.Span);
                }
            }
            else if (file.Patterns.Count > 0)
            {
                diagnostics.Error(DiagnosticCodes.PlanGeneratesPattern, $"`generates` of `{step.Name}` names one file, without wildcards", generates.Span);
            }
        }

        return _outputs = outputs.Build();
    }

    private static bool AreLiteral(ImmutableArray<Template> templates)
    {
        foreach (var template in templates)
        {
            if (!template.IsLiteral)
            {
                return false;
            }
        }

        return true;
    }

    private Builder Parse(ImmutableArray<Template> templates, Lazy<EvaluationContext> context)
    {
        var patterns = new Builder(templates.Length);
        foreach (var template in templates)
        {
            if (template.IsLiteral)
            {
                AddText(template.EvaluateText(Nothing, diagnostics), template.Span);
            }
            else if (!ReadsTheRun(template))
            {
                AddValue(template, context.Value);
            }
        }

        return patterns;

        void AddValue(Template template, EvaluationContext evaluation)
        {
            // A single expression may stand for a list of patterns.
            var value = template.Evaluate(evaluation, diagnostics);
            if (value is Value.List list)
            {
                foreach (var item in list.Items)
                {
                    AddItem(item, template.Span);
                }
            }
            else if (value is not null)
            {
                AddItem(value, template.Span);
            }
        }

        void AddItem(Value value, SourceSpan span)
        {
            if (ValueText.ToText(value) is { } text)
            {
                AddText(text, span);
            }
            else
            {
                diagnostics.Error(DiagnosticCodes.ExpressionNotText, $"A path pattern is a text, not {ValueText.KindName(value)}", span);
            }
        }

        void AddText(string? text, SourceSpan span)
        {
            if (text is null)
            {
                return;
            }

            if (PathPattern.TryParse(text, out var pattern, out var error))
            {
                patterns.Add(pattern, span);
            }
            else
            {
                diagnostics.Error(DiagnosticCodes.GlobInvalid, $"The pattern `{text}` is wrong: {error}", span);
            }
        }
    }

    private static EvaluationContext Nothing { get; } = new() { Roots = ImmutableDictionary<string, Value>.Empty };

    private bool ReadsTheRun(Template template)
    {
        foreach (var expression in template.Expressions)
        {
            foreach (var reference in expression.References)
            {
                if (reference.Root is "steps" or "secrets" or "env")
                {
                    diagnostics.Error(DiagnosticCodes.PlanTooEarly, $"`{reference.Root}` is not known when paths are, before the run", reference.Span,
                        "paths can use params, matrix, git and run");
                    return true;
                }
            }
        }

        return false;
    }

    private sealed class Builder(int capacity)
    {
        private readonly ImmutableArray<SourceSpan>.Builder _spans = ImmutableArray.CreateBuilder<SourceSpan>(capacity);

        public ImmutableArray<PathPattern>.Builder Patterns { get; } = ImmutableArray.CreateBuilder<PathPattern>(capacity);

        public void Add(PathPattern pattern, SourceSpan span)
        {
            Patterns.Add(pattern);
            _spans.Add(span);
        }

        public LocatedPatterns Build() => new(Patterns.Count == 0 ? PathPatterns.None : new PathPatterns(Patterns.ToImmutable()), _spans.ToImmutable());
    }
}
