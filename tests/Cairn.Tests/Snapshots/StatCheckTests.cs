using Cairn.Store.Files;
using Cairn.Store.Snapshots;
using Cairn.Testing;

namespace Cairn.Tests.Snapshots;

public sealed class StatCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Changed_Finds_ExactlyWhatDiffers()
    {
        string[] paths = ["", .. Enumerable.Range(0, 2_000).Select(i => $"d{i % 50:d2}/f{i}").Order(StringComparer.Ordinal), "gone/away", "nothing"];
        foreach (var path in paths[1..^2])
        {
            _folder.Write(path, path);
        }

        using var root = DirectoryHandle.Open(_folder.Path);
        var stats = paths.Select(p => p.Length == 0 ? StatOf(root) : root.TryStatPath(p) ?? StatCheck.Absent).ToArray();
        Assert.Empty(StatCheck.Changed(root, paths, stats));

        File.WriteAllText(_folder[paths[7]], "changed");
        File.Delete(_folder[paths[700]]);
        File.SetUnixFileMode(_folder[paths[1_500]], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _folder.Write("nothing", "now something");
        var racy = new bool[paths.Length];
        racy[900] = true;

        // A new name at the top shows in the project's own folder too.
        Assert.Equal([0, 7, 700, 900, 1_500, paths.Length - 1], StatCheck.Changed(root, paths, stats, racy));
    }

    [Fact]
    public void Changed_Sees_AFolderThatBecameALink()
    {
        _folder.Write("real/file", "x");
        using var root = DirectoryHandle.Open(_folder.Path);
        FileStat[] stats = [root.TryStatPath("real/file")!.Value];
        Directory.Move(_folder["real"], _folder["moved"]);
        File.CreateSymbolicLink(_folder["real"], "moved");
        Assert.Equal([0], StatCheck.Changed(root, ["real/file"], stats));
    }

    [Fact]
    public void Changed_Distrusts_WhatItCannotLookAt()
    {
        using var root = DirectoryHandle.Open(_folder.Path);
        Assert.Equal([0], StatCheck.Changed(root, [new string('n', 300)], [StatCheck.Absent]));
    }

    private FileStat StatOf(DirectoryHandle root)
    {
        using var above = DirectoryHandle.Open(Path.GetDirectoryName(_folder.Path)!);
        return above.TryStat(Path.GetFileName(root.DisplayPath))!.Value;
    }
}
