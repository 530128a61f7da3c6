using System.Net;
using System.Text.Json;

using Cairn.Engine.Log;
using Cairn.Engine.Serving;
using Cairn.Store.Log;
using Cairn.Tests.Logs;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn log … --log URL|DIR</c>: a log of another machine, served and copied.</summary>
public sealed class LogElsewhereCommandTests : IAsyncDisposable
{
    private readonly CommandTester _tester = new();
    private readonly LogFolder _log;
    private readonly LogSite _site;
    private readonly HttpServer _server;
    private readonly SigningKey _key = TestLog.KeyOf(61);

    public LogElsewhereCommandTests()
    {
        _log = LogFolder.Open(_tester.Folder["there/log"], new LogKeys(_tester.Folder["there/keys"]), TimeProvider.System);
        _log.Create("log.example", Token);
        Append(300);
        _site = new LogSite(_log.Path, token: null, append: null);
        _server = HttpServer.Start(new IPEndPoint(IPAddress.Loopback, 0), _site, new HttpLimits(), TimeProvider.System);
        _tester.Write("there.pub", KeyPem.WritePublic(_key.PublicKey));
        _tester.Write("seven.json", System.Text.Encoding.UTF8.GetString(EnvelopeOf(7).ToJson()));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Address => $"http://{_server.Endpoint}/";

    private string Key => _log.Settings!.Keys[0].Key.ToString();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _site.Dispose();
        _log.Dispose();
        _key.Dispose();
        _tester.Dispose();
    }

    private Envelope EnvelopeOf(int number) => Envelope.Sign("text/plain", [.. System.Text.Encoding.UTF8.GetBytes($"{number}")], _key);

    private void Append(int upTo) => _log.Append([.. Enumerable.Range(0, upTo).Select(i => TestLog.EntryOf(EnvelopeOf(i), _key.PublicKey))], Token);

    private void Trust() => _tester.Folder.Write("home/.config/cairn/trust.yaml", $"version: 1\nlogs: [{{ origin: {_log.Settings!.Origin}, keys: [\"{Key}\"] }}]\n");

