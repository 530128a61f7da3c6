using Cairn.Core.Content;
using Cairn.Core.Fetching;
using Cairn.Core.Toolchains;
using Cairn.Engine;
using Cairn.Testing;

namespace Cairn.Tests.Engine;

public sealed class ProjectLockTests
{
    private static readonly FetchLock Fetched = new([new FetchPin("deps", Digest.Of("asked"u8), Digest.Of("tree"u8), 1, 4)]);

    [Fact]
    public void TryRead_ReadsTheFileOnce_ForBothParts()
    {
        using var folder = new TemporaryFolder();
        ProjectLock.Write(folder.Path, Fetched);
        var file = new ProjectLock(folder.Path);

        Assert.Empty(file.TryReadToolchains(out var problem)!.Toolchains);
        File.Delete(folder["cairn.lock"]);
        Assert.Equal(Fetched.Pins[0].Tree, file.TryReadFetches(out _)!.Find("deps")!.Tree);
        Assert.Null(problem);
    }

    [Fact]
    public void TryRead_WithoutAFile_IsEmpty()
    {
        using var folder = new TemporaryFolder();
        var file = new ProjectLock(folder.Path);
        Assert.True(file.TryReadToolchains(out _)!.Toolchains.IsEmpty && file.TryReadFetches(out _)!.Pins.IsEmpty);
    }

    [Fact]
    public void TryRead_OfAWrongLine_NamesItsNumberInTheFile_AndTheOtherPartIsRead()
    {
        using var folder = new TemporaryFolder();
        ProjectLock.Write(folder.Path, Fetched);
        var text = folder.Read("cairn.lock").Replace("    files: 1\n", "    files: one\n", StringComparison.Ordinal);
        folder.Write("cairn.lock", text);
        var file = new ProjectLock(folder.Path);

        Assert.Null(file.TryReadFetches(out var problem));
        Assert.Equal($"Line {Array.IndexOf(text.Split('\n'), "    files: one") + 1} is not as it was written", problem);
        Assert.NotNull(file.TryReadToolchains(out _));
    }

    [Fact]
    public void TryRead_OfAFileThatIsTooLarge_SaysSo()
    {
        using var folder = new TemporaryFolder();
        using (var file = File.Create(folder["cairn.lock"]))
        {
            file.SetLength((64L << 20) + 1);
        }

        Assert.Null(new ProjectLock(folder.Path).TryReadToolchains(out var problem));
        Assert.Equal("It has more than 67108864 bytes", problem);
    }

    [Fact]
    public void Write_OfOnePart_LeavesTheOther_AndTheFileWhereNothingChanges()
    {
        using var folder = new TemporaryFolder();
        ProjectLock.Write(folder.Path, Fetched);
        var before = folder.Read("cairn.lock");
        var time = File.GetLastWriteTimeUtc(folder["cairn.lock"]);
        ProjectLock.Write(folder.Path, ToolchainLock.Empty);
        Assert.Equal((before, time), (folder.Read("cairn.lock"), File.GetLastWriteTimeUtc(folder["cairn.lock"])));

        ProjectLock.Write(folder.Path, FetchLock.Empty);
        Assert.Equal(ToolchainLockText.Write(ToolchainLock.Empty), folder.Read("cairn.lock"));
    }
}
