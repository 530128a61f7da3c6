using System.Collections.Immutable;

using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Store.Roots;
using Cairn.Testing;

namespace Cairn.Tests.Debugging;

public sealed class KeptRootsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Root_Reads_As_It_Was_Written()
    {
        var root = Sample("r1") with { Layers = ["roots/r1/build/small", "layers/1/abc"], SecretVariables = ImmutableSortedDictionary<string, string>.Empty.Add("TOKEN", "token") };
        var read = KeptRoot.TryParse(root.ToBytes());
        Assert.NotNull(read);
        Assert.Equal(root.ToBytes(), read.ToBytes());
        Assert.Null(KeptRoot.TryParse("{}"u8));
        Assert.Null(KeptRoot.TryParse((root with { Format = 2 }).ToBytes()));
    }

    [Fact]
    public void ReferencedLayers_Are_Those_Of_All_Roots_And_Unfinished_Ones()
    {
        Keep("r1", "layers/1/abc", 10);
        new KeptRoots(_folder.Path, TimeProvider.System).Begin("r2", "build");
        File.WriteAllBytes(_folder["roots/r2/build~new/root.json"], (Sample("r2") with { Layers = ["layers/1/def"] }).ToBytes());
        Assert.Equal(["layers/1/abc", "layers/1/def"], KeptRoots.ReferencedLayers(_folder.Path).Order(StringComparer.Ordinal));
        Assert.Empty(KeptRoots.ReferencedLayers(_folder["nothing"]));
    }

    [Fact]
    public void Collect_Removes_The_Old_Then_The_Oldest()
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        foreach (var (run, age) in (ReadOnlySpan<(string, int)>)[("r1", 9), ("r2", 3), ("r3", 2), ("r4", 1)])
        {
            Keep(run, "layers/1/abc", 100_000);
            File.SetLastWriteTimeUtc(_folder[$"roots/{run}/build/root.json"], now.AddDays(-age));
        }

        var roots = new KeptRoots(_folder.Path, TimeProvider.System);
        Assert.Equal(2, roots.Collect(quotaBytes: 250_000, keepDays: 7, dryRun: true).Removed);
        Assert.Equal(4, roots.List().Length);
        Assert.Equal(2, roots.Collect(quotaBytes: 250_000, keepDays: 7).Removed);
        Assert.Equal(["r4", "r3"], roots.List().Select(static r => r.Run));
        Assert.False(Directory.Exists(_folder["roots/r1"]));
    }

    [Fact]
    public void Collect_Leaves_The_Root_That_Somebody_Is_In()
    {
        Keep("r1", "layers/1/abc", 100_000);
        var roots = new KeptRoots(_folder.Path, TimeProvider.System);
        using (KeptRoots.TryTake(_folder["roots/r1/build"], "a test"))
        {
            Assert.Equal(0, roots.Collect(quotaBytes: 0, keepDays: 7).Removed);
            Assert.Null(KeptRoots.TryTake(_folder["roots/r1/build"], "another"));
        }

        Assert.Equal(1, roots.Collect(quotaBytes: 0, keepDays: 7).Removed);
    }

    [Fact]
    public void Collect_Leaves_The_Newest_However_Much_It_Is_Unless_Nothing_May_Be_Kept()
    {
        Keep("r1", "layers/1/abc", 100_000);
        File.SetLastWriteTimeUtc(_folder["roots/r1/build/root.json"], TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1));
        Keep("r2", "layers/1/abc", 100_000);
        var roots = new KeptRoots(_folder.Path, TimeProvider.System);
        Assert.Equal(1, roots.Collect(quotaBytes: 10, keepDays: 7).Removed);
        Assert.Equal("r2", Assert.Single(roots.List()).Run);
        Assert.Equal(1, roots.Collect(quotaBytes: 0, keepDays: 7).Removed);
    }

    [Fact]
    public void List_Leaves_Out_What_Another_Run_Still_Copies_And_Collect_Removes_It_After_A_Day()
    {
        var roots = new KeptRoots(_folder.Path, TimeProvider.System);
        var path = _folder[roots.Begin("r1", "build")];
        File.WriteAllBytes($"{path}/root.json", Sample("r1").ToBytes());
        Assert.Empty(roots.List());
        Assert.False(File.Exists($"{path}/size"));
        roots.Collect(quotaBytes: 0, keepDays: 7);
        Assert.True(Directory.Exists(path));
        Directory.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-2));
        roots.Collect(quotaBytes: 0, keepDays: 7);
        Assert.False(Directory.Exists(_folder["roots/r1"]));
    }

    [Fact]
    public void Begin_Closes_The_Folder_Of_The_Run_Alone()
    {
        _ = new KeptRoots(_folder.Path, TimeProvider.System).Begin("r1", "build");
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(_folder["beside"]);
        Assert.Equal(File.GetUnixFileMode(_folder["beside"]) & Others, File.GetUnixFileMode(_folder["roots"]) & Others);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(_folder["roots/r1"]) & Others);
    }

    [Fact]
    public async Task Copy_Of_What_A_Step_Wrote_Fails_Where_A_Deletion_Cannot_Be_Noted()
    {
        Directory.CreateDirectory(_folder["from"]);
        Directory.CreateDirectory(_folder["to"]);
        Assert.Equal(0, (await new Tool("mknod", [_folder["from/gone"], "c", "0", "0"]).RunAsync(TestContext.Current.CancellationToken)).ExitCode);

        // As a file system that takes no such nodes refuses it.
        _folder.Write("to/gone", "");
        using var from = DirectoryHandle.Open(_folder["from"]);
        using var to = DirectoryHandle.Open(_folder["to"]);
        Assert.Throws<IOException>(() => UpperFolder.Copy(from, to, bytesMax: 1 << 20, TestContext.Current.CancellationToken));
    }

    private void Keep(string run, string layer, int bytes)
    {
        var roots = new KeptRoots(_folder.Path, TimeProvider.System);
        var path = _folder[roots.Begin(run, "build")];
        File.WriteAllBytes($"{path}/root.json", (Sample(run) with { Layers = [layer] }).ToBytes());
        Directory.CreateDirectory($"{path}/upper");
        File.WriteAllBytes($"{path}/upper/file", new byte[bytes]);
        roots.Finish(run, "build");
    }

    private static KeptRoot Sample(string run) => KeptRootSamples.Of(run);
}
