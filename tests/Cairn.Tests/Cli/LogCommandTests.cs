using System.Text.Json;

using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Log;
using Cairn.Engine.Receipts;
using Cairn.Store.Log;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn log</c>, and the line that <c>cairn verify</c> has of it, over real runs.</summary>
public sealed class LogCommandTests : IDisposable
{
    private readonly CommandTester _tester = new() { Now = TimeProvider.System.GetUtcNow() };
    private int _runs;

    public void Dispose() => _tester.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Keys => _tester.Folder["home/.config/cairn/keys"];

    private string LogPath => _tester.Folder["home/.local/state/cairn/log"];

    private async Task<(StoredReceipt Receipt, List<RunEvent> Events)> RunAsync(LogTarget? target = null, bool changed = true)
    {
        _runs += changed ? 1 : 0;
        _tester.Write("cairn.yaml", $$"""
            version: 1
            name: letters
            steps:
              make: { run: "mkdir -p dist; echo {{_runs}} > dist/letter", outputs: [dist/letter] }
              test: { run: "cat dist/letter", needs: [make] }
            """);
        var prepared = await RunEngine.PrepareAsync(
            new RunRequest
            {
                ProjectDirectory = _tester.Project,
                StateDirectory = _tester.Folder["home/.local/state/cairn"],
                KeysDirectory = Keys,
                CacheDirectory = _tester.Folder["home/.cache/cairn"],
                Log = target ?? LogTarget.Local.Instance,
            }, Cancellation);
        using var control = new RunControl();
        var observer = new Recording();
        var result = await RunEngine.RunAsync(prepared, observer, control, Cancellation);
        _tester.Now = TimeProvider.System.GetUtcNow();
        return (new RunReceipts(_tester.Project).TryRead(result.Id, out _)!, observer.Events);
    }

    private long Size()
    {
        using var log = LogFolder.Open(LogPath, keys: null, TimeProvider.System);
        return log.ReadCheckpoint().Checkpoint.Size;
    }

