namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>pylock.toml</c> and <c>pylock.NAME.toml</c> of PEP 751. Tools need not write what needs what; then all packages are direct.</summary>
internal sealed class PyLock : LockFormat
{
    public override string Name => "pylock.toml";

    public override Ecosystem Ecosystem => Ecosystem.PyPI;

    public override string Remake => "uv export --format pylock.toml";

    public override bool Takes(string fileName) =>
        fileName == "pylock.toml" || (fileName.StartsWith("pylock.", StringComparison.Ordinal) && fileName.EndsWith(".toml", StringComparison.Ordinal) && fileName.Split('.').Length == 3);

    public override void Read(LockReading reading)
    {
        if (reading.Toml() is not { } root)
        {
            return;
        }

        if (reading.Text(root, "lock-version") is not { } version || !version.StartsWith("1.", StringComparison.Ordinal))
        {
            reading.Version("The lock file has no `lock-version` 1", LockReading.Find(root, "lock-version")?.Span ?? root.Span, "Let a tool that follows PEP 751 write it");
            return;
        }

        var packages = new PythonPackages();
        var entries = new List<(PackageDraft Draft, Syntax.MappingNode Entry)>();
        foreach (var entry in reading.Mappings(root, "packages"))
        {
            if (reading.Required(entry, "name", "A package") is { } name)
            {
                var draft = Draft(reading, entry, PythonNames.Normalize(name));
                packages.Add(draft);
                entries.Add((draft, entry));
            }
        }

        foreach (var (draft, entry) in entries)
        {
            foreach (var need in reading.Mappings(entry, "dependencies"))
            {
                var name = reading.Required(need, "name", $"A dependency of `{draft.Name}`");
                var found = name is null ? [] : packages.Find(PythonNames.Normalize(name), reading.Text(need, "version"));
                reading.Graph.NeedAll(draft, found, DependencyScope.Runtime, null);

                if (name is not null && found.Count == 0)
                {
                    reading.Unresolved(draft.Name, name, need.Span);
                }
            }
        }

        reading.Graph.AdoptUnneeded(reading.Graph.Project(reading.FolderName, null, null, isRoot: true));
    }

    private static PackageDraft Draft(LockReading reading, Syntax.MappingNode entry, string name)
    {
        var version = reading.Text(entry, "version");
        if (reading.Text(reading.Mapping(entry, "directory"), "path") is { } folder)
        {
            return reading.Graph.Project(name, version, folder, isRoot: false);
        }

        var vcs = reading.Mapping(entry, "vcs");
        var archive = reading.Mapping(entry, "archive");
        var git = vcs is null ? null : $"{reading.Text(vcs, "type")}+{reading.Text(vcs, "url") ?? reading.Text(vcs, "path")}@{reading.Text(vcs, "commit-id")}";
        var draft = reading.Graph.Package(name, version, git ?? reading.Text(archive, "url") ?? reading.Text(archive, "path"));
        if (draft.Source is not null)
        {
            draft.Qualifiers[git is not null ? "vcs_url" : "download_url"] = draft.Source;
        }

        foreach (var file in reading.Mappings(entry, "wheels").Append(reading.Mapping(entry, "sdist")).Append(archive))
        {
            foreach (var (algorithm, value) in reading.Requirements(file, "hashes"))
            {
                if (value is not null && Hashes.Of(algorithm.Text, value, PythonNames.FileName(reading, file)) is { } hash)
                {
                    draft.Hashes.Add(hash);
                }
            }
        }

        return draft;
    }
}
