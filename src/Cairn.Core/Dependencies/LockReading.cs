using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies;

/// <summary>One lock file that is read: its text, what stands beside it, the graph that is made, and words for what is wrong.</summary>
internal sealed class LockReading(LockFormat format, LockFile file, Func<string, LockFile?> files, string folderName, DiagnosticBag diagnostics)
{
    private static readonly string[] ConflictMarks = ["<<<<<<< ", ">>>>>>> "];

    public LockFile File => file;

    public DiagnosticBag Diagnostics => diagnostics;

    public GraphBuilder Graph { get; } = new(file, format.Ecosystem, diagnostics);

    /// <summary>All files that were found, sorted by path.</summary>
    public IReadOnlyList<LockFile> AllFiles { get; init; } = [file];

    /// <summary>What formats remember from one file to the next.</summary>
    public Dictionary<Type, object> SharedState { get; init; } = [];

    /// <summary>What the project is called where nothing names it: its folder.</summary>
    public string FolderName => folderName;

    /// <summary>The command that makes the file anew.</summary>
    public string RemakeCommand => format.Remake;

    private string Again => $"Make the file again: `{format.Remake}`";

    /// <summary>Another file, by its path from the lock file's folder.</summary>
    public LockFile? Beside(string path) => files(file.Prefix + path);

    /// <summary>Any file, by its path from what is looked at.</summary>
    public LockFile? FileAt(string path) => files(path);

    /// <summary>An object that all files of one look share.</summary>
    public T Shared<T>(Func<T> create)
        where T : class
    {
        if (!SharedState.TryGetValue(typeof(T), out var state))
        {
            SharedState[typeof(T)] = state = create();
        }

        return (T)state;
    }

    /// <summary>The lock file as JSON; null after a mistake, which is added.</summary>
    public MappingNode? Json() => JsonOf(file);

    /// <summary>The lock file as TOML; null after a mistake, which is added.</summary>
    public MappingNode? Toml() => TomlOf(file);

    /// <summary>A file as a JSON object; null after a mistake, which is added.</summary>
    public MappingNode? JsonOf(LockFile other)
    {
        if (HasConflict(other))
        {
            return null;
        }

        var found = new DiagnosticBag();
        var parser = new JsonParser(other.Text, found);
        var root = parser.Parse();
        foreach (var diagnostic in found.ToSorted())
        {
            diagnostics.Add(diagnostic with { Suggestion = Again });
        }

        switch (root)
        {
            case MappingNode mapping:
                return mapping;
            case null when !found.HasErrors:
                var at = parser.Reached;
                var what = at == other.Text.Text.Length ? "The file ends too early" : $"`{Excerpt(other.Text.Text, at)}` is not what JSON has here";
                diagnostics.Error(DiagnosticCodes.LockFileSyntax, what, other.Text.SpanAt(at, Math.Min(at + 1, other.Text.Text.Length)), Again);
                return null;
            case null:
                return null;
            default:
                Shape($"The file must be a JSON object, not {root.KindName}", root.Span);
                return null;
        }
    }

    /// <summary>A file as TOML; null after a mistake, which is added.</summary>
    public MappingNode? TomlOf(LockFile other) => HasConflict(other) ? null : new TomlReader(other.Text, diagnostics, Again).Read();

    /// <summary>Whether git left both sides of a merge in a file, which is told.</summary>
    public bool HasConflict(LockFile other)
    {
        var text = other.Text.Text;
        foreach (var mark in ConflictMarks)
        {
            var at = text.StartsWith(mark, StringComparison.Ordinal) ? 0 : text.IndexOf('\n' + mark, StringComparison.Ordinal) + 1;
            if (at > 0 || text.StartsWith(mark, StringComparison.Ordinal))
            {
                diagnostics.Error(DiagnosticCodes.LockFileSyntax, "The file has the marks of a merge conflict", other.Text.SpanAt(at, at + 7), $"Resolve the conflict. {Again}");
                return true;
            }
        }

        return false;
    }

