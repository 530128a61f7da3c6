using Cairn.EndToEnd.Toolchains;
using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>GNU hello as Debian keeps its makers' sources: what a project of others, with autotools, wants of a sandbox.</summary>
public sealed class GnuHelloTests
{
    [Fact]
    public async Task Hello_IsBuiltAndChecked_ThenCached_ThenReproduced()
    {
        using var project = new TestProject("sandbox") { Timeout = TimeSpan.FromMinutes(5) };
        var archive = Assert.Single(await DebianSources.FetchAsync(project, Path.Combine(Path.GetDirectoryName(project.Folder)!, "sources"), "hello"));
        var unpacked = await new Tool("tar", "xzf", archive, "--strip-components=1") { Folder = project.Folder, Environment = project.Environment }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(unpacked.ExitCode == 0, unpacked.ToString());
        project.Write(
            "cairn.yaml",
            """
            version: 1
            name: hello
            defaults: { strict: true }
            steps:
              build:
                run: |
                  source=$PWD
                  mkdir /tmp/build && cd /tmp/build
                  "$source"/configure --quiet CFLAGS=-O2
                  make -s -j2
                  make -s check
                  make -s install-strip DESTDIR="$source/dist"
                inputs: ["**"]
                outputs: [dist/**]
              try:
                needs: [build]
                inputs: []
                run: dist/usr/local/bin/hello

            """);

        var built = await project.CairnAsync("run", "--plain");
        var again = await project.CairnAsync("run", "--plain");
        var reproduced = await project.CairnAsync("reproduce", "build");

        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.Contains("# PASS:  ", built.Output, StringComparison.Ordinal);
        Assert.Contains("[try] Hello, world!", built.Output, StringComparison.Ordinal);
        Assert.Contains("2 of 2 cached, nothing to do", again.Output + again.Error, StringComparison.Ordinal);
        Assert.True(reproduced.ExitCode == 0, reproduced.ToString());
        Assert.StartsWith("identical build  ", reproduced.Output, StringComparison.Ordinal);
    }
}