    private Task<CommandOutcome> LogAsync(params string[] command) => _tester.RunAsync(["log", .. command]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALogElsewhere_IsAskedAsTheMachinesOwnIs(bool served)
    {
        Trust();
        var place = served ? Address : _log.Path;
        var outcome = await LogAsync("checkpoint", "--log", place);
        Assert.Equal((0, "", _log.ReadCheckpoint().Note.ToString()), (outcome.Exit, outcome.Error, outcome.Out));
        using var checkpoint = JsonDocument.Parse((await LogAsync("checkpoint", "--log", place, "--json")).Out);
        Assert.Equal(Key, checkpoint.RootElement.GetProperty("keys")[0].GetString());

        outcome = await LogAsync("tail", "-n", "2", "--log", place, "--json");
        using var rows = JsonDocument.Parse(outcome.Out);
        Assert.Equal([299, 300], rows.RootElement.EnumerateArray().Select(static r => r.GetProperty("sequence").GetInt32()));
        Assert.Equal(JsonValueKind.Null, rows.RootElement[0].GetProperty("timestamp").ValueKind);
        var hash = EnvelopeOf(299).PayloadHash;
        Assert.Equal(hash, rows.RootElement[1].GetProperty("attestation_hash").GetString());
        Assert.StartsWith("300 ", Assert.Single((await LogAsync("search", hash[..12], "--log", place)).Out.Split('\n'), line => line.Contains(hash[..16], StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(1, (await LogAsync("search", hash[..12], "--by", "action", "--log", place)).Exit);

        Assert.Equal(0, (await LogAsync("prove", "seven.json", "--public-key", "there.pub", "--log", place, "-o", "proof")).Exit);
        var proof = TlogProof.TryRead(await File.ReadAllBytesAsync(Path.Combine(_tester.Project, "proof"), Token), out _)!;
        Assert.True(proof.Inclusion.Verifies(MerkleHash.Leaf(TestLog.EntryOf(EnvelopeOf(7), _key.PublicKey).Encode()), MerkleHash.Read(proof.Checkpoint.Root.AsSpan())));
        Assert.Equal(0, (await LogAsync("prove", hash, "--log", place)).Exit);
        Assert.Equal(0, (await LogAsync("prove", "0", "--log", place)).Exit);
        Assert.Equal(1, (await LogAsync("prove", "301", "--log", place)).Exit);
        Assert.Equal(0, (await LogAsync("verify", "seven.json", "--public-key", "there.pub", "--proof", "proof")).Exit);
        outcome = await LogAsync("verify", "seven.json", "--public-key", "there.pub", "--log", place);
        Assert.Equal((0, "`seven.json` is entry 8 of the log `" + _log.Settings!.Origin + "`, whose checkpoint has 301\n"), (outcome.Exit, outcome.Out));
        _tester.Write("other.json", System.Text.Encoding.UTF8.GetString(EnvelopeOf(1000).ToJson()));
        outcome = await LogAsync("verify", "other.json", "--public-key", "there.pub", "--log", place);
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("It does not stand in the log at ", outcome.Error, StringComparison.Ordinal);

        _tester.Write("kept", _log.ReadCheckpoint().Note.ToString());
        Append(310);
        outcome = await LogAsync("consistency", "kept", "--log", place);
        Assert.Equal((0, "The first 301 of 311 entries are those of that checkpoint\n"), (outcome.Exit, outcome.Out));
        Assert.Equal(0, (await LogAsync("consistency", "17", "--log", place)).Exit);
    }

    [Fact]
    public async Task ALogThatNobodyTrusts_IsAskedWithItsKeyOnly()
    {
        var outcome = await LogAsync("tail", "--log", Address);
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("CAIRN0822", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"no log `{_log.Settings!.Origin}` is trusted", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await LogAsync("tail", "--log", Address, "--key", Key)).Exit);

        using var other = TestLog.KeyOf(62);
        outcome = await LogAsync("tail", "--log", Address, "--key", NoteVerifier.Of("log.example", other.PublicKey).ToString());
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("no key of the log", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await LogAsync("tail", "--log", Address, "--key", "nonsense")).Exit);
    }

    [Fact]
    public async Task ALogThatGoesBack_IsRefused_WithBothCheckpoints()
    {
        Trust();
        var old = _log.ReadCheckpoint().Note;
        Append(400);
        Assert.Equal(0, (await LogAsync("checkpoint", "--log", Address)).Exit);
        await File.WriteAllBytesAsync(Path.Combine(_log.Path, LogFiles.CheckpointName), old.ToBytes(), Token);
        foreach (var command in (string[][])[["checkpoint"], ["tail"], ["search", "01234567"], ["prove", "1"], ["consistency", "1"], ["verify", "seven.json", "--public-key", "there.pub"]])
        {
            var outcome = await LogAsync([.. command, "--log", Address]);
            Assert.Equal(1, outcome.Exit);
            Assert.Contains("had 401 entries when it was seen last, and shows 301 now", outcome.Error, StringComparison.Ordinal);
            Assert.Contains("evidence-", outcome.Error, StringComparison.Ordinal);
            Assert.Contains("CAIRN0821", outcome.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ALogThatForked_IsRefused()
    {
        Trust();
        Assert.Equal(0, (await LogAsync("checkpoint", "--log", Address)).Exit);
        using var signer = new LogKeys(_tester.Folder["there/keys"]).Open(_log.Settings!.Keys[0]).Private;
        var size = _log.ReadCheckpoint().Checkpoint.Size;
        var fork = new Checkpoint(_log.Settings.Origin, size, [.. MerkleHash.Leaf("another"u8).ToArray()]).Sign([NoteSigner.Of("log.example", signer)], TimeProvider.System.GetUtcNow());
        await File.WriteAllBytesAsync(Path.Combine(_log.Path, LogFiles.CheckpointName), fork.ToBytes(), Token);
        var outcome = await LogAsync("prove", "1", "--log", Address);
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("shows two trees of 301 entries", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALogThatIsNotThere_IsNoFaultOfTheLog()
    {
        Trust();
        var gone = Address;
        await _server.DisposeAsync();
        var outcome = await LogAsync("tail", "--log", gone);
        Assert.Equal(4, outcome.Exit);
        Assert.Contains("CAIRN0820", outcome.Error, StringComparison.Ordinal);

        outcome = await LogAsync("tail", "--log", "nowhere");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("There is no log in `nowhere`", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await LogAsync("verify", "seven.json", "--log", gone, "--proof", "x")).Exit);
    }
}
