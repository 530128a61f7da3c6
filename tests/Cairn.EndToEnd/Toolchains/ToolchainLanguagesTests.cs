using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Toolchains;

/// <summary>Every language that Debian has a toolchain for: a small program is built and tested by it, with neither the machine's programs nor a network.</summary>
public sealed class ToolchainLanguagesTests(SharedCache cache)
{
    private static readonly string Project = Path.Combine(SourceTree.Root, "tests/Cairn.EndToEnd/Toolchains/languages");

    private const string Clone = "elsewhere/clone";

    [Fact]
    public async Task Languages_AreBuiltAndTested_ThenCached_HereAndInAnotherClone()
    {
        using var project = cache.Project(TimeSpan.FromMinutes(10));
        CopyTo(project, ".");
        _ = await CairnAsync(project, "toolchain", "lock");
        var first = await RunAsync(project, ".");
        Assert.All((string[])["c/sums", "cxx/sums", "go/sums", "rust/sums", "java/sums.jar"], file => Assert.True(project.Exists(file), file));
        var again = await RunAsync(project, ".");

        // What version control has, in another place.
        CopyTo(project, Clone);
        project.Write(Clone + "/cairn.lock", project.Read("cairn.lock"));
        var elsewhere = await RunAsync(project, Clone);

        Assert.Equal(Steps(), first.Keys.Order(StringComparer.Ordinal));
        Assert.All(first.Values, static job => Assert.Equal("miss", job.State));
        Assert.All(again.Values.Concat(elsewhere.Values), static job => Assert.Equal("hit", job.State));
        Assert.Equal(Actions(first), Actions(again));
        Assert.Equal(Actions(first), Actions(elsewhere));
        Assert.True(project.Exists(Clone + "/go/sums"));
    }

    private static void CopyTo(TestProject project, string folder)
    {
        foreach (var file in Directory.EnumerateFiles(Project, "*", SearchOption.AllDirectories))
        {
            project.Write(Path.Combine(folder, Path.GetRelativePath(Project, file)), File.ReadAllText(file));
        }
    }

    /// <summary>The steps of the project, sorted.</summary>
    private static IEnumerable<string> Steps() =>
        File.ReadLines(Path.Combine(Project, "cairn.yaml")).SkipWhile(static line => line != "steps:").Where(static line => line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ' && line.EndsWith(':'))
            .Select(static line => line.Trim(' ', ':')).Order(StringComparer.Ordinal);

    private static string[] Actions(Dictionary<string, (string State, string Action)> jobs) => [.. jobs.Select(static job => $"{job.Key} {job.Value.Action}").Order(StringComparer.Ordinal)];

    /// <summary>Runs everything; what the cache had to do with each job, and its action.</summary>
    private static async Task<Dictionary<string, (string State, string Action)>> RunAsync(TestProject project, string folder)
    {
        var result = await CairnAsync(project, "run", "--json", "-C", folder);
        var jobs = new Dictionary<string, (string State, string Action)>(StringComparer.Ordinal);
        foreach (var line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("type").GetString() == "step.completed")
            {
                var cache = json.RootElement.GetProperty("cache");
                jobs.Add(json.RootElement.GetProperty("job").GetString()!, (cache.GetProperty("state").GetString()!, cache.GetProperty("action").GetString()!));
            }
        }

        return jobs;
    }

    private static async Task<ToolResult> CairnAsync(TestProject project, params string[] arguments)
    {
        var result = await project.CairnAsync([.. arguments]);
        if (result.ExitCode != 0)
        {
            // Of a run that fails there are thousands of lines: the first say what matters.
            var failed = result.Output.Split('\n').Where(static line => line.Contains("\"step.failed\"", StringComparison.Ordinal));
            var free = new DriveInfo(project.Folder).AvailableFreeSpace >> 20;
            Assert.Fail($"cairn {string.Join(' ', arguments)}: exit {result.ExitCode}, {free} MiB of the disk are free\n{string.Join('\n', failed)}\n{result.Error}\n{result}");
        }

        return result;
    }
}
