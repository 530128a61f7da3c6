using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>packages.lock.json</c>, versions 1 and 2: for each target framework the packages, what they need, and what a project asks for itself.</summary>
internal sealed class NuGetLock : LockFormat
{
    public override string Name => "packages.lock.json";

    public override Ecosystem Ecosystem => Ecosystem.NuGet;

    public override string Remake => "dotnet restore --force-evaluate";

    public override void Read(LockReading reading)
    {
        if (reading.Json() is not { } root)
        {
            return;
        }

        if (LockReading.Find(root, "version") is not ScalarNode { Type: ScalarType.Integer, Text: "1" or "2" })
        {
            reading.Version("The lock file is not of version 1 or 2", LockReading.Find(root, "version")?.Span ?? root.Span, "Restore with an SDK of .NET 6 or newer");
            return;
        }

        var project = reading.Graph.Project(reading.FolderName, null, null, isRoot: true);
        var others = new Dictionary<string, PackageDraft>(StringComparer.OrdinalIgnoreCase);
        var targets = new List<Target>();
        foreach (var (framework, value) in reading.Mapping(root, "dependencies")?.Entries ?? [])
        {
            if (reading.As<MappingNode>(value, "Each target framework must be a table of packages") is { } packages)
            {
                targets.Add(new Target(framework.Text, Packages(reading, packages, project, others)));
            }
        }

        foreach (var target in targets)
        {
            // What a runtime identifier adds stands in a section of its own; the rest is in that of its framework.
            var slash = target.Name.IndexOf('/', StringComparison.Ordinal);
            var general = slash < 0 ? null : targets.Find(t => t.Name == target.Name[..slash]);
            foreach (var (draft, entry) in target.Packages.Values)
            {
                foreach (var (name, requirement) in reading.Requirements(entry, "dependencies"))
                {
                    if (target.Packages.TryGetValue(name.Text, out var found) || general?.Packages.TryGetValue(name.Text, out found) == true)
                    {
                        reading.Graph.Need(draft, found.Draft, DependencyScope.Runtime, requirement);
                    }
                    else
                    {
                        reading.Unresolved(draft.Name, name.Text, name.Span);
                    }
                }
            }
        }
    }

    private static Dictionary<string, (PackageDraft Draft, MappingNode Entry)> Packages(
        LockReading reading, MappingNode packages, PackageDraft project, Dictionary<string, PackageDraft> others)
    {
        var found = new Dictionary<string, (PackageDraft, MappingNode)>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in packages.Entries)
        {
            if (reading.As<MappingNode>(value, "Each package must be a table of its members") is not { } entry)
            {
                continue;
            }

            var type = reading.Required(entry, "type", $"The package `{name.Text}`");
            if (type == "Project")
            {
                if (!others.TryGetValue(name.Text, out var other))
                {
                    others[name.Text] = other = reading.Graph.Project(name.Text, null, null, isRoot: false);
                }

                found[name.Text] = (other, entry);
                reading.Graph.Need(project, other, DependencyScope.Runtime, null);
                continue;
            }

            if (type is null || reading.Required(entry, "resolved", $"The package `{name.Text}`") is not { } version)
            {
                continue;
            }

            var draft = reading.Graph.Package(name.Text, version);
            if (reading.Text(entry, "contentHash") is { } hash && Hashes.Of("sha512", hash) is { } sha)
            {
                draft.Hashes.Add(sha);
            }

            if (type == "Direct")
            {
                reading.Graph.Need(project, draft, DependencyScope.Runtime, reading.Text(entry, "requested"));
            }

            found[name.Text] = (draft, entry);
        }

        return found;
    }

    private sealed record Target(string Name, Dictionary<string, (PackageDraft Draft, MappingNode Entry)> Packages);
}
