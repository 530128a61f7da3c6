using System.Globalization;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Steps that harm through what they leave, and through how much of it there is.</summary>
public sealed class HostileResultTests
{
    private readonly string _marker = $"86{Random.Shared.Next(10_000_000, 99_999_999).ToString(CultureInfo.InvariantCulture)}";

    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Full_Disk_Is_The_Steps_Own(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              fill: { inputs: [], limits: { disk: 8MiB }, run: "head -c 100000000 /dev/zero >fill" }
              shared: { inputs: [], limits: { disk: 8MiB }, run: "head -c 100000000 /dev/zero >/dev/shm/fill" }
              files: { inputs: [], limits: { disk: 8MiB }, run: "i=0; while : >f$i; do i=$((i + 1)); done" }

            """);

        var result = await hostile.RunAsync("-k");

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("fill: failed", result.Output, StringComparison.Ordinal);
        Assert.Contains("it wrote all that it may, limit 8 MiB (`limits: disk`)", result.Output, StringComparison.Ordinal);
        Assert.Contains("shared: failed", result.Output, StringComparison.Ordinal);
        Assert.Contains("files: failed", result.Output, StringComparison.Ordinal);
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Limit_That_Memory_Cannot_Take_Is_Watched(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, "  fill: { inputs: [], limits: { disk: 64MiB }, run: \"head -c 90000000 /dev/zero >fill; sleep 60\" }\n");
        // A machine of little memory, as the runtime has it.
        hostile.Project.Environment = hostile.Project.Environment.SetItem("DOTNET_GCHeapHardLimit", "C800000");

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("limit 64 MiB (`limits: disk`)", result.Output, StringComparison.Ordinal);
        Assert.Contains("killed: it wrote", result.Output, StringComparison.Ordinal);
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Fork_Bomb_Ends_With_Its_Step(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, $"  bomb: {{ inputs: [], limits: {{ pids: 100 }}, timeout: 5s, run: \"b() {{ b | b & sleep {_marker}; }}; b\" }}\n  next: {{ inputs: [], needs: [bomb], if: always(), run: echo lives }}\n");

        var result = await hostile.RunAsync("-k");

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("bomb: failed", result.Output, StringComparison.Ordinal);
        Assert.Contains("Cannot fork", result.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("[next] lives", result.Output, StringComparison.Ordinal);
        Assert.Empty(HostileProject.Processes(_marker));
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Daemons_End_With_Their_Step_And_Are_Counted(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, $"  daemon: {{ inputs: [daemon], run: \"./daemon {_marker}; ./daemon {_marker}; (setsid nohup sleep {_marker} >/dev/null 2>&1 &); until grep -l again /proc/[0-9]*/cmdline >/dev/null; do :; done\" }}\n");
        await hostile.CompileAsync("daemon", HostilePrograms.Daemon);

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("CAIRN0402", result.Output, StringComparison.Ordinal);
        Assert.Empty(HostileProject.Processes(_marker));
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Planted_Outputs_Are_Refused_By_Name_Or_Harmless(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              absolute: { inputs: [], outputs: [absolute], run: "ln -s /etc/shadow absolute" }
              upwards: { inputs: [], outputs: [upwards/link], run: "mkdir upwards; ln -s ../../key upwards/link" }
              around: { inputs: [], outputs: ["around/**"], run: "mkdir -p around/a; ln -s ../.. around/a/top; ln -s a/top/../key around/key" }
              tool: { inputs: [], outputs: [tool], run: "ln -s /usr/bin/env tool" }
              folder: { inputs: [], outputs: [folder/file], run: "ln -s /tmp folder; echo x >folder/file" }
              hard: { inputs: [in.txt], outputs: [hard], run: "ln in.txt hard && echo hostile >>hard" }
              fifo: { inputs: [], outputs: [fifo], run: "mkfifo fifo" }
              told: { inputs: [], run: "rm -f \"$CAIRN_OUTPUT\" \"$CAIRN_SUMMARY\"; mkfifo \"$CAIRN_OUTPUT\"; ln -s /etc/hostname \"$CAIRN_SUMMARY\"" }
              device: { inputs: [], outputs: [device], run: "mknod device c 1 1" }
              setuid: { inputs: [], outputs: [setuid], run: "cp /usr/bin/id setuid; chmod 6777 setuid" }
              locked: { inputs: [], outputs: ["locked/**"], run: "mkdir -p locked/in; echo x >locked/in/f; chmod 000 locked/in locked" }
              deep: { inputs: [deeper], outputs: ["deep/**"], limits: { disk: 256MiB }, run: "./deeper 100000" }
              quiet: { inputs: [deeper], run: "./deeper 100000" }

            """);
        await hostile.CompileAsync("deeper", HostilePrograms.Deep);
        hostile.Project.Write("in.txt", "input\n");
        await File.WriteAllTextAsync(Path.Combine(hostile.Outside, "key"), hostile.Canary, TestContext.Current.CancellationToken);

