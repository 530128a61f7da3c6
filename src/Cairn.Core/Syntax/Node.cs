using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>A value of a YAML or JSON document with its place. Anchors, aliases, merge keys and core-schema scalars are already resolved.</summary>
public abstract class Node
{
    private protected Node(SourceSpan span) => Span = span;

    /// <summary>The place of the whole value.</summary>
    public SourceSpan Span { get; }

    /// <summary>What a person calls this kind of value: <c>a mapping</c>, <c>a list</c>, <c>a string</c>, <c>a number</c>, …</summary>
    public abstract string KindName { get; }
}

/// <summary>The YAML 1.2 core-schema type of a scalar.</summary>
public enum ScalarType
{
    /// <summary>Empty, <c>~</c> or <c>null</c>.</summary>
    Null,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>A decimal, <c>0o</c> or <c>0x</c> integer.</summary>
    Integer,

    /// <summary>A floating point number.</summary>
    Float,

    /// <summary>Everything else, and every quoted scalar.</summary>
    String,
}

/// <summary>A scalar.</summary>
/// <param name="text">The value as written, after unescaping and folding.</param>
/// <param name="type">Its core-schema type; quoted scalars are strings.</param>
/// <param name="span">The place, quotes and block indicator included.</param>
/// <param name="origins">
/// Where the characters of <paramref name="text"/> come from: runs sorted by <see cref="TextOrigin.Offset"/>, the first at 0.
/// Null where the text stands in the source as it is, from the start of the span.
/// </param>
public sealed class ScalarNode(string text, ScalarType type, SourceSpan span, ImmutableArray<TextOrigin>? origins = null) : Node(span)
{
    /// <summary>The value as written, after unescaping and folding.</summary>
    public string Text { get; } = text;

    /// <summary>The core-schema type.</summary>
    public ScalarType Type { get; } = type;

    /// <summary>Where the characters of <see cref="Text"/> come from, or null where it stands in the source as it is.</summary>
    internal ImmutableArray<TextOrigin>? Origins => origins;

    /// <inheritdoc/>
    public override string KindName => Type switch
    {
        ScalarType.Null => "nothing",
        ScalarType.Boolean => "a boolean",
        ScalarType.Integer or ScalarType.Float => "a number",
        _ => "a string",
    };

    /// <summary>The place of a part of <see cref="Text"/>, so that a mistake inside an expression has its exact column.</summary>
    public SourceSpan SpanOf(int offset, int length)
    {
        var (line, column) = PositionOf(offset);
        var (endLine, endColumn) = PositionOf(offset + length);
        return new SourceSpan(Span.File, line, column, endLine, endColumn);
    }

    private (int Line, int Column) PositionOf(int offset)
    {
        if (origins is not { IsDefaultOrEmpty: false } runs)
        {
            return (Span.Line, Span.Column + offset);
        }

        var low = 0;
        var high = runs.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (runs[middle].Offset <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return (runs[low].Line, runs[low].Column + offset - runs[low].Offset);
    }
}

/// <summary>From <paramref name="Offset"/> on, the characters of a scalar's text stand at this line and column.</summary>
public readonly record struct TextOrigin(int Offset, int Line, int Column);

/// <summary>A list.</summary>
public sealed class SequenceNode(ImmutableArray<Node> items, SourceSpan span) : Node(span)
{
    /// <summary>The values in order.</summary>
    public ImmutableArray<Node> Items { get; } = items;

    /// <inheritdoc/>
    public override string KindName => "a list";
}

/// <summary>A mapping; keys are unique and in source order, merged ones after the mapping's own.</summary>
public sealed class MappingNode(ImmutableArray<MappingEntry> entries, SourceSpan span) : Node(span)
{
    /// <summary>The entries in order.</summary>
    public ImmutableArray<MappingEntry> Entries { get; } = entries;

    /// <inheritdoc/>
    public override string KindName => "a mapping";
}

/// <summary>A key and its value.</summary>
public readonly record struct MappingEntry(ScalarNode Key, Node Value);
