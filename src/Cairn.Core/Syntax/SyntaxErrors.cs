using Cairn.Core.Diagnostics;

using YamlDotNet.Core;

namespace Cairn.Core.Syntax;

/// <summary>Turns what the scanner and the parser say about bad YAML into what a person did, where, and what to write instead.</summary>
/// <param name="source">The file.</param>
/// <param name="openBrackets">The indices of brackets that were open when reading stopped, the innermost last.</param>
internal sealed class SyntaxErrors(SourceText source, List<int> openBrackets)
{
    private const int LinesAboveMax = 1_000;
    private const int ShownCharsMax = 60;

    private readonly string _text = source.Text;

    /// <summary>Explains an exception.</summary>
    /// <param name="error">What the library said.</param>
    /// <param name="reached">The index that the scanner had reached.</param>
    public Diagnostic Explain(YamlException error, int reached)
    {
        var hasPlace = error.Message.Length > 0 && !Says(error.Message, "invalid tab as indentation");
        var start = Clamp(hasPlace ? error.Start.Index : reached);
        var end = Clamp(hasPlace ? Math.Max(error.End.Index, error.Start.Index) : reached);
        var said = error.Message;
        return Tab(start, end)
            ?? Quoted(said, start, end)
            ?? Indicator(start)
            ?? Colon(said, start)
            ?? Bracket(said, start, end)
            ?? Structure(said, start)
            ?? Error(Plain(said), start, start + 1, null);
    }

    private int Clamp(long index) => (int)Math.Clamp(index, 0, _text.Length);

    private char At(int index) => index < _text.Length ? _text[index] : '\0';

    private static bool Says(string said, string part) => said.Contains(part, StringComparison.Ordinal);

    private Diagnostic Error(string message, int start, int end, string? help, DiagnosticNote? note = null) =>
        new(DiagnosticCodes.YamlSyntax, DiagnosticSeverity.Error, message, source.SpanAt(start, Math.Clamp(end, start, _text.Length)), help)
        {
            Notes = note is null ? [] : [note],
        };

    /// <summary>A tab in the indentation of the line where reading stopped, outside brackets.</summary>
    private Diagnostic? Tab(int start, int end)
    {
        foreach (var index in new[] { start, end })
        {
            var (line, _) = source.PositionAt(index);
            var at = source.LineStart(line);
            while (At(at) == ' ')
            {
                at++;
            }

            if (At(at) == '\t' && openBrackets.Count == 0)
            {
                var tabs = at;
                while (At(tabs) == '\t')
                {
                    tabs++;
                }

                return Error("A tab cannot indent a line", at, tabs, "Indent with spaces");
            }
        }

        return null;
    }

    private Diagnostic? Quoted(string said, int start, int end)
    {
        if (Says(said, "unknown escape"))
        {
            return Error($"`\\{At(end + 1)}` is no escape", end, end + 2, @"Write `\\` for a backslash, or use single quotes, which escape nothing");
        }

        if (Says(said, "hexadecimal") || Says(said, "Unicode character escape"))
        {
            var escape = _text.AsSpan(0, Math.Min(end + 1, _text.Length)).LastIndexOf('\\');
            return Error("This escape is incomplete", escape, end, @"Write `\x` and two, `\u` and four, or `\U` and eight hex digits; or use single quotes, which escape nothing");
        }

        var unclosed = Says(said, "quoted scalar") && (Says(said, "end of stream") || Says(said, "document indicator") || Says(said, "wrong indentation"));
        if (unclosed && At(start) is '"' or '\'')
        {
            return Error($"The quote `{At(start)}` is not closed", start, start + 1, $"Add a `{At(start)}` where the text ends");
        }

        var before = start;
        while (before > 0 && _text[before - 1] is ' ' or '\t')
        {
            before--;
        }

        if (before > 0 && _text[before - 1] is '"' or '\'' && At(start) is not (',' or ']' or '}' or '\r' or '\n' or '\0') && openBrackets.Count == 0)
        {
            var quote = _text[before - 1];
            if (OpenedAbove(quote, before) is { } open and >= 0)
            {
                return Error($"The quote `{quote}` is not closed on its line", open, open + 1, $"Add a `{quote}` where the text ends");
            }

            var twice = quote == '\'' ? "`''`" : "`\\\"`";
            return Error("Text goes on after the closing quote", start, EndOfLine(start), $"Put all of it into the quotes; a quote inside is written {twice}");
        }

        return null;
    }

    /// <summary>The quote that the last one before an index closes, if that stands on a line above; else -1.</summary>
    private int OpenedAbove(char quote, int before)
    {
        var (line, _) = source.PositionAt(before);
        if (_text.AsSpan(source.LineStart(line), before - source.LineStart(line)).Count(quote) % 2 == 0)
        {
            return -1;
        }

        while (--line >= 1)
        {
            var start = source.LineStart(line);
            var text = _text.AsSpan(start, source.LineEnd(line) - start);
            if (text.Count(quote) % 2 == 1)
            {
                return start + text.LastIndexOf(quote);
            }
        }

        return -1;
    }

