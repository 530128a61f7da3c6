using System.Globalization;
using System.Security.Cryptography;

using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary>What a run leaves and says when it is killed, cancelled, doubled, or loses its disk or its reader.</summary>
public sealed class RunLifecycleTests
{
    // An argument by which the processes of one test are told from all others of the machine.
    private readonly string _marker = $"9{RandomNumberGenerator.GetInt32(1_000_000, 9_999_999).ToString(CultureInfo.InvariantCulture)}";

    private const string Quick = "version: 1\nsteps: { quick: { run: echo quick } }\n";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("auto")]
    [InlineData("off")]
    public async Task Killed_Run_Leaves_Nothing_And_Is_Shown_As_Interrupted(string pidNamespace)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("cairn.yaml", $"version: 1\nsteps:\n  hold:\n    run: |\n      sleep {_marker} &\n      (sleep {_marker} &)\n      echo up\n      sleep {_marker}\n");
        project.Write("quick.yaml", Quick);
        Assert.Equal(0, (await project.CairnAsync("config", "set", "process.pid_namespace", pidNamespace)).ExitCode);

        await using (var run = project.Command("run", "--plain").Start())
        {
            await run.WaitForAsync("[hold] up", cancellationToken);
            await Wait.UntilAsync(() => MarkedProcesses() >= 3, () => "three processes of the step", Soon, cancellationToken);
            run.Signal(PosixSignalNumber.Kill);
            await run.WaitAsync(cancellationToken);
        }

        await Wait.UntilAsync(() => MarkedProcesses() == 0, () => $"the end of {MarkedProcesses()} processes of the step", Soon, cancellationToken);
        Assert.Contains("interrupted", (await project.CairnAsync("runs")).Output, StringComparison.Ordinal);
        var next = await project.CairnAsync("run", "-f", "quick.yaml");
        Assert.True(next.ExitCode == 0, next.ToString());
        Assert.False(Directory.Exists(Path.Combine(project.Folder, ".cairn/tmp")), "the killed run's temporary files are gone");
    }

    [Fact]
    public async Task A_Run_Ends_And_Is_Logged_With_One_Thread_In_The_Pool()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nsteps:\n  make:\n    run: echo made > made\n    outputs: [made]\n  then:\n    run: cp made then\n    needs: [make]\n    outputs: [then]\n");

        // Who waits at the end of a run for what goes on beside holds a thread of the pool, where a step was waited for before.
        project.Environment = project.Environment.Add("DOTNET_ThreadPool_ForceMaxWorkerThreads", "1");
        var run = await project.CairnAsync("run", "--plain");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.DoesNotContain("warning[", run.Output, StringComparison.Ordinal);
        var verified = await project.CairnAsync("verify");
        Assert.True(verified.ExitCode == 0, verified.ToString());
        Assert.Contains("It is entry ", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlC_Ends_The_Steps_And_Exits_130()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("cairn.yaml", $"version: 1\nsteps:\n  hold:\n    run: |\n      trap 'echo bye; exit 0' TERM\n      sleep {_marker} &\n      echo up\n      wait\n");

        await using var terminal = await project.TerminalAsync(100, 30, "run");
        await terminal.WaitForAsync("up", cancellationToken);
        await terminal.PressAsync(cancellationToken, "C-c");

        Assert.Equal(130, await terminal.ExitAsync(cancellationToken));
        var shown = await terminal.HistoryAsync(cancellationToken);
        Assert.Contains("cancelled after", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("CAIRN0402", shown, StringComparison.Ordinal);
        Assert.Contains("bye", (await project.CairnAsync("logs", "last", "hold")).Output, StringComparison.Ordinal);
        Assert.Equal(0, MarkedProcesses());
    }

    [Fact]
    public async Task CtrlC_Twice_Kills_What_Does_Not_End()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("cairn.yaml", $"version: 1\nsteps:\n  hold:\n    run: |\n      trap '' TERM\n      echo up\n      while :; do sleep {_marker}; done\n");
        Assert.Equal(0, (await project.CairnAsync("config", "set", "run.stop_grace", "10m")).ExitCode);

        await using var terminal = await project.TerminalAsync(100, 30, "run");
        await terminal.WaitForAsync("up", cancellationToken);
        await terminal.PressAsync(cancellationToken, "C-c");
        await terminal.WaitForAsync("press Ctrl-C again", cancellationToken);
        await terminal.PressAsync(cancellationToken, "C-c");

        Assert.Equal(130, await terminal.ExitAsync(cancellationToken));
        Assert.Equal(0, MarkedProcesses());
    }

    [Fact]
    public async Task Second_Run_Of_A_Tree_Waits_For_The_First()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nsteps:\n  hold: { run: \"echo up; until [ -e go ]; do sleep 0.02; done\" }\n");
        project.Write("quick.yaml", Quick);

        await using var first = project.Command("run", "--plain").Start();
        await first.WaitForAsync("[hold] up", cancellationToken);
        await using var second = project.Command("run", "--plain", "-f", "quick.yaml").Start();
        await second.WaitForAsync("waits for lock", cancellationToken);
        await using var third = project.Command("run", "--plain", "-f", "quick.yaml").Start();
        await third.WaitForAsync("waits for lock", cancellationToken);
        third.Signal(PosixSignalNumber.Terminate);
        Assert.Equal(130, (await third.WaitAsync(cancellationToken)).ExitCode);
        Assert.DoesNotContain("[quick]", second.Output, StringComparison.Ordinal);
        project.Write("go", "");

        Assert.Equal(0, (await first.WaitAsync(cancellationToken)).ExitCode);
        var result = await second.WaitAsync(cancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("[quick] quick", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Inside_A_Step_Of_The_Same_Project_Is_Refused()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", $"version: 1\nsteps:\n  nest: {{ command: [\"{CairnBinary.Path}\", run, -f, quick.yaml] }}\n");
        project.Write("quick.yaml", Quick);

        var result = await project.CairnAsync("run", "--plain");

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("error[CAIRN0407]", result.Output, StringComparison.Ordinal);
        Assert.Contains("exit 2", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Step_Stopped_For_Anothers_Failure_Is_Not_Reproached_For_Its_Children()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", $"version: 1\nsteps:\n  bad: {{ run: \"until [ -e up ]; do sleep 0.02; done; exit 3\" }}\n  slow: {{ run: \"sleep {_marker} & touch up; sleep {_marker}\" }}\n");

        var result = await project.CairnAsync("run", "--plain", "--max-parallel", "2");

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("stopped because another step failed", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("CAIRN0402", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, MarkedProcesses());
    }

    [Fact]
    public async Task Failure_On_A_Terminal_Shows_The_Last_Lines_And_What_To_Do()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nsteps:\n  bad:\n    run: |\n      for i in $(seq 1 60); do echo \"line $i.\"; done\n      exit 3\n  after: { needs: [bad], run: echo never }\n");

        await using var terminal = await project.TerminalAsync(80, 24, "run");

        Assert.Equal(1, await terminal.ExitAsync(cancellationToken));
        var shown = await terminal.HistoryAsync(cancellationToken);
        Assert.Contains("line 21.", shown, StringComparison.Ordinal);
        Assert.Contains("line 60.", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("line 20.", shown, StringComparison.Ordinal);
        Assert.Contains("bad    exit 3", shown, StringComparison.Ordinal);
        Assert.Contains("1 failed, 1 not run", shown, StringComparison.Ordinal);
        Assert.Contains("cairn logs ", shown, StringComparison.Ordinal);
        Assert.Contains("cairn run --retry-failed ", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminal_May_Change_Its_Size_While_A_Run_Is_Shown()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nsteps:\n  hold: { run: \"echo 0123456789012345678901234567890123456789; until [ -e go ]; do sleep 0.02; done\" }\n");

        await using var terminal = await project.TerminalAsync(100, 30, "run");
        await terminal.WaitForAsync("hold", cancellationToken);
        await terminal.ResizeAsync(30, 8, cancellationToken);
        await terminal.ResizeAsync(120, 40, cancellationToken);
        project.Write("go", "");

        Assert.Equal(0, await terminal.ExitAsync(cancellationToken));
        Assert.Contains("1 succeeded", await terminal.HistoryAsync(cancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    public async Task Full_Disk_Ends_The_Run_With_The_Reason(int roomKib)
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nsteps:\n  noisy: { run: \"head -c 400000 /dev/zero | tr '\\\\0' 'x'\" }\n  next: { needs: [noisy], run: echo next }\n");
        // A small file system that only cairn and what it starts see.
        var script = $"mount -t tmpfs -o size={(roomKib == 0 ? "64k" : $"{roomKib}k")} none \"$1\" && cp \"$2/cairn.yaml\" \"$1\" && cd \"$1\" || exit 77; {(roomKib == 0 ? "head -c 100000 /dev/zero >fill 2>/dev/null; " : "")}exec \"$3\" run --plain";
        var mount = Path.Combine(project.Folder, "small");
        Directory.CreateDirectory(mount);
        var tool = new Tool("unshare", [.. Environment.IsPrivilegedProcess ? ["-m"] : (string[])["-rm"], "sh", "-c", script, "sh", mount, project.Folder, CairnBinary.Path]) { Environment = project.Environment };

        var result = await tool.RunAsync(TestContext.Current.CancellationToken);

        Assert.SkipWhen(result.ExitCode == 77 || result.Error.Contains("unshare", StringComparison.Ordinal), $"This machine gives no mount namespace: {result.Error}");
        // Where a log fills the disk, the record may still fit into the rest of its last block: then the run ends as its steps did.
        Assert.True(result.ExitCode == 3 || (result.ExitCode == 0 && roomKib > 0), result.ToString());
        Assert.Contains("No space left on device", result.Output + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run --plain | head -n 1")]
    [InlineData("run --plain >&-")]
    [InlineData("run --plain >/dev/full")]
    public async Task Run_Goes_On_Without_A_Reader(string command)
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", "version: 1\nsteps:\n  noisy: { run: \"seq 1 200000\" }\n  next: { needs: [noisy], run: touch done }\n");

        var result = await new Tool("sh", "-c", $"\"$0\" {command}", CairnBinary.Path) { Folder = project.Folder, Environment = project.Environment }.RunAsync(TestContext.Current.CancellationToken);

        Assert.True(project.Exists("done"), result.ToString());
        Assert.Empty(result.Error);
        Assert.Contains("succeeded", (await project.CairnAsync("runs")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Project_That_May_Not_Be_Written_Is_Named()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", Quick);
        // A file where the folder would be: nobody can write there, root neither.
        project.Write(".cairn", "");

        var result = await project.CairnAsync("run");

        Assert.True(result.ExitCode == 3, result.ToString());
        Assert.Contains("/project/.cairn", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
    }

    private int MarkedProcesses()
    {
        var count = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(Path.GetFileName(folder)[0]))
            {
                continue;
            }

            try
            {
                count += File.ReadAllText(Path.Combine(folder, "cmdline")) == $"sleep\0{_marker}\0" ? 1 : 0;
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return count;
    }
}