    /// <summary>A value of a mapping, or null.</summary>
    public static Node? Find(MappingNode? mapping, string key)
    {
        foreach (var entry in mapping?.Entries ?? [])
        {
            if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal))
            {
                return entry.Value;
            }
        }

        return null;
    }

    /// <summary>A text, such as a version; null where there is none (JSON's <c>null</c> too), and after a mistake.</summary>
    public string? Text(MappingNode? mapping, string key)
    {
        switch (Find(mapping, key))
        {
            case null or ScalarNode { Type: ScalarType.Null }:
                return null;
            case ScalarNode { Type: ScalarType.String } scalar:
                return scalar.Text;
            case { } other:
                Shape($"`{key}` must be a string, not {other.KindName}", other.Span);
                return null;
        }
    }

    /// <summary>A text that must be there and not empty; null after a mistake.</summary>
    public string? Required(MappingNode mapping, string key, string of)
    {
        var before = diagnostics.ErrorCount;
        var text = Text(mapping, key);
        if (string.IsNullOrEmpty(text) && diagnostics.ErrorCount == before)
        {
            Shape($"{of} has no `{key}`", mapping.Span);
        }

        return string.IsNullOrEmpty(text) ? null : text;
    }

    /// <summary>A mapping; null where there is none, and after a mistake.</summary>
    public MappingNode? Mapping(MappingNode? mapping, string key) => As<MappingNode>(Find(mapping, key), $"`{key}` must be a table of keys and values");

    /// <summary>A list; empty where there is none, and after a mistake.</summary>
    public IEnumerable<Node> List(MappingNode? mapping, string key) => As<SequenceNode>(Find(mapping, key), $"`{key}` must be a list")?.Items ?? [];

    /// <summary>The mappings of a list; others are mistakes.</summary>
    public IEnumerable<MappingNode> Mappings(MappingNode? mapping, string key) => MappingsOf(Find(mapping, key), key);

    /// <summary>The mappings of a value that must be a list; others are mistakes.</summary>
    public IEnumerable<MappingNode> MappingsOf(Node? list, string key)
    {
        foreach (var item in As<SequenceNode>(list, $"`{key}` must be a list")?.Items ?? [])
        {
            if (As<MappingNode>(item, $"Each of `{key}` must be a table of keys and values") is { } found)
            {
                yield return found;
            }
        }
    }

    /// <summary>The texts of a list; others are mistakes.</summary>
    public IEnumerable<ScalarNode> Texts(MappingNode? mapping, string key)
    {
        foreach (var item in List(mapping, key))
        {
            if (item is ScalarNode { Type: ScalarType.String } scalar)
            {
                yield return scalar;
            }
            else
            {
                Shape($"Each of `{key}` must be a string, not {item.KindName}", item.Span);
            }
        }
    }

    public static bool Flag(MappingNode? mapping, string key) => Find(mapping, key) is ScalarNode { Type: ScalarType.Boolean, Text: "true" };

    /// <summary>Names and requirements of a mapping: <c>{ "name": "^1.0" }</c>.</summary>
    public IEnumerable<(ScalarNode Name, string? Requirement)> Requirements(MappingNode? mapping, string key)
    {
        foreach (var (name, value) in Mapping(mapping, key)?.Entries ?? [])
        {
            if (value is ScalarNode scalar)
            {
                yield return (name, scalar.Text);
            }
            else
            {
                Shape($"The requirement of `{name.Text}` must be a string, not {value.KindName}", value.Span);
            }
        }
    }

    public T? As<T>(Node? node, string must)
        where T : Node
    {
        if (node is null or T or ScalarNode { Type: ScalarType.Null })
        {
            return node as T;
        }

        Shape($"{must}, not {node.KindName}", node.Span);
        return null;
    }

    /// <summary>A value that the format has otherwise.</summary>
    public void Shape(string message, SourceSpan span) => diagnostics.Error(DiagnosticCodes.LockFileShape, message, span, Again);

    /// <summary>A line that the format does not have.</summary>
    public void Syntax(string message, SourceSpan span) => diagnostics.Error(DiagnosticCodes.LockFileSyntax, message, span, Again);

    /// <summary>A version of the format that is not read.</summary>
    public void Version(string message, SourceSpan span, string suggestion) => diagnostics.Error(DiagnosticCodes.LockFileVersion, message, span, suggestion);

    /// <summary>A need that the file does not have.</summary>
    public void Unresolved(string from, string to, SourceSpan span) => diagnostics.Warning(
        DiagnosticCodes.DependencyUnresolved, $"`{from}` needs `{to}`, which the file does not have", span, $"The file is not in step with what it locks. {Again}");

    /// <summary>A direct dependency whose version is open.</summary>
    public void NotPinned(string name, string why, SourceSpan span, string suggestion) =>
        diagnostics.Warning(DiagnosticCodes.DependencyNotPinned, $"`{name}` has no fixed version: {why}", span, suggestion);

    private static string Excerpt(string text, int at)
    {
        var length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
        return text[at] is '\r' or '\n' ? "end of line" : text.Substring(at, length);
    }
}
