using Cairn.Execution;

namespace Cairn.Tests.Execution;

public sealed class ProcessResultTests
{
    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 7)]
    [InlineData(false, 0)]
    [InlineData(false, 255)]
    public async Task ExitCode_IsTheProcesss(bool pidNamespace, int code)
    {
        await using var fixture = new HostFixture(pidNamespace);
        var result = await fixture.RunAsync($"exit {code}");
        Assert.Equal(code, result.ExitCode);
        Assert.Null(result.Signal);
        Assert.Null(result.StartError);
        Assert.False(File.Exists(fixture.Folder["log"]), "a silent process has no log");
    }

    [Theory]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(15)]
    public async Task Signal_IsReported_AndNoneIsIgnoredOrBlockedInChildren(int signal)
    {
        await using var fixture = new HostFixture();
        var result = await fixture.RunAsync($"kill -{signal} $$; exit 3");
        Assert.Equal(signal, result.Signal);
        Assert.Null(result.ExitCode);
    }

    [Fact]
    public async Task Resources_AreMeasured()
    {
        await using var fixture = new HostFixture();
        var result = await fixture.RunAsync("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; head -c 1000 /dev/zero > f");
        Assert.Equal(0, result.ExitCode);
        Assert.True(result.Resources.WallMs > 0);
        Assert.True(result.Resources.UserMs + result.Resources.SystemMs > 0);
        Assert.True(result.Resources.WallMs < 20_000);
    }

    [Fact]
    public async Task Environment_IsExactlyAsGiven_PlusTwoTokens()
    {
        await using var fixture = new HostFixture();
        var spec = fixture.Command("/usr/bin/env") with { Environment = [new("A", "1 2"), new("EMPTY", ""), new("Ü", "ä\nb=c")] };
        Assert.Equal(0, (await fixture.RunAsync(spec)).ExitCode);
        var log = fixture.Log();
        Assert.StartsWith("A=1 2\nEMPTY=\nÜ=ä\nb=c\nCAIRN_JOB_TOKEN=test-", log, StringComparison.Ordinal);
        Assert.Equal(6, log.TrimEnd('\n').Split('\n').Length);
        Assert.Contains("\nCAIRN_RUN_TOKEN=test-", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_ReachTheProgramUnchanged()
    {
        await using var fixture = new HostFixture();
        var result = await fixture.RunAsync(fixture.Command("printf", "%s|", "a b", "", "ü\n", "$x", "'\""));
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("a b||ü\n|$x|'\"|", fixture.Log());
    }

    [Fact]
    public async Task Children_SeeThreeDescriptors_AnEmptyInput_AndASessionOfTheirOwn()
    {
        using var leaked = File.OpenHandle("/dev/null");
        await using var fixture = new HostFixture();
        var result = await fixture.RunAsync("cd /proc/self/fd && echo *; read x || echo eof; cut -d' ' -f1,5,6 /proc/$$/stat; pwd -P");
        Assert.Equal(0, result.ExitCode);
        var lines = fixture.Log().Split('\n');
        Assert.Equal("0 1 2", lines[0].Replace(" 3", "", StringComparison.Ordinal));
        Assert.Equal("eof", lines[1]);
        var ids = lines[2].Split(' ');
        Assert.Equal(ids[0], ids[1]);
        Assert.Equal(ids[0], ids[2]);
    }

    [Fact]
    public async Task Proc_IsTheNamespacesOwn()
    {
        await using var fixture = new HostFixture();
        Assert.SkipUnless(fixture.Host.Containment.Kind == Containment.PidNamespace, fixture.Host.Containment.Reason);
        Assert.Equal(0, (await fixture.RunAsync("cut -d' ' -f1 /proc/$$/stat; echo $$; tr '\\0' ' ' < /proc/1/cmdline")).ExitCode);
        var lines = fixture.Log().Split('\n');
        Assert.Equal(lines[1], lines[0]);
        Assert.Contains("cairn-guardian", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyProcesses_AllEndWithTheirOwnResult()
    {
        await using var fixture = new HostFixture();
        var processes = new List<RunningProcess>();
        for (var i = 0; i < 200; i++)
        {
            processes.Add(fixture.Host.Start(fixture.Script($"echo {i}; exit {i}") with { LogPath = fixture.Folder[$"log{i}"], IndexPath = null }, null));
        }

        for (var i = 0; i < processes.Count; i++)
        {
            Assert.Equal(i, (await HostFixture.EndOfAsync(processes[i])).ExitCode);
            Assert.Equal($"{i}\n", await File.ReadAllTextAsync(fixture.Folder[$"log{i}"], TestContext.Current.CancellationToken));
            Assert.True(processes[i].ProcessId > 0);
        }
    }

    [Fact]
    public async Task SpawnerAndLoop_EndWithTheHost()
    {
        await using (var fixture = new HostFixture())
        {
            Assert.Equal(0, (await fixture.RunAsync("true")).ExitCode);
        }

        // Other tests have hosts of their own: only that new ones do not pile up can be seen.
        for (var i = 0; i < 50; i++)
        {
            await using var fixture = new HostFixture(i % 2 == 0);
            _ = fixture.Host.Containment;
        }

        var threads = 0;
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            threads += ReadName(thread).StartsWith("cairn-", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.True(threads < 50, $"{threads} threads");
    }

    [Theory]
    [InlineData("ninja-of-old", "`ninja-of-old` was not found in PATH (/usr/bin:/bin:rel): install it, or give its path")]
    [InlineData("./missing", "`./missing` does not exist in `{0}`")]
    [InlineData("./plain", "`{0}/./plain` is not executable: run `chmod +x {0}/./plain`")]
    [InlineData("inrel", "`{0}/rel/inrel` is not executable: run `chmod +x {0}/rel/inrel`")]
    [InlineData("./noshebang", "`{0}/./noshebang` has no `#!` line and is no program: begin it with `#!/bin/sh`, or run `sh {0}/./noshebang`")]
    [InlineData("./empty", "`{0}/./empty` is empty: it is no program")]
    [InlineData("./interpreter", "`{0}/./interpreter` names the interpreter `/no/such/perl` in its first line, which does not exist")]
    [InlineData("./crlf", "`{0}/./crlf` has Windows line ends, so that its interpreter is not found: convert it to LF")]
    [InlineData("./elf", "`{0}/./elf` was built for another architecture, or is damaged")]
    [InlineData("./busy", "`{0}/./busy` is open for writing: whoever writes it has to close it before it can run")]
    [InlineData("./rel", "`./rel` is a folder, not a program")]
    [InlineData("", "The command is empty: name a program")]
    public async Task StartError_SaysWhatToDo(string program, string expected)
    {
        await using var fixture = new HostFixture();
        Directory.CreateDirectory(fixture.Folder["rel"]);
        Write("plain", "#!/bin/sh\n", executable: false);
        Write("rel/inrel", "#!/bin/sh\n", executable: false);
        Write("noshebang", "echo hi\n");
        Write("empty", "");
        Write("interpreter", "#!/no/such/perl -w\n");
        Write("crlf", "#!/bin/sh\r\n");
        Write("elf", "\u007fELF nonsense");
        Write("busy", "#!/bin/sh\n");
        File.SetUnixFileMode(fixture.Folder["busy"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var writer = new FileStream(fixture.Folder["busy"], FileMode.Open, FileAccess.Write);
        var spec = fixture.Command(program) with { Environment = [new("PATH", "/usr/bin:/bin:rel")] };
        var process = fixture.Host.Start(spec, null);
        var result = await HostFixture.EndOfAsync(process);
        Assert.Equal(string.Format(null, expected, fixture.Folder.Path), result.StartError);
        Assert.Null(result.ExitCode);
        Assert.Null(result.Signal);
        Assert.Equal(0, process.ProcessId);

        void Write(string name, string content, bool executable = true)
        {
            File.WriteAllText(fixture.Folder[name], content);
            File.SetUnixFileMode(fixture.Folder[name], executable ? UnixFileMode.UserRead | UnixFileMode.UserExecute : UnixFileMode.UserRead);
        }
    }

    [Fact]
    public async Task StartError_TellsAboutFolderEnvironmentAndLength()
    {
        await using var fixture = new HostFixture();
        Assert.Equal("The folder `/no/such` does not exist, or may not be seen", await ErrorAsync(s => s with { WorkingDirectory = "/no/such" }));
        Assert.Equal("The folder `/etc/passwd` is a file", await ErrorAsync(s => s with { WorkingDirectory = "/etc/passwd" }));
        Assert.Equal("The folder `rel` is not an absolute path", await ErrorAsync(s => s with { WorkingDirectory = "rel" }));
        Assert.Equal("`a=b` is not a name for an environment variable", await ErrorAsync(s => s with { Environment = [new("a=b", "")] }));
        Assert.Equal("The environment variable `a` contains a zero byte: pass it through a file", await ErrorAsync(s => s with { Environment = [new("a", "\0")] }));
        Assert.Equal("An argument of `true` contains a zero byte: pass it through a file", await ErrorAsync(s => s with { Arguments = ["true", "\0"] }));
        Assert.Equal(
            "`true` cannot be looked up: the environment has no PATH; set one or give the program's path", await ErrorAsync(s => s with { Environment = [] }));
        Assert.Equal(
            "An argument or variable of `true` is too long (200,000 characters, the system takes 131,071 bytes): put it in a file",
            await ErrorAsync(s => s with { Arguments = ["true", new string('x', 200_000)] }));
        Assert.StartsWith(
            "The arguments and environment of `true` are too long together (10,", await ErrorAsync(s => s with
            {
                Arguments = ["true", .. Enumerable.Repeat(new string('x', 100_000), 100)],
            }), StringComparison.Ordinal);

        async Task<string> ErrorAsync(Func<ProcessSpec, ProcessSpec> change) =>
            (await fixture.RunAsync(change(fixture.Command("true")))).StartError ?? "started";
    }

    [Fact]
    public async Task Arguments_JustBelowTheLimit_Start()
    {
        await using var fixture = new HostFixture();
        Assert.Equal(0, (await fixture.RunAsync(fixture.Command("true", new string('x', (128 << 10) - 1)))).ExitCode);
    }

    [Fact]
    public void RunToken_WithOtherCharacters_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => ProcessHost.Start(new ProcessHostOptions { RunToken = "a'b" }));
        Assert.StartsWith("`a'b` is not a run token: use 1 to 100 letters, digits and `-`", error.Message, StringComparison.Ordinal);
    }

    private static string ReadName(string thread)
    {
        try
        {
            return File.ReadAllText($"{thread}/comm");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
