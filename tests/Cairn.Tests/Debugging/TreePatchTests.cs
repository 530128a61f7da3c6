using Cairn.Engine.Debugging;
using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Debugging;

public sealed class TreePatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Between_Leaves_Out_What_The_Step_Wrote_Where_It_Is_For_The_Project()
    {
        Write("given", ("data.txt", "data\n"), ("main.c", "int x;\n"), ("same", "same\n"));
        Write("before", ("data.txt", "data\nmore\n"), ("main.c", "int x;\n"), ("same", "same\n"), ("Makefile", "all:\n"));
        Write("after", ("data.txt", "data\nless\n"), ("main.c", "int y;\n"), ("same", "same\n"), ("Makefile", "none:\n"), ("new", "new\n"));

        var patch = Between(withGiven: true);
        Assert.Equal(["Makefile", "data.txt"], patch.OfTheStep);
        Assert.DoesNotContain("Makefile", patch.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("data.txt", patch.Text, StringComparison.Ordinal);
        Assert.Contains("-int x;\n+int y;\n", patch.Text, StringComparison.Ordinal);
        Assert.Contains("+++ b/new\n", patch.Text, StringComparison.Ordinal);

        var all = Between(withGiven: false);
        Assert.Empty(all.OfTheStep);
        Assert.Contains("-more\n+less\n", all.Text, StringComparison.Ordinal);
        Assert.Contains("-all:\n+none:\n", all.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Between_Names_Files_Whose_Names_No_Patch_Can_Say()
    {
        Write("given");
        Write("before");
        Write("after");
        await new Tool("sh", ["-c", "printf x >\"$(printf 'a\\377')\""]) { Folder = _folder["after"] }.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal([@"a\xff"], Between(withGiven: true).LeftOut);
    }

    private TreePatch Between(bool withGiven)
    {
        using var given = DirectoryHandle.Open(_folder["given"]);
        using var before = DirectoryHandle.Open(_folder["before"]);
        using var after = DirectoryHandle.Open(_folder["after"]);
        return TreePatch.Between(withGiven ? given : null, before, after);
    }

    private void Write(string tree, params (string Path, string Content)[] files)
    {
        Directory.CreateDirectory(_folder[tree]);
        foreach (var (path, content) in files)
        {
            _folder.Write($"{tree}/{path}", content);
        }
    }
}
