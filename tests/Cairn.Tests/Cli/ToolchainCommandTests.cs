using Cairn.Cli;
using Cairn.Tests.Toolchains;

namespace Cairn.Tests.Cli;

public sealed class ToolchainCommandTests : IDisposable
{
    private readonly TestArchive _archive = new();
    private readonly CommandTester _cairn;

    public ToolchainCommandTests()
    {
        _archive.AddCompiler();
        _archive.Publish();
        _cairn = Machine();
    }

    public void Dispose()
    {
        _cairn.Dispose();
        _archive.Dispose();
    }

    [Fact]
    public async Task Lock_WritesTheLock_AndSaysNothingTheSecondTime()
    {
        var first = await _cairn.RunAsync("toolchain", "lock");
        var second = await _cairn.RunAsync("toolchain", "lock");

        Assert.Equal((ExitCodes.Success, ""), (first.Exit, first.Error));
        Assert.StartsWith("cc: locked, 3 packages", first.Out, StringComparison.Ordinal);
        Assert.StartsWith("cc: as locked, 3 packages", second.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', first.Out + second.Out);
    }

    [Fact]
    public async Task Lock_LeavesNothing_AfterAFailure()
    {
        File.Delete(_archive.PathOf(_archive.Add("cc", "1")));

        var outcome = await _cairn.RunAsync("toolchain", "lock");

        Assert.Equal(ExitCodes.StepFailed, outcome.Exit);
        Assert.StartsWith("error[CAIRN0731]: `file:", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("\nhelp: `cairn toolchain update` locks what the archive has now", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists($"{_cairn.Project}/cairn.lock"));
    }

    [Fact]
    public async Task Update_SaysWhatChanges_AndChangesItOnlyWithoutDryRun()
    {
        await _cairn.RunAsync("toolchain", "lock");
        _archive.Date += TimeSpan.FromHours(1);
        _archive.Add("cc", "2").File("./usr/bin/gcc", "newer").Fields.Add("Depends: libc");
        _archive.Publish();
        var before = await File.ReadAllTextAsync($"{_cairn.Project}/cairn.lock", TestContext.Current.CancellationToken);

        var tried = await _cairn.RunAsync("toolchain", "update", "--dry-run");
        var between = await File.ReadAllTextAsync($"{_cairn.Project}/cairn.lock", TestContext.Current.CancellationToken);
        var done = await _cairn.RunAsync("toolchain", "update");

        Assert.Equal(before, between);
        Assert.Contains("  ~ cc 1 → 2\n", tried.Out, StringComparison.Ordinal);
        Assert.Contains("  ~ cc 1 → 2\n", done.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_RefusesOtherBytesUnderTheSameVersion_UnlessTheyAreAccepted()
    {
        await _cairn.RunAsync("toolchain", "lock");
        _archive.Date += TimeSpan.FromHours(1);
        _archive.Add("cc").File("./usr/bin/gcc", "another").Fields.Add("Depends: libc");
        _archive.Publish();

        var before = await File.ReadAllTextAsync($"{_cairn.Project}/cairn.lock", TestContext.Current.CancellationToken);

        var tried = await _cairn.RunAsync("toolchain", "update", "--dry-run");
        var refused = await _cairn.RunAsync("toolchain", "update");
        var after = await File.ReadAllTextAsync($"{_cairn.Project}/cairn.lock", TestContext.Current.CancellationToken);
        var accepted = await _cairn.RunAsync("toolchain", "update", "--accept-changed");

        Assert.Contains("  ! cc 1: other bytes under the same version\n", tried.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.StepFailed, refused.Exit);
        Assert.StartsWith("error[CAIRN0706]: In `cc` `cc 1` has other bytes than `cairn.lock` names under the same version; nothing was changed\n", refused.Error, StringComparison.Ordinal);
        Assert.Contains("`cairn toolchain update --accept-changed cc`", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, after);
        Assert.Equal(ExitCodes.Success, accepted.Exit);
        Assert.Contains("  ! cc 1: other bytes under the same version\n", accepted.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_TellsWhatCairnFetchPins()
    {
        _cairn.Write("cairn.yaml", "version: 1\nsteps:\n  deps: { uses: fetch, run: npm ci, hosts: [registry.npmjs.org], inputs: [], outputs: [node_modules] }\n");
        Assert.Equal("No toolchains; the pipeline declares them in `toolchains`\ndeps: not pinned yet; `cairn fetch` does that\n", (await _cairn.RunAsync("toolchain", "lock")).Out);
    }

    [Fact]
    public async Task Verify_OfFilesOfTheMachineThatChanged_NamesTheCommandThatNotesThem()
    {
        // A sandbox has a /tmp of its own, of which no toolchain is taken.
        var tool = $"/var/tmp/cairn-test-{Path.GetRandomFileName()}";
        try
        {
            await File.WriteAllTextAsync(tool, "one", TestContext.Current.CancellationToken);
            _cairn.Write("cairn.yaml", $"version: 1\ntoolchains: {{ mine: {{ host: {tool} }} }}\nsteps: {{ build: {{ run: 'true', toolchain: mine, isolation: sandbox }} }}\n");
            await _cairn.RunAsync("toolchain", "lock");
            await File.WriteAllTextAsync(tool, "another", TestContext.Current.CancellationToken);

            var verified = await _cairn.RunAsync("toolchain", "verify");
            await _cairn.RunAsync("toolchain", "update", "mine");
            var again = await _cairn.RunAsync("toolchain", "verify");

            Assert.Equal(ExitCodes.StepFailed, verified.Exit);
            Assert.Contains("is another than when it was locked", verified.Out, StringComparison.Ordinal);
            Assert.Contains("`cairn toolchain update mine` notes what this machine has now\n", verified.Out, StringComparison.Ordinal);
            Assert.DoesNotContain("cairn toolchain lock", verified.Out, StringComparison.Ordinal);
            Assert.Equal(ExitCodes.Success, again.Exit);
        }
        finally
        {
            File.Delete(tool);
        }
    }

    [Fact]
    public async Task Trace_PrintsEveryLink_AndFailsOnABrokenOne()
    {
        await _cairn.RunAsync("toolchain", "lock");
        var right = await _cairn.RunAsync("toolchain", "trace", "cc");
        var json = await _cairn.RunAsync("toolchain", "trace", "cc", "--json");
        foreach (var file in Directory.EnumerateFiles(_cairn.Folder["home/.cache/cairn/cas"], "*", SearchOption.AllDirectories).Where(static f => new FileInfo(f).Length > 0 && File.ReadAllText(f).StartsWith("-----BEGIN PGP", StringComparison.Ordinal)).ToArray())
        {
            var content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            File.Delete(file);
            content[90] ^= 1;
            await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
        }

        var wrong = await _cairn.RunAsync("toolchain", "trace", "cc");

        Assert.Equal(ExitCodes.Success, right.Exit);
        Assert.Contains($"signed by {_archive.Signer.Fingerprint}", right.Out, StringComparison.Ordinal);
        Assert.Contains("\"state\": \"right\"", json.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.StepFailed, wrong.Exit);
        Assert.Contains("release of test", wrong.Out, StringComparison.Ordinal);
        Assert.Contains("it does not have the bytes that its digest says", wrong.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vendor_ServesAMachineWithoutAMirror()
    {
        await _cairn.RunAsync("toolchain", "lock");
        var vendored = await _cairn.RunAsync("toolchain", "vendor", _archive["vendor"]);
        Directory.Delete(_archive.Mirror, recursive: true);
        using var other = Machine();
        File.Copy($"{_cairn.Project}/cairn.lock", $"{other.Project}/cairn.lock");

        var refused = await other.RunAsync("toolchain", "lock");
        var locked = await other.RunAsync("toolchain", "lock", "--from", _archive["vendor"]);
        var verified = await other.RunAsync("toolchain", "verify");
        var traced = await other.RunAsync("toolchain", "trace", "cc");

        Assert.Equal(ExitCodes.Success, vendored.Exit);
        Assert.Contains("--from", vendored.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.StepFailed, refused.Exit);
        Assert.True(locked.Exit == ExitCodes.Success, locked.Error);
        Assert.StartsWith("cc: fetched as locked, 3 packages", locked.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Success, verified.Exit);
        Assert.Equal(ExitCodes.Success, traced.Exit);
    }

    [Fact]
    public async Task From_NamesAFolderThatIsThere()
    {
        var outcome = await _cairn.RunAsync("toolchain", "lock", "--from", "/nowhere");

        Assert.Equal(ExitCodes.Usage, outcome.Exit);
        Assert.Contains("There is no folder `/nowhere`", outcome.Error, StringComparison.Ordinal);
    }

    private CommandTester Machine()
    {
        var machine = new CommandTester { AptFolder = _archive.Apt, Now = TestArchive.Now };
        machine.Write("cairn.yaml", "version: 1\ntoolchains: { cc: { debian: test, packages: [cc] } }\nsteps: { build: { run: cc, toolchain: cc, isolation: sandbox } }\n");
        return machine;
    }
}
