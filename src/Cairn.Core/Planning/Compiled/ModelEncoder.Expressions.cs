using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Syntax;

namespace Cairn.Core.Planning.Compiled;

/// <content>Values, and texts with expressions: what these are made of and what they may read.</content>
internal sealed partial class ModelEncoder
{
    private uint _templates;
    private uint _parameters;
    private uint _scopes;

    public void Write(Value value)
    {
        switch (value)
        {
            case Value.Boolean truth:
                writer.Write((uint)(truth.Content ? ValueTag.True : ValueTag.False));
                break;
            case Value.Number { Content: var number } when number == (int)number && !(number == 0 && double.IsNegative(number)):
                writer.Write((uint)ValueTag.Whole);
                writer.WriteSigned((int)number);
                break;
            case Value.Number number:
                writer.Write((uint)ValueTag.Number);
                writer.WriteDouble(number.Content);
                break;
            case Value.String text:
                writer.Write((uint)ValueTag.Text);
                writer.WriteText(text.Content);
                break;
            case Value.List list:
                writer.Write((uint)ValueTag.List);
                writer.WriteCount(list.Items.Length);
                foreach (var item in list.Items)
                {
                    Write(item);
                }

                break;
            case Value.Map map:
                writer.Write((uint)ValueTag.Map);
                writer.WriteCount(map.Entries.Length);
                foreach (var (name, item) in map.Entries)
                {
                    writer.WriteText(name);
                    Write(item);
                }

                break;
            default:
                writer.Write((uint)ValueTag.Null);
                break;
        }
    }

    public void Write(Parameter parameter)
    {
        if (IsKnown(parameter))
        {
            return;
        }

        writer.Write(ObjectTag.Fresh);
        writer.WriteText(parameter.Name);
        writer.Write((uint)parameter.Type);
        writer.WriteSpan(parameter.Span);
        WriteOptional(parameter.Default);
        writer.WriteCount(parameter.Allowed.Length);
        foreach (var allowed in parameter.Allowed)
        {
            Write(allowed);
        }

        writer.WriteBoolean(parameter.Required);
        writer.WriteOptional(parameter.Description);
        _known.Add(parameter, _parameters++);
    }

    private void WriteOptional(Value? value)
    {
        writer.WriteBoolean(value is not null);
        if (value is not null)
        {
            Write(value);
        }
    }

    private void Write(ImmutableArray<Template> templates)
    {
        writer.WriteCount(templates.Length);
        foreach (var template in templates)
        {
            Write(template);
        }
    }

    private void Write(Template? template)
    {
        if (template is null)
        {
            writer.Write(ObjectTag.None);
            return;
        }

        if (IsKnown(template))
        {
            return;
        }

        if (template.Node is { } node)
        {
            writer.Write(ObjectTag.Fresh);
            Write(node);
            Write(template.Scope);
        }
        else
        {
            writer.Write(ObjectTag.Literal);
            writer.WriteText(template.Source);
            writer.WriteSpan(template.Span);
        }

        _known.Add(template, _templates++);
    }

    private void Write(Expression expression)
    {
        Write(expression.Node);
        Write(expression.Scope);
    }

    private void Write(ScalarNode node)
    {
        writer.WriteText(node.Text);
        writer.Write((uint)node.Type);
        writer.WriteSpan(node.Span);
        writer.Write(Optional(node.Origins?.Length));
        foreach (var origin in node.Origins ?? [])
        {
            writer.WriteSigned(origin.Offset);
            writer.WriteSigned(origin.Line);
            writer.WriteSigned(origin.Column);
        }
    }

    private void Write(ImmutableArray<ParameterScope> scopes)
    {
        writer.WriteCount(scopes.Length);
        foreach (var scope in scopes)
        {
            Write(scope);
        }
    }

    /// <summary>Scopes get their numbers when they are complete, as those around them are parts of them.</summary>
    private void Write(ExpressionScope? scope)
    {
        if (scope is null)
        {
            writer.Write(ObjectTag.None);
            return;
        }

        if (IsKnown(scope))
        {
            return;
        }

        var parameters = scope as ParameterScope ?? throw new ArgumentException($"An expression has a scope of the unknown kind {scope.GetType()}", nameof(scope));
        writer.Write(ObjectTag.Fresh);
        writer.WriteText(parameters.Template);
        writer.WriteCount(parameters.Parameters.Length);
        foreach (var scoped in parameters.Parameters)
        {
            Write(scoped.Parameter);
            writer.WriteSpan(scoped.Span);
            WriteOptional(scoped.Constant);
            Write(scoped.Computed);
            Write(scoped.Items);
        }

        _known.Add(scope, _scopes++);
    }
}
