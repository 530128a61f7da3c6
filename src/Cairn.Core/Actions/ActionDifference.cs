using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Core.Actions;

/// <summary>What part of an action differs.</summary>
public enum ActionChangeKind
{
    /// <summary>An argument; the name is its number, from 0.</summary>
    Argument,

    /// <summary>The script: the first lines that differ. The name is empty.</summary>
    Script,

    /// <summary>The folder it starts in. The name is empty.</summary>
    WorkingDirectory,

    /// <summary>An environment variable.</summary>
    Variable,

    /// <summary>A platform property: <c>os</c>, <c>key-extra</c>, <c>secret:TOKEN</c>, ….</summary>
    Property,

    /// <summary>A declared output; the name is the glob.</summary>
    Output,

    /// <summary>The declared outputs are the same in another order, which matters where one excludes what another takes. The name is empty.</summary>
    OutputOrder,

    /// <summary>An input file, link or empty folder; the name is its path.</summary>
    Input,
}

/// <summary>One difference between two actions.</summary>
/// <param name="Kind">What part differs.</param>
/// <param name="Name">Which one of its kind.</param>
/// <param name="Before">What it was; null where it was not there. Of a file, its digest; of a link, its target; of a folder, nothing.</param>
/// <param name="After">What it is; null where it is not there.</param>
public sealed record ActionChange(ActionChangeKind Kind, string Name, string? Before, string? After)
{
    /// <summary>Of a script: the number of the first line that differs, from 1; <see cref="Before"/> and <see cref="After"/> are the two lines, null after the script's end.</summary>
    public int Line { get; init; }

    /// <summary>Of a script: all of it.</summary>
    public ScriptChange? Script { get; init; }

    /// <summary>Of an input: what happened to it.</summary>
    public TreeChange? Input { get; init; }
}

/// <summary>A script that differs; <see cref="LineDifference"/> tells in what.</summary>
public sealed record ScriptChange(string Before, string After);

/// <summary>The differences between two actions, field by field.</summary>
/// <param name="Changes">What differs: the command first, then the environment, the platform and the outputs, the inputs last.</param>
/// <param name="IsComplete">Whether all inputs that differ are among them.</param>
public sealed record ActionDifference(ImmutableArray<ActionChange> Changes, bool IsComplete)
{
    /// <summary>Compares two actions.</summary>
    /// <param name="before">The earlier one.</param>
    /// <param name="after">The later one.</param>
    /// <param name="read">Gives a <c>Directory</c> of their inputs by its digest; null for one that is not kept.</param>
    /// <param name="inputsMax">How many inputs are listed at most.</param>
    public static ActionDifference Between(ActionDescription before, ActionDescription after, Func<Digest, ImmutableArray<byte>?> read, int inputsMax)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var changes = ImmutableArray.CreateBuilder<ActionChange>();
        CompareArguments(changes, before.Arguments, after.Arguments);
        if (before.WorkingDirectory != after.WorkingDirectory)
        {
            changes.Add(new ActionChange(ActionChangeKind.WorkingDirectory, "", before.WorkingDirectory, after.WorkingDirectory));
        }

        ComparePairs(changes, ActionChangeKind.Variable, before.Environment, after.Environment);
        ComparePairs(changes, ActionChangeKind.Property, before.Platform, after.Platform);
        CompareOutputs(changes, before.Outputs, after.Outputs);
        var inputs = TreeDifference.Between(before.InputRoot, after.InputRoot, read, inputsMax);
        foreach (var input in inputs.Changes)
        {
            changes.Add(new ActionChange(ActionChangeKind.Input, input.Path, Text(input.Before), Text(input.After)) { Input = input });
        }

