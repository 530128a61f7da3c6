using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language;
using Cairn.Core.Syntax;
using Cairn.Engine.Projects;
using Cairn.Engine.Projects.Templates;
using Cairn.Testing;

namespace Cairn.Tests.Projects;

public sealed class TemplateTests
{
    private static readonly string[] Languages = ["c", "cpp", "csharp", "go", "java", "node", "perl", "php", "python", "ruby", "rust", "shell", "typescript", "zig"];

    /// <summary>Every template of the program with each of its kinds, and once with a licence.</summary>
    public static TheoryData<string, string, string?> All
    {
        get
        {
            var rows = new TheoryData<string, string, string?>();
            foreach (var name in Languages)
            {
                foreach (var kind in Find(name).Manifest.Kinds)
                {
                    rows.Add(name, kind, null);
                    rows.Add(name, kind, "MIT");
                }
            }

            return rows;
        }
    }

    [Fact]
    public void Names_AreTheLanguagesThatCairnKnows() => Assert.Equal(Languages, new TemplateCatalog(null, "/").Names());

    [Theory]
    [MemberData(nameof(All))]
    public void EveryTemplate_MakesAProject_WithAValidPipeline(string name, string kind, string? license)
    {
        var diagnostics = new DiagnosticBag();
        var files = ProjectMaker.Render(Project(name, kind) with { License = license }, diagnostics);
        Assert.Empty(diagnostics.ToSorted());
        Assert.All(files, f => Assert.DoesNotContain("@@", f.Path + Encoding.UTF8.GetString(f.Content), StringComparison.Ordinal));
        var paths = files.Select(f => f.Path).ToList();
        Assert.Superset(new HashSet<string>([".gitignore", "README.md", "cairn.yaml"], StringComparer.Ordinal), paths.ToHashSet(StringComparer.Ordinal));
        Assert.Equal(license is not null, paths.Contains("LICENSE"));
        Assert.Contains(paths, p => p.Contains("test", StringComparison.OrdinalIgnoreCase) || p.EndsWith(".t", StringComparison.Ordinal) || p is "src/lib.rs" or "src/root.zig");
        var read = PipelineReader.Read("cairn.yaml", new OneFile(files.Single(f => f.Path == "cairn.yaml").Content));
        Assert.Empty(read.Diagnostics);
        Assert.Contains(read.Pipeline!.Steps, s => s.Name.Value is "test" || name == "java");
    }

    [Fact]
    public void Scripts_AreExecutable()
    {
        var files = ProjectMaker.Render(Project("shell", "app"), new DiagnosticBag());
        Assert.True(files.Single(f => f.Path == "bin/hello-world").IsExecutable);
        Assert.False(files.Single(f => f.Path == "README.md").IsExecutable);
    }

    [Theory]
    [InlineData("a @@name@@ b", "a hello-world b")]
    [InlineData("@@name:pascal@@.@@name:snake@@.@@name:upper@@.@@name:lower@@", "HelloWorld.hello_world.HELLO_WORLD.helloworld")]
    [InlineData("@@group:path@@", "org/example")]
    [InlineData("@@ -1,2 +3,4 @@", "@@ -1,2 +3,4 @@")]
    [InlineData("x@@", "x@@")]
    [InlineData("@@if license@@\nno\n@@else@@\nyes\n@@end@@\n", "yes\n")]
    [InlineData("@@if kind=app@@\n@@if kind!=lib@@\nboth\n@@end@@\n@@end@@\n", "both\n")]
    [InlineData("@@if kind=lib@@\n@@if kind=app@@\na\n@@else@@\nb\n@@end@@\n@@else@@\nc\n@@end@@\n", "c\n")]
    public void Expand_FillsIn(string template, string expected)
    {
        var (text, mistakes) = Expand(template);
        Assert.Empty(mistakes);
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("@@nam@@", "did you mean `name`?", 1, 1)]
    [InlineData("a\nb @@name:pascel@@", "did you mean `pascal`?", 2, 3)]
    [InlineData("@@if knd=app@@\n@@end@@", "did you mean `kind`?", 1, 1)]
    [InlineData("@@end@@", "begin one with `@@if NAME@@`", 1, 1)]
    [InlineData("@@if name@@\n@@else@@\n@@else@@\n@@end@@", "begin one with `@@if NAME@@`", 3, 1)]
    [InlineData("@@if name@@\n", "add a line `@@end@@`", 1, 1)]
    public void Expand_TellsWhatMeansNothing(string template, string suggestion, int line, int column)
    {
        var mistake = Assert.Single(Expand(template).Mistakes);
        Assert.Equal((DiagnosticCodes.TemplatePlaceholder, suggestion, line, column), (mistake.Code, mistake.Suggestion, mistake.Span.Line, mistake.Span.Column));
    }

