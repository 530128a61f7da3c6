using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <summary>A cache that cannot be used as it should: the run goes on, says so once, and nothing wrong comes of it.</summary>
public sealed class CacheFaultTests
{
    // Eight outputs of 200 KB that do not compress.
    private const string Bulky = """
        version: 1
        name: bulky
        env: { LEDGER: "@ROOT/ledger" }
        steps:
          make:
            matrix: { part: [a, b, c, d, e, f, g, h] }
            run: NOTE; mkdir -p out; { echo "$PART"; cat noise; } >out/$PART
            env: { PART: "${{ matrix.part }}" }
            inputs: [noise]
            outputs: ["out/${{ matrix.part }}"]

        """;

    private static CacheProject Standard => new();

    [Fact]
    public async Task Full_Disk_Ends_The_Keeping_And_Not_The_Run()
    {
        using var project = new CacheProject(Bulky);
        await project.AskAsync("head -c 200000 /dev/urandom >noise");
        const string Look = "for part in a b c d e f g h; do { echo $part; cat noise; } | cmp - out/$part || exit 1; done";

        var runs = await InNamespaceAsync(
            project, $"mount -t tmpfs -o size=700k none \"$STORE\" || exit 77; \"$0\" run --json && {Look} && rm -rf out && \"$0\" run --json && {Look} && \"$0\" store fsck >&2");

        Assert.Equal(2, runs.Length);
        Assert.All(runs, run => Assert.Single(run.Warnings));
        Assert.All(runs[0].Jobs, job => Assert.Equal("miss", job.State));
        Assert.InRange(runs[1].Jobs.Count(job => job.State == "hit"), 1, 7);
    }

    [Fact]
    public async Task ReadOnly_Cache_Answers_And_Keeps_Nothing()
    {
        using var project = Standard;
        (await project.RunAsync()).Succeeded();

        var runs = await InNamespaceAsync(
            project,
            "mount --bind \"$STORE\" \"$STORE\" && mount -o remount,ro,bind \"$STORE\" || exit 77; rm -rf out .cairn; \"$0\" run --json && echo 'int a = 5;' >src/a.c && \"$0\" run --json && \"$0\" run --json");

        Assert.Equal(["hit hit hit hit", "hit miss miss miss"], runs.Take(2).Select(run => run.States));
        Assert.All(runs, run => Assert.Single(run.Warnings));
        Assert.Equal("int a = 5;\nint b = 1;\n#defineVERSION1\n", project.Read("out/app"));
    }

    [Theory]
    [InlineData("mkdir -p \"$XDG_CACHE_HOME/cairn\"; echo '{\"format\":99,\"cairn\":\"9.1.0\"}' >\"$XDG_CACHE_HOME/cairn/store.json\"", "9.1.0")]
    [InlineData("mkdir -p \"$XDG_CACHE_HOME/cairn\"; echo nonsense >\"$XDG_CACHE_HOME/cairn/store.json\"", "store.json")]
    [InlineData("mkdir -p \"$XDG_CACHE_HOME\"; touch \"$XDG_CACHE_HOME/cairn\"", "cache/cairn")]
    public async Task Unusable_Cache_Is_Told_Once_And_Left_Alone(string damage, string told)
    {
        const string Look = "find \"$XDG_CACHE_HOME\" -type f -exec cksum {} +";
        using var project = Standard;
        await project.AskAsync(damage);
        var before = await project.AskAsync(Look);

        var run = (await project.RunAsync()).Succeeded();

        Assert.Equal("off off off off", run.States);
        var warning = Assert.Single(run.Of("warning"));
        Assert.Contains(told, warning.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, await project.AskAsync(Look));
        Assert.Equal("off off off off", (await project.RunAsync()).Succeeded().States);
    }