    /// <summary>A value that begins with a character that means something else.</summary>
    private Diagnostic? Indicator(int start)
    {
        var c = At(start);
        if (c is not ('@' or '`' or '%' or '*' or '&' or '!') || (c == '%' && source.PositionAt(start).Column == 1 && At(start + 1) is 'Y' or 'T'))
        {
            return null;
        }

        var end = start;
        while (end < _text.Length && _text[end] is not (' ' or '\t' or '\r' or '\n'))
        {
            end++;
        }

        var word = Clip(_text.AsSpan(start, end - start));
        return c switch
        {
            '*' => Error("A value that begins with `*` is an alias of an anchor", start, end, $"If it is a glob, quote it: `\"{word}\"`"),
            '!' => Error("A value that begins with `!` is a YAML tag", start, end, $"If it is a glob or a text, quote it: `\"{word}\"`"),
            '&' => Error("A value that begins with `&` is a YAML anchor", start, end, $"If it is a text, quote it: `\"{word}\"`"),
            '`' => Error("A value cannot begin with a backtick unless it is quoted", start, end, $"Quote it: \"'{Rest(start)}'\""),
            _ => Error($"A value cannot begin with `{c}` unless it is quoted", start, end, $"Quote it: `'{Rest(start)}'`"),
        };
    }

    /// <summary>A colon too many, too few, or without its space.</summary>
    private Diagnostic? Colon(string said, int start)
    {
        if (Says(said, "could not find expected ':'"))
        {
            return MissingColon(start);
        }

        if (!Says(said, "invalid mapping") && !Says(said, "Mapping values are not allowed"))
        {
            return null;
        }

        var (line, _) = source.PositionAt(start);
        var lineStart = source.LineStart(line);
        var key = _text.AsSpan(lineStart, start - lineStart).IndexOf(": ");
        if (key < 0)
        {
            return Error(
                "A key begins here, but the value above it is not yet over",
                FirstNonBlank(lineStart),
                start + 1,
                "Indent the line as its siblings, or end the line above with `:` if this belongs below it");
        }

        var value = lineStart + key + 2;
        while (At(value) == ' ')
        {
            value++;
        }

        return Error("A value without quotes cannot contain `: `", start, start + 1, $"Quote the value: `'{Rest(value)}'`");
    }

    private Diagnostic MissingColon(int start)
    {
        // The scanner notices at the key or, where it had to look further, on a later line.
        var (line, _) = source.PositionAt(start);
        for (var candidate = line; candidate >= 1 && candidate >= line - 2; candidate--)
        {
            var from = source.LineStart(candidate);
            var text = _text.AsSpan(from, source.LineEnd(candidate) - from);
            var trimmed = text.TrimStart(" -");
            if (trimmed.IsEmpty || trimmed[0] is '#' or '"' or '\'')
            {
                continue;
            }

            var colon = trimmed.IndexOf(':');
            if (colon > 0 && colon + 1 < trimmed.Length && trimmed[colon + 1] is not (' ' or '/' or ':') && !trimmed[..colon].Contains(' '))
            {
                var at = from + text.Length - trimmed.Length + colon;
                return Error("A space is missing after the colon", at, at + 1, $"Write `{Clip(trimmed[..colon])}: {Clip(trimmed[(colon + 1)..])}`");
            }

            if (candidate < line && colon >= 0)
            {
                break;
            }

            if (colon < 0)
            {
                var first = from + text.Length - trimmed.Length;
                return Error("A colon is missing: this line is no `key: value`", first, source.LineEnd(candidate), "Write `key: value`, or begin a list item with `- `");
            }
        }

        return Error("A colon is missing: `key: value` was expected", start, start + 1, "Write `key: value`, or begin a list item with `- `");
    }

    private Diagnostic? Bracket(string said, int start, int end)
    {
        if (openBrackets.Count == 0)
        {
            // The scanner gives up without a word where a line inside brackets is not indented; the parser has not seen the bracket yet.
            var last = said.Length == 0 ? _text.AsSpan(0, start).LastIndexOfAny("[{") : -1;
            if (last >= 0 && !_text.AsSpan(last, start - last).ContainsAny("]}"))
            {
                return Error($"The `{_text[last]}` is not closed", last, last + 1, $"Add a `{(_text[last] == '[' ? ']' : '}')}`, or indent the lines inside it");
            }

            return At(start) is ']' or '}' ? Error($"This `{At(start)}` closes nothing", start, start + 1, "Remove it, or quote the value that it belongs to") : null;
        }

        var open = openBrackets[^1];
        var (opening, closing) = _text[open] == '[' ? ('[', ']') : ('{', '}');
        if (SwallowedTag(start) is { } tag)
        {
            return tag;
        }

        var note = new DiagnosticNote($"The `{opening}` is here", source.SpanAt(open, open + 1));
        if (end >= _text.TrimEnd().Length)
        {
            return Error($"The `{opening}` is not closed", open, open + 1, $"Add a `{closing}`");
        }

        if (At(start) is ']' or '}' && At(start) != closing)
        {
            return Error($"`{At(start)}` does not close `{opening}`", start, start + 1, $"Close it with `{closing}`", note);
        }

        return Error(
            $"Expected `,` or `{closing}` here",
            start,
            start + 1,
            Says(said, "comment") ? "Put a space before the `#`" : $"Separate the values by `,` or close the `{opening}`; quote a value that contains `,`, `[`, `]`, `{{` or `}}`",
            note);
    }

