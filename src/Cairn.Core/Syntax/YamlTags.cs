using Cairn.Core.Diagnostics;

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cairn.Core.Syntax;

/// <summary>Honours the tags of the core schema and refuses all others.</summary>
internal sealed class YamlTags(SourceText source, DiagnosticBag diagnostics)
{
    private const int ShownCharsMax = 60;
    private const string Prefix = "tag:yaml.org,2002:";

    /// <summary>The type that a tag gives to a scalar.</summary>
    public ScalarType ScalarTypeOf(Scalar scalar, string text, SourceSpan span)
    {
        var tag = scalar.Tag;
        if (tag.IsNonSpecific)
        {
            return ScalarType.String;
        }

        var natural = CoreSchema.TypeOf(text);
        switch (Name(tag))
        {
            case "str":
                return ScalarType.String;
            case "null" when natural == ScalarType.Null:
            case "bool" when natural == ScalarType.Boolean:
            case "int" when natural == ScalarType.Integer:
            case "float" when natural == ScalarType.Float:
                return natural;
            case "float" when natural == ScalarType.Integer:
                return ScalarType.Float;
            case var name and ("null" or "bool" or "int" or "float"):
                ReportMismatch(name, $"`{text}`", span);
                return natural;
            case var name and ("seq" or "map"):
                ReportMismatch(name, "a single value", span);
                return natural;
            default:
                ReportUnknown(scalar);
                return natural;
        }
    }

    /// <summary>Checks the tag of a collection.</summary>
    public void Check(NodeEvent node, TagName tag, string expected)
    {
        if (tag.IsEmpty || tag.IsNonSpecific || Is(tag, expected))
        {
            return;
        }

        if (Name(tag) is "seq" or "map" or "str" or "int" or "float" or "bool" or "null")
        {
            ReportMismatch(Name(tag)!, node is SequenceStart ? "a list" : "a mapping", Place(node).Span);
        }
        else
        {
            ReportUnknown(node);
        }
    }

    private static string? Name(TagName tag) => tag.Value.StartsWith(Prefix, StringComparison.Ordinal) ? tag.Value[Prefix.Length..] : null;

    private static bool Is(TagName tag, string name) => string.Equals(Name(tag), name, StringComparison.Ordinal);

    private void ReportMismatch(string tag, string value, SourceSpan span) =>
        diagnostics.Error(DiagnosticCodes.TagMismatch, $"The tag `!!{tag}` does not fit {value}", span, "Remove the tag, or mend the value");

    private void ReportUnknown(NodeEvent node)
    {
        var (written, span) = Place(node);
        diagnostics.Error(DiagnosticCodes.UnknownTag, $"`{written}` is a YAML tag, and this one has no meaning here", span, $"If it is a glob or a text, quote it: `\"{written}\"`; otherwise remove it");
    }

    /// <summary>The tag as it is written, and where.</summary>
    private (string Written, SourceSpan Span) Place(NodeEvent node)
    {
        var text = source.Text;
        var start = (int)Math.Clamp(node.Start.Index, 0, text.Length);
        while (start < text.Length && text[start] is not '!')
        {
            start++;
        }

        var length = text.AsSpan(start).IndexOfAny(" \t\r\n,");
        var end = length < 0 ? text.Length : start + length;
        var written = text[start..Math.Min(end, start + ShownCharsMax)] + (end - start > ShownCharsMax ? "…" : "");
        return (written, source.SpanAt(start, end));
    }
}
