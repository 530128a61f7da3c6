using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Tool caches in sandboxes.</summary>
public sealed class ToolCacheMountTests
{
    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task What_A_Step_Leaves_In_A_Tool_Cache_The_Next_Run_Finds(bool asUser)
    {
        using var project = HostileProject.Of(asUser, """
              use:
                inputs: []
                outputs: [vendor/file, result]
                strict: true
                cache: { paths: { home: ~/.tool/cache, project: vendor/packages } }
                run: |
                  cat ~/.tool/cache/one vendor/packages/two > result 2>/dev/null || echo empty > result
                  echo first > ~/.tool/cache/one; echo second > vendor/packages/two; echo own > vendor/file
                  mkdir -p ~/.tool/cache/deep/er; mv ~/.tool/cache/deep ~/.tool/cache/"moved-$$"

            """);

        var first = await project.RunAsync();
        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Equal("empty\n", project.Project.Read("result"));
        var second = await project.RunAsync("--force", "use");

        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Equal("first\nsecond\n", project.Project.Read("result"));
        Assert.Equal("own\n", project.Project.Read("vendor/file"));
        Assert.False(project.Project.Exists("vendor/packages"));
        if (Environment.IsPrivilegedProcess)
        {
            var caches = Directory.EnumerateDirectories(Path.Combine(project.Store, "tools"), "*+sandbox", SearchOption.AllDirectories).ToList();
            Assert.Equal(2, caches.Count);
            foreach (var cache in caches)
            {
                Assert.Equal(asUser ? "1234" : "60999", await OwnerAsync(cache + "/files"));
            }
        }

        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Steps_Of_Isolation_Process_Have_Other_Tool_Caches(bool asUser)
    {
        using var project = HostileProject.Of(asUser, """
              plant: { inputs: [], cache: { paths: { tool: ~/.tool } }, run: "echo planted > ~/.tool/program" }
              trust: { isolation: process, inputs: [], needs: [plant], cache: { paths: { tool: ~/.tool } }, run: "ls ~/.tool; echo trusted > ~/.tool/program" }
              look: { inputs: [], needs: [trust], cache: { paths: { tool: ~/.tool } }, run: "cat ~/.tool/program" }

            """);

        var result = await project.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.DoesNotContain("[trust]", result.Output, StringComparison.Ordinal);
        Assert.Contains("[look] planted", result.Output, StringComparison.Ordinal);
        project.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task A_Tool_Cache_Does_Not_Hide_An_Input(bool asUser)
    {
        using var project = HostileProject.Of(asUser, """
              use: { inputs: [vendor], cache: { paths: { tool: vendor/packages } }, run: "ls vendor/packages" }

            """);
        project.Project.Write("vendor", "a file\n");

        var result = await project.RunAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("The tool cache `tool` cannot be put in place: `vendor` stands there, an input of the step", result.Output + result.Error, StringComparison.Ordinal);
        project.AssertNothingLeft();
    }

    private static async Task<string> OwnerAsync(string path) => (await new Tool("stat", "-c", "%u", path).RunAsync(TestContext.Current.CancellationToken)).Output.Trim();
}