    [Theory]
    [InlineData("022")]
    [InlineData("000")]
    public async Task Two_Users_Share_A_Cache(string umask)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can become two users");
        using var project = Standard;
        // Steps see who runs them, so the same action of two users has the same variables only where the pipeline says so.
        project.EditPipeline("TONE: low", "TONE: low, USER: ci, LOGNAME: ci");
        using var other = await project.CloneAsync();
        // What is not in a sandbox counts on the machine that made it: these two have its key in common.
        Assert.Equal(0, (await new Tool(CairnBinary.Path, "keys", "generate", "default") { Folder = project.Folder, Environment = project.Environment }.RunAsync(TestContext.Current.CancellationToken)).ExitCode);
        await project.AskAsync(
            "umask 000; chmod 755 ..; mkdir -p \"$XDG_CACHE_HOME/cairn\" ../other; cp -r \"$XDG_CONFIG_HOME\" ../other/config; touch ../ledger; chmod 666 ../ledger; chown -R 65534:65534 ../clone ../other");
        other.Environment = other.Environment.SetItem("HOME", project.Outside("other")).SetItem("XDG_STATE_HOME", project.Outside("other/state")).SetItem("XDG_CONFIG_HOME", project.Outside("other/config"));
        var cancellationToken = TestContext.Current.CancellationToken;
        Task<CacheRun> First() => RunAsync(new Tool("sh", "-c", $"umask {umask}; exec \"$0\" run --json", CairnBinary.Path) { Folder = project.Folder, Environment = project.Environment });
        Task<CacheRun> Second() => RunAsync(new Tool("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", $"umask {umask}; exec \"$0\" run --json", CairnBinary.Path) { Folder = other.Folder, Environment = other.Environment });
        async Task<CacheRun> RunAsync(Tool tool)
        {
            var result = await tool.RunAsync(cancellationToken);
            Assert.SkipWhen(result.ExitCode == 126, $"The program cannot be reached by another user: {result.Error}");
            return new CacheRun(result).Succeeded();
        }

        Assert.Equal("miss miss miss miss", (await First()).States);
        Assert.Equal("hit hit hit hit", (await Second()).States);
        other.Write("src/a.c", "int a = 7;\n");
        project.Write("src/a.c", "int a = 7;\n");
        Assert.Equal("hit miss miss miss", (await Second()).States);
        var last = await First();

