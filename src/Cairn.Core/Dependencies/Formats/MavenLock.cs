using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>lockfile.json</c> as the plugin maven-lockfile writes it beside a <c>pom.xml</c>: the whole tree, with checksums.</summary>
internal sealed class MavenLock : LockFormat
{
    public const string FileName = "lockfile.json";

    public override string Name => FileName;

    public override Ecosystem Ecosystem => Ecosystem.Maven;

    public override string Remake => "mvn io.github.chains-project:maven-lockfile:generate";

    // Other tools use the name too.
    public override bool IsReplaced(LockFile file, Func<string, LockFile?> files) => files(file.Prefix + MavenProject.FileName) is null;

    public override void Read(LockReading reading)
    {
        if (reading.Json() is not { } root)
        {
            return;
        }

        var group = reading.Text(root, "groupId") ?? reading.Text(root, "groupID");
        var artifact = reading.Text(root, "artifactId") ?? reading.Text(root, "artifactID");
        if (group is null || artifact is null)
        {
            reading.Shape("The file has no `groupId` and `artifactId`", root.Span);
            return;
        }

        var project = reading.Graph.Project($"{group}:{artifact}", reading.Text(root, "version"), null, isRoot: true);

        // With a stack of its own: trees may be deep.
        var rest = new Stack<(PackageDraft Parent, MappingNode Entry)>();
        Push(project, root, "dependencies");
        while (rest.TryPop(out var at))
        {
            if (reading.Required(at.Entry, "groupId", "A dependency") is { } g && reading.Required(at.Entry, "artifactId", "A dependency") is { } a)
            {
                // Of several versions Maven selects one for all.
                var version = reading.Text(at.Entry, "selectedVersion") ?? reading.Text(at.Entry, "version");
                var draft = MavenProject.Draft(reading, g, a, version, reading.Text(at.Entry, "type"), reading.Text(at.Entry, "classifier"));
                if (reading.Text(at.Entry, "checksum") is { } sum && Hashes.Of(reading.Text(at.Entry, "checksumAlgorithm") ?? "sha256", sum) is { } hash && !draft.Hashes.Contains(hash))
                {
                    draft.Hashes.Add(hash);
                }

                reading.Graph.Need(at.Parent, draft, MavenProject.ScopeOf(reading.Text(at.Entry, "scope")), at.Parent.IsProject ? null : reading.Text(at.Entry, "version"));
                Push(draft, at.Entry, "children");
            }
        }

        void Push(PackageDraft parent, MappingNode entry, string key)
        {
            foreach (var child in reading.Mappings(entry, key))
            {
                rest.Push((parent, child));
            }
        }
    }
}
