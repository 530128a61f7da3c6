using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Engine.Projects.Templates;

/// <summary>
/// The text of a template's file, or its path. <c>@@name@@</c> stands for a value and <c>@@name:pascal@@</c> for one in another form; a line
/// <c>@@if name@@</c>, <c>@@if kind=app@@</c> or <c>@@if kind!=app@@</c> begins lines that are left out where it does not hold, up to <c>@@else@@</c> or <c>@@end@@</c>.
/// </summary>
internal sealed class TemplateText(ImmutableSortedDictionary<string, string> values, DiagnosticBag diagnostics)
{
    private const string Mark = "@@";
    private const int NestedMax = 16;

    private static readonly string[] Forms = ["snake", "pascal", "upper", "lower", "path", "quoted"];

    /// <summary>A file's text with its values.</summary>
    public string Expand(SourceText source)
    {
        var text = new StringBuilder(source.Text.Length);
        Span<bool> shown = stackalloc bool[NestedMax + 1];
        Span<bool> elsed = stackalloc bool[NestedMax + 1];
        shown[0] = true;
        var depth = 0;
        var content = source.Text;
        for (int start = 0, line = 1; start < content.Length; line++)
        {
            var end = content.IndexOf('\n', start);
            var next = end < 0 ? content.Length : end + 1;
            var whole = content.AsSpan(start, next - start);
            var word = whole.Trim();
            if (word.StartsWith("@@if ", StringComparison.Ordinal) && word.EndsWith(Mark, StringComparison.Ordinal) && word.Length > 7)
            {
                if (depth == NestedMax)
                {
                    Wrong(source, line, 1, $"Conditions are nested more than {NestedMax} deep", suggestion: null);
                    return "";
                }

                depth++;
                shown[depth] = shown[depth - 1] & Holds(word[5..^2].Trim().ToString(), source, line);
                elsed[depth] = false;
            }
            else if (word is "@@else@@" && depth > 0 && !elsed[depth])
            {
                elsed[depth] = true;
                shown[depth] = shown[depth - 1] && !shown[depth];
            }
            else if (word is "@@end@@" && depth > 0)
            {
                depth--;
            }
            else if (word is "@@else@@" or "@@end@@")
            {
                Wrong(source, line, 1, $"There is no condition that `{word}` belongs to", "begin one with `@@if NAME@@`");
            }
            else if (shown[depth])
            {
                AppendLine(text, whole, source, line);
            }

            start = next;
        }

        if (depth > 0)
        {
            Wrong(source, Math.Max(1, source.LineCount - 1), 1, "A condition does not end", "add a line `@@end@@`");
        }

        return text.ToString();
    }

    /// <summary>A path, or another single line, with its values.</summary>
    public string ExpandLine(string name, string line)
    {
        var text = new StringBuilder(line.Length);
        AppendLine(text, line, new SourceText(name, line), 1);
        return text.ToString();
    }

    private void AppendLine(StringBuilder text, ReadOnlySpan<char> line, SourceText source, int number)
    {
        var at = 0;
        while (true)
        {
            var from = line[at..].IndexOf(Mark, StringComparison.Ordinal);
            var length = from < 0 ? -1 : line[(at + from + 2)..].IndexOf(Mark, StringComparison.Ordinal);
            if (length < 0)
            {
                text.Append(line[at..]);
                return;
            }

            from += at;
            text.Append(line[at..from]);
            var inner = line.Slice(from + 2, length);
            if (!IsPlaceholder(inner))
            {
                // Two signs that happen to stand there, as in the header of a diff.
                text.Append(Mark);
                at = from + 2;
                continue;
            }

            text.Append(Value(inner.ToString(), source, number, from + 1));
            at = from + 2 + length + 2;
        }
    }

    private static bool IsPlaceholder(ReadOnlySpan<char> inner)
    {
        foreach (var c in inner)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not (':' or '_' or '-'))
            {
                return false;
            }
        }

        return inner.Length > 0;
    }

    private string Value(string placeholder, SourceText source, int line, int column)
    {
        var colon = placeholder.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? placeholder : placeholder[..colon];
        if (!values.TryGetValue(name, out var value))
        {
            Wrong(source, line, column, $"`@@{placeholder}@@` stands for nothing", Nearest(name));
            return "";
        }

        if (colon < 0)
        {
            return value;
        }

        var form = placeholder[(colon + 1)..];
        if (InForm(value, form) is { } formed)
        {
            return formed;
        }

        Wrong(source, line, column, $"`{form}` is not a form of a value", Suggestions.Nearest(form, Forms) is { } near ? $"did you mean `{near}`?" : $"there are {string.Join(", ", Forms)}");
        return "";
    }

    /// <summary>A value in another form, or null where there is no such form.</summary>
    internal static string? InForm(string value, string form)
    {
        switch (form)
        {
            case "snake":
                return value.Replace('-', '_').Replace('.', '_').ToLowerInvariant();
            case "upper":
                return value.Replace('-', '_').Replace('.', '_').ToUpperInvariant();
            case "path":
                return value.Replace('.', '/');
            case "quoted":
                // Between single quotes, as Perl, PHP and Ruby have them.
                return value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
            case "lower":
            case "pascal":
                var text = new StringBuilder(value.Length);
                var begins = true;
                foreach (var c in value)
                {
                    if (c is '-' or '_' or '.')
                    {
                        begins = true;
                        continue;
                    }

                    text.Append(form == "lower" ? char.ToLowerInvariant(c) : begins ? char.ToUpperInvariant(c) : c);
                    begins = false;
                }

                return text.ToString();
            default:
                return null;
        }
    }

    private bool Holds(string condition, SourceText source, int line)
    {
        var equals = condition.IndexOf('=', StringComparison.Ordinal);
        var negated = equals > 0 && condition[equals - 1] == '!';
        var name = (equals < 0 ? condition : condition[..(negated ? equals - 1 : equals)]).Trim();
        if (!values.TryGetValue(name, out var value))
        {
            Wrong(source, line, 1, $"The condition asks for `{name}`, which stands for nothing", Nearest(name));
            return false;
        }

        return equals < 0 ? value.Length > 0 : string.Equals(value, condition[(equals + 1)..].Trim(), StringComparison.Ordinal) != negated;
    }

    private string Nearest(string name) => Suggestions.Nearest(name, values.Keys) is { } near ? $"did you mean `{near}`?" : $"there are {string.Join(", ", values.Keys)}";

    private void Wrong(SourceText source, int line, int column, string message, string? suggestion) =>
        diagnostics.Error(DiagnosticCodes.TemplatePlaceholder, message, new SourceSpan(source.Name, line, column, line, Math.Max(column + 1, source.Line(line).Length + 1)), suggestion);
}
