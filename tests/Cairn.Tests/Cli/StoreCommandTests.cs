using System.Text.Json;

using Cairn.Core.Content;
using Cairn.Store.Content;

namespace Cairn.Tests.Cli;

public sealed class StoreCommandTests : IDisposable
{
    private readonly CommandTester _cli = new() { Now = TimeProvider.System.GetUtcNow() };

    public void Dispose() => _cli.Dispose();

    private string Store => _cli.Folder["home/.cache/cairn"];

    [Fact]
    public async Task Stats_OfANewStore_AreEmpty()
    {
        var (exit, text, error) = await _cli.RunAsync("store", "stats");
        Assert.Equal((0, ""), (exit, error));
        Assert.StartsWith($"Folder      {Store}\nUsed        0 B of ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stats_Json_Counts()
    {
        _ = Put("hello");
        using var json = JsonDocument.Parse((await _cli.RunAsync("store", "stats", "--json")).Out);
        Assert.Equal(1, json.RootElement.GetProperty("blobs").GetInt32());
        Assert.Equal(5, json.RootElement.GetProperty("content_bytes").GetInt64());
        Assert.Equal(Store, json.RootElement.GetProperty("directory").GetString());
    }

    [Fact]
    public async Task TheSettings_SayWhereAndHowMuch()
    {
        _cli.Write(".cairn/config.yaml", $"cache:\n  directory: {_cli.Folder["elsewhere"]}\n  quota: 3MiB\n");
        _cli.Write("cairn.yaml", "");
        using var json = JsonDocument.Parse((await _cli.RunAsync("store", "stats", "--json")).Out);
        Assert.Equal(_cli.Folder["elsewhere"], json.RootElement.GetProperty("directory").GetString());
        Assert.Equal(3 << 20, json.RootElement.GetProperty("quota_bytes").GetInt64());
    }

    [Fact]
    public async Task Gc_RemovesWhatIsOld_AndDryRunDoesNot()
    {
        _ = Put("hello");
        _cli.Now += TimeSpan.FromDays(3);
        Assert.StartsWith("Would remove 1 blob and 0 results", (await _cli.RunAsync("store", "gc", "--quota", "0B", "--dry-run")).Out, StringComparison.Ordinal);
        Assert.StartsWith("Removed 1 blob and 0 results: 4.0 KiB before, 0 B after, quota 0 B", (await _cli.RunAsync("store", "gc", "--quota", "0B")).Out, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await _cli.RunAsync("store", "gc", "--json")).Out);
        Assert.False(json.RootElement.GetProperty("over_quota").GetBoolean());
    }

    [Fact]
    public async Task Gc_RefusesWhatIsNoSize()
    {
        var (exit, text, error) = await _cli.RunAsync("store", "gc", "--quota", "5");
        Assert.Equal((2, ""), (exit, text));
        Assert.Equal("error: `5` has no unit\nhelp: write a size such as 500MiB or 5GiB\n", error);
    }

    [Fact]
    public async Task Fsck_ReportsFirst_ThenMends()
    {
        var digest = Put("hello");
        var path = Path.Combine(Store, "cas", digest.Hash[..2], digest.Hash);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(path, "hallo", TestContext.Current.CancellationToken);
        var (exit, text, error) = await _cli.RunAsync("store", "fsck", "--dry-run");
        Assert.Equal((3, ""), (exit, error));
        Assert.Equal($"found       cas/{digest.Hash[..2]}/{digest.Hash}: its content does not have the digest of its name\nRead 1 blob (5 B) and 0 results in {Store}: 1 problem\n", text);
        using (var json = JsonDocument.Parse((await _cli.RunAsync("store", "fsck", "--json")).Out))
        {
            Assert.True(json.RootElement.GetProperty("sound").GetBoolean());
            var finding = Assert.Single(json.RootElement.GetProperty("findings").EnumerateArray());
            Assert.Equal(("damaged", "quarantined"), (finding.GetProperty("kind").GetString(), finding.GetProperty("outcome").GetString()));
        }

        Assert.Equal((0, $"Read 0 blobs (0 B) and 0 results in {Store}: all is well\n", ""), Parts(await _cli.RunAsync("store", "fsck")));
    }

    [Fact]
    public async Task Pin_KeepsABlob_AndUnpinLetsItGo()
    {
        var digest = Put("hello");
        Assert.Equal((0, "No pins yet; set one with `cairn store pin NAME WHAT`\n", ""), Parts(await _cli.RunAsync("store", "pin")));
        Assert.Equal((0, "release  0 results, 1 blob\n", ""), Parts(await _cli.RunAsync("store", "pin", "release", digest.Hash[..8])));
        Assert.Equal((0, "release  0 results, 1 blob\n", ""), Parts(await _cli.RunAsync("store", "pin")));
        _cli.Now += TimeSpan.FromDays(3);
        Assert.Contains("Still over the quota", (await _cli.RunAsync("store", "gc", "--quota", "0B")).Out, StringComparison.Ordinal);
        Assert.Equal((2, "", "error: There is no pin `relaese`\nhelp: did you mean `release`?\n"), Parts(await _cli.RunAsync("store", "unpin", "relaese")));
        Assert.Equal((0, "", ""), Parts(await _cli.RunAsync("store", "unpin", "release")));
        Assert.Contains("Removed 1 blob", (await _cli.RunAsync("store", "gc", "--quota", "0B")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no name", "x", "`no name` cannot name a pin")]
    [InlineData("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Nothing in the store has the digest")]
    [InlineData("a", "last", "There are no runs yet")]
    [InlineData("a", "0123", "`0123` is neither the beginning of a digest in the store nor a run")]
    public async Task Pin_SaysWhatItCannotKeep(string name, string what, string message)
    {
        var (exit, text, error) = await _cli.RunAsync("store", "pin", name, what);
        Assert.Equal((2, ""), (exit, text));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANewerStore_IsRefused()
    {
        _cli.Folder.Write("home/.cache/cairn/store.json", """{"format":9,"cairn":"9.0.0"}""");
        var (exit, text, error) = await _cli.RunAsync("store", "stats");
        Assert.Equal((3, ""), (exit, text));
        Assert.Contains("Use cairn 9.0.0 or newer", error, StringComparison.Ordinal);
    }

    private static (int Exit, string Out, string Error) Parts(CommandOutcome outcome) => (outcome.Exit, outcome.Out, outcome.Error);

    private Digest Put(string text)
    {
        using var store = ContentStore.Open(Store);
        return store.Put(System.Text.Encoding.UTF8.GetBytes(text));
    }
}
