using Cairn.Core;
using Cairn.Core.Scheduling;
using Cairn.Engine.Projects;
using Cairn.Testing;

namespace Cairn.Tests.Projects;

public sealed class KnownProjectsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _state = new();

    private KnownProjects Known => new(_state.Path);

    public void Dispose() => _state.Dispose();

    [Fact]
    public void Record_IsListed_TheNewestFirst()
    {
        Record("/srv/a", "first", RunStatus.Succeeded, Now);
        Record("/srv/b", "second", RunStatus.Failed, Now.AddMinutes(1));
        var listed = Known.List();
        Assert.Equal(["/srv/b", "/srv/a"], listed.Select(p => p.Path));
        Assert.Equal(("second", RunStatus.Failed, Now.AddMinutes(1)), (listed[0].Name, listed[0].LastStatus, listed[0].LastTime));
    }

    [Fact]
    public void Record_OfTheSameSoonAfter_WritesNothing()
    {
        Record("/srv/a", "a", RunStatus.Succeeded, Now);
        var file = Assert.Single(Directory.GetFiles(_state["projects"]));
        var written = File.GetLastWriteTimeUtc(file);
        var first = Known.List()[0].LastRun;
        Record("/srv/a", "a", RunStatus.Succeeded, Now.AddMinutes(59));
        Assert.Equal((first, written), (Known.List()[0].LastRun, File.GetLastWriteTimeUtc(file)));
    }

    [Theory]
    [InlineData(RunStatus.Failed, "a", 1)]
    [InlineData(RunStatus.Succeeded, "b", 1)]
    [InlineData(RunStatus.Succeeded, "a", 60)]
    [InlineData(RunStatus.Succeeded, "a", -1)]
    public void Record_OfSomethingNew_IsWritten(RunStatus status, string pipeline, int minutes)
    {
        Record("/srv/a", "a", RunStatus.Succeeded, Now);
        Record("/srv/a", pipeline, status, Now.AddMinutes(minutes));
        var only = Assert.Single(Known.List());
        Assert.Equal((status, pipeline, Now.AddMinutes(minutes)), (only.LastStatus, only.Pipeline, only.LastTime));
    }

    [Theory]
    [InlineData("/srv/a b/\n\\n\u2028")]
    [InlineData("/")]
    public void Record_KeepsAnyPath(string path)
    {
        Record(path, "a\\\nstatus Failed", RunStatus.Succeeded, Now);
        var only = Assert.Single(Known.List());
        Assert.Equal((path, "a\\\nstatus Failed", RunStatus.Succeeded), (only.Path, only.Pipeline, only.LastStatus));
    }

    [Fact]
    public void Rename_StaysOverRuns_AndGoesWithTheProject()
    {
        Record("/srv/a", "a", RunStatus.Succeeded, Now);
        Assert.True(ProjectName.TryParse("billing", out var name, out _));
        Known.Rename(Known.List()[0], name);
        Record("/srv/a", "a", RunStatus.Failed, Now.AddMinutes(1));
        Assert.Equal("billing", Assert.Single(Known.List()).Name);
        Known.Forget(Known.List()[0]);
        Assert.Empty(Known.List());
        Record("/srv/a", "a", RunStatus.Failed, Now.AddMinutes(2));
        Assert.Equal("a", Assert.Single(Known.List()).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cairn-project 1\npath /srv/a\n")]
    [InlineData("cairn-project 2\npath /srv/a\npipeline a\nrun 20261121-021345-7f3a9c\nstatus Succeeded\ntime 1\n")]
    [InlineData("cairn-project 1\npath /srv/a\npipeline a\nrun 20261121-021345-7f3a9c\nstatus Succeeded\ntime 99999999999999999\n")]
    public void List_LeavesOutWhatIsNoRecord(string content)
    {
        _state.Write("projects/0123456789abcdef", content);
        Assert.Empty(Known.List());
    }

    [Fact]
    public async Task Record_ByManyAtOnce_LosesNobody()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => Record($"/srv/{i}", "a", RunStatus.Succeeded, Now), TestContext.Current.CancellationToken)));
        Assert.Equal(16, Known.List().Length);
    }

    [Fact]
    public void Record_OverAFileThatIsNone_WritesItAnew()
    {
        Record("/srv/a", "a", RunStatus.Succeeded, Now);
        var file = Assert.Single(Directory.GetFiles(_state["projects"]));
        File.WriteAllBytes(file, [.. Enumerable.Repeat((byte)0xff, 100_000)]);
        Assert.Empty(Known.List());
        Record("/srv/a", "a", RunStatus.Succeeded, Now.AddMinutes(1));
        Assert.Equal("/srv/a", Assert.Single(Known.List()).Path);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(30)]
    public void Record_OverOneThatWasCutOff_WritesItAnew(int bytes)
    {
        Record("/srv/a", "a", RunStatus.Succeeded, Now);
        var file = Assert.Single(Directory.GetFiles(_state["projects"]));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..bytes]);
        Record("/srv/a", "a", RunStatus.Succeeded, Now.AddMinutes(1));
        Assert.Equal(Now.AddMinutes(1), Assert.Single(Known.List()).LastTime);
    }

    [Fact]
    public void List_LeavesOutFoldersAndForeignFiles()
    {
        _state.Write("projects/README.md", "mine");
        Directory.CreateDirectory(_state["projects/0123456789abcdef"]);
        File.CreateSymbolicLink(_state["projects/gone"], "/nowhere");
        Assert.Empty(Known.List());
    }

    private void Record(string path, string pipeline, RunStatus status, DateTimeOffset time) => Known.Record(path, pipeline, RunId.Create(time, 1), status, time);
}
