using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Projects;

/// <summary>Projects as `cairn new` makes them: their pipelines run in sandboxes without a warning, are cached, here and in a second clone, and so is what `cairn init` writes for their files.</summary>
public sealed class NewProjectTests(SharedCache cache)
{
    private static readonly string[] Folders = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// <summary>A template and a kind, with packages of Debian, or the SDK of the machine, which eng/bootstrap.sh installs. Debian has no Zig: its pipeline is only validated, elsewhere.</summary>
    public static TheoryData<string, string> Languages { get; } = new()
    {
        { "c", "app" },
        { "cpp", "app" },
        { "csharp", "service" },
        { "go", "service" },
        { "java", "service" },
        { "node", "service" },
        { "perl", "app" },
        { "php", "service" },
        { "python", "service" },
        { "ruby", "app" },
        { "rust", "app" },
        { "shell", "app" },
        { "typescript", "service" },
    };

    /// <summary>What `cairn init` finds without the network, and the machine's programs for it.</summary>
    public static TheoryData<string, string, string> Surveyed { get; } = new()
    {
        { "c", "lib", "cc make ar" },
        { "cpp", "lib", "c++ cmake make" },
        { "csharp", "app", "dotnet" },
        { "go", "lib", "go" },
        { "node", "lib", "node npm" },
        { "perl", "lib", "perl prove" },
        { "php", "lib", "php" },
        { "python", "lib", "python3" },
        { "ruby", "lib", "ruby rake" },
        { "rust", "lib", "cargo rustc" },
        { "shell", "lib", "sh" },
    };

