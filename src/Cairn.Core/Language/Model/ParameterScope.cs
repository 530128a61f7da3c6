using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

namespace Cairn.Core.Language.Model;

/// <summary>A template's parameter with the value that the using step gives it, or its default.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Span">Where the value stands.</param>
public sealed record ScopedParameter(Parameter Parameter, SourceSpan Span)
{
    /// <summary>The value where it is known already, else null.</summary>
    public Value? Constant { get; init; }

    /// <summary>The value as an expression of the using step, else null.</summary>
    public Template? Computed { get; init; }

    /// <summary>The items of a list of which some are expressions of the using step.</summary>
    public ImmutableArray<Template> Items { get; init; } = [];
}

/// <summary>
/// What <c>params</c> means in the body of one used template. Values are evaluated in the context of the using step, when an
/// expression reads them and not before: one that needs the outputs of a step does not stand in the way of a plan.
/// </summary>
public sealed class ParameterScope(string template, ImmutableArray<ScopedParameter> parameters) : ExpressionScope
{
    /// <summary>The template's name.</summary>
    public string Template { get; } = template;

    /// <summary>Its parameters.</summary>
    public ImmutableArray<ScopedParameter> Parameters { get; } = parameters;

    /// <summary>The template's <c>params</c>, all of them, fitted to their types; null after mistakes, which are added.</summary>
    public Value.Map? ResolveParams(EvaluationContext outer, DiagnosticBag diagnostics) => Resolve(outer, [], all: true, diagnostics);

    /// <inheritdoc/>
    public override EvaluationContext? Enter(EvaluationContext outer, ImmutableArray<ExpressionReference> reads, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(outer);
        return Resolve(outer, reads, all: false, diagnostics) is { } map ? outer with { Roots = outer.Roots.SetItem("params", map) } : null;
    }

    /// <inheritdoc/>
    public override ImmutableArray<ExpressionReference> Expand(ImmutableArray<ExpressionReference> reads)
    {
        var result = ImmutableArray.CreateBuilder<ExpressionReference>();
        foreach (var read in reads)
        {
            if (!string.Equals(read.Root, "params", StringComparison.Ordinal))
            {
                result.Add(read);
            }
        }

        foreach (var parameter in Parameters)
        {
            if (!Reads(reads, parameter.Parameter.Name))
            {
                continue;
            }

            foreach (var expression in Expressions(parameter))
            {
                result.AddRange(expression.References);
            }
        }

        return result.ToImmutable();
    }

    /// <inheritdoc/>
    public override bool ReadsHashFiles(ImmutableArray<ExpressionReference> reads)
    {
        foreach (var parameter in Parameters)
        {
            if (!Reads(reads, parameter.Parameter.Name))
            {
                continue;
            }

            foreach (var expression in Expressions(parameter))
            {
                if (expression.UsesHashFiles)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static IEnumerable<Expression> Expressions(ScopedParameter parameter)
    {
        foreach (var expression in parameter.Computed?.Expressions ?? [])
        {
            yield return expression;
        }

        foreach (var item in parameter.Items)
        {
            foreach (var expression in item.Expressions)
            {
                yield return expression;
            }
        }
    }

    private static bool Reads(ImmutableArray<ExpressionReference> reads, string name)
    {
        foreach (var read in reads)
        {
            if (string.Equals(read.Root, "params", StringComparison.Ordinal)
                && (read.Path.IsDefaultOrEmpty || string.Equals(read.Path[0], name, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    private Value.Map? Resolve(EvaluationContext outer, ImmutableArray<ExpressionReference> reads, bool all, DiagnosticBag diagnostics)
    {
        var entries = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>(Parameters.Length);
        var good = true;
        foreach (var parameter in Parameters)
        {
            var name = parameter.Parameter.Name;
            if (parameter.Constant is { } constant)
            {
                entries.Add(new(name, constant));
            }
            else if (!all && !Reads(reads, name))
            {
                continue;
            }
            else if (Evaluate(parameter, outer, diagnostics) is not { } value)
            {
                good = false;
            }
            else if (parameter.Parameter.TryFit(value, out var fitted, out var error))
            {
                entries.Add(new(name, fitted));
            }
            else
            {
                diagnostics.Error(DiagnosticCodes.InvalidArgument, error, parameter.Span);
                good = false;
            }
        }

        return good ? new Value.Map(entries.ToImmutable()) : null;
    }

    private static Value? Evaluate(ScopedParameter parameter, EvaluationContext outer, DiagnosticBag diagnostics)
    {
        if (parameter.Computed is { } computed)
        {
            return computed.Evaluate(outer, diagnostics);
        }

        var items = ImmutableArray.CreateBuilder<Value>(parameter.Items.Length);
        foreach (var item in parameter.Items)
        {
            if (item.Evaluate(outer, diagnostics) is not { } value)
            {
                return null;
            }

            items.Add(value);
        }

        return new Value.List(items.MoveToImmutable());
    }
}
