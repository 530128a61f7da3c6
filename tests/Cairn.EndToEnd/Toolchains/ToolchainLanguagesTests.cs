using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Toolchains;

/// <summary>Every language that Debian has a toolchain for: a small program is built and tested by it, with neither the machine's programs nor a network.</summary>
public sealed class ToolchainLanguagesTests
{
    private static readonly string Project = Path.Combine(SourceTree.Root, "tests/Cairn.EndToEnd/Toolchains/languages");

    [Fact]
    public async Task Languages_AreBuiltAndTested_ThenCached()
    {
        using var project = Copy();
        Succeeded(await project.CairnAsync("toolchain", "lock"));
        var first = await RunAsync(project);
        var again = await RunAsync(project);

        Assert.Equal(Steps(), first.Keys.Order(StringComparer.Ordinal));
        Assert.All(first.Values, static job => Assert.Equal("miss", job.State));
        Assert.All(again.Values, static job => Assert.Equal("hit", job.State));
        Assert.Equal(Actions(first), Actions(again));
        Assert.All((string[])["c/sums", "cxx/sums", "go/sums", "rust/sums", "java/sums.jar"], file => Assert.True(project.Exists(file), file));
    }

    private static TestProject Copy()
    {
        var project = new TestProject("sandbox") { Timeout = TimeSpan.FromMinutes(5) };
        foreach (var file in Directory.EnumerateFiles(Project, "*", SearchOption.AllDirectories))
        {
            project.Write(Path.GetRelativePath(Project, file), File.ReadAllText(file));
        }

        return project;
    }

    /// <summary>The steps of the project, sorted.</summary>
    private static IEnumerable<string> Steps() =>
        File.ReadLines(Path.Combine(Project, "cairn.yaml")).SkipWhile(static line => line != "steps:").Where(static line => line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ' && line.EndsWith(':'))
            .Select(static line => line.Trim(' ', ':')).Order(StringComparer.Ordinal);

    private static string[] Actions(Dictionary<string, (string State, string Action)> jobs) => [.. jobs.Select(static job => $"{job.Key} {job.Value.Action}").Order(StringComparer.Ordinal)];

    /// <summary>Runs everything; what the cache had to do with each job, and its action.</summary>
    private static async Task<Dictionary<string, (string State, string Action)>> RunAsync(TestProject project)
    {
        var result = await project.CairnAsync("run", "--json");
        Succeeded(result);
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

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());
}
