using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Engine.Explain;

namespace Cairn.Cli.Terminal;

/// <summary>The differences of two actions as a person reads them.</summary>
internal static class ChangesText
{
    private const int ShownPerKindMax = 20;
    private const int ValueCharsMax = 120;
    private const int ShortHashChars = 8;
    private const int KindColumns = 10;
    private const int NameColumnsMax = 48;
    private const int ScriptContextLines = 2;
    private const int ScriptLinesMax = 24;

    /// <summary>One line for each change; long lists of one kind are cut.</summary>
    public static void Append(ByteText text, JobChanges changes, Style style, int indent)
    {
        var all = changes.Changes;
        var names = 0;
        foreach (var (change, _) in all)
        {
            names = Math.Max(names, Math.Min(NameColumnsMax, TextWidth.Of(AnsiText.Clean(change.Name))));
        }

        for (var i = 0; i < all.Length;)
        {
            var end = i;
            while (end < all.Length && all[end].Change.Kind == all[i].Change.Kind)
            {
                end++;
            }

            // One more is not worth a line that says so.
            var shown = end - i > ShownPerKindMax + 1 ? i + ShownPerKindMax : end;
            for (; i < shown; i++)
            {
                AppendOne(text, all[i], style, indent, names);
            }

            if (i < end)
            {
                text.Spaces(indent + KindColumns);
                style.Write(text, Ink.Dim, $"and {end - i}{(changes.IsComplete ? "" : " or")} more: --json shows them").Line();
                i = end;
            }
        }
    }

    /// <summary>What a miss is due to, in a line: <c>`build` made another build/libz.a, +2 more</c>.</summary>
    public static string Cause(JobExplanation explanation)
    {
        var since = explanation.Earlier;
        return explanation.Cause switch
        {
            MissCause.First => "first time",
            MissCause.Failed => $"did not succeed in {since!.Run}",
            MissCause.NotKept => $"the result of {since!.Run} was not kept: {since.Finished.Cache!.NotKept}",
            MissCause.Gone => $"the result of {since!.Run} is gone from the store",
            MissCause.Demoted => $"the result of {since!.Run} was demoted: a replay on {explanation.Demotion!.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC was {explanation.Demotion.Verdict}",
            MissCause.Forced => Core.Events.CacheUse.ForceReason,
            MissCause.Forgotten => $"changed since {since!.Run}; what, is no longer known",
            MissCause.Changed => Cause(explanation.Changes.Changes),
            _ => "",
        };
    }

    /// <summary>The first of some changes, and how many more there are. What another step made comes first: there the search goes on.</summary>
    public static string Cause(ImmutableArray<JobChange> changes)
    {
        if (changes.IsEmpty)
        {
            return "";
        }

        var first = changes[0];
        foreach (var change in changes)
        {
            if (change.MadeBy is not null)
            {
                first = change;
                break;
            }
        }

        var what = first switch
        {
            { MadeBy: { } maker, Change: var change } => change.After is null && change.Before is not null ? $"`{maker}` no longer makes {change.Name}" : $"`{maker}` made another {change.Name}",
            { Change: var change } => change.Kind switch
            {
                ActionChangeKind.Input when change.Input?.Kind is TreeChangeKind.Added => $"{change.Name} is new",
                ActionChangeKind.Input when change.Input?.Kind is TreeChangeKind.Removed => $"{change.Name} is gone",
                ActionChangeKind.Script => string.Create(CultureInfo.InvariantCulture, $"script changed at line {change.Line}"),
                ActionChangeKind.Argument => "arguments changed",
                ActionChangeKind.Output or ActionChangeKind.OutputOrder => "declared outputs changed",
                ActionChangeKind.WorkingDirectory => "folder changed",
                ActionChangeKind.Variable => $"variable {change.Name} changed",
                _ => $"{change.Name} changed",
            },
        };
        return changes.Length == 1 ? what : string.Create(CultureInfo.InvariantCulture, $"{what}, +{changes.Length - 1} more");
    }

