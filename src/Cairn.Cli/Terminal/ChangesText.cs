using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Engine.Explain;

namespace Cairn.Cli.Terminal;

/// <summary>The differences of two actions as a person reads them.</summary>
internal static class ChangesText
{
    private const int ShownPerKindMax = 20;
    private const int ScriptLinesMax = 12;
    private const int ValueCharsMax = 120;
    private const int ShortHexChars = 8;
    private const int KindColumns = 9;
    private const int NameColumnsMax = 48;

    /// <summary>One line for each change; long lists of one kind are cut.</summary>
    public static void Append(ByteText text, ImmutableArray<ActionChange> changes, Style style, int indent)
    {
        var names = 0;
        foreach (var change in changes)
        {
            names = Math.Max(names, Math.Min(NameColumnsMax, TextWidth.Of(AnsiText.Clean(change.Name))));
        }

        for (var i = 0; i < changes.Length;)
        {
            var end = i;
            while (end < changes.Length && changes[end].Kind == changes[i].Kind)
            {
                end++;
            }

            // One more is not worth a line that says so.
            var shown = end - i > ShownPerKindMax + 1 ? i + ShownPerKindMax : end;
            for (; i < shown; i++)
            {
                AppendOne(text, changes[i], style, indent, names);
            }

            if (i < end)
            {
                text.Spaces(indent + KindColumns + 1);
                style.Write(text, Ink.Dim, $"and {end - i} more: --json shows them all").Line();
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
            MissCause.NotKept => $"the result of {since!.Run} was not kept: {since.Finished.Cache!.Reason}",
            MissCause.Gone => $"the result of {since!.Run} is gone from the store",
            MissCause.Forgotten => $"changed since {since!.Run}; what, is no longer known",
            MissCause.Changed => Cause(explanation.Changes),
            _ => "",
        };
    }

    /// <summary>The first of some changes, and how many more there are. What another step made comes first: there the search goes on.</summary>
    public static string Cause(ImmutableArray<ActionChange> changes)
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
            { MadeBy: { } maker } => first.After is null ? $"`{maker}` no longer makes {first.Name}" : $"`{maker}` made another {first.Name}",
            { Kind: ChangeKind.File, Before: null } => $"{first.Name} is new",
            { Kind: ChangeKind.File, After: null } => $"{first.Name} is gone",
            { Kind: ChangeKind.Argument } => IsScript(first) ? "script changed" : "arguments changed",
            { Kind: ChangeKind.Outputs } => "declared outputs changed",
            { Kind: ChangeKind.WorkingDirectory } => "folder changed",
            { Kind: ChangeKind.Variable } => $"variable {first.Name} changed",
            _ => $"{first.Name} changed",
        };
        return changes.Length == 1 ? what : string.Create(CultureInfo.InvariantCulture, $"{what}, +{changes.Length - 1} more");
    }

    /// <summary>The kind of a change in a word, the same in text and JSON.</summary>
    public static string Kind(ChangeKind kind) => kind switch
    {
        ChangeKind.File => "file",
        ChangeKind.Argument => "argument",
        ChangeKind.Variable => "variable",
        ChangeKind.Platform => "platform",
        ChangeKind.Outputs => "outputs",
        ChangeKind.WorkingDirectory => "folder",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static void AppendOne(ByteText text, ActionChange change, Style style, int indent, int names)
    {
        text.Spaces(indent);
        var script = IsScript(change);
        style.Write(text, Ink.Dim, script ? "script" : Kind(change.Kind)).Spaces(KindColumns + 1 - (script ? "script" : Kind(change.Kind)).Length);
        if (script)
        {
            AppendScript(text, change.Before!, change.After!, style, indent + KindColumns + 1);
            return;
        }

        var name = AnsiText.Clean(change.Name);
        text.Append(name).Spaces(Math.Max(0, names - TextWidth.Of(name)));
        text.Append(names > 0 ? "  " : "");
        switch (change)
        {
            case { Before: null, After: { } after }:
                style.Write(text, Ink.Good, "new ").Append(Value(change.Kind, after, style));
                break;
            case { After: null, Before: { } before }:
                style.Write(text, Ink.Bad, "gone").Append(" (").Append(Value(change.Kind, before, style)).Append(")");
                break;
            default:
                text.Append(Value(change.Kind, change.Before ?? "", style));
                style.Write(text, Ink.Dim, style.Arrow).Append(Value(change.Kind, change.After ?? "", style));
                break;
        }

        if (change.MadeBy is { } maker)
        {
            style.Write(text, Ink.Accent, $"  made by {maker}");
        }

        text.Line();
    }

    private static bool IsScript(ActionChange change) =>
        change is { Kind: ChangeKind.Argument, Before: { } before, After: { } after } && (before.Contains('\n', StringComparison.Ordinal) || after.Contains('\n', StringComparison.Ordinal));

    // The lines between what both begin and end with.
    private static void AppendScript(ByteText text, string before, string after, Style style, int indent)
    {
        var (old, now) = (before.TrimEnd('\n').Split('\n'), after.TrimEnd('\n').Split('\n'));
        var start = 0;
        while (start < old.Length && start < now.Length && old[start] == now[start])
        {
            start++;
        }

        var same = 0;
        while (same < old.Length - start && same < now.Length - start && old[^(same + 1)] == now[^(same + 1)])
        {
            same++;
        }

        text.Append("line ").Append(start + 1).Line();
        AppendLines(text, old.AsSpan(start, old.Length - start - same), "- ", Ink.Bad, style, indent);
        AppendLines(text, now.AsSpan(start, now.Length - start - same), "+ ", Ink.Good, style, indent);
    }

    private static void AppendLines(ByteText text, ReadOnlySpan<string> lines, string sign, Ink ink, Style style, int indent)
    {
        var shown = lines.Length > ScriptLinesMax + 1 ? ScriptLinesMax : lines.Length;
        for (var i = 0; i < shown; i++)
        {
            text.Spaces(indent);
            style.Write(text, ink, sign + Crop(lines[i], style)).Line();
        }

        if (shown < lines.Length)
        {
            text.Spaces(indent);
            style.Write(text, Ink.Dim, $"{sign}and {lines.Length - shown} more lines").Line();
        }
    }

    private static string Value(ChangeKind kind, string value, Style style)
    {
        if (kind != ChangeKind.File)
        {
            return value.Length == 0 ? "\"\"" : Crop(AnsiText.Clean(value.ReplaceLineEndings(" ")), style);
        }

        // A digest and what else there is to say of the file.
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        var digest = space < 0 ? value : value[..space];
        return Digest.TryParse(digest, null, out _) ? string.Concat(digest.AsSpan(0, ShortHexChars), space < 0 ? "" : value.AsSpan(space)) : AnsiText.Clean(value);
    }

    private static string Crop(string value, Style style) => value.Length <= ValueCharsMax ? value : value[..ValueCharsMax] + style.Ellipsis;
}
