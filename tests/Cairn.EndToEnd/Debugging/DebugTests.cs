using System.Globalization;
using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Debugging;

/// <summary>Sandboxed steps that do what they did not declare, or fail, and what a person finds out about them.</summary>
public sealed class DebugTests
{
    private const string Pipeline = """
        version: 1
        defaults: { isolation: sandbox }
        secrets: { token: { env: THE_TOKEN } }
        steps:
          cc: { inputs: [src/**], outputs: [main.o], run: gcc -Iinclude -c src/main.c -o main.o }
          cat: { inputs: [src/**], run: cat data.txt }
          py: { inputs: [tool.py], run: python3 tool.py }
          sh: { inputs: [tool.py], run: "test -f data.txt || exit 3" }
          makes: { inputs: [data.txt], outputs: [made.txt], run: cp data.txt made.txt }
          uses: { inputs: [tool.py], run: cat made.txt }
          writes:
            inputs: [src/**, data.txt]
            outputs: [out/**]
            run: mkdir -p out tmp; echo a >out/a; echo b >tmp/b; touch src/main.c; rm data.txt
          strict: { strict: true, inputs: [src/**], outputs: [one], run: echo a >one; echo b >two }
          fails:
            inputs: [data.txt]
            env: { PLAIN: plain, TOKEN: "${{ secrets.token }}" }
            run: echo changed >>data.txt; echo made >made; exit 7
          plain: { isolation: process, run: exit 1 }
          bounded: { inputs: [data.txt], limits: { pids: 20 }, run: exit 1 }
          eats: { inputs: [data.txt], limits: { memory: 48MiB }, run: "head -c 200000000 /dev/zero >/dev/shm/fill" }
          maybe: { inputs: [data.txt], outputs: ["maybe/**"], run: "true" }
          after: { needs: [maybe], inputs: [data.txt], run: "true" }
          keeps: { inputs: [data.txt], generates: more.yaml, outputs: [more.yaml], run: "echo nonsense: 1 >more.yaml" }
        """;

    [Fact]
    public async Task Failures_Name_The_Inputs_That_Are_Missing()
    {
        using var project = Project();
        var run = await project.CairnAsync("run", "--plain", "--keep-going", "cc", "cat", "py", "sh");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("CAIRN0587]: `include/config.h` exists but is not an input of `cc`: add to its `inputs`: `- include/config.h`", run.Output, StringComparison.Ordinal);
        Assert.Contains("`data.txt` exists but is not an input of `cat`", run.Output, StringComparison.Ordinal);
        Assert.Contains("`helper.py` exists but is not an input of `py`", run.Output, StringComparison.Ordinal);
        Assert.Contains("`data.txt` exists but is not an input of `sh`", run.Output, StringComparison.Ordinal);
        Assert.Equal(4, run.Output.Split("CAIRN0587").Length - 1);
    }