    [Fact]
    public async Task ARun_AppendsItsReceipt_AndWhatItAttested_OnceAndForAll()
    {
        await RunAsync();
        Assert.Equal(4, Size());
        await RunAsync(changed: false);
        Assert.Equal(5, Size());
        await RunAsync(LogTarget.Off.Instance);
        Assert.Equal(5, Size());
        Assert.Equal((0, ""), await _tester.RunAsync("log", "fsck") is var fsck ? (fsck.Exit, fsck.Error) : default);
        Assert.EndsWith(": 5 entries, all as signed\n", fsck.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARun_ThatCannotLog_Warns_AndGoesOn()
    {
        await RunAsync();
        File.Delete(Path.Combine(Keys, "log/ed25519"));
        var (receipt, events) = await RunAsync();
        Assert.NotNull(receipt);
        Assert.Contains("CAIRN0800", Assert.Single(events.OfType<WarningRaised>(), static w => w.Code == "CAIRN0800").Code, StringComparison.Ordinal);
        Assert.Equal(4, Size());
        (_, events) = await RunAsync(new LogTarget.Remote(new Uri("https://127.0.0.1:9/"), null));
        Assert.Contains("CAIRN_LOG_TOKEN", Assert.Single(events.OfType<WarningRaised>(), static w => w.Code == "CAIRN0800").Message, StringComparison.Ordinal);

        Directory.Delete(LogPath, recursive: true);
        await File.WriteAllTextAsync(LogPath, "", Cancellation);
        (receipt, events) = await RunAsync();
        Assert.NotNull(receipt);
        Assert.EndsWith("is a file, and a log is a folder. Move it away", Assert.Single(events.OfType<WarningRaised>(), static w => w.Code == "CAIRN0800").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_SaysWhereItStands_AndStrictAsksForIt()
    {
        var (receipt, _) = await RunAsync();
        var outcome = await _tester.RunAsync("verify", "last");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.Contains("✓ log                It is entry 3 of the log `", outcome.Out, StringComparison.Ordinal);
        _tester.Write("logged.yaml", "version: 1\nrequire: { signatures: 1, log: true }\n");
        outcome = await _tester.RunAsync("verify", "last", "--level", "logged.yaml");
        Assert.Equal(0, outcome.Exit);
        Assert.Single(outcome.Out.Split('\n'), static line => line.Contains("of the log `", StringComparison.Ordinal));

        // A receipt that the log does not have.
        await RunAsync(LogTarget.Off.Instance);
        outcome = await _tester.RunAsync("verify", "last");
        Assert.Equal(0, outcome.Exit);
        Assert.Contains("It does not stand in the machine's log", outcome.Out, StringComparison.Ordinal);
        outcome = await _tester.RunAsync("verify", "last", "--level", "logged.yaml");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("✗ log", outcome.Out, StringComparison.Ordinal);

        // The proof of another entry proves nothing, and is a fault.
        Assert.Equal(0, (await _tester.RunAsync("log", "prove", receipt.Path, "-o", "other.tlog-proof")).Exit);
        outcome = await _tester.RunAsync("verify", "last", "--proof", "other.tlog-proof");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("`other.tlog-proof` does not prove it", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AProof_IsVerified_WhereTheLogIsNot()
    {
        var (receipt, _) = await RunAsync();
        Assert.Equal(0, (await _tester.RunAsync("log", "prove", receipt.Path, "-o", "r.json.tlog-proof")).Exit);
        using var json = JsonDocument.Parse((await _tester.RunAsync("log", "checkpoint", "--json")).Out);
        var key = json.RootElement.GetProperty("keys")[0].GetString()!;
        File.Copy(receipt.Path, Path.Combine(_tester.Project, "r.json"));
        File.Copy(Path.Combine(Keys, "default.pub"), Path.Combine(_tester.Project, "ci.pub"));
        Directory.Delete(LogPath, recursive: true);
        Directory.Delete(Keys, recursive: true);

        var outcome = await _tester.RunAsync("verify", "r.json", "--public-key", "ci.pub");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("`r.json.tlog-proof` does not count: no log `", outcome.Out, StringComparison.Ordinal);
        outcome = await _tester.RunAsync("verify", "r.json", "--public-key", "ci.pub", "--log-key", key);
        Assert.Contains("✓ log                It is entry 3 of the log `", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("verify", "r.json", "--log-key", "nonsense")).Exit);

        outcome = await _tester.RunAsync("log", "verify", "r.json", "--key", key, "--public-key", "ci.pub", "--json");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        using var verified = JsonDocument.Parse(outcome.Out);
        Assert.Equal(3, verified.RootElement.GetProperty("sequence").GetInt64());
        outcome = await _tester.RunAsync("log", "verify", "r.json", "--public-key", "ci.pub");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("no log `", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Append_TakesWhatATrustedKeySigned_AndSaysWhereItStands()
    {
        var (receipt, _) = await RunAsync(LogTarget.Off.Instance);
        var outcome = await _tester.RunAsync("log", "append", receipt.Path);
        Assert.Equal((0, $"       1  {receipt.Path}\n"), (outcome.Exit, outcome.Out));
        Assert.EndsWith("(was there)\n", (await _tester.RunAsync("log", "append", receipt.Path)).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("log", "append", "nowhere.json")).Exit);
        _tester.Write("text", "nothing signed");
        outcome = await _tester.RunAsync("log", "append", "text");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("CAIRN0806", outcome.Error, StringComparison.Ordinal);
        File.Copy(receipt.Path, Path.Combine(_tester.Project, "r.json"));
        File.Copy(Path.Combine(Keys, "default.pub"), Path.Combine(_tester.Project, "ci.pub"));
        File.Delete(Path.Combine(Keys, "default"));
        File.Delete(Path.Combine(Keys, "default.pub"));
        outcome = await _tester.RunAsync("log", "append", "r.json");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("No Ed25519 key that is known here signed `r.json`", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _tester.RunAsync("log", "append", "r.json", "--public-key", "ci.pub")).Exit);
        Assert.Equal(2, Size());
    }

    [Fact]
    public async Task Tail_AndSearch_ListTheSameRows()
    {
        await RunAsync();
        var outcome = await _tester.RunAsync("log", "tail", "--json");
        using var rows = JsonDocument.Parse(outcome.Out);
        Assert.Equal(4, rows.RootElement.GetArrayLength());
        Assert.Equal(JsonValueKind.Null, rows.RootElement[0].GetProperty("bundle_hash").ValueKind);
        var action = rows.RootElement[1].GetProperty("action_digest").GetString()!;
        Assert.Equal(88, rows.RootElement[1].GetProperty("signature").GetString()!.Length);
        outcome = await _tester.RunAsync("log", "search", action[..10], "--by", "action", "--json");
        using var found = JsonDocument.Parse(outcome.Out);
        Assert.Equal(rows.RootElement[1].ToString(), Assert.Single(found.RootElement.EnumerateArray().ToArray()).ToString());
        Assert.Equal(1, (await _tester.RunAsync("log", "search", "00000000")).Exit);
        Assert.Equal(2, (await _tester.RunAsync("log", "search", "xyz")).Exit);
        Assert.Equal(["the log begins", "attestation", "attestation", "receipt"], rows.RootElement.EnumerateArray().Select(static r => r.GetProperty("what").GetString()));
        Assert.Contains("the log begins", (await _tester.RunAsync("log", "tail")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await _tester.RunAsync("log", "prove", action)).Exit);
        Assert.Equal(0, (await _tester.RunAsync("log", "prove", "2")).Exit);
        Assert.Equal(1, (await _tester.RunAsync("log", "prove", "4")).Exit);
    }

    [Fact]
    public async Task Consistency_RefusesARewind_AndAFork()
    {
        await RunAsync();
        _tester.Write("kept", (await _tester.RunAsync("log", "checkpoint")).Out);
        Directory.CreateDirectory(_tester.Folder["copy"]);
        Copy(LogPath, _tester.Folder["copy"]);
        await RunAsync();
        var outcome = await _tester.RunAsync("log", "consistency", "kept");
        Assert.Equal((0, "The first 4 of 7 entries are those of that checkpoint\n"), (outcome.Exit, outcome.Out));
        Assert.Equal(0, (await _tester.RunAsync("log", "consistency", "4", "--json")).Exit);
        _tester.Write("newer", (await _tester.RunAsync("log", "checkpoint")).Out);

        // An older copy in its place: rewound; and gone on from: forked.
        Directory.Delete(LogPath, recursive: true);
        Copy(_tester.Folder["copy"], LogPath);
        outcome = await _tester.RunAsync("log", "consistency", "newer");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("it does not have the 7 that it had", outcome.Error, StringComparison.Ordinal);
        await RunAsync();
        await RunAsync();
        outcome = await _tester.RunAsync("log", "consistency", "newer");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("it was forked", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _tester.RunAsync("log", "consistency", "kept")).Exit);
    }

    [Fact]
    public async Task Rotate_ChangesTheKey_AndFreeze_BeginsAnotherLog()
    {
        await RunAsync();
        var before = OwnKeys();
        Assert.Equal(0, (await _tester.RunAsync("log", "rotate")).Exit);
        var both = OwnKeys();
        Assert.Equal(2, both.Length);
        Assert.Equal(before[0], both[1]);
        await RunAsync();
        using (var log = LogFolder.Open(LogPath, keys: null, TimeProvider.System))
        {
            var note = log.ReadCheckpoint().Note;
            Assert.All(both, key => Assert.Equal(NoteVerdict.Signed, key.Check(note)));
            var rotation = Assert.IsType<LogMark.Rotation>(LogMark.TryRead(log.ReadLeaf(4, 5)));
            Assert.NotNull(Cairn.Trust.Statements.KeyRotation.TryRead(rotation.Statement.AsSpan(), out _));
        }

        Assert.Equal(0, (await _tester.RunAsync("log", "rotate", "--retire")).Exit);
        Assert.Equal(both[..1], OwnKeys());
        Assert.Equal(0, (await _tester.RunAsync("log", "fsck")).Exit);

        var outcome = await _tester.RunAsync("log", "freeze", "--successor", "--name", "log.example/next");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.Contains("origin  log.example/next - ", outcome.Out, StringComparison.Ordinal);
        var kept = Assert.Single(Directory.GetDirectories(Path.GetDirectoryName(LogPath)!, "log-*"));
        using var old = LogFolder.Open(kept, keys: null, TimeProvider.System);
        using var next = LogFolder.Open(LogPath, keys: null, TimeProvider.System);
        Assert.Equal(next.Settings!.Origin, old.Frozen?.SuccessorOrigin);
        Assert.Equal(old.Settings!.Origin, Assert.IsType<LogMark.Genesis>(LogMark.TryRead(next.ReadLeaf(0, 1))).Predecessor);
        await RunAsync();
        Assert.Equal(4, Size());

        Assert.Equal(0, (await _tester.RunAsync("log", "freeze")).Exit);
        var (_, events) = await RunAsync();
        Assert.Contains("is frozen since", Assert.Single(events.OfType<WarningRaised>(), static w => w.Code == "CAIRN0800").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutALog_EachCommandSaysSo()
    {
        foreach (var command in (string[][])[["checkpoint"], ["tail"], ["search", "01234567"], ["consistency", "1"], ["fsck"], ["prove", "1"], ["rotate"], ["freeze"], ["export", "x"]])
        {
            var outcome = await _tester.RunAsync(["log", .. command]);
            Assert.Equal(2, outcome.Exit);
            Assert.Contains("CAIRN0801", outcome.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await _tester.RunAsync("log", "init", "--name", "a b")).Exit);
        Assert.Contains("origin  log.example - ", (await _tester.RunAsync("log", "init", "--name", "log.example")).Out, StringComparison.Ordinal);
        Assert.Contains("There is a log already", (await _tester.RunAsync("log", "init")).Error, StringComparison.Ordinal);
    }

    private NoteVerifier[] OwnKeys()
    {
        using var log = LogFolder.Open(LogPath, keys: null, TimeProvider.System);
        return [.. log.Settings!.Keys.Select(static k => k.Key)];
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private sealed class Recording : IRunObserver
    {
        public List<RunEvent> Events { get; } = [];

        public void OnEvent(RunEvent runEvent)
        {
            lock (Events)
            {
                Events.Add(runEvent);
            }
        }

        public void OnOutput(Core.JobId job, OutputSource source, ReadOnlySpan<byte> bytes)
        {
        }
    }
}
