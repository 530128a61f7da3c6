using System.Text;

using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary>What formats of Python have in common: names, requirements as PEP 508 writes them, and what <c>pyproject.toml</c> asks for.</summary>
internal static class PythonNames
{
    public const string Registry = "https://pypi.org/simple";

    /// <summary>The name as PyPI compares it: small letters, <c>-</c> for any run of <c>-</c>, <c>_</c> and <c>.</c>.</summary>
    public static string Normalize(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            if (c is not ('-' or '_' or '.'))
            {
                text.Append(char.ToLowerInvariant(c));
            }
            else if (text.Length > 0 && text[^1] != '-')
            {
                text.Append('-');
            }
        }

        return text.ToString();
    }

    /// <summary>The normalized name of a requirement and what follows it and its extras, without markers; no name where it has none.</summary>
    public static (string Name, string Version) Split(string requirement)
    {
        var end = 0;
        while (end < requirement.Length && (char.IsAsciiLetterOrDigit(requirement[end]) || requirement[end] is '-' or '_' or '.'))
        {
            end++;
        }

        var rest = requirement.AsSpan(end).TrimStart();
        if (rest is ['[', ..] && rest.IndexOf(']') is > 0 and var close)
        {
            rest = rest[(close + 1)..].TrimStart();
        }

        // The marker; in `name @ URL ; marker` a blank stands before it.
        var marker = rest is ['@', ..] ? rest.IndexOf(" ;", StringComparison.Ordinal) : rest.IndexOf(';');
        return (Normalize(requirement[..end]), (marker < 0 ? rest : rest[..marker]).Trim().ToString());
    }

    /// <summary>Adds what a <c>pyproject.toml</c> asks for itself to a project. False where it asks for nothing.</summary>
    public static bool AddDirect(LockReading reading, MappingNode manifest, PackageDraft project, Func<string, IReadOnlyList<PackageDraft>> find)
    {
        var any = false;
        var standard = reading.Mapping(manifest, "project");
        Listed(reading.Texts(standard, "dependencies"), DependencyScope.Runtime);
        foreach (var (_, members) in reading.Mapping(standard, "optional-dependencies")?.Entries ?? [])
        {
            Listed((members as SequenceNode)?.Items.OfType<ScalarNode>() ?? [], DependencyScope.Optional);
        }

        foreach (var (_, members) in reading.Mapping(manifest, "dependency-groups")?.Entries ?? [])
        {
            // A group may include others, which stand for themselves.
            Listed((members as SequenceNode)?.Items.OfType<ScalarNode>() ?? [], DependencyScope.Development);
        }

        var poetry = reading.Mapping(reading.Mapping(manifest, "tool"), "poetry");
        Keyed(reading.Mapping(poetry, "dependencies"), DependencyScope.Runtime);
        Keyed(reading.Mapping(poetry, "dev-dependencies"), DependencyScope.Development);
        foreach (var (_, group) in reading.Mapping(poetry, "group")?.Entries ?? [])
        {
            Keyed(reading.Mapping(group as MappingNode, "dependencies"), DependencyScope.Development);
        }

        return any;

        void Listed(IEnumerable<ScalarNode> requirements, DependencyScope scope)
        {
            foreach (var requirement in requirements)
            {
                var (name, rest) = Split(requirement.Text);
                Need(name, rest.Length == 0 ? null : rest, scope, requirement);
            }
        }

        void Keyed(MappingNode? table, DependencyScope scope)
        {
            foreach (var (key, value) in table?.Entries ?? [])
            {
                var name = Normalize(key.Text);
                if (name != "python")
                {
                    Need(name, Constraint(value), LockReading.Flag(value as MappingNode, "optional") ? DependencyScope.Optional : scope, key);
                }
            }
        }

        void Need(string name, string? requirement, DependencyScope scope, ScalarNode place)
        {
            any = true;
            var found = find(name);
            reading.Graph.NeedAll(project, found, scope, requirement);

            // What an extra or a group asks for need not be locked.
            if (found.Count == 0 && scope == DependencyScope.Runtime)
            {
                reading.Unresolved(project.Name, name, place.Span);
            }
        }
    }

    /// <summary>Poetry's constraint: a text, a table with a <c>version</c>, or a list of such for several platforms.</summary>
    public static string? Constraint(Node value) => value switch
    {
        ScalarNode scalar => scalar.Text,
        MappingNode mapping => (LockReading.Find(mapping, "version") as ScalarNode)?.Text,
        SequenceNode { Items: [var first, ..] } => Constraint(first),
        _ => null,
    };

    /// <summary>Adds the hash that an entry <c>{ url = …, hash = "sha256:…" }</c> has.</summary>
    public static void AddHash(LockReading reading, PackageDraft draft, MappingNode? file)
    {
        if (reading.Text(file, "hash") is { } hash && Hashes.OfText(hash, FileName(reading, file)) is { } sum)
        {
            draft.Hashes.Add(sum);
        }
    }

    /// <summary>The name of a file in a lock file: its own, or the end of its URL or path.</summary>
    public static string? FileName(LockReading reading, MappingNode? file) =>
        reading.Text(file, "file") ?? reading.Text(file, "name") ?? ((reading.Text(file, "url") ?? reading.Text(file, "path")) is { } place ? Hashes.FileOf(place) : null);
}
