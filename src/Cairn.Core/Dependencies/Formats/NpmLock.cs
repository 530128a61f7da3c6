using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>package-lock.json</c>, versions 2 and 3: the folders of packages as they lie in <c>node_modules</c>. What a package needs is found as Node.js finds it, from its folder upwards.</summary>
internal sealed class NpmLock : LockFormat
{
    private const string Modules = "node_modules/";
    private const int DepthMax = 128;
    private const string Registry = "https://registry.npmjs.org/";

    public override string Name => "package-lock.json";

    public override Ecosystem Ecosystem => Ecosystem.Npm;

    public override string Remake => "npm install --package-lock-only";

    public override bool Takes(string fileName) => fileName is "package-lock.json" or "npm-shrinkwrap.json";

    // npm itself prefers a shrinkwrap.
    public override bool IsReplaced(LockFile file, Func<string, LockFile?> files) => file.Name == "package-lock.json" && files(file.Prefix + "npm-shrinkwrap.json") is not null;

    public override void Read(LockReading reading)
    {
        if (reading.Json() is not { } root)
        {
            return;
        }

        if (LockReading.Find(root, "lockfileVersion") is not ScalarNode { Type: ScalarType.Integer, Text: "2" or "3" } || LockReading.Find(root, "packages") is null)
        {
            reading.Version(
                "The lock file is not of version 2 or 3", LockReading.Find(root, "lockfileVersion")?.Span ?? root.Span, "Let npm 7 or newer write it: `npm install --package-lock-only --lockfile-version 3`");
            return;
        }

        var places = new Dictionary<string, (PackageDraft Draft, MappingNode Entry)>(StringComparer.Ordinal);
        var links = new List<(string Place, string Target, ScalarNode Key)>();
        foreach (var (place, value) in reading.Mapping(root, "packages")?.Entries ?? [])
        {
            if (reading.As<MappingNode>(value, "Each package must be a table of its members") is not { } entry)
            {
                continue;
            }

            if (LockReading.Flag(entry, "link"))
            {
                if (reading.Required(entry, "resolved", $"The link `{place.Text}`") is { } target)
                {
                    links.Add((place.Text, target, place));
                }
            }
            else if (Draft(reading, place, entry) is { } draft)
            {
                places[place.Text] = (draft, entry);
            }
        }

        foreach (var (place, target, key) in links)
        {
            if (places.TryGetValue(target, out var found))
            {
                places[place] = (found.Draft, found.Entry);
            }
            else
            {
                reading.Unresolved(place, target, key.Span);
            }
        }

        foreach (var (place, (draft, entry)) in places)
        {
            Connect(reading, places, place, draft, entry);
        }
    }

    private static PackageDraft? Draft(LockReading reading, ScalarNode place, MappingNode entry)
    {
        if (place.Text.AsSpan().Count('/') > DepthMax)
        {
            reading.Shape($"The folder of a package is more than {DepthMax} levels deep", place.Span);
            return null;
        }

        var modules = place.Text.LastIndexOf(Modules, StringComparison.Ordinal);
        var version = reading.Text(entry, "version");
        if (modules < 0)
        {
            // The project itself, or one of its workspaces.
            var folder = place.Text.Length == 0 ? reading.FolderName : place.Text[(place.Text.LastIndexOf('/') + 1)..];
            var project = reading.Graph.Project(reading.Text(entry, "name") ?? folder, version, place.Text.Length == 0 ? null : place.Text, isRoot: true);
            project.License = License(entry);
            return project;
        }

        var name = reading.Text(entry, "name") ?? place.Text[(modules + Modules.Length)..];
        if (name.Length == 0 || version is null)
        {
            reading.Shape(name.Length == 0 ? "A package has no name" : $"The package `{name}` has no `version`", place.Span);
            return null;
        }

        var resolved = reading.Text(entry, "resolved");
        var source = resolved is null || resolved.StartsWith(Registry, StringComparison.Ordinal) ? null : resolved;
        var draft = reading.Graph.Package(name, version, source);
        draft.License ??= License(entry);
        if (source is not null)
        {
            draft.Qualifiers[source.StartsWith("git", StringComparison.Ordinal) ? "vcs_url" : "download_url"] = source;
        }

        foreach (var part in (reading.Text(entry, "integrity") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Hashes.OfText(part) is { } hash)
            {
                draft.Hashes.Add(hash);
            }
        }

        return draft;
    }

    private static void Connect(LockReading reading, Dictionary<string, (PackageDraft Draft, MappingNode Entry)> places, string place, PackageDraft draft, MappingNode entry)
    {
        // npm lists what is optional among the other dependencies too.
        var optional = new HashSet<string>((LockReading.Find(entry, "optionalDependencies") as MappingNode)?.Entries.Select(e => e.Key.Text) ?? [], StringComparer.Ordinal);
        Needs("dependencies", DependencyScope.Runtime, isMissable: false);
        Needs("optionalDependencies", DependencyScope.Optional, isMissable: true);

        // A peer is wanted beside a package, and npm installs it, unless it is optional; with --legacy-peer-deps none is.
        Needs("peerDependencies", DependencyScope.Runtime, isMissable: true);
        if (draft.IsProject)
        {
            Needs("devDependencies", DependencyScope.Development, isMissable: false);
        }

        void Needs(string key, DependencyScope scope, bool isMissable)
        {
            foreach (var (name, requirement) in reading.Requirements(entry, key))
            {
                if (Find(places, place, name.Text) is { } found)
                {
                    reading.Graph.Need(draft, found, scope, requirement);
                }
                else if (!isMissable && !optional.Contains(name.Text))
                {
                    reading.Unresolved(draft.Name, name.Text, name.Span);
                }
            }
        }
    }

    /// <summary>The package that <c>require(name)</c> finds from a folder.</summary>
    private static PackageDraft? Find(Dictionary<string, (PackageDraft Draft, MappingNode Entry)> places, string from, string name)
    {
        for (var folder = from; ;)
        {
            if (places.TryGetValue(folder.Length == 0 ? Modules + name : $"{folder}/{Modules}{name}", out var found))
            {
                return found.Draft;
            }

            if (folder.Length == 0)
            {
                return null;
            }

            var slash = folder.LastIndexOf('/');
            folder = slash < 0 ? "" : folder[..slash];
        }
    }

    /// <summary>A text; in old packages an object with its type, or a list of those.</summary>
    private static string? License(MappingNode entry) => LockReading.Find(entry, "license") switch
    {
        ScalarNode { Type: ScalarType.String, Text.Length: > 0 } scalar => scalar.Text,
        MappingNode mapping => (LockReading.Find(mapping, "type") as ScalarNode)?.Text,
        _ => null,
    };
}
