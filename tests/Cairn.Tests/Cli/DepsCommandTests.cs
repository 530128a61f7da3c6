using System.Text.Json;
using System.Xml.Linq;

using Cairn.Cli;
using Cairn.Tests.Language;

namespace Cairn.Tests.Cli;

public sealed class DepsCommandTests
{
    private const string Small = """
        { "lockfileVersion": 3, "packages": {
            "": { "name": "web", "version": "1.0.0", "dependencies": { "a": "^1.0.0", "b": "2" }, "devDependencies": { "t": "*" } },
            "node_modules/a": { "version": "1.2.0", "license": "MIT", "dependencies": { "c": "1" } },
            "node_modules/b": { "version": "2.0.0", "license": "ISC", "dependencies": { "a": "1", "c": "2" } },
            "node_modules/b/node_modules/c": { "version": "2.0.0" },
            "node_modules/c": { "version": "1.0.0", "license": "MIT" },
            "node_modules/t": { "version": "3.0.0", "license": "MIT" } } }
        """;

    [Fact]
    public async Task Text_IsATree_ThatShowsNothingTwice()
    {
        using var cli = new CommandTester();
        cli.Write("package-lock.json", Small);
        Assert.Equal(
            new CommandOutcome(
                0,
                """
                package-lock.json · 5 packages, 3 direct
                web 1.0.0
                ├─ a 1.2.0  MIT
                │  └─ c 1.0.0  MIT
                ├─ b 2.0.0  ISC
                │  ├─ a 1.2.0  MIT · see above
                │  └─ c 2.0.0
                └─ t 3.0.0  MIT · development

                Several versions
                  c  1.0.0, 2.0.0

                Licences
                  MIT  3 packages
                  ISC  1 package
                  not known  1 package

                """,
                ""),
            await cli.RunAsync("deps"));
    }

