using System.Text;

using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Files;

public sealed class NamedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TryRead_TakesWhatIsSmallEnough()
    {
        File.WriteAllText(_folder["a"], "four");
        Assert.Equal("four", Encoding.UTF8.GetString(NamedFile.TryRead(_folder["a"], 4, out _) ?? []));
        Assert.Empty(NamedFile.TryRead("/dev/null", 4, out _) ?? [1]);
        Assert.Equal("it has more than 3B", Problem(_folder["a"]));
    }

    [Fact]
    public void TryRead_TellsWhatIsWrong()
    {
        Assert.Equal("there is no such file", Problem(_folder["nothing"]));
        Assert.Equal("there is no such file", Problem(_folder["nothing/at/all"]));
        Assert.Equal("it is a folder", Problem(_folder.Path));
        Assert.Equal("it has more than 3B", Problem("/dev/zero"));
    }

    private static string Problem(string path)
    {
        Assert.Null(NamedFile.TryRead(path, 3, out var problem));
        return problem;
    }
}
