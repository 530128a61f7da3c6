using Cairn.Store.Layers;

namespace Cairn.Tests.Store;

public sealed class LayerDeltaTests : IDisposable
{
    private readonly LayerTesting _layers = new();

    public void Dispose() => _layers.Dispose();

    [Fact]
    public void GetTree_OfOneChange_LaysOutThatAlone()
    {
        var files = LayerTesting.Files(200);
        var complete = Assert.Single(_layers.LayOut(files));
        files["d1/e2/f3"] = "changed";
        var paths = _layers.LayOut(files);
        Assert.Equal([complete], paths[1..]);
        Assert.Equal(["work", "work/d1", "work/d1/e2", "work/d1/e2/f3"], Directory.EnumerateFileSystemEntries(_layers[paths[0]], "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(_layers[paths[0]], p)).Order(StringComparer.Ordinal));
        Assert.Equal(paths, _layers.LayOut(files));
        Assert.Equal(LayerTesting.Shown(files), _layers.Merged(paths));
    }

    [Theory]
    [InlineData("a file is added", "new/f", "text", null)]
    [InlineData("a file is removed", null, "", "d0/e0/f2")]
    [InlineData("a folder goes with its last file", null, "", "d2/e0/*")]
    [InlineData("a file becomes a folder", "d0/e0/f2/below", "text", "d0/e0/f2")]
    [InlineData("a folder becomes a file", "d2/e0", "text", "d2/e0/*")]
    [InlineData("a folder becomes a link", "d2/e0", "->../d1", "d2/e0/*")]
    [InlineData("a link becomes a file", "d0/e0/f1", "text", null)]
    [InlineData("a link leads elsewhere", "d0/e0/f1", "->elsewhere", null)]
    [InlineData("a file becomes a link", "d0/e0/f2", "->f3", null)]
    [InlineData("a file becomes a program", "d0/e0/f2", "x:2", null)]
    [InlineData("all in a folder is other", "d2/e0/other", "text", "d2/e0/*")]
    public void GetTree_AfterAChange_ShowsTheTree(string what, string? put, string text, string? gone)
    {
        // The last folder has one file only.
        var files = LayerTesting.Files(101);
        var complete = _layers.LayOut(files);
        foreach (var path in files.Keys.Where(p => gone is not null && (gone.EndsWith('*') ? p.StartsWith(gone[..^1], StringComparison.Ordinal) : p == gone)).ToList())
        {
            files.Remove(path);
        }

        if (put is not null)
        {
            files[put] = text;
        }

        var paths = _layers.LayOut(files);
        Assert.True(paths.Length == 2 && paths[1] == complete[0], what);
        Assert.Equal(LayerTesting.Shown(files), _layers.Merged(paths));
        Assert.True(_layers.Store.Check(repair: false, TestContext.Current.CancellationToken).IsSound);
    }

    [Fact]
    public void GetTree_AfterAnyChanges_ShowsTheTree()
    {
        var first = LayerTesting.Files(320);
        _layers.LayOut(first);
        for (var seed = 0; seed < 80; seed++)
        {
            var random = new Random(seed);
            var files = new SortedDictionary<string, string>(first, StringComparer.Ordinal);
            for (var change = random.Next(1, 7); change > 0; change--)
            {
                Change(files, random);
            }

            var paths = _layers.LayOut(files);
            Assert.True(paths.Length is 1 or 2);
            Assert.True(LayerTesting.Shown(files).SequenceEqual(_layers.Merged(paths)), $"seed {seed}");
            _layers.LayOut(first);
        }

        var report = _layers.Store.Check(repair: false, TestContext.Current.CancellationToken);
        Assert.Empty(report.Findings);
        Assert.InRange(report.LayersChecked, 60, 81);
        Assert.Contains(Directory.EnumerateFiles(_layers["layers"], "about", SearchOption.AllDirectories), f => File.ReadAllText(f).Contains("base ", StringComparison.Ordinal));
    }

    [Fact]
    public void GetTree_OfManyChanges_LaysOutAll_AndWhatComesNextLiesOverThat()
    {
        var files = LayerTesting.Files(160);
        var first = _layers.LayOut(files);
        for (var i = 0; i < 11; i++)
        {
            files[$"new{i}"] = "x";
        }

        var second = Assert.Single(_layers.LayOut(files));
        files["one more"] = "x";
        Assert.Equal([second], _layers.LayOut(files)[1..]);
        Assert.NotEqual(first[0], second);
    }

    [Fact]
    public void GetTree_OfAnotherSlot_OrWithoutWhatItLiesOver_LaysOutAll()
    {
        var files = LayerTesting.Files(100);
        var complete = _layers.LayOut(files)[0];
        files["more"] = "x";
        Assert.Single(_layers.LayOut(files, "another slot"));
        files["still more"] = "x";
        Assert.Equal(2, _layers.LayOut(files).Length);
        Directory.Delete(_layers[Path.GetDirectoryName(complete)!], recursive: true);
        Assert.Equal(LayerTesting.Shown(files), _layers.Merged(Assert.Single(_layers.LayOut(files)) is var path ? [path] : []));
    }

    [Fact]
    public void GetTree_ByManyAtOnce_LaysOutOnce()
    {
        var files = LayerTesting.Files(100);
        var paths = new string[8];
        Parallel.For(0, paths.Length, i => paths[i] = LayerTesting.LayOut(_layers.Layers(), files)[0]);
        Assert.Single(paths.Distinct(StringComparer.Ordinal));
        Assert.Equal(LayerTesting.Shown(files), _layers.Merged([paths[0]]));
        Assert.Single(Directory.EnumerateFiles(_layers["layers"], LayerAbout.FileName, SearchOption.AllDirectories));
    }

    private static void Change(SortedDictionary<string, string> files, Random random)
    {
        var path = files.Keys.ElementAt(random.Next(files.Count));
        switch (random.Next(6))
        {
            case 0:
                files.Remove(path);
                break;
            case 1:
                files[path] = $"changed {random.Next()}";
                break;
            case 2:
                files[path] = $"x:{random.Next()}";
                break;
            case 3:
                files[path] = $"->{random.Next()}";
                break;
            case 4:
                files.Remove(path);
                files[$"{path}/below/{random.Next()}"] = "text";
                break;
            default:
                var folder = path[..path.LastIndexOf('/')];
                foreach (var below in files.Keys.Where(p => p.StartsWith(folder + "/", StringComparison.Ordinal)).ToList())
                {
                    files.Remove(below);
                }

                if (random.Next(2) == 0)
                {
                    files[folder] = "no folder any more";
                }

                break;
        }
    }
}
