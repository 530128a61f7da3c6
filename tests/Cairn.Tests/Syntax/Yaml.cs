using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Tests.Syntax;

/// <summary>Reads documents in tests and writes nodes and diagnostics as short text.</summary>
internal static class Yaml
{
    public static Node Read(string text)
    {
        var diagnostics = new DiagnosticBag();
        var node = YamlReader.Read(new SourceText("t.yaml", text), diagnostics);
        Assert.Empty(diagnostics.ToSorted());
        return Assert.IsType<Node>(node, exactMatch: false);
    }

    /// <summary><c>CAIRN0005 2:3-2:4 Message</c> for each mistake.</summary>
    public static string[] Mistakes(string text)
    {
        var diagnostics = new DiagnosticBag();
        YamlReader.Read(new SourceText("t.yaml", text), diagnostics);
        return [.. diagnostics.ToSorted().Select(d => $"{d.Code} {Place(d.Span)} {d.Message}")];
    }

    public static Diagnostic Mistake(string text)
    {
        var diagnostics = new DiagnosticBag();
        YamlReader.Read(new SourceText("t.yaml", text), diagnostics);
        return Assert.Single(diagnostics.ToSorted());
    }

    public static string Place(SourceSpan span) => $"{span.Line}:{span.Column}-{span.EndLine}:{span.EndColumn}";

    /// <summary><c>{a: [1:int, "x"]}</c>: strings in quotes, other types after a colon.</summary>
    public static string Show(Node node)
    {
        var text = new StringBuilder();
        Show(node, text);
        return text.ToString();
    }

    public static ScalarNode Scalar(string text, params ReadOnlySpan<string> path)
    {
        var node = Read(text);
        foreach (var name in path)
        {
            node = node switch
            {
                MappingNode mapping => mapping.Entries.Single(e => string.Equals(e.Key.Text, name, StringComparison.Ordinal)).Value,
                SequenceNode sequence => sequence.Items[int.Parse(name)],
                _ => throw new InvalidOperationException($"`{name}` leads nowhere"),
            };
        }

        return Assert.IsType<ScalarNode>(node);
    }

    private static void Show(Node node, StringBuilder text)
    {
        switch (node)
        {
            case ScalarNode { Type: ScalarType.String } scalar:
                text.Append('"').Append(scalar.Text.Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
                break;
            case ScalarNode scalar:
                text.Append(scalar.Text).Append(':').Append(scalar.Type);
                break;
            case SequenceNode sequence:
                text.Append('[');
                foreach (var item in sequence.Items)
                {
                    text.Append(text[^1] == '[' ? "" : ", ");
                    Show(item, text);
                }

                text.Append(']');
                break;
            case MappingNode mapping:
                text.Append('{');
                foreach (var (key, value) in mapping.Entries)
                {
                    text.Append(text[^1] == '{' ? "" : ", ").Append(key.Text).Append(": ");
                    Show(value, text);
                }

                text.Append('}');
                break;
        }
    }
}