    [Fact]
    public async Task Failure_For_Want_Of_An_Output_Names_The_Step_That_Makes_It()
    {
        using var project = Project();
        var run = await project.CairnAsync("run", "--plain", "uses");
        Assert.Contains("`made.txt` is made by `makes`, which `uses` does not need: add to its `needs`: `- makes`", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writes_Beside_The_Outputs_Are_Told_And_Fail_A_Strict_Step()
    {
        using var project = Project();
        var run = await project.CairnAsync("run", "--plain", "--keep-going", "writes", "strict");
        Assert.Contains("CAIRN0585]: `writes` wrote a file that is not among its outputs: `tmp/b`; deleted its inputs `data.txt`; add to its `outputs`: `- tmp/b`", run.Output, StringComparison.Ordinal);
        Assert.Contains("strict: failed", run.Output, StringComparison.Ordinal);
        Assert.Contains("CAIRN0586]: `strict` wrote a file that is not among its outputs: `two`", run.Output, StringComparison.Ordinal);
        Assert.False(project.Exists("one"), "a strict step that failed has no outputs");
        Assert.True(project.Exists("data.txt"));
        Assert.Equal("a\n", project.Read("out/a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Debug_Enters_The_Root_And_Exports_What_Was_Changed(bool asUser)
    {
        using var project = Project();
        Cairn = asUser ? a => AsUser(project, a) : a => project.Command([.. a]);
        await GiveAsync(project, asUser);
        var run = await RunAsync("run", "--plain", "--keep", "fails");
        Assert.Contains("its root is kept: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("look around in it: cairn debug ", run.Output, StringComparison.Ordinal);

        var seen = await RunAsync("debug", "--command", "cat data.txt made; echo $PLAIN-${TOKEN-unset}-$CAIRN_JOB; pwd; id -u; exit 9");
        Assert.Equal(9, seen.ExitCode);
        Assert.Equal("data\nchanged\nmade\nplain-unset-fails\n/work\n1000\n", seen.Output);
        Assert.Equal("secret value\n", (await RunAsync("debug", "fails", "--secrets", "--command", "echo $TOKEN")).Output);

        Assert.Equal(0, (await RunAsync("debug", "last", "fails", "-c", "sed -i s/changed/mended/ data.txt; mkdir new; printf 'a\\nb' >new/file; ln -s file new/link; rm made")).ExitCode);
        Assert.Equal(0, (await RunAsync("debug", "fails", "-c", "chmod +x new/file")).ExitCode);
        var diff = await RunAsync("debug", "fails", "--diff");
        Assert.Contains("-changed\n+mended\n", diff.Output, StringComparison.Ordinal);
        Assert.Contains("new file mode 100755", diff.Output, StringComparison.Ordinal);
        project.Write("session.diff", diff.Output);
        var export = await RunAsync("debug", "fails", "--patch", "fix.patch");
        Assert.Equal(0, export.ExitCode);
        Assert.Contains("warning: `data.txt` is as the step wrote it", export.Error, StringComparison.Ordinal);
        Assert.Contains("warning: `made` is as the step wrote it", export.Error, StringComparison.Ordinal);

        // The diff in a tree as the step left it, the patch in one as the project has it.
        foreach (var apply in (string[])["git apply", "patch -s -p1"])
        {
            await Shell(project, $"rm -rf t && mkdir t && cd t && printf 'data\\nchanged\\n' >data.txt && echo made >made && {apply} <../session.diff");
            Assert.Equal("data\nmended\n", project.Read("t/data.txt"));
            Assert.False(project.Exists("t/made"));
            await Shell(project, $"rm -rf p && mkdir p && cp data.txt p && cd p && {apply} <../fix.patch");
            Assert.Equal("data\n", project.Read("p/data.txt"));
            foreach (var tree in (string[])["t", "p"])
            {
                Assert.Equal("a\nb", project.Read($"{tree}/new/link"));
                await Shell(project, $"test -x {tree}/new/file");
            }
        }

        Assert.Contains("Dropped", (await RunAsync("debug", "fails", "--reset")).Output, StringComparison.Ordinal);
        Assert.Equal("", (await RunAsync("debug", "fails", "--diff")).Output);
        Assert.Equal("data\nchanged\nmade\n", (await RunAsync("debug", "fails", "-c", "cat data.txt made")).Output);
        Assert.Equal("data\n", project.Read("data.txt"));

        var root = Path.GetDirectoryName(Directory.GetFiles(Path.Combine(project.Environment["XDG_CACHE_HOME"], "cairn/roots"), "root.json", SearchOption.AllDirectories).Single())!;
        Assert.DoesNotContain("secret value", await File.ReadAllTextAsync(Path.Combine(root, "root.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var statistics = JsonDocument.Parse((await RunAsync("store", "stats", "--json")).Output);
        Assert.Equal(1, statistics.RootElement.GetProperty("kept_roots").GetInt32());
        File.SetLastWriteTimeUtc(Path.Combine(root, "root.json"), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-8));
        Assert.Contains("1 kept root of failed steps", (await RunAsync("store", "gc")).Output, StringComparison.Ordinal);
        var gone = await RunAsync("debug", "fails");
        Assert.Equal(2, gone.ExitCode);
        Assert.Contains("no longer kept", gone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Debug_Says_Why_There_Is_No_Root()
    {
        using var project = Project();
        Assert.Contains("There are no runs yet", (await project.CairnAsync("debug")).Error, StringComparison.Ordinal);
        await project.CairnAsync("run", "--keep-going", "plain", "writes");
        Assert.Contains("isolation `process`", (await project.CairnAsync("debug", "plain")).Error, StringComparison.Ordinal);
        Assert.Contains("`writes` did not fail", (await project.CairnAsync("debug", "writes")).Error, StringComparison.Ordinal);
        Assert.Contains("neither one run nor a step", (await project.CairnAsync("debug", "nope")).Error, StringComparison.Ordinal);
        Assert.Contains("has no step `nope`", (await project.CairnAsync("debug", "last", "nope")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Debug_Is_A_Shell_With_Job_Control_On_A_Terminal(bool asUser)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = Project();
        Cairn = asUser ? a => AsUser(project, a) : a => project.Command([.. a]);
        await GiveAsync(project, asUser);
        await RunAsync("run", "--quiet", "fails");
        await using var terminal = await TestTerminal.StartAsync(Path.Combine(project.Environment["HOME"], "terminal"), 90, 30, Cairn(["debug"]), cancellationToken);
        await terminal.WaitForAsync("(fails)", cancellationToken);
        // One job: between two of them the key would reach the shell, which it does not stop.
        await terminal.TypeAsync("sh -c 'stty size; exec sleep 1000'", cancellationToken);
        await terminal.PressAsync(cancellationToken, "Enter");
        await terminal.WaitForAsync("30 90", cancellationToken);
        await terminal.PressAsync(cancellationToken, "C-z");
        await terminal.WaitForAsync("Stopped", cancellationToken);
        // The first `exit` only tells of the stopped job.
        await terminal.TypeAsync("echo in >shell.txt; echo to-stderr >/dev/stderr; exit 5; exit 5", cancellationToken);
        await terminal.PressAsync(cancellationToken, "Enter");
        Assert.Equal(5, await terminal.ExitAsync(cancellationToken));
        Assert.DoesNotContain("denied", await terminal.HistoryAsync(cancellationToken), StringComparison.Ordinal);
        Assert.Contains("+in\n", (await RunAsync("debug", "--diff")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_Runs_In_A_Fresh_Sandbox()
    {
        using var project = Project();
        var seen = await project.CairnAsync("exec", "fails", "--", "sh", "-c", "ls; echo $PLAIN-$TOKEN; echo x >data.txt; exit 4");
        Assert.Equal(4, seen.ExitCode);
        Assert.Equal("data.txt\nplain-secret value\n", seen.Output);
        Assert.Equal("data\n", project.Read("data.txt"));
        Assert.Contains("isolation `process`", (await project.CairnAsync("exec", "plain", "--", "true")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await project.CairnAsync("exec", "nope", "--", "true")).ExitCode);
    }

    [Fact]
    public async Task Exec_Takes_What_A_Step_Needs_From_The_Cache()
    {
        using var project = Project();
        project.Write("cairn.yaml", Pipeline.Replace("  uses: { inputs", "  uses: { needs: [makes], inputs", StringComparison.Ordinal));
        var missing = await project.CairnAsync("exec", "uses", "--", "cat", "made.txt");
        Assert.Contains("`cairn run makes` makes them", missing.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await project.CairnAsync("run", "makes")).ExitCode);
        File.Delete(Path.Combine(project.Folder, "made.txt"));
        Assert.Equal("data\n", (await project.CairnAsync("exec", "uses", "--", "cat", "made.txt")).Output);
        Assert.False(project.Exists("made.txt"), "the working tree stays as it was");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Debug_Holds_A_Session_To_The_Limits_Of_The_Step(bool asUser)
    {
        using var project = Project();
        Cairn = asUser ? a => AsUser(project, a) : a => project.Command([.. a]);
        await GiveAsync(project, asUser);
        await RunAsync("run", "--plain", "--keep-going", "bounded", "eats");
        var forked = await RunAsync("debug", "bounded", "-c", "for i in $(seq 40); do sleep 2 & done; echo all of them");
        Assert.NotEqual(0, forked.ExitCode);
        Assert.Equal("", forked.Output);
        if ((await RunAsync("debug", "eats", "-c", "true")).ExitCode == 0)
        {
            var eaten = await RunAsync("debug", "eats", "-c", "head -c 200000000 /dev/zero >/dev/shm/fill");
            Assert.NotEqual(0, eaten.ExitCode);
            Assert.Contains("killed for memory", eaten.Error, StringComparison.Ordinal);
        }
        else
        {
            // Where no control group can be had, the step itself did not run.
            Assert.True(asUser);
        }
    }

    [Fact]
    public async Task Sessions_That_Are_Cancelled_End_As_Cancelled()
    {
        using var project = Project();
        await project.CairnAsync("run", "--quiet", "fails");
        foreach (var command in (string[][])[["debug", "fails", "-c", "touch /work/there; echo up; exec sleep 100"], ["exec", "fails", "--", "sh", "-c", "echo up; exec sleep 100"]])
        {
            var tool = project.Command([.. command]);
            var ended = await new Tool("sh", ["-c", "rm -f out; \"$@\" >out 2>err & p=$!; until grep -qs up out; do :; done; kill -TERM $p; wait $p", "sh", tool.Program, .. tool.Arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }
                .RunAsync(TestContext.Current.CancellationToken);
            Assert.True(ended.ExitCode == 130, ended.ToString());
            Assert.Equal("", project.Read("err"));
        }

        Assert.Contains("there", (await project.CairnAsync("debug", "fails", "--diff")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_Have_A_Terminal_Of_Their_Own_Only_Where_All_Is_One()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = Project();
        await project.CairnAsync("run", "--quiet", "fails");
        var tool = project.Command("debug", "fails");
        const string Script = """
            "$0" debug fails -c 'stty raw -echo; stty size >size'; stty -a >after
            "$0" exec fails -- sh -c 'echo oops >&2; stty raw' 2>err; stty -a >later
            """;
        await using var terminal = await TestTerminal.StartAsync(
            Path.Combine(project.Environment["HOME"], "terminal"), 90, 30, new Tool("sh", ["-c", Script, tool.Program]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }, cancellationToken);
        Assert.Equal(0, await terminal.ExitAsync(cancellationToken));
        Assert.Contains(" icanon", project.Read("after"), StringComparison.Ordinal);
        Assert.Contains(" icanon", project.Read("later"), StringComparison.Ordinal);
        Assert.Equal("oops\n", project.Read("err"));
        Assert.Contains("+30 90\n", (await project.CairnAsync("debug", "fails", "--diff")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_Goes_On_Where_A_Need_Made_Nothing()
    {
        using var project = Project();
        Assert.Contains("`cairn run maybe` makes them", (await project.CairnAsync("exec", "after", "--", "true")).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await project.CairnAsync("run", "maybe")).ExitCode);
        Assert.Equal(0, (await project.CairnAsync("exec", "after", "--", "true")).ExitCode);
    }

    [Fact]
    public async Task Run_Keeps_The_Root_Of_A_Step_Whose_Generated_Pipeline_Is_Wrong()
    {
        using var project = Project();
        var run = await project.CairnAsync("run", "--plain", "keeps");
        Assert.Contains("the generated pipeline is not valid", run.Output, StringComparison.Ordinal);
        Assert.Equal("nonsense: 1\n", (await project.CairnAsync("debug", "keeps", "-c", "cat more.yaml")).Output);
    }

    [Fact]
    public async Task Kept_Roots_Of_One_User_Harm_No_Other_In_A_Shared_Store()
    {
        using var project = Project();
        await Shell(project, $"chmod 711 .. && umask 0 && {CairnBinary.Path} run --quiet fails || true");
        Assert.Single(Directory.GetDirectories(Path.Combine(project.Environment["XDG_CACHE_HOME"], "cairn/roots")));
        using var other = Project();
        other.Environment = other.Environment.SetItem("XDG_CACHE_HOME", project.Environment["XDG_CACHE_HOME"]);
        await GiveAsync(other, toUser: true);
        Cairn = a => AsUser(other, a);
        foreach (var command in (string[][])[["run", "--quiet", "maybe"], ["store", "stats"], ["store", "gc"]])
        {
            var result = await RunAsync(command);
            Assert.True(result.ExitCode == 0, result.ToString());
        }
    }

    private Func<string[], Tool> Cairn { get; set; } = static _ => throw new InvalidOperationException();

    private Task<ToolResult> RunAsync(params string[] arguments) => Cairn(arguments).RunAsync(TestContext.Current.CancellationToken);

    private static TestProject Project()
    {
        var project = new TestProject();
        project.Environment = project.Environment.Add("THE_TOKEN", "secret value");
        project.Write("cairn.yaml", Pipeline);
        project.Write("src/main.c", "#include \"config.h\"\nint main(void) { return 0; }\n");
        project.Write("include/config.h", "#define X 1\n");
        project.Write("helper.py", "x = 1\n");
        project.Write("tool.py", "import helper\n");
        project.Write("data.txt", "data\n");
        return project;
    }

    private static Tool AsUser(TestProject project, string[] arguments) => project.CommandAs(Id, [.. arguments]);


    private static string Id => 1234.ToString(CultureInfo.InvariantCulture);

    private static Task GiveAsync(TestProject project, bool toUser) => toUser ? Shell(project, $"chown -R {Id}:{Id} ..") : Task.CompletedTask;

    private static async Task Shell(TestProject project, string script)
    {
        var result = await new Tool("sh", ["-ec", script]) { Folder = project.Folder, Environment = project.Environment }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
