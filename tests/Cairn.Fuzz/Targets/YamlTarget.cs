using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Fuzz.Targets;

/// <summary>Bytes to nodes: every place lies in the file, a document without a node has an error, and all diagnostics can be shown.</summary>
internal sealed class YamlTarget : IFuzzTarget
{
    private static readonly RenderOptions Options = new() { Color = true, Unicode = true, Width = 60 };

    public string Name => "yaml";

    public IReadOnlyList<string> Words { get; } =
    [
        "\n", "\n  ", "\n    ", "\n\t", "\r\n", "\r", ": ", ":", "- ", "? ", "[", "]", "{", "}", ", ", "\"", "'", "|\n  ", ">\n  ", "|2-\n", ">+1\n", "#", " # c\n",
        "&a ", "*a", "*a ", "<<: ", "<<: *a\n", "<<: [*a, *b]", "!!str ", "!!int ", "!!map ", "! ", "!x ", "!<tag:yaml.org,2002:str> ", "%YAML 1.2\n", "%TAG ! x\n", "---\n", "...\n",
        "\\", "\\n", "\\\n", "\\x41", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\U0001F600", "\\UFFFFFFFF", "\u0085", "\u2028", "\u2029", "\uFEFF", "😀", "表", "\t", "\0", "''",
        "null", "~", "true", "yes", "0x1F", "0o7", "1e5", ".inf", "-.inf", ".nan", "a: b", "key: value\n", "- item\n", "[[[[[[[[", "{a: {a: {a: ", "- - - - ", "@", "`", "*.h", "!build/**",
    ];

    public void Run(byte[] input)
    {
        var diagnostics = new DiagnosticBag();
        var source = YamlReader.Decode("fuzz.yaml", input, diagnostics);
        var node = source is null ? null : YamlReader.Read(source, diagnostics);
        InvariantException.Require(node is not null || diagnostics.HasErrors, $"There is neither a node nor an error");
        var sources = new Dictionary<string, SourceText>(StringComparer.Ordinal);
        if (source is not null)
        {
            sources[source.Name] = source;
        }

        foreach (var diagnostic in diagnostics.ToSorted())
        {
            CheckSpan(diagnostic.Span, source);
            foreach (var note in diagnostic.Notes)
            {
                CheckSpan(note.Span, source);
            }
        }

        DiagnosticRenderer.RenderAll(diagnostics.ToSorted(), sources, Options);
        if (node is not null && source is not null)
        {
            CheckNode(node, source, 0, new HashSet<Node>(ReferenceEqualityComparer.Instance));
        }
    }

    private static void CheckNode(Node node, SourceText source, int depth, HashSet<Node> seen)
    {
        if (!seen.Add(node))
        {
            return;
        }

        InvariantException.Require(depth <= Limits.NodeDepthMax, $"The tree is deeper than its limit");
        CheckSpan(node.Span, source);
        switch (node)
        {
            case ScalarNode scalar:
                CheckScalar(scalar, source);
                break;
            case SequenceNode sequence:
                foreach (var item in sequence.Items)
                {
                    CheckNode(item, source, depth + 1, seen);
                }

                break;
            case MappingNode mapping:
                var keys = new HashSet<string>(StringComparer.Ordinal);
                foreach (var (key, value) in mapping.Entries)
                {
                    InvariantException.Require(keys.Add(key.Text), $"The key `{key.Text}` is there twice");
                    CheckNode(key, source, depth + 1, seen);
                    CheckNode(value, source, depth + 1, seen);
                }

                break;
        }
    }

    /// <summary>Letters and digits are never changed by folding or escaping, so they stand where the scalar says, unless an escape made them.</summary>
    private static void CheckScalar(ScalarNode scalar, SourceText source)
    {
        for (var i = 0; i < Math.Min(scalar.Text.Length, 2_000); i++)
        {
            var span = scalar.SpanOf(i, 1);
            InvariantException.Require(span.Line >= scalar.Span.Line && span.Line <= source.LineCount, $"The character {i} of a scalar is placed outside of the file");
            var line = source.LineSpan(span.Line);
            if (char.IsLetterOrDigit(scalar.Text[i]))
            {
                InvariantException.Require(span.Column <= line.Length, $"The character {i} of a scalar is placed after its line");
                var there = line[span.Column - 1];
                InvariantException.Require(there == scalar.Text[i] || there == '\\', $"The character {i} of a scalar, `{scalar.Text[i]}`, is placed at `{there}`");
            }
        }
    }

    private static void CheckSpan(SourceSpan span, SourceText? source)
    {
        InvariantException.Require(span.Line >= 1 && span.Column >= 1, $"The place {span} does not exist");
        InvariantException.Require(span.EndLine > span.Line || (span.EndLine == span.Line && span.EndColumn >= span.Column), $"The place {span} ends before it begins");
        if (source is not null)
        {
            InvariantException.Require(span.EndLine <= source.LineCount, $"The place {span} ends after the file");
            InvariantException.Require(span.Column <= source.LineSpan(span.Line).Length + 2, $"The place {span} is outside its line");
        }
    }
}
