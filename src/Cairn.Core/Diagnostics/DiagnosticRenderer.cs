using System.Text;

using Cairn.Core.Syntax;

namespace Cairn.Core.Diagnostics;

/// <summary>How diagnostics are shown.</summary>
public sealed record RenderOptions
{
    /// <summary>Whether ANSI colours are used.</summary>
    public bool Color { get; init; }

    /// <summary>Whether lines are drawn with box characters, or with ASCII only.</summary>
    public bool Unicode { get; init; }

    /// <summary>Columns of the terminal; longer source lines are cropped around the mistake.</summary>
    public int Width { get; init; } = 100;
}

/// <summary>Shows diagnostics to a person: what, where, the line with the place underlined, and a way out.</summary>
public static class DiagnosticRenderer
{
    /// <summary>Renders one diagnostic; the text ends in a line break.</summary>
    /// <param name="diagnostic">What to show.</param>
    /// <param name="sources">The files by name; without its file, only the place is shown.</param>
    /// <param name="options">How to show it.</param>
    public static string Render(Diagnostic diagnostic, IReadOnlyDictionary<string, SourceText> sources, RenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(diagnostic);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(options);
        var gutter = Digits(diagnostic.Span.Line);
        foreach (var note in diagnostic.Notes)
        {
            gutter = Math.Max(gutter, Digits(note.Span.Line));
        }

        var writer = new Writer(sources, options, gutter);
        writer.Title(diagnostic);
        writer.Place(diagnostic.Span, diagnostic.Severity == DiagnosticSeverity.Error ? Style.Error : Style.Warning, '^');
        foreach (var note in diagnostic.Notes)
        {
            writer.Label("note", Style.Note, note.Message);
            writer.Place(note.Span, Style.Note, '-');
        }

        if (diagnostic.Suggestion is { Length: > 0 } help)
        {
            writer.Label("help", Style.Help, help);
        }

        return writer.ToString();
    }

    /// <summary>Renders diagnostics by place, an empty line between them, and at the end how many there are.</summary>
    public static string RenderAll(IEnumerable<Diagnostic> diagnostics, IReadOnlyDictionary<string, SourceText> sources, RenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        ArgumentNullException.ThrowIfNull(options);
        var bag = new DiagnosticBag();
        var warnings = 0;
        foreach (var diagnostic in diagnostics)
        {
            bag.Add(diagnostic);
            warnings += diagnostic.Severity == DiagnosticSeverity.Warning ? 1 : 0;
        }

        var text = new StringBuilder();
        foreach (var diagnostic in bag.ToSorted())
        {
            text.Append(Render(diagnostic, sources, options)).Append('\n');
        }

        if (bag.ErrorCount + warnings > 0)
        {
            text.Append(Tally(bag.ErrorCount, warnings)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary><c>2 errors, 1 warning</c>.</summary>
    public static string Tally(int errors, int warnings)
    {
        var parts = new List<string>(2);
        if (errors > 0)
        {
            parts.Add(errors == 1 ? "1 error" : $"{errors} errors");
        }

        if (warnings > 0)
        {
            parts.Add(warnings == 1 ? "1 warning" : $"{warnings} warnings");
        }

        return string.Join(", ", parts);
    }

    private static int Digits(int line) => line.ToString(System.Globalization.CultureInfo.InvariantCulture).Length;

    private enum Style
    {
        Error,
        Warning,
        Note,
        Help,
        Frame,
        Bold,
    }

    private sealed class Writer(IReadOnlyDictionary<string, SourceText> sources, RenderOptions options, int gutter)
    {
        private readonly StringBuilder _text = new();

        public override string ToString() => _text.ToString();

        public void Title(Diagnostic diagnostic)
        {
            var (word, style) = diagnostic.Severity == DiagnosticSeverity.Error ? ("error", Style.Error) : ("warning", Style.Warning);
            Write($"{word}[{diagnostic.Code}]", style);
            Write($": {DisplayText.Escape(diagnostic.Message)}\n", Style.Bold);
        }

        public void Label(string word, Style style, string message)
        {
            Write(word, style);
            _text.Append(": ");
            var indent = new string(' ', word.Length + 2);
            var lines = message.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                _text.Append(i == 0 ? "" : indent).Append(DisplayText.Escape(lines[i])).Append('\n');
            }
        }

        public void Place(SourceSpan span, Style style, char underline)
        {
            if (!span.HasPlace)
            {
                if (!string.IsNullOrEmpty(span.File))
                {
                    Arrow(span.File);
                }

                return;
            }

            Arrow(span.ToString());
            if (!sources.TryGetValue(span.File, out var source) || span.Line > source.LineCount)
            {
                return;
            }

            Bar("");
            _text.Append('\n');
            var end = span.EndLine > span.Line ? int.MaxValue : span.EndColumn;
            var (shown, from, columns) = Excerpt.Of(source.LineSpan(span.Line), span.Column - 1, end - 1, options.Width - gutter - 3, options.Unicode);
            Bar(span.Line.ToString(System.Globalization.CultureInfo.InvariantCulture));
            _text.Append(shown.Length == 0 ? "" : " ").Append(shown).Append('\n');
            Bar("");
            _text.Append(' ', from + 1);
            Write(new string(underline, columns), style);
            _text.Append('\n');
        }

        private void Arrow(string place)
        {
            _text.Append(' ', gutter);
            Write(options.Unicode ? " ╭─▸ " : "--> ", Style.Frame);
            _text.Append(DisplayText.Escape(place)).Append('\n');
        }

        private void Bar(string number) => Write($"{number.PadLeft(gutter)} {(options.Unicode ? '│' : '|')}", Style.Frame);

        private void Write(string text, Style style)
        {
            if (!options.Color)
            {
                _text.Append(text);
                return;
            }

            var newline = text.EndsWith('\n');
            _text.Append(style switch
            {
                Style.Error => "\e[1;31m",
                Style.Warning => "\e[1;33m",
                Style.Note => "\e[1;36m",
                Style.Help => "\e[1;32m",
                Style.Frame => "\e[34m",
                _ => "\e[1m",
            }).Append(newline ? text[..^1] : text).Append("\e[0m").Append(newline ? "\n" : "");
        }
    }
}
