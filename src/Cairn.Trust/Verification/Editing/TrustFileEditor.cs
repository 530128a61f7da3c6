using System.Globalization;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Trust.Verification.Editing;

/// <summary>A trust store after an edit, or why it was not done.</summary>
/// <param name="Text">All of it; null where it cannot be edited safely.</param>
/// <param name="Problem">Why not; null where it was done.</param>
public sealed record TrustEdit(string? Text, string? Problem);

/// <summary>
/// Edits the text of a trust store. Everything else stays as it is, byte for byte: comments, quotes, order, ends of lines. What comes out is read again, and is only good if nothing differs but what was to be
/// edited.
/// </summary>
public static class TrustFileEditor
{
    /// <summary>What a file begins with that has no content yet.</summary>
    public const string Head = "# Whom this user's cairn believes: https://cairn.build/docs/formats/trust\nversion: 1\n";

    private const string Keys = "keys";
    private const string Rotations = "rotations";
    private const string Logs = "logs";

    /// <summary>Adds a key.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">Its name, which the file does not have.</param>
    /// <param name="members">Its members with their values as YAML in one line.</param>
    public static TrustEdit AddKey(SourceText source, string name, IReadOnlyList<KeyValuePair<string, string>> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        return Edit(source, [Keys, name], text =>
        {
            var keys = text.Find(Keys);
            var indent = keys is { Value: MappingNode { Entries: [var first, ..] } } ? first.Key.Span.Column - 1 : 2;
            var lines = new List<string> { $"{Spaces(indent)}{Scalar(name)}:" };
            foreach (var (member, value) in members)
            {
                lines.Add($"{Spaces(indent + 2)}{member}: {value}");
            }

            return text.AddTo(Keys, keys, lines);
        });
    }

    /// <summary>Sets a member of a key that has its own place in the file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">The key's name.</param>
    /// <param name="member">The member.</param>
    /// <param name="value">Its value as YAML in one line.</param>
    public static TrustEdit SetMember(SourceText source, string name, string member, string value) => Edit(source, [Keys, name, member], text =>
    {
        if (text.Find(Keys)?.Value is not MappingNode keys || TrustText.Find(keys, name) is not { Value: MappingNode { Entries.Length: > 0 } key })
        {
            return null;
        }

        if (TrustText.Find(key, member) is { } existing)
        {
            return text.ReplaceValue(existing, value);
        }

        return text.IsFlow(key) ? text.InsertBeforeEnd(key, $"{member}: {value}") : text.InsertAfter(text.LastLineOf(key), [$"{Spaces(key.Entries[0].Key.Span.Column - 1)}{member}: {value}"]);
    });

    /// <summary>Removes a key.</summary>
    public static TrustEdit RemoveKey(SourceText source, string name) => Edit(source, [Keys, name], text =>
        text.Find(Keys)?.Value is MappingNode keys && !text.IsFlow(keys) && TrustText.Find(keys, name) is { } entry
            ? text.RemoveLines(entry.Key.Span.Line, Math.Max(entry.Key.Span.Line, text.LastLineOf(entry.Value)))
            : null);

    /// <summary>Adds a rotation statement.</summary>
    /// <param name="source">The file.</param>
    /// <param name="value">The statement as the file names it, in one line.</param>
    public static TrustEdit AddRotation(SourceText source, string value) => AddItem(source, Rotations, value);

    /// <summary>Adds a log.</summary>
    /// <param name="source">The file.</param>
    /// <param name="origin">Its origin, which the file does not have.</param>
    /// <param name="keys">Its keys.</param>
    public static TrustEdit AddLog(SourceText source, string origin, IEnumerable<string> keys) => AddItem(source, Logs, $"{{ origin: {Scalar(origin)}, keys: {List(keys)} }}");

    private static TrustEdit AddItem(SourceText source, string list, string value) => Edit(source, [list, CountOf(source, list)], text =>
    {
        var items = text.Find(list);
        var indent = items is { Value: SequenceNode { Items: [var first, ..] } } && first.Span.Column > 2 ? first.Span.Column - 3 : 2;
        return text.AddTo(list, items, [$"{Spaces(indent)}- {value}"], value);
    });

    /// <summary>A text as a YAML scalar in one line, quoted where plain YAML would read it as something else.</summary>
    public static string Scalar(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var isPlain = value.Length > 0 && char.IsAsciiLetterOrDigit(value[0]) && value is not ("true" or "false" or "null" or "True" or "False" or "Null" or "TRUE" or "FALSE" or "NULL");
        var isNumber = true;
        foreach (var c in value)
        {
            isPlain &= char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or '+' or '=' or '@';
            isNumber &= char.IsAsciiHexDigit(c) || c is '.' or '_' or '-' or '+' or 'x' or 'o';
        }

        if (isPlain && !isNumber)
        {
            return value;
        }

        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            _ = c is '"' or '\\' ? text.Append('\\').Append(c) : char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' ? text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : text.Append(c);
        }

        return text.Append('"').ToString();
    }

    /// <summary>Texts as a YAML list in one line.</summary>
    public static string List(IEnumerable<string> values) => $"[{string.Join(", ", values.Select(Scalar))}]";

    private static TrustEdit Edit(SourceText source, string[] path, Func<TrustText, string?> edit)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Read(source) is not MappingNode root)
        {
            return new TrustEdit(null, "it has mistakes");
        }

        var text = new TrustText(source, root);
        if (text.IsFlow(root))
        {
            return new TrustEdit(null, "it is written as JSON");
        }

        if (edit(text) is not { } edited)
        {
            return new TrustEdit(null, $"its `{path[0]}` are written in a way that cannot be edited safely");
        }

        return Read(new SourceText(source.Name, edited)) is MappingNode now && TrustText.AreSameBut(root, now, path)
            ? new TrustEdit(edited, null)
            : new TrustEdit(null, "other parts of the file depend on how it is written, by an anchor or `<<`");
    }

    private static string CountOf(SourceText source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        var count = Read(source) is MappingNode root && TrustText.Find(root, name)?.Value is SequenceNode list ? list.Items.Length : 0;
        return count.ToString(CultureInfo.InvariantCulture);
    }

    private static Node? Read(SourceText source)
    {
        var mistakes = new DiagnosticBag();
        var node = YamlReader.Read(source, mistakes);
        return mistakes.HasErrors ? null : node;
    }

    private static string Spaces(int count) => new(' ', count);
}
