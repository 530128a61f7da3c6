using System.Text;

using Cairn.Cli.Commands;
using Cairn.Cli.Dependencies;
using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;
using Cairn.Tests.Language;

namespace Cairn.Tests.Dependencies;

public sealed class LockFormatTests
{
    private static string Folder => Path.Combine(Samples.Root, "testdata", "deps");

    public static TheoryData<string> Folders()
    {
        var data = new TheoryData<string>();
        foreach (var folder in Directory.EnumerateDirectories(Folder).Order(StringComparer.Ordinal))
        {
            data.Add(Path.GetFileName(folder));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Read_MakesTheGraph_OfASample(string name)
    {
        var folder = Path.Combine(Folder, name);
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(f => DependencyReader.IsWanted(Path.GetFileName(f)))
            .Select(f => (Path.GetRelativePath(folder, f), File.ReadAllText(f))).ToList();
        var (graphs, diagnostics) = LockSamples.Read(files);
        var json = Encoding.UTF8.GetString(JsonOutput.ToBytes(writer => DependencyJson.Write(writer, graphs, DependencySummary.Of(graphs))));
        Samples.AssertGolden(Path.Combine(folder, "expected.txt"), Samples.List(diagnostics) + json);

        // The order in which files are found decides nothing.
        files.Reverse();
        Assert.Equal(json, Encoding.UTF8.GetString(JsonOutput.ToBytes(writer => DependencyJson.Write(writer, LockSamples.Read(files).Graphs, DependencySummary.Of(graphs)))));
    }

    [Fact]
    public void Samples_ShowEveryFormat()
    {
        var names = Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(DependencyReader.FormatNames.Where(n => !names.Contains(n)));
    }

    [Theory]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 3, \"packages\": { ", "CAIRN0742", 1, "The file ends too early")]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 3,\n  'packages': {} }", "CAIRN0742", 2, "`'` is not what JSON has here")]
    [InlineData("package-lock.json", "{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> x\n}", "CAIRN0742", 2, "merge conflict")]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 1, \"dependencies\": {} }", "CAIRN0743", 1, "not of version 2 or 3")]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 3, \"packages\": [] }", "CAIRN0744", 1, "`packages` must be a table of keys and values, not a list")]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 3, \"lockfileVersion\": 3, \"packages\": {} }", "CAIRN0006", 1, "`lockfileVersion` is given twice")]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 3, \"packages\": { \"node_modules/a\": {} } }", "CAIRN0744", 1, "The package `a` has no `version`")]
    [InlineData("packages.lock.json", "[]", "CAIRN0744", 1, "must be a JSON object, not a list")]
    [InlineData("packages.lock.json", "{ \"version\": 9 }", "CAIRN0743", 1, "not of version 1 or 2")]
    [InlineData("Cargo.lock", "version = 5\n", "CAIRN0743", 1, "not of version")]
    [InlineData("Cargo.lock", "[[package]]\nname = \"a\"\n", "CAIRN0744", 1, "The package `a` has no `version`")]
    [InlineData("Cargo.lock", "[[package]]\nname = \"a\"\nname = \"b\"\n", "CAIRN0006", 3, "`name` is given twice")]
    [InlineData("uv.lock", "version = 2\n", "CAIRN0743", 1, "not of version 1")]
    [InlineData("poetry.lock", "[metadata]\nlock-version = \"7.0\"\n", "CAIRN0743", 2, "version 7.0")]
    [InlineData("pylock.toml", "created-by = 'x'\n", "CAIRN0743", 1, "no `lock-version` 1")]
    [InlineData("requirements.txt", "flask==1\n===\n", "CAIRN0742", 2, "no requirement such as")]
    [InlineData("go.mod", "go 1.22\n", "CAIRN0744", 1, "names no `module`")]
    [InlineData("go.mod", "module x\nrequire (\n\ta.b/c v1\n", "CAIRN0742", 4, "The block `require` is not closed")]
    [InlineData("go.mod", "module x\nrequired a v1\n", "CAIRN0742", 2, "`required` is no directive")]
    [InlineData("Gemfile.lock", "GEM\n  remote: https://rubygems.org/\n  specs:\n    rake\n", "CAIRN0744", 4, "The gem `rake` has no version")]
    [InlineData("composer.lock", "{}", "CAIRN0744", 1, "no list `packages`")]
    [InlineData("pom.xml", "<project>\n  <artifactId>a</artifactId\n</project>", "CAIRN0742", 3, "not the XML of a pom")]
    [InlineData("pom.xml", "<!DOCTYPE project [<!ENTITY a \"b\">]>\n<project/>", "CAIRN0742", 1, "A pom has no document type")]
    [InlineData("pom.xml", "<settings/>", "CAIRN0744", 1, "must be a `project`")]
    public void Read_TellsMistakes_WithTheirPlace(string file, string text, string code, int line, string message)
    {
        var (graphs, diagnostics) = LockSamples.Read((file, text));
        var mistake = diagnostics[0];
        Assert.Equal((code, line, file), (mistake.Code, mistake.Span.Line, mistake.Span.File));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(mistake.Suggestion));
        Assert.Empty(graphs);
    }

    [Fact]
    public void Read_TellsTheMistakesOfAllFiles_AndKeepsTheOthers()
    {
        var (graphs, diagnostics) = LockSamples.Read(
            ("a/Cargo.lock", "[[package]]\nname = 1\nversion = 2\n[[package]]\nversion = \"1\"\n"),
            ("b/composer.lock", "{"),
            ("c/go.mod", "module example.com/c\n"));
        Assert.Equal("c/go.mod", Assert.Single(graphs).File);
        Assert.Equal(["a/Cargo.lock", "a/Cargo.lock", "b/composer.lock"], diagnostics.Select(d => d.Span.File));
    }

    [Theory]
    [InlineData("Cargo.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"gone\"]\n", "`a` needs `gone`")]
    [InlineData("package-lock.json", "{ \"lockfileVersion\": 3, \"packages\": { \"\": { \"name\": \"a\", \"dependencies\": { \"gone\": \"1\" } } } }", "`a` needs `gone`")]
    [InlineData("requirements.txt", "flask>=2\n", "`flask` has no fixed version")]
    public void Read_Warns_OfWhatIsNotLocked(string file, string text, string message)
    {
        var (graphs, diagnostics) = LockSamples.Read((file, text));
        Assert.Single(graphs);
        var warning = Assert.Single(diagnostics);
        Assert.Equal(DiagnosticSeverity.Warning, warning.Severity);
        Assert.Contains(message, warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Npm_FindsWhatNodeFinds_FromTheFolderUpwards()
    {
        var graph = LockSamples.One(("package-lock.json", """
            { "lockfileVersion": 3, "packages": {
                "": { "name": "root", "dependencies": { "a": "1", "b": "2" } },
                "node_modules/a": { "version": "1.0.0", "dependencies": { "b": "1" } },
                "node_modules/a/node_modules/b": { "version": "1.0.0" },
                "node_modules/b": { "version": "2.0.0", "dependencies": { "a": "1" } } } }
            """));
        Assert.Equal(["b 1.0.0"], graph.NeedsOf("a"));
        Assert.Equal(["a 1.0.0", "b 2.0.0"], graph.NeedsOf("root"));
    }

    [Fact]
    public void Scope_IsTheMostBinding_OfAllWays()
    {
        var graph = LockSamples.One(("package-lock.json", """
            { "lockfileVersion": 3, "packages": {
                "": { "name": "root", "dependencies": { "a": "1" }, "devDependencies": { "d": "1" } },
                "node_modules/a": { "version": "1.0.0", "dependencies": { "both": "1" }, "optionalDependencies": { "o": "1" } },
                "node_modules/both": { "version": "1.0.0" },
                "node_modules/o": { "version": "1.0.0", "dependencies": { "below": "1" } },
                "node_modules/below": { "version": "1.0.0" },
                "node_modules/d": { "version": "1.0.0", "dependencies": { "both": "1", "only": "1" } },
                "node_modules/only": { "version": "1.0.0" } } }
            """));
        Assert.Equal(DependencyScope.Runtime, graph.Find("both").Scope);
        Assert.Equal(DependencyScope.Optional, graph.Find("below").Scope);
        Assert.Equal(DependencyScope.Development, graph.Find("only").Scope);
    }

    [Fact]
    public void Pom_WithPropertiesThatNameEachOther_Ends()
    {
        var (graphs, diagnostics) = LockSamples.Read(("pom.xml", """
            <project><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
            <properties><x>${y}${y}</x><y>${x}${x}</y></properties>
            <dependencies><dependency><groupId>h</groupId><artifactId>b</artifactId><version>${x}</version></dependency></dependencies></project>
            """));
        Assert.Equal(DiagnosticCodes.DependencyNotPinned, Assert.Single(diagnostics).Code);
        Assert.Null(Assert.Single(graphs).Find("h:b").Version);
    }

    [Fact]
    public void Pom_ThatIsItsOwnParent_Ends() =>
        Assert.Single(LockSamples.Read(("pom.xml", """
            <project><groupId>g</groupId><parent><groupId>g</groupId><artifactId>a</artifactId><version>1</version><relativePath>pom.xml</relativePath></parent><artifactId>a</artifactId></project>
            """)).Graphs);

    [Theory]
    [InlineData(Ecosystem.Npm, "@scope/name", "1.0.0", "pkg:npm/%40scope/name@1.0.0")]
    [InlineData(Ecosystem.Maven, "org.apache:commons", "1.3", "pkg:maven/org.apache/commons@1.3")]
    [InlineData(Ecosystem.PyPI, "Typing_Extensions", "4.0", "pkg:pypi/typing-extensions@4.0")]
    [InlineData(Ecosystem.Go, "github.com/Masterminds/semver/v3", "v3.2.1+incompatible", "pkg:golang/github.com/masterminds/semver/v3@v3.2.1%2Bincompatible")]
    [InlineData(Ecosystem.Composer, "Monolog/Monolog", "3.6.0", "pkg:composer/monolog/monolog@3.6.0")]
    [InlineData(Ecosystem.NuGet, "Näme", null, "pkg:nuget/N%C3%A4me")]
    public void Purl_FollowsItsType(Ecosystem ecosystem, string name, string? version, string expected) => Assert.Equal(expected, PackageUrl.Of(ecosystem, name, version, []));

    [Fact]
    public void Purl_WritesQualifiers_WithUrls() => Assert.Equal(
        "pkg:gem/x@1?platform=java&vcs_url=git%2Bhttps://example.org/x.git%400a1b",
        PackageUrl.Of(Ecosystem.RubyGems, "x", "1", [new("platform", "java"), new("type", ""), new("vcs_url", "git+https://example.org/x.git@0a1b")]));
}
