using System.Collections.Immutable;
using System.Xml.Linq;

namespace Cairn.Tidy;

/// <summary>What projects may refer to.</summary>
public sealed class ProjectRules(Repository repository)
{
    private static readonly ImmutableArray<string> Shipped =
    [
        "Cairn.Core", "Cairn.Trust", "Cairn.Store", "Cairn.Execution", "Cairn.Engine", "Cairn.Protocol", "Cairn.Agent", "Cairn.Controller", "Cairn.Cli",
    ];

    // The assemblies of the design and the edges between them. An edge that is not here is a decision, not a detail.
    private static readonly ImmutableDictionary<string, ImmutableArray<string>> References = new Dictionary<string, ImmutableArray<string>>
    {
        ["Cairn.Core"] = [],
        ["Cairn.Trust"] = ["Cairn.Core"],
        ["Cairn.Store"] = ["Cairn.Core", "Cairn.Trust"],
        ["Cairn.Execution"] = ["Cairn.Core", "Cairn.Trust", "Cairn.Store"],
        ["Cairn.Engine"] = ["Cairn.Core", "Cairn.Trust", "Cairn.Store", "Cairn.Execution"],
        ["Cairn.Protocol"] = ["Cairn.Core"],
        ["Cairn.Agent"] = ["Cairn.Core", "Cairn.Trust", "Cairn.Store", "Cairn.Execution", "Cairn.Engine", "Cairn.Protocol"],
        ["Cairn.Controller"] = ["Cairn.Core", "Cairn.Trust", "Cairn.Store", "Cairn.Protocol"],
        ["Cairn.Cli"] = [.. Shipped.Where(p => p != "Cairn.Cli")],
        ["Cairn.Testing"] = ["Cairn.Core", "Cairn.Store", "Cairn.Execution"],
        ["Cairn.StoreDriver"] = ["Cairn.Core", "Cairn.Store", "Cairn.Trust"],
        ["Cairn.Tests"] = [.. Shipped, "Cairn.Testing", "Cairn.StoreDriver"],
        ["Cairn.EndToEnd"] = ["Cairn.Testing"],
        ["Cairn.Bench"] = ["Cairn.Core", "Cairn.Trust", "Cairn.Store"],
        ["Cairn.Fuzz"] = ["Cairn.Core", "Cairn.Trust", "Cairn.Testing"],
        ["Cairn.Tidy"] = ["Cairn.Testing"],
    }.ToImmutableDictionary();

    private static readonly ImmutableDictionary<string, ImmutableArray<string>> Packages = new Dictionary<string, ImmutableArray<string>>
    {
        ["Directory.Build"] = ["Meziantou.Analyzer", "Microsoft.CodeAnalysis.BannedApiAnalyzers", "Microsoft.VisualStudio.Threading.Analyzers"],
        ["Cairn.Core"] = ["YamlDotNet"],
        ["Cairn.Cli"] = ["Spectre.Console", "System.CommandLine"],
        ["Cairn.Testing"] = ["FsCheck"],
        ["Cairn.Tests"] = ["FsCheck", "xunit.v3"],
        ["Cairn.EndToEnd"] = ["xunit.v3"],
        ["Cairn.Tidy"] = ["xunit.v3"],
    }.ToImmutableDictionary();

    private IEnumerable<SourceFile> BuildFiles => repository.Projects.Concat(repository.Files.Where(f => f.Extension is ".props" or ".targets" && !f.Path.StartsWith("templates/", StringComparison.Ordinal)));

    [Fact]
    public void ProjectReferences_Are_Those_Of_The_Design() => Violations.Check(
        "An edge that the design does not have; decide it in an ADR and list it in ProjectRules.cs",
        Unlisted(repository.Projects, References, "ProjectReference", include => Path.GetFileNameWithoutExtension(include.Replace('\\', '/'))));

    [Fact]
    public void Projects_Are_Those_Of_The_Design() => Violations.Check(
        "A project that the design does not have; decide it in an ADR and list it in ProjectRules.cs",
        repository.Projects.Where(p => !References.ContainsKey(NameOf(p))).Select(p => p.Path));

    [Fact]
    public void PackageReferences_Are_Known() => Violations.Check(
        "A package that is new here; each is code of others that we ship or trust: list it in ProjectRules.cs",
        Unlisted(BuildFiles, Packages, "PackageReference", include => include));

    [Fact]
    public void Versions_Stand_In_One_Place() => Violations.Check(
        "Versions of packages belong in Directory.Packages.props",
        BuildFiles.Where(f => f.Name != "Directory.Packages.props")
            .SelectMany(f => Elements(f, "PackageReference").Where(e => e.Attribute("Version") is not null || e.Attribute("VersionOverride") is not null || e.Element("Version") is not null)
                .Select(e => $"{f.Path}: {e}")));

    [Fact]
    public void Versions_Are_Exact() => Violations.Check(
        "Pin one version: no ranges, no wildcards",
        repository.Files.Where(f => f.Name == "Directory.Packages.props")
            .SelectMany(f => Elements(f, "PackageVersion").Where(e => e.Attribute("Version")?.Value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-') != true).Select(e => $"{f.Path}: {e}")));

    [Fact]
    public void Projects_Have_Lock_Files() => Violations.Check(
        "Restore, and commit packages.lock.json",
        repository.Projects.Where(p => !repository.Has($"{Path.GetDirectoryName(p.Path)}/packages.lock.json")).Select(p => p.Path));

    [Fact]
    public void Projects_Are_In_The_Solution()
    {
        var solution = repository.Files.Single(f => f.Path == "Cairn.slnx").Text;
        Violations.Check("Add the project to Cairn.slnx", repository.Projects.Where(p => !solution.Contains($"\"{p.Path}\"", StringComparison.Ordinal)).Select(p => p.Path));
    }

    private static IEnumerable<string> Unlisted(IEnumerable<SourceFile> files, ImmutableDictionary<string, ImmutableArray<string>> allowed, string element, Func<string, string> name) =>
        from file in files
        from reference in Elements(file, element)
        let target = name(reference.Attribute("Include")?.Value ?? reference.ToString())
        where !allowed.GetValueOrDefault(NameOf(file), []).Contains(target)
        select $"{file.Path}: {target}";

    private static IEnumerable<XElement> Elements(SourceFile file, string name) => XDocument.Parse(file.Text).Descendants(name);

    private static string NameOf(SourceFile file) => Path.GetFileNameWithoutExtension(file.Name);
}