        var result = await hostile.RunAsync("-k");

        Assert.True(result.ExitCode == 1, result.ToString());
        string LineOf(string step) => result.Output.Split('\n').FirstOrDefault(l => l.StartsWith($"==> {step}: ", StringComparison.Ordinal) && (l.Contains("failed", StringComparison.Ordinal) || l.Contains("succeeded", StringComparison.Ordinal))) ?? result.ToString();
        Assert.Contains("`absolute` is a link to `/etc/shadow`, out of the project", LineOf("absolute"), StringComparison.Ordinal);
        Assert.Contains("`upwards/link` is a link to `../../key`, out of the project", LineOf("upwards"), StringComparison.Ordinal);
        Assert.Contains("out of the project", LineOf("around"), StringComparison.Ordinal);
        Assert.Contains("succeeded", LineOf("tool"), StringComparison.Ordinal);
        Assert.Contains("`folder/file` was not made", LineOf("folder"), StringComparison.Ordinal);
        Assert.Contains("succeeded", LineOf("hard"), StringComparison.Ordinal);
        Assert.Contains("`fifo` is a FIFO, socket or device", LineOf("fifo"), StringComparison.Ordinal);
        Assert.Contains("succeeded", LineOf("told"), StringComparison.Ordinal);
        Assert.Contains("failed", LineOf("device"), StringComparison.Ordinal);
        Assert.Contains("succeeded", LineOf("setuid"), StringComparison.Ordinal);
        Assert.Contains("nested deeper than", LineOf("deep"), StringComparison.Ordinal);
        Assert.Contains("succeeded", LineOf("quiet"), StringComparison.Ordinal);
        Assert.Contains("`quiet` wrote a file that is not among its outputs", result.Output, StringComparison.Ordinal);
        Assert.Equal("input\n", hostile.Project.Read("in.txt"));
        Assert.Equal("input\nhostile\n", hostile.Project.Read("hard"));
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Path.Combine(hostile.Project.Folder, "setuid")) & (UnixFileMode.SetUser | UnixFileMode.SetGroup));
        foreach (var planted in (string[])["absolute", "upwards/link", "fifo", "device", "deep"])
        {
            Assert.False(Path.Exists(Path.Combine(hostile.Project.Folder, planted)) || new FileInfo(Path.Combine(hostile.Project.Folder, planted)).LinkTarget is not null, planted);
        }

        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Inputs_Rewritten_By_A_Step_Are_What_They_Were_For_All_Others(bool asUser)
    {
        const string Rewrite = "set +eu; for f in src/7.txt made/7.txt small.txt; do ln $f $f.hard; echo hostile >>$f.hard; echo hostile >>$f; sed -i s/true/hostile/ $f; mv $f $f.moved; echo hostile >$f; done; truncate -s 0 src/8.txt made/8.txt; chmod 777 src/9.txt; rm -rf src/1*.txt; mv src gone";
        using var hostile = HostileProject.Of(asUser, $$"""
              make: { inputs: [], outputs: ["made/**"], run: "mkdir made; for i in $(seq 100); do echo true >made/$i.txt; done" }
              rewrite: { inputs: ["src/**", small.txt], needs: [make], run: "{{Rewrite}}; echo rewritten" }
              look: { inputs: ["src/**", small.txt], needs: [make, rewrite], run: "cat src/*.txt made/*.txt small.txt | sort | uniq -c; ls src made | wc -l" }

            """);
        for (var i = 1; i <= 100; i++)
        {
            hostile.Project.Write($"src/{i}.txt", "true\n");
        }

        hostile.Project.Write("small.txt", "true\n");
        for (var round = 0; round < 2; round++)
        {
            var result = await hostile.RunAsync(round == 0 ? [] : ["--force", "rewrite", "--force", "look"]);

            Assert.True(result.ExitCode == 0, result.ToString());
            Assert.Contains("[rewrite] rewritten", result.Output, StringComparison.Ordinal);
            Assert.Contains("201 true", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("hostile\n", result.Output, StringComparison.Ordinal);
            Assert.All(Enumerable.Range(1, 100), i => Assert.Equal("true\n", hostile.Project.Read($"src/{i}.txt")));
            Assert.All(Enumerable.Range(1, 100), i => Assert.Equal("true\n", hostile.Project.Read($"made/{i}.txt")));
        }

        var check = await hostile.Command("store", "fsck").RunAsync(TestContext.Current.CancellationToken);
        Assert.True(check.ExitCode == 0, check.ToString());
        hostile.AssertNothingLeft();
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Killed_Run_Leaves_No_Process_No_Mount_And_The_Next_One_Clears_Its_Folder(bool asUser)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var hostile = HostileProject.Of(asUser, $"  hold: {{ inputs: [daemon], limits: {{ pids: 50 }}, run: \"./daemon {_marker}; trap '' TERM HUP; echo up; sleep {_marker}\" }}\n");
        await hostile.CompileAsync("daemon", HostilePrograms.Daemon);
        hostile.Project.Write("quick.yaml", "version: 1\nsteps: { quick: { isolation: sandbox, inputs: [], run: echo quick } }\n");
        await using (var run = hostile.Command("run", "--plain").Start())
        {
            await run.WaitForAsync("[hold] up", cancellationToken);
            Assert.NotEmpty(HostileProject.Processes(_marker));
            run.Signal(PosixSignalNumber.Kill);
            await run.WaitAsync(cancellationToken);
        }

        await Wait.UntilAsync(() => HostileProject.Processes(_marker).Count == 0, () => string.Join('\n', HostileProject.Processes(_marker)), TimeSpan.FromSeconds(20), cancellationToken);
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(Path.Combine(hostile.Store, "sandbox")).Count());
        var next = await hostile.RunAsync("-f", "quick.yaml");
        Assert.True(next.ExitCode == 0, next.ToString());
        hostile.AssertNothingLeft();
        Assert.DoesNotContain(Directory.Exists("/sys/fs/cgroup/pids") ? Directory.EnumerateDirectories("/sys/fs/cgroup/pids", "cairn-*", SearchOption.AllDirectories) : [], g => !Directory.Exists(g + "/cgroup.procs"));
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Secrets_Are_In_No_Process_Arguments(bool asUser)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var hostile = HostileProject.Of(asUser, "  hold: { inputs: [], env: { TOKEN: \"${{ secrets.token }}\" }, run: \"test -n \\\"$TOKEN\\\" && echo up && sleep 60\" }\nsecrets: { token: { env: HOST_CANARY } }\n");
        await using var run = hostile.Command("run", "--plain").Start();
        await run.WaitForAsync("[hold] up", cancellationToken);

        Assert.Empty(HostileProject.Processes(hostile.Canary));
        run.Signal(PosixSignalNumber.Terminate);
        Assert.Equal(130, (await run.WaitAsync(cancellationToken)).ExitCode);
        hostile.AssertNothingLeft();
    }
}