        // Where the first user kept the folders to itself, the second has nothing to give.
        Assert.Equal(umask == "000" ? "hit hit hit hit" : "hit miss miss miss", last.States);
        Assert.Equal("int a = 7;\nint b = 1;\n#defineVERSION1\n", project.Read("out/app"));
    }

    [Fact]
    public async Task Clock_That_Was_Set_Back_Costs_Nothing_And_Hides_Nothing()
    {
        using var project = Standard;
        (await project.RunAsync()).Succeeded();

        // To whom looks at files, a clock that went back a year and times a year ahead are the same.
        await project.AskAsync("find . \"$XDG_CACHE_HOME\" -path ./out -prune -o -path ./gen -prune -o -exec touch -h -d '+1 year' {} +");
        var future = (await project.RunAsync()).Succeeded();
        await project.AskAsync("touch -r src/a.c ../stamp; echo 'int a = 2;' >src/a.c; touch -r ../stamp src/a.c");
        var edited = (await project.RunAsync()).Succeeded();

        Assert.Equal("hit hit hit hit", future.States);
        Assert.Equal("hit miss miss miss", edited.States);
        Assert.StartsWith("int a = 2;", project.Read("out/app"), StringComparison.Ordinal);
        Assert.Equal("hit hit hit hit", (await project.RunAsync()).States);
    }

    [Fact]
    public async Task Killed_While_Outputs_Come_Back_Leaves_Nothing_Half()
    {
        const int Files = 3000;
        const string Look = "find out -type f | wc -l; cat out/* | cksum; find . -path ./.cairn -prune -o -type f -print | grep -v '^./out/' | sort";
        using var project = new CacheProject(ManyOutputs(Files));
        (await project.Write("a.txt", "a").RunAsync()).Succeeded();
        var before = await project.AskAsync(Look);
        var cancellationToken = TestContext.Current.CancellationToken;
        var interrupted = 0;
        for (var part = 1; part <= 5; part++)
        {
            project.Delete("out");
            await using (var run = project.RunCommand().Start())
            {
                var wanted = Files * part / 6;
                await Wait.UntilAsync(
                    () => Directory.Exists(project["out"]) && Directory.EnumerateFileSystemEntries(project["out"]).Take(wanted).Count() >= wanted, () => "outputs", TimeSpan.FromSeconds(20), cancellationToken);
                run.Signal(PosixSignalNumber.Kill);
                await run.WaitAsync(cancellationToken);
            }

            interrupted += Directory.GetFiles(project["out"]).Length < Files ? 1 : 0;
            Assert.Equal("hit", (await project.RunAsync()).Succeeded().States);
            Assert.Equal(before, await project.AskAsync(Look));
        }

        Assert.True(interrupted > 0, "No run was killed in time to show anything");
    }

    [Fact]
    public async Task Terminated_While_Outputs_Come_Back_Tells_How_It_Ended()
    {
        using var project = new CacheProject(ManyOutputs(3000) + "  after: { run: NOTE, needs: [many], inputs: [a.txt] }\n");
        (await project.Write("a.txt", "a").RunAsync()).Succeeded();
        project.Delete("out");
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var run = project.RunCommand().Start();
        await Wait.UntilAsync(() => Directory.Exists(project["out"]), () => "outputs", TimeSpan.FromSeconds(20), cancellationToken);
        run.Signal(PosixSignalNumber.Terminate);

        await IsCompleteAsync(project, await run.WaitAsync(cancellationToken));
        Assert.Equal("hit hit", (await project.RunAsync()).Succeeded().States);
    }

    [Fact]
    public async Task Terminated_While_Nothing_Is_To_Be_Done_Tells_How_It_Ended()
    {
        using var project = new CacheProject("version: 1\nenv: { LEDGER: \"@ROOT/ledger\" }\nsteps:\n  idle:\n    matrix: { i: [" + string.Join(", ", Enumerable.Range(0, 200)) + "] }\n    run: NOTE\n    inputs: [a.txt]\n");
        (await project.Write("a.txt", "a").RunAsync()).Succeeded();
        var cancellationToken = TestContext.Current.CancellationToken;
        for (var i = 0; i < 5; i++)
        {
            var before = Directory.GetDirectories(project[".cairn/runs"]).Length;
            await using var run = project.RunCommand().Start();
            await Wait.UntilAsync(() => Directory.GetDirectories(project[".cairn/runs"]).Length > before, () => "a record", TimeSpan.FromSeconds(20), cancellationToken);
            run.Signal(PosixSignalNumber.Terminate);
            await IsCompleteAsync(project, await run.WaitAsync(cancellationToken));
        }

        Assert.All((await project.RunAsync()).Succeeded().Jobs, job => Assert.Equal("hit", job.State));
    }

    private static string ManyOutputs(int files) => $$"""
        version: 1
        env: { LEDGER: "@ROOT/ledger" }
        steps:
          many:
            run: NOTE; mkdir -p out; for i in $(seq {{files}}); do echo "$i $i $i" >out/$i; done
            inputs: [a.txt]
            outputs: ["out/**"]

        """;

    private static async Task IsCompleteAsync(CacheProject project, ToolResult result)
    {
        Assert.True(result.ExitCode is 0 or 130, result.ToString());
        var last = await project.AskAsync("tail -n 1 .cairn/runs/$(ls .cairn/runs | sort | tail -n 1)/events.ndjson");
        Assert.Contains(result.ExitCode == 0 ? "\"succeeded\"" : "\"cancelled\"", last, StringComparison.Ordinal);
        Assert.Contains("pipeline.finished", last, StringComparison.Ordinal);
    }

    /// <summary>Runs a script that mounts what only it and its children see; the runs that it printed.</summary>
    private static async Task<CacheRun[]> InNamespaceAsync(CacheProject project, string script)
    {
        Directory.CreateDirectory(project.Store);
        var tool = new Tool("unshare", [.. Environment.IsPrivilegedProcess ? ["-m"] : (string[])["-rm"], "sh", "-c", script, CairnBinary.Path])
        {
            Folder = project.Folder,
            Environment = project.Environment.Add("STORE", project.Store),
        };
        var result = await tool.RunAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(result.ExitCode == 77 || result.Error.Contains("unshare", StringComparison.Ordinal), $"This machine gives no mount namespace: {result.Error}");
        Assert.True(result.ExitCode == 0, result.ToString());
        return [.. Split(result.Output).Select(text => new CacheRun(new ToolResult(0, text, "")))];
    }

    private static IEnumerable<string> Split(string output)
    {
        const string End = "\"type\":\"pipeline.finished\"";
        var lines = new List<string>();
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            lines.Add(line);
            if (line.Contains(End, StringComparison.Ordinal))
            {
                yield return string.Join('\n', lines);
                lines.Clear();
            }
        }
    }
}
