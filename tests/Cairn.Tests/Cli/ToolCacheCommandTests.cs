using System.Text.Json;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Store.Tools;

namespace Cairn.Tests.Cli;

public sealed class ToolCacheCommandTests : IDisposable
{
    private readonly CommandTester _tester = new();

    public void Dispose() => _tester.Dispose();

    [Fact]
    public async Task List_ShowsSizeUseAndOwners()
    {
        Assert.Equal("No tool caches; a step declares one with `cache: paths`\n", (await InvokeAsync("list")).Out);
        var other = Directory.CreateDirectory(_tester.Folder["other"]).FullName;
        Use("go", shared: true, _tester.Project, TimeSpan.FromHours(3), bytes: 3000);
        Use("go", shared: true, other, TimeSpan.FromHours(1), bytes: 0);
        Use("npm", shared: false, other, TimeSpan.FromDays(3), bytes: 10);
        Assert.Equal(
            $"""
            NAME  SIZE     QUOTA     FILES  USED                 BY
            go    2.9 KiB  10.0 GiB  1      1h ago      shared   {other} and 1 more
            npm   10 B     10.0 GiB  1      3 days ago  private  {other}

            """,
            (await InvokeAsync("list")).Out);
        using var json = JsonDocument.Parse((await InvokeAsync("list", "--json")).Out);
        var go = json.RootElement[0];
        Assert.Equal(("go", 3000, 2), (go.GetProperty("name").GetString(), go.GetProperty("bytes").GetInt64(), go.GetProperty("owners").GetArrayLength()));
    }

    [Fact]
    public async Task Release_Says_WhatWasRemoved()
    {
        var other = Directory.CreateDirectory(_tester.Folder["other"]).FullName;
        Use("go", shared: true, _tester.Project, TimeSpan.Zero, bytes: 3000);
        Use("go", shared: true, other, TimeSpan.Zero, bytes: 0);
        Assert.Equal((0, "released by 1 project; others use it still\n", ""), Parts(await InvokeAsync("release", "go", "--project", ".")));
        Assert.Equal((2, "", $"error: `{_tester.Project}` does not use the tool cache `go`\nhelp: `cairn store tools list` shows them all\n"), Parts(await InvokeAsync("release", "go", "--project", ".")));
        Assert.Equal((2, "", "error: There is no tool cache `goo`\nhelp: did you mean `go`?\n"), Parts(await InvokeAsync("release", "goo")));
        Assert.Equal((0, "removed go, 2.9 KiB\n", ""), Parts(await InvokeAsync("release", "go")));
    }

    [Fact]
    public async Task Collect_Says_WhatWasRemoved()
    {
        Assert.Equal((0, "Nothing to remove\n", ""), Parts(await InvokeAsync("gc")));
        Use("big", shared: false, _tester.Project, TimeSpan.Zero, bytes: 0, quota: 100);
        Use("old", shared: false, _tester.Project, TimeSpan.FromDays(31), bytes: 5);
        using (var lease = Open("big", shared: false, _tester.Project, TimeSpan.Zero, 100))
        {
            await File.WriteAllBytesAsync(Path.Combine(lease.Directory, "a"), new byte[4096], TestContext.Current.CancellationToken);
            Assert.Equal((0, "removed old, 5 B\n", ""), Parts(await InvokeAsync("gc")));
        }

        Use("held", shared: false, _tester.Project, TimeSpan.FromDays(40), bytes: 0);
        using (Open("held", shared: false, _tester.Project, TimeSpan.FromDays(40), null))
        {
            using var json = JsonDocument.Parse((await InvokeAsync("gc", "--json")).Out);
            Assert.Equal("held", json.RootElement.GetProperty("in_use")[0].GetString());
        }
    }

    private static (int Exit, string Out, string Error) Parts(CommandOutcome outcome) => (outcome.Exit, outcome.Out, outcome.Error);

    private void Use(string name, bool shared, string project, TimeSpan ago, int bytes, long? quota = null)
    {
        using var lease = Open(name, shared, project, ago, quota);
        if (bytes > 0)
        {
            File.WriteAllBytes(Path.Combine(lease.Directory, "file"), new byte[bytes]);
        }
    }

    private ToolCacheLease Open(string name, bool shared, string project, TimeSpan ago, long? quota) =>
        new ToolCaches(_tester.Folder["home/.cache/cairn"]).Open(new ToolCacheUse(name, "~/x", shared, default(SourceSpan)) { QuotaBytes = quota }, project, _tester.Now - ago);

    private Task<CommandOutcome> InvokeAsync(params string[] args) => _tester.RunAsync(["store", "tools", .. args]);
}
