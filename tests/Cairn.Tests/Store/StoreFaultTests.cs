using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Testing;

namespace Cairn.Tests.Store;

/// <summary>What happens to a store when its processes are killed, its disk is full, it cannot be written, or others use it: with processes of the driver.</summary>
public sealed class StoreFaultTests : IDisposable
{
    /// <summary>The calls by which a store, or anything else, comes to be as it is.</summary>
    private static readonly string[] Calls = ["openat", "write", "linkat", "renameat", "mkdirat", "unlinkat", "utimensat", "fchmodat", "flock", "ioctl"];

    private readonly TemporaryFolder _folder = new();

    /// <summary>How files come to be.</summary>
    [Flags]
    public enum Ways
    {
        None = 0,

        /// <summary>Under temporary names.</summary>
        Named = 1,

        /// <summary>In a nursery.</summary>
        Nursery = 2,
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static bool IsRoot => Environment.IsPrivilegedProcess;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Ways.None)]
    [InlineData(Ways.Named)]
    [InlineData(Ways.Nursery)]
    [InlineData(Ways.Named | Ways.Nursery)]
    public async Task AKill_AtEveryCall_LeavesNoWrongBlob_AndTheNextPutWorks(Ways ways)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is missing");
        var trace = _folder["trace"];
        var dry = await Trace("dry", ways, "-o", trace, "-e", $"trace={string.Join(',', Calls)}");
        Assert.SkipWhen(dry.Error.Contains("ptrace", StringComparison.Ordinal), "This machine permits no tracing");
        Assert.True(dry.ExitCode == 0, dry.ToString());
        var killed = 0;
        await Parallel.ForEachAsync(Moments(await File.ReadAllLinesAsync(trace, Cancellation)), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Cancellation }, async (moment, _) =>
        {
            var name = $"{moment.Call}-{moment.Number}";
            var result = await Trace(name, ways, "-o", "/dev/null", "-e", $"trace={moment.Call}", "-e", $"inject={moment.Call}:signal=SIGKILL:when={moment.Number}");
            if (result.ExitCode != 0)
            {
                Interlocked.Increment(ref killed);
                AssertMended(name);
            }
        });

        // Each call was cut off once, as far as runs are the same.
        Assert.InRange(killed, 30, int.MaxValue);
    }

    [Theory]
    [InlineData(Ways.None)]
    [InlineData(Ways.Named)]
    [InlineData(Ways.Nursery)]
    public async Task ManyProcesses_UseAndDamageOneStore_AndNobodySeesAWrongByte(Ways ways)
    {
        var runs = Enumerable.Range(0, 4).Select(seed => Driver(ways, "share", _folder["store"], seed.ToString(CultureInfo.InvariantCulture), "400").RunAsync(Cancellation));
        Assert.All(await Task.WhenAll(runs), result => Assert.True(result.ExitCode == 0, result.ToString()));
        using var store = ContentStore.Open(_folder["store"]);
        _ = store.Check(repair: true, Cancellation);
        Assert.Empty(store.Check(repair: true, Cancellation).Findings);
    }

    [Fact]
    public async Task AKilledProcess_LosesItsLease()
    {
        using var store = ContentStore.Open(_folder["store"]);
        await using var holder = Driver(Ways.None, "hold", _folder["store"]).Start();
        await holder.WaitForAsync("held", Cancellation);
        Assert.Equal(["the driver"], store.Measure(Cancellation).Leases);
        holder.Signal(PosixSignalNumber.Kill);
        await holder.WaitAsync(Cancellation);
        Assert.Empty(store.Measure(Cancellation).Leases);
        Assert.Equal(FindingKind.Stray, Assert.Single(store.Check(repair: true, Cancellation).Findings).Kind);
    }

    [Fact]
    public async Task AFullDisk_RefusesWhatDoesNotFit_AndKeepsWhatDoes()
    {
        Directory.CreateDirectory(_folder["disk"]);
        var result = await Unshared($"mount -t tmpfs -o size=2m,mode=700 none '{_folder["disk"]}' && exec '{DriverPath}' fill '{_folder["disk"]}'");
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    [Fact]
    public async Task AReadOnlyDisk_IsRead()
    {
        Prepare();
        var result = await Unshared($"mount --bind '{_folder["store"]}' '{_folder["store"]}' && mount -o remount,bind,ro '{_folder["store"]}' && exec '{DriverPath}' look '{_folder["store"]}' '{_folder["out"]}'");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("is on a read-only file system", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Ways.Nursery)]
    [InlineData(Ways.Named | Ways.Nursery)]
    public async Task AFolder_OnAnotherMountThanTheNursery_GetsItsFilesAllTheSame(Ways ways)
    {
        var (store, target) = (_folder["store"], _folder["target"]);
        Directory.CreateDirectory(target);
        var result = await Unshared($"mount --bind '{target}' '{target}' && exec '{DriverPath}' work '{store}' '{target}'", ways);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(["copy", "large", "new", "taken"], Directory.GetFiles(target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("small", await File.ReadAllTextAsync(_folder["target/new"], Cancellation));
        Assert.Equal(await File.ReadAllBytesAsync(_folder["target/large"], Cancellation), await File.ReadAllBytesAsync(_folder["target/copy"], Cancellation));
        Assert.True(File.GetUnixFileMode(_folder["target/taken"]).HasFlag(UnixFileMode.UserExecute));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["store/tmp"]));
    }

    [Fact]
    public async Task AnotherUsersStore_IsRead_AndVerified()
    {
        Assert.SkipUnless(IsRoot, "Only root can act as another user");
        Prepare();
        var result = await AsNobody("look", _folder["store"], _folder["out"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("no permission to write", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoUsers_WhoMayBothWrite_ShareAStore()
    {
        Assert.SkipUnless(IsRoot, "Only root can act as another user");
        using (ContentStore.Open(_folder["store"]))
        {
        }

        Open(_folder.Path);
        foreach (var folder in (string[])[_folder["store"], .. Directory.GetDirectories(_folder["store"])])
        {
            Open(folder);
        }

        // Nobody damages or mends what is root's: all of that must fail quietly, and right bytes come out.
        var both = await Task.WhenAll(AsNobody("share", _folder["store"], "1", "300"), Driver(Ways.None, "share", _folder["store"], "2", "300").RunAsync(Cancellation));
        Assert.All(both, result => Assert.True(result.ExitCode == 0 || result.Error.Contains("UnauthorizedAccess", StringComparison.Ordinal), result.ToString()));
        using var store = ContentStore.Open(_folder["store"]);
        _ = store.Check(repair: true, Cancellation);
        Assert.Empty(store.Check(repair: true, Cancellation).Findings);
    }

    private static string DriverPath => Path.Combine(AppContext.BaseDirectory, "Cairn.StoreDriver");

    private static Tool Driver(Ways ways, params ImmutableArray<string> arguments) => new(DriverPath, arguments) { Environment = DriverEnvironment(ways), Timeout = TimeSpan.FromMinutes(2) };

    private static ImmutableDictionary<string, string> DriverEnvironment(Ways ways)
    {
        var environment = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var name in (string[])["PATH", "HOME", "DOTNET_ROOT", "TMPDIR"])
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }

        // One compiler, so that the calls of two runs are the same.
        environment["DOTNET_TieredCompilation"] = "0";
        environment["CAIRN_STORE_NAMED"] = ways.HasFlag(Ways.Named) ? "1" : "0";
        environment["CAIRN_STORE_NURSERY"] = ways.HasFlag(Ways.Nursery) ? "1" : "0";
        return environment.ToImmutable();
    }

    private static async Task<ToolResult> AsNobody(params string[] arguments)
    {
        var result = await new Tool("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", DriverPath, .. arguments]) { Environment = DriverEnvironment(Ways.None) }.RunAsync(Cancellation);
        Assert.SkipWhen(result.ExitCode is 126 or 127, $"Others cannot run the driver: {result.Error}");
        return result;
    }

    /// <summary>Runs a script where it may mount: in a mount namespace of its own.</summary>
    private static async Task<ToolResult> Unshared(string script, Ways ways = Ways.None)
    {
        var result = await new Tool("unshare", [IsRoot ? "-m" : "-Urm", "sh", "-c", script]) { Environment = DriverEnvironment(ways) }.RunAsync(Cancellation);
        Assert.SkipWhen(result.Error.Contains("unshare:", StringComparison.Ordinal) || result.Error.Contains("mount:", StringComparison.Ordinal), $"Nothing can be mounted here: {result.Error}");
        return result;
    }

    private static void Open(string folder) => File.SetUnixFileMode(
        folder,
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);

    /// <summary>A store with a good blob and a damaged one.</summary>
    private void Prepare()
    {
        using var store = ContentStore.Open(_folder["store"]);
        _ = store.Put("small"u8);
        var wrong = store.Put("wrong"u8);
        var path = _folder[$"store/cas/{wrong.Hash[..2]}/{wrong.Hash}"];
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(path, "wrOng");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Directory.CreateDirectory(_folder["out"]);
        Open(_folder["out"]);
        Open(_folder.Path);
    }

    private Task<ToolResult> Trace(string name, Ways ways, params ImmutableArray<string> options) =>
        Driver(ways, "work", _folder[$"{name}/store"], _folder[$"{name}/target"]).Under("strace", ["-f", "-qq", .. options]).RunAsync(Cancellation);

    /// <summary>The calls of the main thread after the marker, by their number among its calls of that name.</summary>
    private static List<(string Call, int Number)> Moments(string[] lines)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var moments = new List<(string, int)>();
        string? main = null;
        var begun = false;
        foreach (var line in lines)
        {
            // `1234  openat(…`; what continues a call that was interrupted has other words.
            var words = line.Split((char[])[' ', '('], 3, StringSplitOptions.RemoveEmptyEntries);
            main ??= words[0];
            if (words[0] != main || words.Length < 3 || !Calls.Contains(words[1], StringComparer.Ordinal))
            {
                continue;
            }

            var call = words[1];
            var number = numbers[call] = numbers.GetValueOrDefault(call) + 1;
            begun |= line.Contains(Marker, StringComparison.Ordinal);
            if (begun)
            {
                moments.Add((call, number));
            }
        }

        return moments;
    }

    private const string Marker = "/cairn-store-driver-begins";

    /// <summary>What must hold after a kill: nothing wrong is served or stays, no file is half there, and the store can be used.</summary>
    private void AssertMended(string name)
    {
        using var store = ContentStore.Open(_folder[$"{name}/store"]);
        foreach (var finding in store.Check(repair: true, Cancellation).Findings)
        {
            // The driver damages one blob itself, makes it writable for that, and leaves rubbish.
            Assert.True(
                finding.Kind is FindingKind.Stray || finding.Path.Contains(Digest.Of("small"u8).Hash, StringComparison.Ordinal) || finding is { Kind: FindingKind.Foreign, Path: "cas/rubbish" } or { Kind: FindingKind.MissingPinned },
                $"{name}: {finding}");
            Assert.True(finding.Outcome is not FindingOutcome.Left || finding.Kind == FindingKind.MissingPinned, $"{name}: {finding}");
        }

        Assert.Equal("small"u8.ToArray(), store.TryRead(store.Put("small"u8), 100));
        Assert.Empty(store.Check(repair: true, Cancellation).Findings.Where(f => f.Kind != FindingKind.MissingPinned));
        Assert.Empty(Directory.GetFileSystemEntries(_folder[$"{name}/store/tmp"]));
        foreach (var (file, lengths) in ((string, long[])[])[("new", [5]), ("taken", [16, 100_000]), ("copy", [(1 << 20) + 5])])
        {
            var info = new FileInfo(_folder[$"{name}/target/{file}"]);
            Assert.True(!info.Exists || lengths.Contains(info.Length), $"{name}: {file} has {(info.Exists ? info.Length : 0)} bytes");
        }
    }
}
