namespace Cairn.Core.Dependencies.Formats;

/// <summary>
/// <c>pom.xml</c>: what a project asks for itself. Maven has no lock file of its own, so versions are those that the file, or a parent in the working tree, writes; what they need in
/// turn only a lock file of the plugin maven-lockfile tells (<see cref="MavenLock"/>).
/// </summary>
internal sealed class MavenProject : LockFormat
{
    public const string FileName = "pom.xml";

    private const int ShownCharsMax = 100;

    public override string Name => FileName;

    public override Ecosystem Ecosystem => Ecosystem.Maven;

    public override string Remake => "mvn io.github.chains-project:maven-lockfile:generate";

    public override bool IsReplaced(LockFile file, Func<string, LockFile?> files) => files(file.Prefix + MavenLock.FileName) is not null;

    /// <summary>What a scope of Maven is for. What the container brings (<c>provided</c>) is not shipped.</summary>
    public static DependencyScope ScopeOf(string? scope) => scope is "test" or "provided" or "system" ? DependencyScope.Development : DependencyScope.Runtime;

    /// <summary>A package by its coordinates.</summary>
    public static PackageDraft Draft(LockReading reading, string group, string artifact, string? version, string? type, string? classifier)
    {
        var draft = reading.Graph.Package($"{group}:{artifact}", version, variant: $"{type ?? "jar"}:{classifier}");
        if (classifier is { Length: > 0 })
        {
            draft.Qualifiers["classifier"] = classifier;
        }

        if (type is { Length: > 0 } and not "jar")
        {
            draft.Qualifiers["type"] = type;
        }

        return draft;
    }

    public override void Read(LockReading reading)
    {
        var poms = reading.Shared(() => new PomFiles());
        if (reading.HasConflict(reading.File) || poms.Read(reading, reading.File) is not { } pom)
        {
            return;
        }

        var model = new PomModel(poms, reading, pom);
        if (model.GroupId is null || pom.Text("artifactId") is not { } artifact)
        {
            reading.Shape("The project has no `groupId` and `artifactId` of its own or of its parent", pom.Span);
            return;
        }

        var project = reading.Graph.Project($"{model.GroupId}:{artifact}", model.Version, null, isRoot: true);
        var siblings = new Dictionary<string, PackageDraft>(StringComparer.Ordinal);
        foreach (var dependency in model.Dependencies())
        {
            Add(reading, poms, model, project, siblings, dependency);
        }
    }

    private static void Add(LockReading reading, PomFiles poms, PomModel model, PackageDraft project, Dictionary<string, PackageDraft> siblings, PomElement dependency)
    {
        if (model.Value(dependency, "groupId") is not { } group || model.Value(dependency, "artifactId") is not { } artifact)
        {
            reading.Shape("A dependency has no `groupId` and `artifactId`", dependency.Span);
            return;
        }

        var managed = model.Managed(group, artifact, model.Value(dependency, "type"), model.Value(dependency, "classifier"));
        var written = model.Value(dependency, "version") ?? (managed is null ? null : model.Value(managed, "version"));
        var scope = ScopeOf(model.Value(dependency, "scope") ?? (managed is null ? null : model.Value(managed, "scope")));
        scope = scope == DependencyScope.Runtime && dependency.Text("optional") == "true" ? DependencyScope.Optional : scope;
        var name = $"{group}:{artifact}";
        if (poms.IsProject(reading, name))
        {
            if (!siblings.TryGetValue(name, out var sibling))
            {
                siblings[name] = sibling = reading.Graph.Project(name, written, null, isRoot: false);
            }

            reading.Graph.Need(project, sibling, scope, written);
            return;
        }

        // `[1.2]` is this version and no other; all else in brackets is a range.
        var version = written is ['[', .. var only, ']'] && !only.Contains(',', StringComparison.Ordinal) ? only : written;
        var isOpen = version is null || version.Contains("${", StringComparison.Ordinal) || version is ['[' or '(', ..] || version is "LATEST" or "RELEASE";
        if (isOpen)
        {
            var why = version is null ? "no pom in the working tree tells it" : version.Length > ShownCharsMax ? "its properties have no end" : $"`{version}`";
            reading.NotPinned(name, why, dependency.Span, $"Lock it: `{reading.RemakeCommand}`");
        }

        var draft = Draft(reading, group, artifact, isOpen ? null : version, model.Value(dependency, "type"), model.Value(dependency, "classifier"));
        reading.Graph.Need(project, draft, scope, written);
    }
}
