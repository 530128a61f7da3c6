using System.Xml;
using System.Xml.Linq;

namespace Cairn.Engine.Projects.Survey;

/// <summary>.NET: one step restores, one for each project compiles, in the order of their references.</summary>
internal static class DotnetProjects
{
    private const string Artifacts = "artifacts";
    private const string Packages = ".nuget/packages";

    private static readonly string[] ProjectEndings = [".csproj", ".fsproj", ".vbproj"];
    private static readonly string[] SharedNames = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", "nuget.config", "NuGet.config", "NuGet.Config", ".editorconfig"];

    private static readonly (string, string)[] Environment = [("DOTNET_CLI_TELEMETRY_OPTOUT", "1"), ("DOTNET_NOLOGO", "1"), ("MSBUILDDISABLENODEREUSE", "1")];

    public static IEnumerable<string> Folders(SurveyContext context) => context.Listing.Ending(ProjectEndings).Select(Paths.Folder).Distinct(StringComparer.Ordinal);

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        var listing = context.Listing;
        var shared = SharedFiles(context);
        var projects = listing.Ending(ProjectEndings).Select(p => Project.Read(listing, p, context)).OfType<Project>().ToList();
        if (projects.Count == 0)
        {
            yield break;
        }

        if (projects.GroupBy(p => p.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } clash)
        {
            context.Note($"two .NET projects are called {clash.Key}, and their results would stand in one folder: rename one, or give them artifacts of their own");
            projects = [.. projects.DistinctBy(p => p.Name, StringComparer.OrdinalIgnoreCase)];
        }

