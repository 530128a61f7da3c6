using System.Globalization;

namespace Cairn.Core.Tracing;

/// <summary>Reads what <c>strace -f -y -o FILE</c> writes, line by line. Calls that others interrupted are put together again.</summary>
public sealed class StraceReader
{
    private const string Unfinished = "<unfinished ...>";
    private const string ChangedTo = "<pid changed to ";
    private const string Resumed = " resumed>";
    private readonly Dictionary<int, (string Text, int Line)> _pending = [];
    private readonly List<int> _commas = [];

    /// <summary>The number of the last line.</summary>
    public int Line { get; private set; }

    /// <summary>Takes a line; the call that returned with it, or null. Throws <see cref="TraceFormatException"/>.</summary>
    public SystemCall? Read(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        Line++;
        var digits = 0;
        while (digits < line.Length && char.IsAsciiDigit(line[digits]))
        {
            digits++;
        }

        if (digits is 0 or > 9 || digits == line.Length || line[digits] != ' ')
        {
            throw new TraceFormatException(Line, line);
        }

        var process = int.Parse(line.AsSpan(0, digits), CultureInfo.InvariantCulture);
        var text = line[digits..].TrimStart(' ');
        if (text.StartsWith("+++", StringComparison.Ordinal) || text.StartsWith("---", StringComparison.Ordinal))
        {
            // An end or a signal.
            return null;
        }

        var begun = Line;
        if (text.StartsWith("<... ", StringComparison.Ordinal))
        {
            var end = text.IndexOf(Resumed, StringComparison.Ordinal);
            if (end < 0 || !_pending.Remove(process, out var first) || !first.Text.StartsWith(string.Concat(text.AsSpan(5, end - 5), "("), StringComparison.Ordinal))
            {
                throw new TraceFormatException(Line, line);
            }

            (text, begun) = (first.Text + text[(end + Resumed.Length)..], first.Line);
        }
        else
        {
            _pending.Remove(process);
        }

        if (text.EndsWith(Unfinished, StringComparison.Ordinal))
        {
            _pending[process] = (text[..^Unfinished.Length], begun);
            return null;
        }

        if (text.LastIndexOf(ChangedTo, StringComparison.Ordinal) is var changed and > 0 && text.EndsWith(" ...>", StringComparison.Ordinal))
        {
            // A thread executes a program: it takes the number of the process.
            if (!int.TryParse(text.AsSpan(changed + ChangedTo.Length, text.Length - changed - ChangedTo.Length - 5), NumberStyles.None, CultureInfo.InvariantCulture, out var other))
            {
                throw new TraceFormatException(Line, line);
            }

            _pending[other] = (text[..changed], begun);
            return null;
        }

        return Parse(process, text, begun) ?? throw new TraceFormatException(Line, line);
    }

    private SystemCall? Parse(int process, string text, int begun)
    {
        var open = 0;
        while (open < text.Length && (char.IsAsciiLetterOrDigit(text[open]) || text[open] is '_' or '?'))
        {
            open++;
        }

        if (open == 0 || open == text.Length || text[open] != '(')
        {
            return null;
        }

        _commas.Clear();
        var end = StraceText.EndOfList(text, open + 1, _commas);
        if (end < 0)
        {
            return null;
        }

        var rest = text.AsSpan(end).TrimStart(' ');
        if (!rest.StartsWith("= ") && !rest.SequenceEqual("="))
        {
            return null;
        }

        var arguments = new List<string>(_commas.Count + 1);
        var from = open + 1;
        foreach (var comma in _commas)
        {
            arguments.Add(text[from..comma].Trim(' '));
            from = comma + 1;
        }

        if (text[from..(end - 1)].Trim(' ') is { Length: > 0 } last)
        {
            arguments.Add(last);
        }

        return new SystemCall(process, text[..open], arguments, rest.Length > 2 ? rest[2..].ToString() : "", begun);
    }
}