        return new ActionDifference(changes.DrainToImmutable(), inputs.IsComplete);
    }

    private static string? Text(TreeLeaf? leaf) => leaf is not { } there ? null : there.Target ?? there.Digest.ToString();

    private static void CompareArguments(ImmutableArray<ActionChange>.Builder changes, ImmutableArray<string> before, ImmutableArray<string> after)
    {
        for (var i = 0; i < Math.Max(before.Length, after.Length); i++)
        {
            var (old, current) = (i < before.Length ? before[i] : null, i < after.Length ? after[i] : null);
            if (old == current)
            {
                continue;
            }

            changes.Add(IsScript(before, i) && IsScript(after, i)
                ? FirstLine(old!, current!) with { Script = new ScriptChange(old!, current!) }
                : new ActionChange(ActionChangeKind.Argument, i.ToString(System.Globalization.CultureInfo.InvariantCulture), old, current));
        }
    }

    /// <summary>Whether an argument is a script: the last one, where it has lines or a shell is told that it is one.</summary>
    private static bool IsScript(ImmutableArray<string> arguments, int index) =>
        index > 0 && index == arguments.Length - 1 && (arguments[index - 1] is "-c" or "-e" || arguments[index].Contains('\n', StringComparison.Ordinal));

    private static ActionChange FirstLine(string before, string after)
    {
        var old = before.AsSpan();
        var current = after.AsSpan();
        for (var line = 1; ; line++)
        {
            var (oldEnd, currentEnd) = (old.IndexOf('\n'), current.IndexOf('\n'));
            var oldLine = oldEnd < 0 ? old : old[..oldEnd];
            var currentLine = currentEnd < 0 ? current : current[..currentEnd];
            // Where one has ended the other has more: the two are not the same.
            if (!oldLine.SequenceEqual(currentLine) || oldEnd < 0 || currentEnd < 0)
            {
                return oldLine.SequenceEqual(currentLine)
                    ? new ActionChange(ActionChangeKind.Script, "", Rest(old, oldEnd), Rest(current, currentEnd)) { Line = line + 1 }
                    : new ActionChange(ActionChangeKind.Script, "", LineOf(old), LineOf(current)) { Line = line };
            }

            old = old[(oldEnd + 1)..];
            current = current[(currentEnd + 1)..];
        }

        // What follows an end of line, an empty line among it; null where there is none.
        static string? Rest(ReadOnlySpan<char> text, int end) => end < 0 ? null : LineOf(text[(end + 1)..]) ?? "";

        static string? LineOf(ReadOnlySpan<char> text)
        {
            var end = text.IndexOf('\n');
            return text.IsEmpty ? null : (end < 0 ? text : text[..end]).ToString();
        }
    }

    private static void ComparePairs(
        ImmutableArray<ActionChange>.Builder changes,
        ActionChangeKind kind,
        ImmutableArray<KeyValuePair<string, string>> before,
        ImmutableArray<KeyValuePair<string, string>> after)
    {
        for (var (o, c) = (0, 0); o < before.Length || c < after.Length;)
        {
            var order = o == before.Length ? 1 : c == after.Length ? -1 : Utf8Order.Compare(before[o].Key, after[c].Key);
            var old = order <= 0 ? before[o].Value : null;
            var current = order >= 0 ? after[c].Value : null;
            if (old != current)
            {
                changes.Add(new ActionChange(kind, order <= 0 ? before[o].Key : after[c].Key, old, current));
            }

            (o, c) = (order <= 0 ? o + 1 : o, order >= 0 ? c + 1 : c);
        }
    }

    private static void CompareOutputs(ImmutableArray<ActionChange>.Builder changes, ImmutableArray<string> before, ImmutableArray<string> after)
    {
        if (before.AsSpan().SequenceEqual(after.AsSpan()))
        {
            return;
        }

        var count = changes.Count;
        var (old, current) = (new HashSet<string>(before, StringComparer.Ordinal), new HashSet<string>(after, StringComparer.Ordinal));
        foreach (var output in before)
        {
            if (!current.Contains(output))
            {
                changes.Add(new ActionChange(ActionChangeKind.Output, output, output, null));
            }
        }

        foreach (var output in after)
        {
            if (!old.Contains(output))
            {
                changes.Add(new ActionChange(ActionChangeKind.Output, output, null, output));
            }
        }

        if (changes.Count == count)
        {
            changes.Add(new ActionChange(ActionChangeKind.OutputOrder, "", string.Join(", ", before), string.Join(", ", after)));
        }
    }
}
