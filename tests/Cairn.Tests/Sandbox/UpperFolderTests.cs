using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Testing;

namespace Cairn.Tests.Sandbox;

public sealed class UpperFolderTests
{
    private readonly CancellationToken _cancellationToken = TestContext.Current.CancellationToken;

    [Fact]
    public void Copy_LeavesHoles()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["from/in"]);
        using (var file = File.OpenHandle(folder["from/in/sparse"], FileMode.CreateNew, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, 1L << 40);
            RandomAccess.Write(file, "beginning"u8, 0);
            RandomAccess.Write(file, "middle"u8, 1L << 39);
        }

        using (var from = DirectoryHandle.Open(folder["from"]))
        using (var to = Target(folder))
        {
            UpperFolder.Copy(from, to, 1 << 20, _cancellationToken);
            Assert.InRange(to.AllocatedBytes(long.MaxValue, out var isWhole), 1, 1 << 20);
            Assert.True(isWhole);
        }

        using var copy = File.OpenHandle(folder["to/in/sparse"]);
        Assert.Equal(1L << 40, RandomAccess.GetLength(copy));
        var read = new byte[8];
        Assert.Equal(8, RandomAccess.Read(copy, read, (1L << 39) - 1));
        Assert.Equal("\0middle\0"u8.ToArray(), read);
        Assert.Equal(8, RandomAccess.Read(copy, read, 0));
        Assert.Equal("beginnin"u8.ToArray(), read);
    }

    [Fact]
    public void Copy_EndsAtItsBudget()
    {
        using var folder = new TemporaryFolder();
        folder.Write("from/a", new string('a', 300_000));
        folder.Write("from/b", new string('b', 300_000));
        using var from = DirectoryHandle.Open(folder["from"]);
        using var to = Target(folder);

        Assert.Contains("takes more than", Assert.Throws<IOException>(() => UpperFolder.Copy(from, to, 500_000, _cancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copy_EndsWhereItIsCancelled_AndInATreeThatIsTooDeep()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["from/" + string.Join('/', Enumerable.Repeat("d", UpperFolder.DepthMax + 1))]);
        using var from = DirectoryHandle.Open(folder["from"]);
        using var to = Target(folder);

        Assert.Throws<OperationCanceledException>(() => UpperFolder.Copy(from, to, long.MaxValue, new CancellationToken(canceled: true)));
        Assert.Contains("nested deeper than 256 folders", Assert.Throws<IOException>(() => UpperFolder.Copy(from, to, long.MaxValue, _cancellationToken)).Message, StringComparison.Ordinal);
    }

    private static DirectoryHandle Target(TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder["to"]);
        return DirectoryHandle.Open(folder["to"]);
    }
}