    [Fact]
    public async Task Depth_LeavesOutWhatLiesBelow()
    {
        using var cli = new CommandTester();
        cli.Write("package-lock.json", Small);
        var (exit, text, _) = await cli.RunAsync("deps", "--depth", "1");
        Assert.Equal(0, exit);
        Assert.DoesNotContain("c 2.0.0", text, StringComparison.Ordinal);
        Assert.Contains("└─ t 3.0.0", text, StringComparison.Ordinal);
        Assert.Contains("from 1, not `0`", (await cli.RunAsync("deps", "--depth", "0")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_WithoutUtf8_IsAscii()
    {
        using var cli = new CommandTester(("LANG", "C"));
        cli.Write("package-lock.json", Small);
        Assert.All((await cli.RunAsync("deps")).Out, c => Assert.InRange(c, '\n', '~'));
        Assert.All((await cli.RunAsync("deps", "why", "c")).Out, c => Assert.InRange(c, '\n', '~'));
    }

    [Fact]
    public async Task Text_HasNoControlCharacters_OfLockFiles()
    {
        using var cli = new CommandTester();
        cli.Write("package-lock.json", Small.Replace("\"license\": \"ISC\"", "\"license\": \"\\u001b[31mISC\"", StringComparison.Ordinal));
        Assert.DoesNotContain('\e', (await cli.RunAsync("deps")).Out);
    }

    [Fact]
    public async Task Why_ShowsAChain_ForEachWay()
    {
        using var cli = new CommandTester();
        cli.Write("web/package-lock.json", Small);
        var (exit, text, error) = await cli.RunAsync("deps", "why", "c");
        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(
            """
            c 1.0.0 · web/package-lock.json
              web → a 1.2.0 (^1.0.0) → c 1.0.0 (1)
              web → b 2.0.0 (2) → a 1.2.0 (1) → c 1.0.0 (1)

            c 2.0.0 · web/package-lock.json
              web → b 2.0.0 (2) → c 2.0.0 (2)

            """,
            text);
        Assert.Contains("web → t 3.0.0 (*, development)", (await cli.RunAsync("deps", "why", "t@3.0.0", "web")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_SuggestsANameThatIsThere()
    {
        using var cli = new CommandTester();
        cli.Write("go.mod", "module x\nrequire golang.org/x/text v0.15.0\nrequire golang.org/x/sys v0.20.0 // indirect\n");
        var (exit, _, error) = await cli.RunAsync("deps", "why", "golang.org/x/txt");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("did you mean `golang.org/x/text`?", error, StringComparison.Ordinal);
        Assert.Contains("ask `go mod why -m golang.org/x/sys`", (await cli.RunAsync("deps", "why", "sys")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_HasPackageUrls_Hashes_AndWhatNeedsWhat()
    {
        using var cli = new CommandTester();
        cli.Write("Cargo.lock", await File.ReadAllTextAsync(Path.Combine(Samples.Root, "testdata/deps/cargo/Cargo.lock"), TestContext.Current.CancellationToken));
        var (exit, text, _) = await cli.RunAsync("deps", "--json");
        Assert.Equal(0, exit);
        using var json = JsonDocument.Parse(text);
        var project = json.RootElement.GetProperty("projects")[0];
        Assert.Equal(("Cargo.lock", ".", "cargo"), (project.GetProperty("file").GetString(), project.GetProperty("folder").GetString(), project.GetProperty("ecosystem").GetString()));
        var packages = project.GetProperty("packages").EnumerateArray().ToList();
        var regex = packages.Single(p => p.GetProperty("name").GetString() == "regex");
        Assert.Equal("pkg:cargo/regex@1.10.4", regex.GetProperty("purl").GetString());
        Assert.Equal("sha256", regex.GetProperty("hashes")[0].GetProperty("algorithm").GetString());
        Assert.Equal(["aho-corasick", "memchr"], regex.GetProperty("needs").EnumerateArray().Select(n => packages[n.GetProperty("id").GetInt32()].GetProperty("name").GetString()));
        Assert.Equal("syn", Assert.Single(json.RootElement.GetProperty("duplicates").EnumerateArray()).GetProperty("name").GetString());

        using var why = JsonDocument.Parse((await cli.RunAsync("deps", "why", "memchr", "--json")).Out);
        Assert.Equal("finder", why.RootElement[0].GetProperty("chains")[0].GetProperty("root").GetString());
    }

    [Fact]
    public async Task Svg_IsXml_WithABoxForEachPackage_EvenInACircle()
    {
        using var cli = new CommandTester();
        cli.Write("package-lock.json", Small.Replace("\"license\": \"MIT\" },\n    \"node_modules/t\"", "\"license\": \"<MIT>\", \"dependencies\": { \"b\": \"2\" } },\n    \"node_modules/t\"", StringComparison.Ordinal));
        var (exit, text, _) = await cli.RunAsync("deps", "--format", "svg");
        Assert.Equal(0, exit);
        XNamespace svg = "http://www.w3.org/2000/svg";
        var nodes = XDocument.Parse(text).Descendants(svg + "g").Where(g => ((string?)g.Attribute("class"))?.StartsWith("node", StringComparison.Ordinal) ?? false).ToList();
        Assert.Equal(6, nodes.Count);
        Assert.Contains("b 2.0.0 needs c 2.0.0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dot_And_Mermaid_HaveAllNeeds()
    {
        using var cli = new CommandTester();
        cli.Write("package-lock.json", Small);
        var dot = (await cli.RunAsync("deps", "--format", "dot")).Out;
        Assert.Contains("p1 [label=\"a 1.2.0\"]", dot, StringComparison.Ordinal);
        Assert.Contains("p0 -> p5 [style=dashed]", dot, StringComparison.Ordinal);
        var mermaid = (await cli.RunAsync("deps", "--format", "mermaid")).Out;
        Assert.StartsWith("flowchart LR\n    p0[[\"web 1.0.0\"]]\n", mermaid, StringComparison.Ordinal);
        Assert.Contains("    p0 -.-> p5\n", mermaid, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deps_TellsMistakes_AndShowsTheRest()
    {
        using var cli = new CommandTester();
        cli.Write("good/package-lock.json", Small);
        cli.Write("bad/package-lock.json", "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n");
        var (exit, text, error) = await cli.RunAsync("deps");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.StartsWith("good/package-lock.json", text, StringComparison.Ordinal);
        Assert.Contains("CAIRN0742", error, StringComparison.Ordinal);
        Assert.Contains("bad/package-lock.json:4:1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deps_DoesNotGoWhereOthersCodeLies()
    {
        using var cli = new CommandTester();
        cli.Write("go.mod", "module top\n");
        cli.Write("node_modules/x/package-lock.json", "broken");
        cli.Write("vendor/x/go.mod", "broken");
        cli.Write(".gitignore", "/out/\n");
        cli.Write("out/go.mod", "broken");
        cli.Write("lib/.cairnignore", "go.mod\n");
        cli.Write("lib/go.mod", "broken");
        Directory.CreateSymbolicLink(Path.Combine(cli.Project, "link"), cli.Folder["project/out"]);
        var (exit, text, error) = await cli.RunAsync("deps");
        Assert.Equal((0, ""), (exit, error));
        Assert.StartsWith("go.mod · 0 packages", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deps_KeepsTheRules_OfTheRepositoryAbove()
    {
        using var cli = new CommandTester();
        Directory.CreateDirectory(Path.Combine(cli.Project, ".git"));
        cli.Write(".gitignore", "/sub/gen/\n");
        cli.Write("sub/go.mod", "module sub\n");
        cli.Write("sub/gen/go.mod", "broken");
        var (exit, text, error) = await cli.RunAsync("deps", "sub");
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("sub", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deps_TakesLicences_FromWhatIsInstalled()
    {
        using var cli = new CommandTester();
        cli.Write("package-lock.json", Small);
        cli.Write("node_modules/c/package.json", "{ \"name\": \"c\", \"version\": \"2.0.0\", \"license\": \"0BSD\" }");
        cli.Write("py/requirements.txt", "Zope.Interface==6.4\n");
        cli.Write("py/.venv/lib/python3.12/site-packages/zope_interface-6.4.dist-info/METADATA", "Metadata-Version: 2.4\nName: zope.interface\nLicense-Expression: ZPL-2.1\n\nLicense: no header\n");
        var (_, text, _) = await cli.RunAsync("deps");
        Assert.Contains("c 2.0.0  0BSD\n", text, StringComparison.Ordinal);
        Assert.Contains("zope-interface 6.4  ZPL-2.1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deps_WithoutLockFiles_SaysWhatIsRead()
    {
        using var cli = new CommandTester();
        var (exit, _, error) = await cli.RunAsync("deps");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("package-lock.json", error, StringComparison.Ordinal);
        Assert.Contains("There is no folder `nowhere`", (await cli.RunAsync("deps", "nowhere")).Error, StringComparison.Ordinal);
    }
}