        var byPath = projects.ToDictionary(p => p.Path, StringComparer.Ordinal);
        IEnumerable<Project> Direct(Project project) => project.References.Where(byPath.ContainsKey).Select(r => byPath[r]);
        var hasPackages = projects.Exists(p => p.HasPackages) || shared.Exists(s => listing.Text(s).Contains("<PackageReference", StringComparison.Ordinal) || listing.Text(s).Contains("<GlobalPackageReference", StringComparison.Ordinal));
        var found = new Dictionary<string, FoundProject>(StringComparer.Ordinal);
        var packages = hasPackages ? $"export NUGET_PACKAGES=\"$CAIRN_PROJECT/{Packages}\"\n" : "";
        var restore = Restore(projects, shared, listing, packages);
        yield return restore;
        foreach (var project in References.InOrder(projects, Direct))
        {
            var closure = References.Closure(project, Direct);
            var needs = new List<(FoundProject, string)>(restore.Steps.Select(s => (restore, s.Name)));
            needs.AddRange(closure.Select(c => (found[c.Path], "build")));
            var inputs = new List<string>(shared);
            foreach (var used in closure.Prepend(project))
            {
                inputs.AddRange(context.Sources(used.Folder));
                inputs.AddRange([$"!{Paths.In(used.Folder, "bin/**")}", $"!{Paths.In(used.Folder, "obj/**")}"]);
            }

            var build = new DraftStep("build", $"{packages}dotnet build {Shell(project.Path)} --no-restore --no-dependencies -c Release --artifacts-path {Artifacts} -p:UseSharedCompilation=false")
            {
                NeedsOf = needs,
                Inputs = [.. inputs.Distinct(StringComparer.Ordinal)],
                Outputs = [$"{Artifacts}/bin/{project.Name}/**", $"{Artifacts}/obj/{project.Name}/release*/**"],
                Environment = Environment,
            };
            var steps = new List<DraftStep> { build };
            if (project.Test(packages) is { } test)
            {
                steps.Add(test with { Needs = ["build"], NeedsOf = needs, Inputs = [.. inputs.Where(i => shared.Contains(i)), project.Path, .. closure.Select(c => c.Path)], Environment = Environment });
            }

            var title = $".NET project {project.Path}{(closure.Count > 0 ? ", which refers to " + string.Join(", ", Direct(project).Select(p => p.Name)) : "")}";
            found[project.Path] = new FoundProject("dotnet", project.Folder, title) { Steps = steps, Label = project.Name };
            yield return found[project.Path];
        }
    }

    private static FoundProject Restore(List<Project> projects, List<string> shared, SourceListing listing, string packages)
    {
        var solutions = listing.Ending(".sln", ".slnx").ToList();
        var targets = solutions.Count == 1 && IsWhole(listing.Text(solutions[0]), projects) ? solutions : [.. projects.Select(p => p.Path)];
        var locks = listing.Named("packages.lock.json").ToList();
        string Restore(string artifacts, string more) => packages + string.Join('\n', targets.Select(t => $"dotnet restore {Shell(t)} --artifacts-path {artifacts}{(locks.Count > 0 ? " --locked-mode" : "")}{more}"));
        List<string> inputs = [.. solutions, .. projects.Select(p => p.Path), .. shared, .. locks];
        var restore = new DraftStep("restore", Restore(Artifacts, packages.Length > 0 ? " -p:NuGetAudit=false" : ""))
        {
            Description = packages.Length > 0 ? "Resolves references among what was downloaded" : "Resolves references; no project has packages, so there is nothing to download",
            Needs = packages.Length > 0 ? ["packages"] : [],
            Inputs = inputs,
            Outputs = [.. projects.SelectMany(p => new[] { $"{Artifacts}/obj/{p.Name}/project.assets.json", $"{Artifacts}/obj/{p.Name}/*.nuget.*" })],
            Environment = Environment,
        };
        return new FoundProject("dotnet", "", "What the .NET projects refer to")
        {
            Label = "dotnet",
            Steps = packages.Length == 0 ? [restore] :
            [
                new DraftStep("packages", Restore("/tmp/artifacts", "") + $"\nfind {Packages} -name .nupkg.metadata -exec sed -i 's/\"source\": \"[^\"]*\"/\"source\": null/' {{}} +")
                {
                    Description = "Downloads packages",
                    Comments =
                    [
                        "NuGet notes beside each package where it was from, which may be another feed elsewhere. Feeds with passwords want a secret in `env`.",
                        .. locks.Count > 0 ? Array.Empty<string>() : ["Commit lock files (RestorePackagesWithLockFile): without them each fetch may bring other versions."],
                    ],
                    Hosts = FetchHosts.OfDotnet(shared.Where(s => Paths.Name(s).Equals("nuget.config", StringComparison.OrdinalIgnoreCase)).Select(listing.Text)),
                    Inputs = inputs,
                    Outputs = [$"{Packages}/**"],
                    Environment = [.. Environment, ("NUGET_CERT_REVOCATION_MODE", "offline")],
                },
                restore,
            ],
        };
    }

    // What a solution leaves out, or has no configuration for, is not restored with it.
    private static bool IsWhole(string solution, List<Project> projects) =>
        (solution.Contains("<Solution", StringComparison.Ordinal) || solution.Contains("ProjectConfigurationPlatforms", StringComparison.Ordinal))
        && projects.TrueForAll(p => solution.Replace('\\', '/').Contains(Paths.Name(p.Path), StringComparison.Ordinal));

    private static List<string> SharedFiles(SurveyContext context) =>
        [.. context.Listing.Named(SharedNames), .. context.Listing.Ending(".ruleset", ".snk").Where(f => Paths.Depth(f) == 0)];

    private static string Shell(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'" : path;

    private sealed record Project(string Path, string Name, string Assembly, List<string> References, bool HasPackages, bool IsProgram, bool HasTestRunner)
    {
        public string Folder => Paths.Folder(Path);

        public static Project? Read(SourceListing listing, string path, SurveyContext context)
        {
            try
            {
                var document = XDocument.Parse(listing.Text(path));
                var elements = document.Descendants().ToList();
                string? Value(string name) => elements.Find(e => e.Name.LocalName == name)?.Value.Trim();
                List<string> Includes(string name) => [.. elements.Where(e => e.Name.LocalName == name).Select(e => (string?)e.Attribute("Include")).OfType<string>()];
                var name = System.IO.Path.GetFileNameWithoutExtension(path);
                var references = Includes("ProjectReference").Select(i => Paths.Resolve(Paths.Folder(path), i)).OfType<string>().Where(listing.Has).ToList();
                var packages = Includes("PackageReference");
                return new Project(
                    path, name, Value("AssemblyName") is { Length: > 0 } assembly && !assembly.Contains('$', StringComparison.Ordinal) ? assembly : name, references, packages.Count > 0,
                    string.Equals(Value("OutputType"), "Exe", StringComparison.OrdinalIgnoreCase),
                    packages.Exists(p => p is "Microsoft.NET.Test.Sdk" or "xunit.v3" or "MSTest" or "TUnit") || ((string?)document.Root?.Attribute("Sdk"))?.StartsWith("MSTest.Sdk", StringComparison.Ordinal) == true);
            }
            catch (XmlException exception)
            {
                context.Note($"{path} is not XML and is left out: {exception.Message}");
                return null;
            }
        }

        /// <summary>The step that runs its tests, or null where it has none.</summary>
        public DraftStep? Test(string packages) =>
            HasTestRunner ? new DraftStep("test", $"{packages}dotnet test {Shell(Path)} --no-build -c Release --artifacts-path {Artifacts}")
            : IsProgram && Name.EndsWith("Tests", StringComparison.Ordinal) ? new DraftStep("test", $"dotnet {Artifacts}/bin/{Name}/release/{Assembly}.dll")
            : null;
    }
}
