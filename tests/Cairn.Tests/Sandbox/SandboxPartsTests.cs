using Cairn.Engine.Isolation;
using Cairn.Execution.Native;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Sandbox;

/// <summary>Parts of sandboxes that need none.</summary>
public sealed class SandboxPartsTests
{
    [Theory]
    [InlineData(0b1111, 1, 0, 0b0001)]
    [InlineData(0b1111, 1, 1, 0b0010)]
    [InlineData(0b1111, 2, 3, 0b1001)]
    [InlineData(0b1111, 1, 6, 0b0100)]
    [InlineData(0b1010, 1, 1, 0b1000)]
    [InlineData(0b1010, 5, 3, 0b1010)]
    [InlineData(0b1010, 1, int.MaxValue, 0b1000)]
    public void Keep_TakesProcessorsInTurn(byte mask, int count, int first, byte expected)
    {
        byte[] bits = [0, mask, 0];
        ProcessBounds.Keep(bits, count, first);
        Assert.Equal([0, expected, 0], bits);
    }

    [Fact]
    public unsafe void FirstOf_IsNoneWhereBubblewrapEnded_AndThrowsWhereItIsSlow()
    {
        var processes = new WorkerProcesses();
        var ends = stackalloc int[2];
        Assert.Equal(0, Libc.pipe2(ends, Libc.O_CLOEXEC));
        processes.Add(1, ends[0]);
        Assert.Contains("did not set up the sandbox", Assert.Throws<IOException>(() => processes.FirstOf(1, 20)).Message, StringComparison.Ordinal);

        Assert.Equal(0, Libc.WriteAll(ends[1], "{ \"child-pid\": 123 }"u8));
        Assert.Equal(123, processes.FirstOf(1, 20));

        int[] other = [0, 0];
        fixed (int* two = other)
        {
            Assert.Equal(0, Libc.pipe2(two, Libc.O_CLOEXEC));
        }

        processes.Add(2, other[0]);
        _ = Libc.close(other[1]);
        Assert.Equal(0, processes.FirstOf(2, 20));
        foreach (var descriptor in (ReadOnlySpan<int>)[ends[0], ends[1], other[0]])
        {
            _ = Libc.close(descriptor);
        }
    }

    [Theory]
    [InlineData(null, "/lib/fake.so")]
    [InlineData("/work/mine.so", "/lib/fake.so:/work/mine.so")]
    [InlineData("/work/mine.so:/lib/fake.so", "/work/mine.so:/lib/fake.so")]
    [InlineData("/lib/fake.so.2", "/lib/fake.so:/lib/fake.so.2")]
    public void Preload_StandsBesideWhatAStepLoads(string? own, string expected)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (own is not null)
        {
            variables[FakeTime.PreloadVariable] = own;
        }

        FakeTime.Preload(variables, "/lib/fake.so");
        Assert.Equal(expected, variables[FakeTime.PreloadVariable]);
    }

    [Fact]
    public void AppendState_TellsOfLinksThatLeadElsewhereAndFilesThatChanged()
    {
        using var folder = new TemporaryFolder();
        folder.Write("etc/alternatives/file", "one");
        File.CreateSymbolicLink(folder["etc/alternatives/cc"], "/usr/bin/gcc");
        File.CreateSymbolicLink(folder["etc/top"], "/usr/one");
        using var root = DirectoryHandle.Open(folder["etc"]);
        string State()
        {
            using var state = new MemoryStream();
            root.AppendState("alternatives", state);
            root.AppendState("top", state);
            root.AppendState("missing", state);
            return Convert.ToHexString(state.ToArray());
        }

        var seen = new HashSet<string>(StringComparer.Ordinal) { State() };
        Assert.Contains(State(), seen);

        // As update-alternatives does it.
        File.CreateSymbolicLink(folder["etc/alternatives/new"], "/usr/bin/clang");
        File.Move(folder["etc/alternatives/new"], folder["etc/alternatives/cc"], overwrite: true);
        Directory.SetLastWriteTimeUtc(folder["etc/alternatives"], DateTime.UnixEpoch.AddYears(60));
        Assert.True(seen.Add(State()));

        folder.Write("etc/alternatives/file", "other");
        Assert.True(seen.Add(State()));

        File.Delete(folder["etc/top"]);
        File.CreateSymbolicLink(folder["etc/top"], "/usr/two");
        Assert.True(seen.Add(State()));
    }
}
