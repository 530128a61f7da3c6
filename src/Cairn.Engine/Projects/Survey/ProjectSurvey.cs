using Cairn.Core.Diagnostics;

namespace Cairn.Engine.Projects.Survey;

/// <summary>What detectors look at and note.</summary>
/// <param name="Listing">The files.</param>
/// <param name="Suite">The suite of Debian that steps are to have their programs from; null for those of the machine.</param>
internal sealed record SurveyContext(SourceListing Listing, string? Suite = null)
{
    private readonly List<string> _notes = [];

    /// <summary>The folders of projects that were found so far: no part of a project around them.</summary>
    public List<string> Taken { get; } = [];

    /// <summary>What could not be made use of.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Notes something.</summary>
    public void Note(string text) => _notes.Add(text);

    /// <summary>The globs of a project's files.</summary>
    public List<string> Sources(string folder) => SourceGroups.Of(Listing, folder, Taken);

    /// <summary>A toolchain of Debian's packages; null, and noted, where what a project needs is newer than they are.</summary>
    /// <param name="name">What the pipeline calls it, which is what its version goes by.</param>
    /// <param name="needed">The least version that will do; null for any.</param>
    /// <param name="project">What needs it: a path.</param>
    /// <param name="packages">The packages.</param>
    public DraftToolchain? Toolchain(string name, Version? needed, string project, params IEnumerable<string> packages)
    {
        if (Suite is null)
        {
            return null;
        }

        if (needed is not null && DebianPrograms.VersionOf(Suite, name) is { } has && has < needed)
        {
            Note($"{project} needs {name} {needed}, and {Suite} has {has}: its steps run with what this machine has");
            return null;
        }

        return new DraftToolchain(name == "cmake" ? "cc" : name, [.. packages.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>Whether a folder, or one around it, is among some.</summary>
    public static bool IsCovered(string folder, IEnumerable<string> by) => by.Any(f => Paths.IsWithin(folder, f));
}

/// <summary>Looks at a folder for projects of the languages that Cairn knows, and drafts a pipeline for all of them.</summary>
public static class ProjectSurvey
{
    // Each finds the folders of its projects first, so that a project does not take those within it for its own; then it drafts their steps.
    private static readonly (Func<SurveyContext, IEnumerable<string>> Folders, Func<SurveyContext, IEnumerable<FoundProject>> Draft)[] Detectors =
    [
        (DotnetProjects.Folders, DotnetProjects.Draft),
        (NodeProjects.Folders, NodeProjects.Draft),
        (GoProjects.Folders, GoProjects.Draft),
        (CargoProjects.Folders, CargoProjects.Draft),
        (MavenProjects.Folders, MavenProjects.Draft),
        (PythonProjects.Folders, PythonProjects.Draft),
        (NativeProjects.Folders, NativeProjects.Draft),
        (ZigProjects.Folders, ZigProjects.Draft),
        (RubyProjects.Folders, RubyProjects.Draft),
        (PhpProjects.Folders, PhpProjects.Draft),
        (PerlProjects.Folders, PerlProjects.Draft),
        (ShellProjects.Folders, ShellProjects.Draft),
    ];

    /// <summary>Drafts a pipeline; null after mistakes, which are added.</summary>
    /// <param name="listing">The files.</param>
    /// <param name="name">What the pipeline is to be called.</param>
    /// <param name="diagnostics">Takes the mistakes.</param>
    /// <param name="suite">The suite of Debian that steps are to have their programs from; null for those of the machine.</param>
    public static PipelineDraft? Draft(SourceListing listing, string name, DiagnosticBag diagnostics, string? suite = null)
    {
        ArgumentNullException.ThrowIfNull(listing);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var context = new SurveyContext(listing, suite);
        var drafts = new List<Func<SurveyContext, IEnumerable<FoundProject>>>();
        foreach (var (folders, draft) in Detectors)
        {
            var found = folders(context).ToList();
            context.Taken.AddRange(found);
            if (found.Count > 0)
            {
                drafts.Add(draft);
            }
        }

        var projects = drafts.SelectMany(d => d(context)).Where(p => p.Steps.Count > 0).ToList();
        if (projects.Count > 0)
        {
            return new PipelineDraft(name, [.. projects.OrderBy(p => p.Folder.Length > 0)], [.. context.Notes.Distinct(StringComparer.Ordinal)]) { Suite = suite };
        }

        diagnostics.Error(
            DiagnosticCodes.NothingToBuild, "There is nothing here that `cairn init` knows how to build or test", SourceSpan.None,
            "it looks for the files of make, CMake, autotools, .NET, Go, Cargo, Python, npm, Maven, Zig, Ruby, Composer, Perl and shell projects; `cairn new --list` lists what it can begin with");
        return null;
    }
}