    /// <summary>The kind of a change in a word, the same in text and JSON.</summary>
    public static string Kind(ActionChangeKind kind) => kind switch
    {
        ActionChangeKind.Input => "file",
        ActionChangeKind.Argument => "argument",
        ActionChangeKind.Script => "script",
        ActionChangeKind.Variable => "variable",
        ActionChangeKind.Property => "platform",
        ActionChangeKind.Output or ActionChangeKind.OutputOrder => "outputs",
        ActionChangeKind.WorkingDirectory => "folder",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>What it was: of a file <c>HASH/SIZE</c>, with <c> executable</c>, of a link <c>link to TARGET</c>; null where it was not there.</summary>
    public static string? Before(ActionChange change) => change.Input is { } input ? Leaf(input.Before) : change.Before;

    /// <summary>What it is now.</summary>
    public static string? After(ActionChange change) => change.Input is { } input ? Leaf(input.After) : change.After;

    private static string? Leaf(TreeLeaf? leaf) => leaf switch
    {
        null => null,
        { Target: { } target } => $"link to {target}",
        { Executable: true } file => $"{file.Digest} executable",
        { } file => file.Digest.ToString(),
    };

    private static void AppendOne(ByteText text, JobChange one, Style style, int indent, int names)
    {
        var change = one.Change;
        text.Spaces(indent);
        var kind = Kind(change.Kind);
        style.Write(text, Ink.Dim, kind).Spaces(KindColumns - kind.Length);
        if (change.Script is { } script)
        {
            AppendScript(text, script, style, indent + KindColumns);
            return;
        }

        var name = AnsiText.Clean(change.Name);
        text.Append(name).Spaces(names - TextWidth.Of(name)).Append(names > 0 ? "  " : "");
        switch (Before(change), After(change))
        {
            case (null, null):
                var word = change.Input?.Kind switch
                {
                    TreeChangeKind.Added => "new, empty",
                    TreeChangeKind.Removed => "gone, was empty",
                    _ => "something in it changed",
                };
                text.Append(word);
                break;
            case (null, { } after):
                style.Write(text, Ink.Good, "new ").Append(Value(change, after, style));
                break;
            case ({ } before, null):
                style.Write(text, Ink.Bad, "gone").Append(" (").Append(Value(change, before, style)).Append(")");
                break;
            case ({ } before, { } after):
                text.Append(Value(change, before, style));
                style.Write(text, Ink.Dim, style.Arrow).Append(Value(change, after, style));
                break;
        }

        if (one.MadeBy is { } maker)
        {
            style.Write(text, Ink.Accent, $"  made by {maker}");
        }

        text.Line();
    }

    /// <summary>Each hunk under the number of its first line that differs; the first of them goes on the line of the kind.</summary>
    private static void AppendScript(ByteText text, ScriptChange script, Style style, int indent)
    {
        var (shown, all) = (0, 0);
        foreach (var hunk in LineDifference.Between(script.Before, script.After, ScriptContextLines))
        {
            all += hunk.Lines.Length;
            if (shown >= ScriptLinesMax)
            {
                continue;
            }

            text.Spaces(shown > 0 ? indent : 0).Append("line ").Append(hunk.After + UnchangedAtStart(hunk)).Line();
            foreach (var line in hunk.Lines)
            {
                if (shown++ >= ScriptLinesMax)
                {
                    break;
                }

                AppendLine(text, line, style, indent);
            }
        }

        if (all > ScriptLinesMax)
        {
            text.Spaces(indent);
            style.Write(text, Ink.Dim, string.Create(CultureInfo.InvariantCulture, $"and {all - ScriptLinesMax} more lines: --json shows them")).Line();
        }
    }

    private static void AppendLine(ByteText text, LineChange line, Style style, int indent)
    {
        var content = Crop(AnsiText.Clean(line.Text), style);
        switch (line.Kind)
        {
            case LineChangeKind.Removed:
                style.Write(text.Spaces(indent), Ink.Bad, $"- {content}");
                break;
            case LineChangeKind.Added:
                style.Write(text.Spaces(indent), Ink.Good, $"+ {content}");
                break;
            case LineChangeKind.Same when content.Length > 0:
                style.Write(text.Spaces(indent + 2), Ink.Dim, content);
                break;
            default:
                break;
        }

        text.Line();
    }

    private static int UnchangedAtStart(LineHunk hunk)
    {
        var count = 0;
        while (hunk.Lines[count].Kind == LineChangeKind.Same)
        {
            count++;
        }

        return count;
    }

    private static string Value(ActionChange change, string value, Style style)
    {
        if (change.Input is null)
        {
            return value.Length == 0 ? "\"\"" : Crop(AnsiText.Clean(value.ReplaceLineEndings(" ")), style);
        }

        // A digest and what else there is to say of the file.
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        return Digest.TryParse(space < 0 ? value : value.AsSpan(0, space), null, out _)
            ? string.Concat(value.AsSpan(0, ShortHashChars), space < 0 ? "" : value.AsSpan(space))
            : AnsiText.Clean(value);
    }

    private static string Crop(string value, Style style) => value.Length <= ValueCharsMax ? value : value[..ValueCharsMax] + style.Ellipsis;
}
