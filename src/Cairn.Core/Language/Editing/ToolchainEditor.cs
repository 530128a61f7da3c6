using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Editing;

/// <summary>
/// Adds a toolchain to the text of a pipeline. Everything else stays as it is, byte for byte. What comes out is read again, and is only good if nothing differs but the toolchain.
/// </summary>
public static class ToolchainEditor
{
    private const string Key = "toolchains";

    // What usually follows the toolchains.
    private static readonly string[] Followers = ["defaults", "concurrency", "services", "templates", "steps"];

    /// <summary>Edits.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">The name of the toolchain, which the file does not have.</param>
    /// <param name="fields">What it consists of: each a key and its value, which is a text, a list of texts, a number or a boolean.</param>
    public static StepEdit Add(SourceText source, string name, IReadOnlyList<KeyValuePair<string, object>> fields)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(fields);
        if (StepEditor.Read(source) is not MappingNode { Entries.Length: > 0 } root)
        {
            return new StepEdit(null, "it is no pipeline");
        }

        if (Find(root, Key)?.Value is MappingNode others && Find(others, name) is not null)
        {
            return new StepEdit(null, "there is one of this name already");
        }

        var isJson = source.Text.TrimStart().StartsWith('{');
        var entry = Value(fields, isJson);
        var edited = Find(root, Key) is { } existing ? Insert(source, existing, name, entry) : isJson ? null : InsertBlock(source, root, name, entry);
        if (edited is null)
        {
            return new StepEdit(null, $"its `{Key}` {(isJson ? "cannot be added to JSON" : "are written in a way that cannot be edited safely")}");
        }

        return IsAsBefore(root, new SourceText(source.Name, edited), name) ? new StepEdit(edited, null) : new StepEdit(null, "other parts of the file depend on how it is written, by an anchor or `<<`");
    }

    /// <summary>The entry as a person would write it.</summary>
    public static string Show(string name, IReadOnlyList<KeyValuePair<string, object>> fields) => $"{name}: {Value(fields, isJson: false)}";

    private static string? Insert(SourceText source, MappingEntry existing, string name, string value)
    {
        var text = source.Text;
        if (existing.Value is ScalarNode { Type: ScalarType.Null })
        {
            return null;
        }

        if (existing.Value is not MappingNode mapping)
        {
            return null;
        }

        var start = source.LineStart(mapping.Span.Line) + mapping.Span.Column - 1;
        if (start < text.Length && text[start] == '{')
        {
            var quoted = mapping.Entries.Length > 0 && text[source.LineStart(mapping.Entries[0].Key.Span.Line) + mapping.Entries[0].Key.Span.Column - 1] == '"';
            return $"{text[..(start + 1)]} {(quoted ? $"\"{name}\"" : name)}: {value}{(mapping.Entries.Length > 0 ? "," : " ")}{text[(start + 1)..]}";
        }

        if (mapping.Entries.Length == 0 || mapping.Entries[0].Key.Span.Line <= existing.Key.Span.Line)
        {
            return null;
        }

        // Before all others: what stands above these belongs to them.
        var (at, end) = AfterLine(source, existing.Key.Span.Line);
        return end is null ? null : $"{text[..at]}{new string(' ', mapping.Entries[0].Key.Span.Column - 1)}{name}: {value}{end}{text[at..]}";
    }

    private static string? InsertBlock(SourceText source, MappingNode root, string name, string value)
    {
        var text = source.Text;
        foreach (var entry in root.Entries)
        {
            if (Array.IndexOf(Followers, entry.Key.Text) < 0 || entry.Key.Span.Column != 1)
            {
                continue;
            }

            // The comment right above a key belongs to it.
            var line = entry.Key.Span.Line;
            while (line > 1 && text.AsSpan(source.LineStart(line - 1)).StartsWith("#"))
            {
                line--;
            }

            var at = source.LineStart(line);
            var end = line > 1 ? AfterLine(source, line - 1).End ?? "\n" : "\n";
            return $"{text[..at]}{Key}:{end}  {name}: {value}{end}{text[at..]}";
        }

        return null;
    }

    /// <summary>The place after a line, and how lines end there; null for the last line without an end.</summary>
    private static (int At, string? End) AfterLine(SourceText source, int line)
    {
        var end = source.LineEnd(line);
        var text = source.Text;
        return end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n' ? (end + 2, "\r\n") : end < text.Length ? (end + 1, text[end].ToString()) : (end, null);
    }

    private static string Value(IReadOnlyList<KeyValuePair<string, object>> fields, bool isJson)
    {
        var styles = ScalarStyles.Plain;
        return $"{{ {string.Join(", ", fields.Select(field => $"{(isJson ? $"\"{field.Key}\"" : field.Key)}: {One(field.Value)}"))} }}";

        string One(object value) => value switch
        {
            bool flag => flag ? "true" : "false",
            int number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            IReadOnlyList<string> list => $"[{string.Join(", ", list.Select(Text))}]",
            string text => Text(text),
            _ => throw new ArgumentException($"A value of the type {value.GetType()} cannot be written", nameof(fields)),
        };

        string Text(string text) => isJson ? $"\"{text}\"" : styles.Quote(text, inFlow: true);
    }

    private static MappingEntry? Find(MappingNode root, string key)
    {
        foreach (var entry in root.Entries)
        {
            if (entry.Key.Text == key)
            {
                return entry;
            }
        }

        return null;
    }

    private static bool IsAsBefore(MappingNode old, SourceText after, string name)
    {
        if (StepEditor.Read(after) is not MappingNode edited || Find(edited, Key)?.Value is not MappingNode now || !now.Entries.Any(entry => entry.Key.Text == name))
        {
            return false;
        }

        IReadOnlyList<MappingEntry> before = Find(old, Key)?.Value is MappingNode was ? was.Entries : [];
        return StepEditor.AreSame(before, [.. now.Entries.Where(entry => entry.Key.Text != name)])
            && StepEditor.AreSame([.. old.Entries.Where(static entry => entry.Key.Text != Key)], [.. edited.Entries.Where(static entry => entry.Key.Text != Key)]);
    }
}
