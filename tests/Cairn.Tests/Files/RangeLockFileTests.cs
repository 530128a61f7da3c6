using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Files;

public sealed class RangeLockFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x123456789abcdef0UL)]
    [InlineData(ulong.MaxValue)]
    public void TryAcquire_GivesALockToOneAtATime(ulong key)
    {
        var (one, other) = (Open(), Open());
        var hold = one.TryAcquire(key);
        Assert.NotNull(hold);
        Assert.Null(one.TryAcquire(key));
        Assert.Null(other.TryAcquire(key));
        Assert.Equal(Environment.ProcessId, one.FindHolder(key));
        Assert.Equal(Environment.ProcessId, other.FindHolder(key));
        using var elsewhere = other.TryAcquire(key ^ (1UL << 40));
        Assert.NotNull(elsewhere);

        hold.Dispose();
        Assert.Null(other.FindHolder(key));
        using var second = other.TryAcquire(key);
        Assert.NotNull(second);
        hold.Dispose();
        Assert.Null(one.TryAcquire(key));
        Assert.Equal(0, new FileInfo(_folder["locks"]).Length);
    }

    [Fact]
    public void Locks_AreNotInEachOthersWay()
    {
        var (one, other) = (Open(), Open());
        var random = new Random(5);
        var holds = Enumerable.Range(0, 2_000).Select(i => (i % 2 == 0 ? one : other).TryAcquire((ulong)random.NextInt64())).ToArray();
        Assert.All(holds, Assert.NotNull);
        Array.ForEach(holds, hold => hold!.Dispose());
    }

    [Fact]
    public async Task AProcessThatIsKilled_LosesItsLocks_AndIsNamedBefore()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var python = await new Tool("/bin/sh", "-c", "command -v python3").RunAsync(cancellation);
        Assert.SkipUnless(python.ExitCode == 0, "python3 is not installed");
        // Key 0, as another program would lock it from the description of the format.
        const string Script = """
            import fcntl, os, struct, sys, time
            f = open(sys.argv[1], "a+")
            fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, os.getpid(), 0))
            print("locked", flush=True)
            time.sleep(60)
            """;
        await using var holder = new Tool("python3", "-c", Script, _folder["locks"]).Start();
        await holder.WaitForAsync("locked", cancellation);
        var file = Open();
        Assert.Null(file.TryAcquire(0));
        Assert.Equal(holder.Id, file.FindHolder(0));
        var waiting = file.AcquireAsync(0, TimeProvider.System, cancellation);
        Assert.False(waiting.IsCompleted);
        holder.Signal(PosixSignalNumber.Kill);
        using var hold = await waiting;
        Assert.Equal(Environment.ProcessId, file.FindHolder(0));
    }

    [Fact]
    public void Open_SaysWhy_WhereItCannot() =>
        Assert.Contains(_folder["missing/locks"], Assert.Throws<IOException>(() => RangeLockFile.Open(_folder["missing/locks"])).Message, StringComparison.Ordinal);

    private RangeLockFile Open() => RangeLockFile.Open(_folder["locks"]);
}
