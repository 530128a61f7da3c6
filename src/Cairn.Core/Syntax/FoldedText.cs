using System.Collections.Immutable;

namespace Cairn.Core.Syntax;

/// <summary>
/// Finds where the characters of a multi-line plain scalar or a block scalar stand, given the text that the scanner made of it: its
/// lines occur in the text one after the other, with only line breaks and single spaces between them.
/// </summary>
/// <param name="source">The file.</param>
/// <param name="scanned">What the scanner saw: the file's text, index by index, with some characters masked.</param>
internal readonly ref struct FoldedText(SourceText source, string scanned)
{
    private readonly ReadOnlySpan<char> _scanned = scanned;

    /// <summary>Maps a plain scalar that runs over several lines.</summary>
    public (string Text, ImmutableArray<TextOrigin> Origins) Plain(string value, int start, int end)
    {
        var map = new TextMap(source);
        var text = new UnmaskedText(source, value);
        var (line, _) = source.PositionAt(start);
        for (var offset = 0; offset < value.Length && line <= source.LineCount; line++)
        {
            var from = Math.Max(start, source.LineStart(line));
            var to = Math.Min(end, source.LineEnd(line));
            if (from > end)
            {
                break;
            }

            var trimmed = _scanned[from..Math.Max(from, to)].TrimStart(" \t");
            from = Math.Max(from, to) - trimmed.Length;
            Place(trimmed.TrimEnd(" \t"), from, value, ref offset, map, text);
        }

        return (text.ToString(), map.ToRuns());
    }

    /// <summary>Maps a block scalar whose indicator stands at <paramref name="start"/>.</summary>
    /// <returns>The text, its origins and the index after its last line.</returns>
    public (string Text, ImmutableArray<TextOrigin> Origins, int End) Block(string value, int start)
    {
        var (header, _) = source.PositionAt(start);
        var end = start + _scanned[start..source.LineEnd(header)].TrimEnd(" \t").Length;
        var map = new TextMap(source);
        var text = new UnmaskedText(source, value);
        var line = header + 1;
        if (line > source.LineCount)
        {
            return (value, [new TextOrigin(0, header, end - source.LineStart(header) + 1)], end);
        }

        // Blank lines at the top are line breaks of the text, one for one; the first other line tells how deep the block stands.
        var blank = value.AsSpan().IndexOfAnyExcept('\n');
        var depth = blank < 0 ? int.MaxValue : Spaces(Content(line + blank, 0)) - Spaces(value.AsSpan(blank));
        for (var offset = 0; offset < value.Length && line <= source.LineCount; line++)
        {
            var content = Content(line, depth);
            if (content.IsEmpty)
            {
                if (value[offset] == '\n' && (offset == 0 || value[offset - 1] == '\n'))
                {
                    map.Add(offset++, source.LineStart(line));
                }

                continue;
            }

            // At the top level the scanner takes lines that are not indented, and then lets the depth grow.
            var index = source.LineEnd(line) - content.Length;
            var less = content.TrimStart(' ');
            if (!Place(content, index, value, ref offset, map, text)
                && !Place(less, index + content.Length - less.Length, value, ref offset, map, text))
            {
                break;
            }

            end = source.LineEnd(line);
            if (offset < value.Length && value[offset] == '\n')
            {
                offset++;
            }
        }

        return (text.ToString(), map.ToRuns() is { IsEmpty: false } runs ? runs : [new TextOrigin(0, header + 1, 1)], end);
    }

    private ReadOnlySpan<char> Content(int line, int depth)
    {
        if (line > source.LineCount)
        {
            return [];
        }

        var all = _scanned[source.LineStart(line)..source.LineEnd(line)];
        return all.Length <= depth ? [] : all[Math.Max(0, depth)..];
    }

    private static int Spaces(ReadOnlySpan<char> text)
    {
        var count = text.IndexOfAnyExcept(' ');
        return count < 0 ? text.Length : count;
    }

    private static bool Place(ReadOnlySpan<char> content, int index, string value, ref int offset, TextMap map, UnmaskedText text)
    {
        if (content.IsEmpty)
        {
            return true;
        }

        var at = offset;
        while (!value.AsSpan(at).StartsWith(content))
        {
            if (at >= value.Length || value[at] is not (' ' or '\n'))
            {
                return false;
            }

            at++;
        }

        map.Add(at, index);
        text.Restore(at, index, content.Length);
        offset = at + content.Length;
        return true;
    }

    /// <summary>The value with the masked characters as the file has them.</summary>
    private sealed class UnmaskedText(SourceText source, string value)
    {
        private char[]? _chars;

        public void Restore(int offset, int index, int length)
        {
            var original = source.Text.AsSpan(index, length);
            if (original.SequenceEqual(value.AsSpan(offset, length)))
            {
                return;
            }

            _chars ??= value.ToCharArray();
            original.CopyTo(_chars.AsSpan(offset));
        }

        public override string ToString() => _chars is null ? value : new string(_chars);
    }
}
