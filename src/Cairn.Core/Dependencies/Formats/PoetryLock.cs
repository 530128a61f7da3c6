using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>poetry.lock</c>, versions 1.x and 2.x. What is direct stands in <c>pyproject.toml</c> beside it; without that, what nobody else needs.</summary>
internal sealed class PoetryLock : LockFormat
{
    public override string Name => "poetry.lock";

    public override Ecosystem Ecosystem => Ecosystem.PyPI;

    public override string Remake => "poetry lock";

    public override bool IsCompanion(string fileName) => fileName == "pyproject.toml";

    public override void Read(LockReading reading)
    {
        if (reading.Toml() is not { } root)
        {
            return;
        }

        var metadata = reading.Mapping(root, "metadata");
        if (reading.Text(metadata, "lock-version") is { } version && !version.StartsWith("1.", StringComparison.Ordinal) && !version.StartsWith("2.", StringComparison.Ordinal))
        {
            reading.Version($"The lock file is of version {version}, not 1 or 2", LockReading.Find(metadata, "lock-version")!.Span, "Let Poetry 1 or 2 write it");
            return;
        }

        var files = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (var (name, list) in reading.Mapping(metadata, "files")?.Entries ?? [])
        {
            files[name.Text] = list;
        }

        var packages = new PythonPackages();
        var entries = new List<(PackageDraft Draft, MappingNode Entry)>();
        foreach (var entry in reading.Mappings(root, "package"))
        {
            if (reading.Required(entry, "name", "A package") is { } name && reading.Required(entry, "version", $"The package `{name}`") is { } at)
            {
                var draft = Draft(reading, entry, files, name, at);
                packages.Add(draft);
                entries.Add((draft, entry));
            }
        }

        foreach (var (draft, entry) in entries)
        {
            foreach (var (key, value) in reading.Mapping(entry, "dependencies")?.Entries ?? [])
            {
                var found = packages.Find(PythonNames.Normalize(key.Text));
                var isOptional = LockReading.Flag(value as MappingNode, "optional");
                reading.Graph.NeedAll(draft, found, isOptional ? DependencyScope.Optional : DependencyScope.Runtime, PythonNames.Constraint(value));

                // What a marker rules out for every supported Python is not locked.
                if (found.Count == 0 && !isOptional && value is ScalarNode)
                {
                    reading.Unresolved(draft.Name, key.Text, key.Span);
                }
            }
        }

        Project(reading, packages);
    }

    private static PackageDraft Draft(LockReading reading, MappingNode entry, Dictionary<string, Node> files, string name, string version)
    {
        var source = reading.Mapping(entry, "source");
        var (type, url) = (reading.Text(source, "type"), reading.Text(source, "url"));
        if (type is "directory" && url is not null)
        {
            return reading.Graph.Project(PythonNames.Normalize(name), version, url, isRoot: false);
        }

        var from = type is "git" ? $"git+{url}@{reading.Text(source, "resolved_reference")}" : url;
        var draft = reading.Graph.Package(PythonNames.Normalize(name), version, from);
        if (from is not null)
        {
            draft.Qualifiers[type switch { "git" => "vcs_url", "url" => "download_url", _ => "repository_url" }] = from;
        }

        // Until version 1.1 the files of all packages stood at the end of the file.
        foreach (var file in reading.Mappings(entry, "files").Concat(reading.MappingsOf(files.GetValueOrDefault(name), "files")))
        {
            PythonNames.AddHash(reading, draft, file);
        }

        return draft;
    }

    private static void Project(LockReading reading, PythonPackages packages)
    {
        if (reading.Beside("pyproject.toml") is { } manifest)
        {
            if (reading.TomlOf(manifest) is not { } root)
            {
                return;
            }

            var about = reading.Mapping(root, "project") ?? reading.Mapping(reading.Mapping(root, "tool"), "poetry");
            var project = reading.Graph.Project(reading.Text(about, "name") ?? reading.FolderName, reading.Text(about, "version"), null, isRoot: true);
            if (PythonNames.AddDirect(reading, root, project, name => packages.Find(name)))
            {
                return;
            }

            reading.Graph.AdoptUnneeded(project);
            return;
        }

        reading.Graph.AdoptUnneeded(reading.Graph.Project(reading.FolderName, null, null, isRoot: true));
    }
}
