using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>uv.lock</c>, version 1: the projects of the workspace are packages like all others, with a folder for their source.</summary>
internal sealed class UvLock : LockFormat
{
    public override string Name => "uv.lock";

    public override Ecosystem Ecosystem => Ecosystem.PyPI;

    public override string Remake => "uv lock";

    public override void Read(LockReading reading)
    {
        if (reading.Toml() is not { } root)
        {
            return;
        }

        if (LockReading.Find(root, "version") is not ScalarNode { Type: ScalarType.Integer, Text: "1" })
        {
            reading.Version("The lock file is not of version 1", LockReading.Find(root, "version")?.Span ?? root.Span, "Let a uv of that version write it");
            return;
        }

        var packages = new PythonPackages();
        var entries = new List<(PackageDraft Draft, MappingNode Entry)>();
        foreach (var entry in reading.Mappings(root, "package"))
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
            Needs(reading, packages, draft, LockReading.Find(entry, "dependencies"), DependencyScope.Runtime);
            foreach (var (_, extra) in reading.Mapping(entry, "optional-dependencies")?.Entries ?? [])
            {
                Needs(reading, packages, draft, extra, DependencyScope.Optional);
            }

            foreach (var (_, group) in reading.Mapping(entry, "dev-dependencies")?.Entries ?? [])
            {
                Needs(reading, packages, draft, group, DependencyScope.Development);
            }
        }

        // A folder that another project needs is a library beside it; a workspace's members are roots even so.
        var members = new HashSet<string>(reading.Texts(reading.Mapping(root, "manifest"), "members").Select(m => PythonNames.Normalize(m.Text)), StringComparer.Ordinal);
        var needed = new HashSet<PackageDraft>(reading.Graph.Drafts.SelectMany(d => d.Needs.Keys), ReferenceEqualityComparer.Instance);
        foreach (var project in reading.Graph.Drafts.Where(d => d.IsProject))
        {
            project.IsRoot = members.Contains(project.Name) || !needed.Contains(project);
        }
    }

    private static PackageDraft Draft(LockReading reading, MappingNode entry, string name)
    {
        var version = reading.Text(entry, "version");
        var source = reading.Mapping(entry, "source");
        foreach (var kind in (string[])["editable", "virtual", "directory"])
        {
            if (reading.Text(source, kind) is { } folder)
            {
                return reading.Graph.Project(name, version, folder == "." ? null : folder, isRoot: false);
            }
        }

        var (git, url) = (reading.Text(source, "git"), reading.Text(source, "url") ?? reading.Text(source, "path"));
        var registry = reading.Text(source, "registry") is { } asked && asked != PythonNames.Registry ? asked : null;
        var draft = reading.Graph.Package(name, version, git is not null ? $"git+{git}" : url ?? registry);
        if (draft.Source is not null)
        {
            draft.Qualifiers[git is not null ? "vcs_url" : url is not null ? "download_url" : "repository_url"] = draft.Source;
        }

        PythonNames.AddHash(reading, draft, reading.Mapping(entry, "sdist"));
        foreach (var wheel in reading.Mappings(entry, "wheels"))
        {
            PythonNames.AddHash(reading, draft, wheel);
        }

        return draft;
    }

    private static void Needs(LockReading reading, PythonPackages packages, PackageDraft draft, Node? list, DependencyScope scope)
    {
        foreach (var need in reading.MappingsOf(list, "dependencies"))
        {
            if (reading.Required(need, "name", $"A dependency of `{draft.Name}`") is not { } name)
            {
                continue;
            }

            var found = packages.Find(PythonNames.Normalize(name), reading.Text(need, "version"));
            reading.Graph.NeedAll(draft, found, scope, null);

            if (found.Count == 0)
            {
                reading.Unresolved(draft.Name, name, need.Span);
            }
        }
    }
}
