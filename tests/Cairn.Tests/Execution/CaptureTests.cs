using System.Security.Cryptography;

using Cairn.Execution;

namespace Cairn.Tests.Execution;

public sealed class CaptureTests
{
    [Fact]
    public async Task Log_HasBothStreams_AndTheIndexTellsThemApart()
    {
        await using var fixture = new HostFixture();
        var sink = new RecordingSink();
        var before = TimeProvider.System.GetUtcNow();

        // Each line is written after the one before was read, so that order across the streams is exact.
        var script = "mkfifo a b; echo one; read x < a; echo two >&2; read x < b; echo three";
        var process = fixture.Start(script, sink);
        await sink.HasAsync("one\n");
        await File.WriteAllTextAsync(fixture.Folder["a"], "\n", TestContext.Current.CancellationToken);
        await sink.HasAsync("two\n");
        await File.WriteAllTextAsync(fixture.Folder["b"], "\n", TestContext.Current.CancellationToken);
        var result = await HostFixture.EndOfAsync(process);
        Assert.Equal("one\ntwo\nthree\n", fixture.Log());
        Assert.Equal(14, result.LogBytes);
        var records = fixture.Index();
        Assert.Equal(
            [(0L, 4L, OutputStream.Stdout), (4L, 4L, OutputStream.Stderr), (8L, 6L, OutputStream.Stdout)],
            records.ConvertAll(r => (r.Offset, r.Length, r.Stream)));
        Assert.All(records, r => Assert.InRange(r.At, before.AddMilliseconds(-1), TimeProvider.System.GetUtcNow().AddMilliseconds(1)));
        Assert.True(records[0].At <= records[1].At && records[1].At <= records[2].At);
    }

    [Fact]
    public async Task Index_OfALiveLog_IsWrittenSoon()
    {
        await using var fixture = new HostFixture();
        var process = fixture.Start("echo prompt; exec sleep 1000");
        await Cairn.Testing.Eventually.HoldsAsync(
            () => File.Exists(fixture.Folder["index"]) && new FileInfo(fixture.Folder["index"]).Length > 15, "the index has a record", TestContext.Current.CancellationToken);
        Assert.Equal(7, Assert.Single(fixture.Index()).Length);
        process.Kill();
        _ = await HostFixture.EndOfAsync(process);
    }

    [Fact]
    public async Task Log_IsAppendedTo_AndTheIndexStartsAgain()
    {
        await using var fixture = new HostFixture();
        _ = await fixture.RunAsync("echo one");
        _ = await fixture.RunAsync("echo two >&2");
        Assert.Equal("one\ntwo\n", fixture.Log());
        Assert.Equal([(0L, OutputStream.Stdout), (4L, OutputStream.Stderr)], fixture.Index().ConvertAll(r => (r.Offset, r.Stream)));
    }

