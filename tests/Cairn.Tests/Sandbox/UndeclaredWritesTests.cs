using Cairn.Core.Content;
using Cairn.Engine.Isolation;
using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Sandbox;

public sealed class UndeclaredWritesTests
{
    [Fact]
    public void Find_EndsInADeepTree_AndTellsOfIt()
    {
        using var folder = new TemporaryFolder();
        MakeDeep(folder.Path, 1_000);
        using var upper = DirectoryHandle.Open(folder.Path);

        var found = UndeclaredWrites.Find(upper, upper, MerkleTree.Empty);

        Assert.Matches("^wrote a file that is not among its outputs: `deep/deep/.*…/`$", found!.Describe());
        Assert.Equal("", found.Hint());
    }

    [Fact]
    public void Find_SaysWhatIsNotDeclared()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/b/one", "");
        folder.Write("a/two", "");
        folder.Write("out/three", "");
        using var upper = DirectoryHandle.Open(folder.Path);

        Assert.Equal("wrote 2 files that are not among its outputs: `a/two`, `a/b/one`", UndeclaredWrites.Find(upper, upper, MerkleTree.Empty, PathPatterns.Parse(["out/**"]))!.Describe());
        Assert.Null(UndeclaredWrites.Find(upper, upper, MerkleTree.Empty, PathPatterns.Parse(["out/**"]), PathPatterns.Parse(["a/**"])));
    }

    [Fact]
    public void Find_LeavesOutWhatOutputsExcludeByName()
    {
        using var folder = new TemporaryFolder();
        folder.Write("out/notes", "");
        using var upper = DirectoryHandle.Open(folder.Path);
        var outputs = PathPatterns.Parse(["out/**", "!out/notes"]);

        Assert.NotNull(UndeclaredWrites.Find(upper, upper, MerkleTree.Empty, outputs));
        Assert.Null(UndeclaredWrites.Find(upper, upper, MerkleTree.Empty, outputs, outputs.Excluded));
    }

    private static void MakeDeep(string path, int depth)
    {
        var folder = DirectoryHandle.Open(path);
        for (var i = 0; i < depth; i++)
        {
            var below = folder.TryCreatePath("deep")!;
            folder.Dispose();
            folder = below;
        }

        folder.Dispose();
    }
}
