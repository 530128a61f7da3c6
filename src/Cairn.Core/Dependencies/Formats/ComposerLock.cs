using System.Globalization;

using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>composer.lock</c>. What is direct stands in <c>composer.json</c> beside it; without that, what nobody else needs.</summary>
internal sealed class ComposerLock : LockFormat
{
    public override string Name => "composer.lock";

    public override Ecosystem Ecosystem => Ecosystem.Composer;

    public override string Remake => "composer update --lock";

    public override bool IsCompanion(string fileName) => fileName == "composer.json";

    public override void Read(LockReading reading)
    {
        if (reading.Json() is not { } root)
        {
            return;
        }

        if (LockReading.Find(root, "packages") is not SequenceNode)
        {
            reading.Shape("The file has no list `packages`", root.Span);
            return;
        }

        var byName = new Dictionary<string, PackageDraft>(StringComparer.OrdinalIgnoreCase);
        var entries = new List<(PackageDraft Draft, MappingNode Entry)>();
        foreach (var key in (string[])["packages", "packages-dev"])
        {
            foreach (var entry in reading.Mappings(root, key))
            {
                if (reading.Required(entry, "name", "A package") is { } name && reading.Required(entry, "version", $"The package `{name}`") is { } version)
                {
                    var draft = Draft(reading, entry, name, version);
                    byName.TryAdd(name, draft);
                    entries.Add((draft, entry));
                }
            }
        }

        // A package may stand in for others.
        foreach (var (draft, entry) in entries)
        {
            foreach (var key in (string[])["replace", "provide"])
            {
                foreach (var (name, _) in reading.Requirements(entry, key))
                {
                    byName.TryAdd(name.Text, draft);
                }
            }
        }

        foreach (var (draft, entry) in entries)
        {
            Connect(reading, byName, draft, entry, "require", DependencyScope.Runtime);
        }

        Project(reading, byName);
    }

    private static PackageDraft Draft(LockReading reading, MappingNode entry, string name, string version)
    {
        var draft = reading.Graph.Package(name, version);
        var licenses = LockReading.Find(entry, "license") is ScalarNode { Type: ScalarType.String } one ? [one.Text] : reading.Texts(entry, "license").Select(l => l.Text).ToList();
        draft.License = licenses.Count == 0 ? null : licenses.Count == 1 ? licenses[0] : $"({string.Join(" OR ", licenses)})";
        if (reading.Text(reading.Mapping(entry, "dist"), "shasum") is { Length: > 0 } sum && Hashes.Of("sha1", sum) is { } hash)
        {
            draft.Hashes.Add(hash);
        }

        var source = reading.Mapping(entry, "source");
        if (reading.Text(source, "type") is { } type && reading.Text(source, "url") is { } url && reading.Text(source, "reference") is { } reference)
        {
            // The commit, which says more than the archive that a server packs of it.
            draft.Qualifiers["vcs_url"] = string.Create(CultureInfo.InvariantCulture, $"{type}+{url}@{reference}");
        }

        return draft;
    }

    private static void Connect(LockReading reading, Dictionary<string, PackageDraft> byName, PackageDraft from, MappingNode entry, string key, DependencyScope scope)
    {
        foreach (var (name, requirement) in reading.Requirements(entry, key))
        {
            if (byName.TryGetValue(name.Text, out var found))
            {
                reading.Graph.Need(from, found, scope, requirement);
            }
            else if (name.Text.Contains('/', StringComparison.Ordinal))
            {
                // Without a slash it is PHP itself, an extension, or a library of the machine.
                reading.Unresolved(from.Name, name.Text, name.Span);
            }
        }
    }

    private static void Project(LockReading reading, Dictionary<string, PackageDraft> byName)
    {
        if (reading.Beside("composer.json") is not { } manifest)
        {
            reading.Graph.AdoptUnneeded(reading.Graph.Project(reading.FolderName, null, null, isRoot: true));
            return;
        }

        if (reading.JsonOf(manifest) is { } root)
        {
            var project = reading.Graph.Project(reading.Text(root, "name") ?? reading.FolderName, reading.Text(root, "version"), null, isRoot: true);
            Connect(reading, byName, project, root, "require", DependencyScope.Runtime);
            Connect(reading, byName, project, root, "require-dev", DependencyScope.Development);
        }
    }
}