    [Fact]
    public void Manifest_TellsAllMistakesAtOnce()
    {
        var diagnostics = new DiagnosticBag();
        var source = new SourceText("template.yaml", """
            descripton: x
            kinds: [app, servise]
            programs: make
            parameters:
              name: { description: taken }
              group: { description: ok, patern: x }
              size: { description: ok, pattern: "(" }
              none: { default: "1" }

            """);
        Assert.Null(TemplateManifest.Read(source, diagnostics));
        Assert.Equal(
            [
                "1:`descripton` is not a key of a template", "1:A template has a `description`", "2:`servise` is not a kind of project", "3:`programs` takes a list, not a string",
                "5:Every template has a value `name`", "6:`patern` is not a key of a parameter of a template", "7:`(` is not a regular expression that can be used here", "8:The parameter `none` has no `description`",
            ],
            diagnostics.ToSorted().Select(d => $"{d.Span.Line}:{d.Message}"));
    }

    [Fact]
    public void Render_TellsWhatDoesNotFit()
    {
        string[] Codes(NewProject project)
        {
            var diagnostics = new DiagnosticBag();
            Assert.Empty(ProjectMaker.Render(project, diagnostics));
            return [.. diagnostics.ToSorted().Select(d => d.Code)];
        }

        Assert.Equal([DiagnosticCodes.TemplateKindUnknown], Codes(Project("c", "service")));
        Assert.Equal([DiagnosticCodes.ProjectNameInvalid], Codes(Project("rust", "lib", "async")));
        Assert.Equal([DiagnosticCodes.TemplateParameter, DiagnosticCodes.TemplateParameter], Codes(Project("go", "lib") with { Parameters = ImmutableDictionary<string, string>.Empty.Add("module", "a b").Add("modul", "x") }));
    }

    [Theory]
    [InlineData("@@value@@", "../escape")]
    [InlineData("a/@@value@@", ".git/hooks")]
    [InlineData("@@value@@/a", "")]
    public void Render_RefusesPathsThatLeadElsewhere(string path, string value)
    {
        using var folder = new TemporaryFolder();
        folder.Write("template.yaml", "description: Bad\nparameters: { value: { description: Any } }\n");
        folder.Write(path, "");
        var diagnostics = new DiagnosticBag();
        var template = new TemplateCatalog(null, folder.Path).Find(folder.Path, diagnostics).Template!;
        ProjectMaker.Render(Of(template, "hello") with { Parameters = ImmutableDictionary<string, string>.Empty.Add("value", value) }, diagnostics);
        Assert.Equal(DiagnosticCodes.TemplatePath, Assert.Single(diagnostics.ToSorted()).Code);
    }

    [Fact]
    public void Find_OfAFolder_RefusesLinks()
    {
        using var folder = new TemporaryFolder();
        folder.Write("template.yaml", "description: Bad\n");
        File.CreateSymbolicLink(folder["stolen"], "/etc/passwd");
        var diagnostics = new DiagnosticBag();
        Assert.Null(new TemplateCatalog(null, "/").Find(folder.Path, diagnostics).Template);
        Assert.Equal(DiagnosticCodes.TemplatePath, Assert.Single(diagnostics.ToSorted()).Code);
    }

