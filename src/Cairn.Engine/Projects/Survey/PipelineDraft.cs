namespace Cairn.Engine.Projects.Survey;

/// <summary>A step as <c>cairn init</c> proposes it.</summary>
/// <param name="Name">What it does; the project's place comes in front where there are several.</param>
/// <param name="Script">Its script, one line or several.</param>
public sealed record DraftStep(string Name, string Script)
{
    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>What a reader should know: lines above it.</summary>
    public IReadOnlyList<string> Comments { get; init; } = [];

    /// <summary>Steps of the same project that it needs.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Projects, by their folders and languages, and the steps of them that it needs.</summary>
    public IReadOnlyList<(FoundProject Project, string Step)> NeedsOf { get; init; } = [];

    /// <summary>Globs of what it reads.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Globs of what it makes.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>Its variables.</summary>
    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];

    /// <summary>Tool caches that are shared by all projects: name and path.</summary>
    public IReadOnlyList<(string Name, string Path)> Caches { get; init; } = [];

    /// <summary>The hosts that it fetches from; what it brings is pinned then. None for a step that does not fetch.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Whether it reaches the network as it likes, and what it brings is pinned nowhere.</summary>
    public bool Network { get; init; }

    /// <summary>Where it starts.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Where test reports stand.</summary>
    public string? JUnit { get; init; }
}

/// <summary>The programs that steps run with, as packages of Debian.</summary>
/// <param name="Name">What the pipeline calls them: <c>cc</c>, <c>go</c>.</param>
/// <param name="Packages">The packages.</param>
public sealed record DraftToolchain(string Name, IReadOnlyList<string> Packages);

/// <summary>A project that was found: something that one tool builds.</summary>
/// <param name="Language">As a word of a step's name: <c>go</c>, <c>dotnet</c>.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Title">What it is, in words.</param>
public sealed record FoundProject(string Language, string Folder, string Title)
{
    /// <summary>Its steps.</summary>
    public IReadOnlyList<DraftStep> Steps { get; init; } = [];

    /// <summary>What its steps run with where packages of Debian are wanted; null where those of the machine are better.</summary>
    public DraftToolchain? Toolchain { get; init; }

    /// <summary>What its steps' names begin with, where its folder does not tell it from others.</summary>
    public string? Label { get; init; }
}

/// <summary>What was found in a folder.</summary>
/// <param name="Name">What its pipeline is to be called.</param>
/// <param name="Projects">The projects, those in the folder itself first.</param>
/// <param name="Notes">What could not be made use of, in words.</param>
public sealed record PipelineDraft(string Name, IReadOnlyList<FoundProject> Projects, IReadOnlyList<string> Notes)
{
    /// <summary>Whether there are steps that fetch, and so something to pin before the first run.</summary>
    public bool Fetches => Projects.Any(static p => p.Steps.Any(static s => s.Hosts.Count > 0));

    /// <summary>The suite of Debian that its toolchains are from; null where it has none.</summary>
    public string? Suite { get; init; }

    /// <summary>What its steps run with, each with all that its projects ask for.</summary>
    public IReadOnlyList<DraftToolchain> Toolchains =>
        [.. Projects.Select(p => p.Toolchain).OfType<DraftToolchain>().GroupBy(t => t.Name, StringComparer.Ordinal).Select(g => new DraftToolchain(g.Key, [.. g.SelectMany(t => t.Packages).Distinct(StringComparer.Ordinal)]))];
}