    [Theory]
    [MemberData(nameof(Languages))]
    public async Task New_MakesAProject_ThatRuns_IsCached_AndHasTheSameActionsElsewhere(string template, string kind)
    {
        using var project = Project();
        var made = await CairnAsync(project, "new", template, "hello-world", "--kind", kind, "--license", "mit");
        Assert.Equal(template != "csharp", project.Exists("hello-world/cairn.lock"));
        Assert.Contains("cd hello-world && cairn run", made.Output, StringComparison.Ordinal);

        var run = await CairnAsync(project, "run", "--plain", "-C", "hello-world");
        Assert.DoesNotContain("warning[", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(": cached", run.Output, StringComparison.Ordinal);
        var first = await JobsAsync(project, "hello-world");
        Assert.All(first, job => Assert.Equal("hit", job.State));

        // Another clone has what version control has.
        foreach (var file in Directory.EnumerateFiles(Path.Combine(project.Folder, "hello-world"), "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(Path.Combine(project.Folder, "hello-world"), file);
            if (made.Output.Contains($"  {path}\n", StringComparison.Ordinal) || path == "cairn.lock")
            {
                project.Write(Path.Combine("elsewhere/clone", path), "");
                File.Copy(file, Path.Combine(project.Folder, "elsewhere/clone", path), overwrite: true);
            }
        }

        var second = await JobsAsync(project, "elsewhere/clone");
        Assert.All(second, job => Assert.Equal("hit", job.State));
        Assert.Equal(first.Select(job => (job.Name, job.Action)).Order(), second.Select(job => (job.Name, job.Action)).Order());
    }

    [Theory]
    [MemberData(nameof(Surveyed))]
    public async Task Init_WritesAPipeline_ThatRunsWithTheProgramsOfTheMachine(string template, string kind, string programs)
    {
        // eng/bootstrap.sh installs what CI can have.
        var missing = programs.Split(' ').Where(p => !Folders.Any(f => File.Exists(Path.Combine(f, p)))).ToList();
        Assert.SkipWhen(missing.Count > 0, $"This machine has no {string.Join(", ", missing)}");
        using var project = Project();
        await CairnAsync(project, "new", template, "hello-world", "--kind", kind, "--no-lock");
        File.Delete(Path.Combine(project.Folder, "hello-world/cairn.yaml"));

        await CairnAsync(project, "init", "hello-world", "--toolchain", "host");
        await CairnAsync(project, "validate", "--strict", "-C", "hello-world");
        var run = await CairnAsync(project, "run", "--plain", "-C", "hello-world");
        Assert.DoesNotContain("warning[", run.Output, StringComparison.Ordinal);
        Assert.All(await JobsAsync(project, "hello-world"), job => Assert.Equal("hit", job.State));

        using var known = JsonDocument.Parse((await CairnAsync(project, "projects", "--json")).Output);
        var only = Assert.Single(known.RootElement.EnumerateArray());
        Assert.Equal(("hello-world", "succeeded"), (only.GetProperty("name").GetString(), only.GetProperty("last_state").GetString()));
    }

    [Fact]
    public async Task Init_OfARepositoryInSeveralLanguages_WritesOnePipeline_WithAToolchainForEach()
    {
        using var project = Project();
        project.Write("go.work", "go 1.19\nuse (\n\t./api\n\t./greet\n)\n");
        project.Write("api/go.mod", "module example.org/api\n\ngo 1.19\n\nrequire example.org/greet v0.0.0\n");
        project.Write("api/main.go", "package main\n\nimport \"example.org/greet\"\n\nfunc main() { println(greet.Hello()) }\n");
        project.Write("greet/go.mod", "module example.org/greet\n\ngo 1.19\n");
        project.Write("greet/greet.go", "// Package greet greets.\npackage greet\n\n// Hello greets.\nfunc Hello() string { return \"hello\" }\n");
        project.Write("native/CMakeLists.txt", "cmake_minimum_required(VERSION 3.16)\nproject(native C)\nfind_package(ZLIB REQUIRED)\nenable_testing()\nadd_executable(check check.c)\ntarget_link_libraries(check ZLIB::ZLIB)\nadd_test(NAME check COMMAND check)\n");
        project.Write("native/check.c", "#include <zlib.h>\nint main(void) { return zlibVersion()[0] != '1'; }\n");
        project.Write("py/pyproject.toml", "[project]\nname = \"py\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n");
        project.Write("py/src/py/__init__.py", "ONE = 1\n");
        project.Write("py/tests/test_py.py", "import unittest\n\nimport py\n\n\nclass OneTest(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(py.ONE, 1)\n");

        var written = await CairnAsync(project, "init");
        await CairnAsync(project, "validate", "--strict");
        await CairnAsync(project, "run", "--plain");
        var jobs = await JobsAsync(project, ".");
        Assert.Equal(["api-test", "api-vet", "greet-test", "greet-vet", "native-build", "native-test", "py-test"], jobs.Select(job => job.Name).Order(StringComparer.Ordinal));
        Assert.All(jobs, job => Assert.Equal("hit", job.State));
        Assert.All((string[])["go: locked", "cc: locked", "python: locked"], told => Assert.Contains(told, written.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task New_WithoutAMirror_MakesTheProject_AndSaysWhatPinsItsToolchain()
    {
        using var project = new TestProject("sandbox");
        project.Environment = project.Environment.Add("http_proxy", "http://127.0.0.1:9").Add("https_proxy", "http://127.0.0.1:9");
        var made = await project.CairnAsync("new", "c", "hello");
        Assert.Equal(1, made.ExitCode);
        Assert.Contains("cairn toolchain lock -C hello", made.Output, StringComparison.Ordinal);
        Assert.True(project.Exists("hello/cairn.yaml") && !project.Exists("hello/cairn.lock"));
        var refused = await project.CairnAsync("run", "-C", "hello");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("CAIRN0702", refused.Error, StringComparison.Ordinal);
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

    private TestProject Project() => cache.Project(TimeSpan.FromMinutes(4));

    /// <summary>Runs a pipeline; of each job what the cache had and its action.</summary>
    private static async Task<List<(string Name, string State, string Action)>> JobsAsync(TestProject project, string folder)
    {
        var run = await CairnAsync(project, "run", "--json", "-C", folder);
        var jobs = new List<(string Name, string State, string Action)>();
        foreach (var line in run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("type").GetString() == "step.completed")
            {
                var result = json.RootElement.GetProperty("cache");
                jobs.Add((json.RootElement.GetProperty("job").GetString()!, result.GetProperty("state").GetString()!, result.GetProperty("action").GetString()!));
            }
        }

        return jobs;
    }

    private static async Task<ToolResult> CairnAsync(TestProject project, params string[] arguments)
    {
        var result = await project.CairnAsync([.. arguments]);
        Assert.True(result.ExitCode == 0, $"cairn {string.Join(' ', arguments)}: {result}");
        return result;
    }
}
