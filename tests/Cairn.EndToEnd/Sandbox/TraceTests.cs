using System.Globalization;
using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Steps that are observed: a C project with headers, a static program, children at the same time.</summary>
public sealed class TraceTests
{
    private const string Pipeline = """
        version: 1
        steps:
          tool: { run: gcc -static -O1 tool/copy.c -o copy, inputs: [tool/copy.c], outputs: [copy] } # static
          build:
            # compiles
            run: |
              mkdir -p build
              for f in src/main.c src/sub/other.c; do gcc -Iinclude -c $f -o build/$(basename $f .c).o & done; wait
              gcc build/*.o -o build/app && ./build/app && echo built
            inputs: [src/**, docs/**] # all of it
          copies:
            run: ./copy README.md copied.txt; ls docs | wc -l >count; rm -f none; echo x >tmp; rm tmp
          fails: { run: cat README.md; exit 3, outputs: [never] }
          many: { matrix: { n: [1, 2] }, run: "cat docs/x.md >out${{ matrix.n }}" }
        """;

    private const string Copy = """
        #include <fcntl.h>
        #include <unistd.h>
        int main(int n, char **v) {
          char b[64]; long c;
          int i = open(v[1], O_RDONLY), o = open(v[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
          if (n < 3 || i < 0 || o < 0) return 4;
          while ((c = read(i, b, 64)) > 0) if (write(o, b, c) != c) return 5;
          return 0;
        }
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Trace_Sees_Headers_Children_And_Static_Programs(bool asUser)
    {
        using var project = Project();
        if (asUser)
        {
            await Shell(project, $"chown -R {User}:{User} ..");
        }

        Assert.Equal(0, (await RunAsync(project, asUser, "run", "--quiet", "tool")).ExitCode);
        var build = await RunAsync(project, asUser, "trace", "build", "--json");
        Assert.True(build.ExitCode == 0, build.ToString());
        Assert.Contains("built", build.Error, StringComparison.Ordinal);
        using (var found = JsonDocument.Parse(build.Output))
        {
            Assert.Equal(["include/a.h", "src/main.c", "src/sub/other.c"], Texts(found, "inputs", "files"));
            Assert.Equal(["src/**", "include/a.h"], Texts(found, "inputs", "proposed"));
            Assert.Equal(["include/a.h"], Texts(found, "inputs", "undeclared"));
            Assert.Equal(["docs/**"], Texts(found, "inputs", "unused"));
            Assert.Equal(["build/app", "build/main.o", "build/other.o"], Texts(found, "outputs", "files"));
        }

        Assert.False(project.Exists("build"), "nothing of a traced step stays");
        var copies = await RunAsync(project, asUser, "trace", "copies", "--write");
        Assert.True(copies.ExitCode == 0, copies.ToString());
        Assert.Contains("written to cairn.yaml", copies.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(project, asUser, "trace", "build", "-w")).ExitCode);
        var expected = Pipeline
            .Replace("    inputs: [src/**, docs/**] # all of it", "    inputs: [src/**, include/a.h] # all of it\n    outputs: [build/**]", StringComparison.Ordinal)
            .Replace("  copies:\n", "  copies:\n    needs: [tool]\n", StringComparison.Ordinal)
            .Replace("rm tmp\n", "rm tmp\n    inputs: [README.md, docs/**]\n    outputs: [copied.txt, count]\n", StringComparison.Ordinal);
        Assert.Equal(expected, project.Read("cairn.yaml"));
        Assert.Contains("What it declares is what it does", (await RunAsync(project, asUser, "trace", "copies")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(project, asUser, "run", "--quiet", "build", "copies")).ExitCode);
        Assert.Equal("readme\n", project.Read("copied.txt"));
    }

    [Fact]
    public async Task Trace_Tells_Failures_And_Refuses_To_Write()
    {
        using var project = Project();
        var failed = await project.CairnAsync("trace", "fails", "--write");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("error[CAIRN0599]: The proposal for `fails` was not written: the step failed (exit 3)", failed.Error, StringComparison.Ordinal);
        Assert.Contains("- README.md", failed.Output, StringComparison.Ordinal);
        var job = await project.CairnAsync("trace", "many[n=1]", "--write");
        Assert.Equal(2, job.ExitCode);
        Assert.Contains("error[CAIRN0598]: The proposal for `many[n=1]` was not written: its step has a matrix", job.Error, StringComparison.Ordinal);
        Assert.Contains("several jobs", (await project.CairnAsync("trace", "many")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await project.CairnAsync("trace", "nope")).ExitCode);
        Assert.Equal(Pipeline, project.Read("cairn.yaml"));
    }

    private static TestProject Project()
    {
        var project = new TestProject("sandbox");
        project.Write("cairn.yaml", Pipeline);
        project.Write("tool/copy.c", Copy);
        project.Write("src/main.c", "#include \"a.h\"\nint other(void);\nint main(void) { return A + other(); }\n");
        project.Write("src/sub/other.c", "#include \"a.h\"\nint other(void) { return -A; }\n");
        project.Write("include/a.h", "#define A 1\n");
        project.Write("include/b.h", "#define B 1\n");
        project.Write("docs/x.md", "x\n");
        project.Write("docs/y.md", "y\n");
        project.Write("README.md", "readme\n");
        return project;
    }

    private static string[] Texts(JsonDocument document, string list, string member) =>
        [.. document.RootElement.GetProperty(list).GetProperty(member).EnumerateArray().Select(static e => e.GetString()!)];

    private static Task<ToolResult> RunAsync(TestProject project, bool asUser, params string[] arguments) => (asUser
        ? new Tool("setpriv", ["--reuid", User, "--regid", User, "--clear-groups", CairnBinary.Path, .. arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }
        : project.Command([.. arguments])).RunAsync(TestContext.Current.CancellationToken);

    private static string User => 1234.ToString(CultureInfo.InvariantCulture);

    private static async Task Shell(TestProject project, string script)
    {
        var result = await new Tool("sh", ["-ec", script]) { Folder = project.Folder, Environment = project.Environment }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