    [Theory]
    [InlineData("mkfifo pipe", "is neither a file nor a folder")]
    [InlineData("ln -s /etc etc", "is a link")]
    [InlineData("head -c 5000000 /dev/zero > big", "has more than 4 MiB")]
    [InlineData("mkdir many; cd many; seq 2001 | xargs touch", "is one file more than the 2,000")]
    [InlineData("for n in $(seq 17); do head -c 4000000 /dev/zero > $n; done", "more than 64 MiB")]
    [InlineData("mkdir -p $(seq -s/ 40)", "more than 32 folders deep")]
    [InlineData("touch $(printf 'a\\377')", "has a name that is not UTF-8")]
    public async Task Find_OfAFolder_RefusesWhatIsNoTemplate(string script, string problem)
    {
        using var folder = new TemporaryFolder();
        folder.Write("template.yaml", "description: Bad\n");
        var made = await new Tool("sh", "-euc", script) { Folder = folder.Path }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(made.ExitCode == 0, made.ToString());
        var diagnostics = new DiagnosticBag();
        Assert.Null(new TemplateCatalog(null, "/").Find(folder.Path, diagnostics).Template);
        var mistake = Assert.Single(diagnostics.ToSorted());
        Assert.Equal(DiagnosticCodes.TemplatePath, mistake.Code);
        Assert.Contains(problem, mistake.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ln -s /etc/passwd link", DiagnosticCodes.TemplatePath, "is a link")]
    [InlineData("head -c 5000000 /dev/zero > big", DiagnosticCodes.TemplatePath, "has more than 4 MiB")]
    [InlineData("git -c protocol.file.allow=always submodule --quiet add ./. sub", DiagnosticCodes.TemplatePath, "is another repository")]
    [InlineData("git rm -q template.yaml; touch a", DiagnosticCodes.TemplateUnreadable, "has no `template.yaml`")]
    public async Task FindAsync_OfARepository_RefusesWhatIsNoTemplate_AndRunsNothing(string script, string code, string problem)
    {
        using var folder = new TemporaryFolder();
        folder.Write("origin/template.yaml", "description: Bad\n");
        folder.Write("origin/.gitattributes", "* filter=evil\n");
        var git = $"git config user.name A; git config user.email a@example.org";
        var made = await new Tool("sh", "-euc", $"git init -q -b main; {git}; git add .; git commit -qm first; {script}; git add .; git commit -qm second; printf '#!/bin/sh\\ntouch ../ran\\n' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout")
        {
            Folder = folder["origin"],
        }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(made.ExitCode == 0, made.ToString());
        var diagnostics = new DiagnosticBag();
        Assert.Null((await new TemplateCatalog(null, "/").FindAsync($"file://{folder["origin"]}", diagnostics, TestContext.Current.CancellationToken)).Template);
        var mistake = Assert.Single(diagnostics.ToSorted());
        Assert.Equal(code, mistake.Code);
        Assert.Contains(problem, mistake.Message, StringComparison.Ordinal);
        Assert.False(folder.Exists("ran"));
    }

    [Theory]
    [InlineData("ext::sh -c 'touch ran'://")]
    [InlineData("https://127.0.0.1:1/none.git")]
    [InlineData("file:///nowhere/at/all")]
    public async Task FindAsync_OfAnAddressThatGivesNothing_SaysSo(string address)
    {
        var diagnostics = new DiagnosticBag();
        Assert.Null((await new TemplateCatalog(null, "/").FindAsync(address, diagnostics, TestContext.Current.CancellationToken)).Template);
        Assert.Equal(DiagnosticCodes.TemplateUnreadable, Assert.Single(diagnostics.ToSorted()).Code);
    }

    [Theory]
    [InlineData("bookworm", true)]
    [InlineData(null, false)]
    public void Render_WithASuite_DeclaresTheToolchain_ThatItsPackagesAre(string? suite, bool pinned)
    {
        foreach (var name in Languages)
        {
            foreach (var kind in Find(name).Manifest.Kinds)
            {
                var diagnostics = new DiagnosticBag();
                var files = ProjectMaker.Render(Project(name, kind) with { Suite = suite }, diagnostics);
                Assert.Empty(diagnostics.ToSorted());
                var read = PipelineReader.Read("cairn.yaml", new OneFile(files.Single(f => f.Path == "cairn.yaml").Content));
                Assert.True(read.Diagnostics.IsEmpty, $"{name} {kind}: {string.Join('\n', read.Diagnostics)}");
                Assert.Equal(pinned && !Find(name).Manifest.Packages.IsEmpty ? 1 : 0, read.Pipeline!.Toolchains.Length);
            }
        }
    }

    [Theory]
    [InlineData("perl", "Makefile.PL")]
    [InlineData("ruby", "hello-world.gemspec")]
    public void Render_QuotesWhoHoldsTheCopyright(string name, string path)
    {
        var diagnostics = new DiagnosticBag();
        var files = ProjectMaker.Render(Project(name, "lib") with { Author = @"A\B O'Neill" }, diagnostics);
        Assert.Contains(@"'A\\B O\'Neill'", Encoding.UTF8.GetString(files.Single(f => f.Path == path).Content), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_LeavesNothingHalfMade()
    {
        using var folder = new TemporaryFolder();
        // A file where the second one needs a folder.
        ImmutableArray<TemplateFile> files = [new("a", [1], false), new("a/b", [2], false)];
        Assert.ThrowsAny<IOException>(() => ProjectMaker.Write(files, folder["project"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        ProjectMaker.Write([files[0]], folder["project"]);
        Assert.ThrowsAny<IOException>(() => ProjectMaker.Write([files[0]], folder["project"]));
        Assert.Equal([folder["project"]], Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("hello", null)]
    [InlineData("a1-b_c", null)]
    [InlineData("", null)]
    [InlineData("Hello", "hello")]
    [InlineData("HelloWorld", "hello-world")]
    [InlineData("../x", "x")]
    [InlineData("a--b", "a-b")]
    [InlineData("a-", "a")]
    [InlineData("1a", "a")]
    [InlineData("null", null)]
    public void ProjectName_IsStrict_AndProposes(string text, string? near)
    {
        var valid = text is "hello" or "a1-b_c";
        Assert.Equal(valid, ProjectName.TryParse(text, out _, out var mistake));
        Assert.Equal(valid, mistake is null);
        Assert.Equal(valid ? text : near, ProjectName.Nearest(text));
    }

    private static (string Text, ImmutableArray<Diagnostic> Mistakes) Expand(string template)
    {
        var diagnostics = new DiagnosticBag();
        var values = ImmutableSortedDictionary<string, string>.Empty.Add("name", "hello-world").Add("kind", "app").Add("license", "").Add("group", "org.example");
        var text = new TemplateText(values, diagnostics).Expand(new SourceText("t", template));
        return (text, diagnostics.ToSorted());
    }

    private static ProjectTemplate Find(string name)
    {
        var diagnostics = new DiagnosticBag();
        var found = new TemplateCatalog(null, "/").Find(name, diagnostics).Template;
        Assert.Empty(diagnostics.ToSorted());
        return found!;
    }

    private static NewProject Project(string template, string kind, string name = "hello-world") => Of(Find(template), name) with { Kind = kind };

    private static NewProject Of(ProjectTemplate template, string name)
    {
        Assert.True(ProjectName.TryParse(name, out var parsed, out _));
        return new NewProject { Template = template, Name = parsed, Year = 2026 };
    }

    private sealed class OneFile(byte[] content) : ISourceLoader
    {
        public byte[]? Load(string path) => path == "cairn.yaml" ? content : null;
    }
}