    /// <summary><c>[!a/**, b]</c>: the scanner takes the comma into the tag.</summary>
    private Diagnostic? SwallowedTag(int index)
    {
        var end = _text.AsSpan(0, index).TrimEnd(" \t\r\n").Length;
        var start = end;
        while (start > 0 && _text[start - 1] is not (' ' or '\t' or '\r' or '\n' or '[' or '{'))
        {
            start--;
        }

        if (start >= end || _text[start] != '!')
        {
            return null;
        }

        end -= _text[end - 1] == ',' ? 1 : 0;
        return Error("A value that begins with `!` is a YAML tag", start, end, $"If it is a glob or a text, quote it: `\"{Clip(_text.AsSpan(start, end - start))}\"`");
    }

    private Diagnostic? Structure(string said, int start)
    {
        if (Says(said, "Block sequence entries are not allowed"))
        {
            return Error("A list item cannot begin here", start, start + 1, "Put each `- item` on a line of its own, or write `[item, item]`");
        }

        if (Says(said, "expected '-' indicator"))
        {
            return Error("A `-` is missing: the lines above are a list", start, EndOfLine(start), "Begin the line with `- `, or indent it as the key that it belongs to");
        }

        if (Says(said, "expected <document end>") || Says(said, "after '...'"))
        {
            return Error("Text goes on after the end of the document", start, EndOfLine(start), "Remove it, or make it part of the value above");
        }

        if (Says(said, "expected node content"))
        {
            return Error("A value is missing here", start, start + 1, $"Write one, or quote the value that begins with `{At(start)}`");
        }

        if (Says(said, "incompatible YAML document"))
        {
            return Error("This version of YAML is not known", start, EndOfLine(start), "Remove the `%YAML` line: all files are read as YAML 1.2");
        }

        if (Says(said, "did not find expected key") || Says(said, "expected <document start>"))
        {
            if (At(start) != '-' && HasSibling(start))
            {
                return MissingColon(start);
            }

            return At(start) == '-'
                ? Error("A list item stands among the keys of a mapping", start, start + 1, "Put it below the key that it belongs to")
                : Error("This line fits no level of indentation above it", start, EndOfLine(start), "Indent it exactly as its siblings; a mapping's lines are `key: value`");
        }

        return Says(said, "block scalar")
            ? Error("The text block is not well indented", start, EndOfLine(start), "After `|` or `>` begin a new line, and indent all lines of the text alike; only `+`, `-` and a digit may follow the sign")
            : null;
    }

    /// <summary>Whether a line is no <c>key: value</c> but is indented exactly as one above it, so that it is not the indentation that is wrong.</summary>
    private bool HasSibling(int index)
    {
        var (line, _) = source.PositionAt(index);
        var from = source.LineStart(line);
        var text = _text.AsSpan(from, source.LineEnd(line) - from).TrimEnd();
        if (text.Contains(": ", StringComparison.Ordinal) || text.EndsWith(':'))
        {
            return false;
        }

        var indent = FirstNonBlank(from) - from;
        for (var above = line - 1; above >= Math.Max(1, line - LinesAboveMax); above--)
        {
            var start = source.LineStart(above);
            var first = FirstNonBlank(start);
            if (first < source.LineEnd(above) && At(first) != '#' && first - start <= indent)
            {
                return first - start == indent;
            }
        }

        return false;
    }

    private int FirstNonBlank(int index)
    {
        while (At(index) is ' ' or '-')
        {
            index++;
        }

        return index;
    }

    private int EndOfLine(int index) => Math.Max(index + 1, source.LineEnd(source.PositionAt(index).Line));

    /// <summary>The rest of a line as it would stand in single quotes.</summary>
    private string Rest(int index)
    {
        var rest = _text.AsSpan(index, Math.Max(index, source.LineEnd(source.PositionAt(index).Line)) - index);
        var comment = rest.IndexOf(" #");
        return Clip(rest[..(comment < 0 ? rest.Length : comment)].TrimEnd()).Replace("'", "''", StringComparison.Ordinal);
    }

    private static string Clip(ReadOnlySpan<char> text) => text.Length <= ShownCharsMax ? text.ToString() : $"{text[..ShownCharsMax]}…";

    /// <summary>The library's sentence without its introduction.</summary>
    private static string Plain(string said)
    {
        var cut = said.StartsWith("While ", StringComparison.Ordinal) ? said.IndexOf(", ", StringComparison.Ordinal) : -1;
        var text = (cut < 0 ? said : said[(cut + 2)..]).TrimEnd('.', ' ');
        return text.Length == 0 ? "This is not YAML" : $"This is not YAML: {text}";
    }
}