    [Fact]
    public async Task Output_IsKeptByteByByte()
    {
        await using var fixture = new HostFixture();
        var bytes = RandomNumberGenerator.GetBytes(300_000);
        await File.WriteAllBytesAsync(fixture.Folder["in"], bytes, TestContext.Current.CancellationToken);
        var result = await fixture.RunAsync("cat in");
        Assert.Equal(bytes.Length, result.LogBytes);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(fixture.Folder["log"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task HundredMegabytes_NeitherGrowMemoryNorTheIndex()
    {
        await using var fixture = new HostFixture();
        var sink = new MeasuringSink();
        var spec = fixture.Script("head -c 100000000 /dev/zero") with { Secrets = ["a secret to look for"] };
        var result = await fixture.RunAsync(spec, sink);
        Assert.Equal(100_000_000, result.LogBytes);
        Assert.Equal(100_000_000, sink.Bytes);
        Assert.True(sink.LongestBytes <= ExecutionLimits.ReadBytes);
        Assert.True(sink.Allocated < 2 << 20, $"{sink.Allocated} bytes were allocated on the I/O thread");
        Assert.True(new FileInfo(fixture.Folder["index"]).Length < 100_000);
    }

    [Fact]
    public async Task LoudProcess_DoesNotStallOthers()
    {
        await using var fixture = new HostFixture();
        var sink = new RecordingSink();
        var loud = fixture.Host.Start(fixture.Command("yes") with { LogPath = null, IndexPath = null }, null);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(0, (await fixture.RunAsync(fixture.Script($"echo {i}"), sink)).ExitCode);
        }

        Assert.False(loud.Completion.IsCompleted);
        loud.Kill();
        Assert.Equal(9, (await HostFixture.EndOfAsync(loud)).Signal);
        Assert.EndsWith("18\n19\n", sink.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipes_HeldByAnother_AreReadForASecondAtMost()
    {
        await using var fixture = new HostFixture();
        var other = new RecordingSink();

        // The second process takes over the first one's output through /proc, and outlives it.
        var first = fixture.Start("mkfifo go end; echo first; read x < go; exit 0", other);
        await other.HasAsync("first");
        var script = """
            for p in /proc/[0-9]*; do
              grep -qz 'read x < go; exit 0' $p/cmdline 2>/dev/null && [ $p != /proc/$$ ] && exec 3>$p/fd/1 && break
            done
            echo > go; exec sleep 1000
            """;
        var second = fixture.Host.Start(fixture.Script(script) with { LogPath = null, IndexPath = null }, null);
        var result = await HostFixture.EndOfAsync(first);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("first\n", fixture.Log());
        Assert.False(second.Completion.IsCompleted);
        second.Kill();
        _ = await HostFixture.EndOfAsync(second);
    }

    [Fact]
    public async Task LogError_IsReported_AndTheProcessGoesOn()
    {
        await using var fixture = new HostFixture();
        var sink = new RecordingSink();
        var result = await fixture.RunAsync(fixture.Script("head -c 1000000 /dev/zero; echo done") with { LogPath = "/dev/full", IndexPath = null }, sink);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("Could not write `/dev/full`: No space left on device", result.LogError);
        Assert.Equal(0, result.LogBytes);
        Assert.EndsWith("done\n", sink.Text, StringComparison.Ordinal);

        File.CreateSymbolicLink(fixture.Folder["link"], fixture.Folder["target"]);
        result = await fixture.RunAsync(fixture.Script("echo hi") with { LogPath = fixture.Folder["link"] });
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith($"Could not open `{fixture.Folder["link"]}`: ", result.LogError, StringComparison.Ordinal);
        Assert.False(File.Exists(fixture.Folder["target"]));
    }

    [Fact]
    public async Task Sink_ThatThrows_IsLeftAlone()
    {
        await using var fixture = new HostFixture();
        var result = await fixture.RunAsync(fixture.Script("echo one; echo two >&2"), new ThrowingSink());
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(8, result.LogBytes);
    }

    [Fact]
    public async Task Secrets_AreMaskedInLogSinkAndIndex_AcrossReads_PerStream()
    {
        await using var fixture = new HostFixture();
        var sink = new RecordingSink();
        var script = "mkfifo a; printf 'key: hun'; printf 'hun' >&2; printf go > ready; read x < a; printf 'ter2!\\n'; printf 'ger\\n' >&2";
        var spec = fixture.Script(script) with { Secrets = ["hunter2"] };
        var process = fixture.Host.Start(spec, sink);
        await sink.HasAsync("key: ");
        await Cairn.Testing.Eventually.HoldsAsync(() => File.Exists(fixture.Folder["ready"]), "both halves are written", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(fixture.Folder["a"], "\n", TestContext.Current.CancellationToken);
        var result = await HostFixture.EndOfAsync(process);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(sink.Text, fixture.Log());
        Assert.Contains("***!\n", sink.Text, StringComparison.Ordinal);
        Assert.Contains("hunger\n", sink.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", sink.Text, StringComparison.Ordinal);
        Assert.Equal(result.LogBytes, fixture.Index().Sum(r => r.Length));
    }

    private sealed class MeasuringSink : IOutputSink
    {
        private long _first = -1;

        public long Bytes { get; private set; }

        public int LongestBytes { get; private set; }

        public long Allocated { get; private set; }

        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes)
        {
            Bytes += redactedBytes.Length;
            LongestBytes = Math.Max(LongestBytes, redactedBytes.Length);
            var now = GC.GetAllocatedBytesForCurrentThread();
            _first = _first < 0 ? now : _first;
            Allocated = now - _first;
        }
    }

    private sealed class ThrowingSink : IOutputSink
    {
        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes) => throw new InvalidOperationException("broken");
    }
}
