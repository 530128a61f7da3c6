using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Projects;

/// <summary>Projects as `cairn new` makes them: their pipelines run in sandboxes without a warning, are cached, and so is what `cairn init` writes for their files.</summary>
public sealed class NewProjectTests
{
    private static readonly string[] Folders = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// <summary>A template, a kind, and the programs that its pipeline needs. TypeScript and Java download what they need and Debian has no Zig: their pipelines are only validated, elsewhere.</summary>
    public static TheoryData<string, string, string> Rows { get; } = new()
    {
        { "c", "app", "cc make" },
        { "c", "lib", "cc make ar" },
        { "cpp", "app", "c++ cmake make" },
        { "csharp", "app", "dotnet" },
        { "csharp", "service", "dotnet" },
        { "go", "app", "go" },
        { "node", "service", "node npm" },
        { "perl", "app", "perl prove" },
        { "php", "service", "php" },
        { "python", "service", "python3" },
        { "python", "lib", "python3" },
        { "ruby", "app", "ruby rake" },
        { "rust", "app", "cargo rustc" },
        { "shell", "app", "sh" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task New_MakesAProject_ThatRuns_AndSoDoesWhatInitWrites(string template, string kind, string programs)
    {
        // eng/bootstrap.sh installs what CI can have.
        var missing = programs.Split(' ').Where(p => !Folders.Any(f => File.Exists(Path.Combine(f, p)))).ToList();
        Assert.SkipWhen(missing.Count > 0, $"This machine has no {string.Join(", ", missing)}");
        using var project = new TestProject("sandbox") { Timeout = TimeSpan.FromMinutes(4) };
        await CairnAsync(project, "new", template, "hello-world", "--kind", kind, "--license", "mit");

        await RunAsync(project, template);

        File.Delete(Path.Combine(project.Folder, "hello-world/cairn.yaml"));
        await CairnAsync(project, "init", "hello-world");
        await CairnAsync(project, "validate", "--strict", "-C", "hello-world");
        await RunAsync(project, template);

        using var known = JsonDocument.Parse((await CairnAsync(project, "projects", "--json")).Output);
        var only = Assert.Single(known.RootElement.EnumerateArray());
        Assert.Equal(("hello-world", "succeeded"), (only.GetProperty("name").GetString(), only.GetProperty("last_state").GetString()));
    }

    [Fact]
    public async Task New_FromAGitRepository_TakesItsNewestCommit()
    {
        using var project = new TestProject("sandbox");
        project.Write("origin/template.yaml", "description: Ours\n");
        project.Write("origin/cairn.yaml", "version: 1\nname: @@name@@\nsteps: { test: { run: 'test -f mark' } }\n");
        project.Write("origin/mark", "");
        var git = await new Tool("sh", "-euc", "cd origin; git init -q -b main; git add .; git -c user.name=A -c user.email=a@example.org commit -qm first")
        {
            Folder = project.Folder,
            Environment = project.Environment,
        }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(git.ExitCode == 0, git.ToString());

        await CairnAsync(project, "new", $"file://{project.Folder}/origin#main", "hello");
        Assert.False(project.Exists("hello/.git") || project.Exists("hello/template.yaml"));
        await CairnAsync(project, "run", "--plain", "-C", "hello");
        var gone = await project.CairnAsync("new", $"file://{project.Folder}/nowhere", "other");
        Assert.Equal(2, gone.ExitCode);
        Assert.Contains("CAIRN0754", gone.Error, StringComparison.Ordinal);
        Assert.False(project.Exists("other"));
    }

    private static async Task RunAsync(TestProject project, string template)
    {
        var first = await CairnAsync(project, "run", "--plain", "-C", "hello-world");
        Assert.False(first.Output.Contains("warning[", StringComparison.Ordinal), $"{template}: {first}");
        var second = await CairnAsync(project, "run", "--quiet", "-C", "hello-world");
        Assert.Contains("cached, nothing to do", second.Output, StringComparison.Ordinal);
    }

    private static async Task<ToolResult> CairnAsync(TestProject project, params string[] arguments)
    {
        var result = await project.CairnAsync([.. arguments]);
        Assert.True(result.ExitCode == 0, $"cairn {string.Join(' ', arguments)}: {result}");
        return result;
    }
}
