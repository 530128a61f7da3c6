using System.Text.Json;

using Cairn.Engine.Receipts;
using Cairn.Store.Actions;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn match</c>, <c>replay</c> and demotions over real runs; what needs a sandbox is tested with the built program.</summary>
public sealed class MatchCommandTests : IDisposable
{
    private const string Pipeline = """
        version: 1
        name: letters
        defaults: { isolation: process }
        steps:
          make: { run: "mkdir -p dist; cat a > dist/letter", inputs: [a], outputs: [dist/letter] }
          use: { run: "cat dist/letter b > all", needs: [make], inputs: [b], outputs: [all] }
          other: { run: "cat b > o", inputs: [b], outputs: [o] }
        """;

    private readonly CommandTester _tester = new() { Now = TimeProvider.System.GetUtcNow() };

    public void Dispose() => _tester.Dispose();

    [Fact]
    public async Task Match_TellsWhatIsReused_WhatDrifted_AndWhatWaitsForThat()
    {
        await RunAsync();
        var outcome = await _tester.RunAsync("match");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.EndsWith("\n3 reused\n", outcome.Out, StringComparison.Ordinal);

        _tester.Write("a", "changed\n");
        outcome = await _tester.RunAsync("match", "last", "--json");
        Assert.Equal((1, ""), (outcome.Exit, outcome.Error));
        using var json = JsonDocument.Parse(outcome.Out);
        Assert.Equal(["make drifted", "use awaiting", "other reused"], States(json));
        var change = Assert.Single(json.RootElement.GetProperty("actions")[0].GetProperty("changes").EnumerateArray());
        Assert.Equal(("file", "a"), (change.GetProperty("kind").GetString(), change.GetProperty("name").GetString()));
        Assert.Equal("make", json.RootElement.GetProperty("actions")[1].GetProperty("awaits")[0].GetString());
        Assert.Contains(json.RootElement.GetProperty("run").EnumerateArray(), static f => f.GetProperty("kind").GetString() == "sources" && !f.GetProperty("same").GetBoolean());
    }

    [Fact]
    public async Task Match_GoesFieldByField_AndSaysWhatIsGone()
    {
        await RunAsync();
        _tester.Write("cairn.yaml", Pipeline.Replace("cat b > o\", ", "cat b > o; true\", env: { LEVEL: high }, ", StringComparison.Ordinal).Replace("  use:", "  used:", StringComparison.Ordinal));
        var outcome = await _tester.RunAsync("match", "--json");
        Assert.Equal((1, ""), (outcome.Exit, outcome.Error));
        using var json = JsonDocument.Parse(outcome.Out);
        Assert.Equal(["make reused", "use gone", "other drifted"], States(json));
        Assert.Equal(["script", "variable"], json.RootElement.GetProperty("actions")[2].GetProperty("changes").EnumerateArray().Select(static c => c.GetProperty("kind").GetString()));

        outcome = await _tester.RunAsync("match", "other");
        Assert.Contains("variable  LEVEL  new high\n", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("match", "nowhere")).Exit);
    }

    [Fact]
    public async Task Match_OfEnvelopesOfAnotherMachine_SaysThatItHasNoResult()
    {
        await RunAsync();
        Assert.Equal(0, (await _tester.RunAsync("receipt", "export", "--all", "proof")).Exit);
        Directory.Delete(_tester.Folder["home/.cache"], recursive: true);
        Directory.Delete(Path.Combine(_tester.Project, ".cairn"), recursive: true);
        var outcome = await _tester.RunAsync("match", "proof", "--json");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        using var json = JsonDocument.Parse(outcome.Out);
        Assert.Equal(["make same", "use awaiting", "other same"], States(json));
    }

    [Fact]
    public async Task Replay_RefusesStepsWithoutASandbox_AndFindsWhatWasTamperedWith()
    {
        var receipt = await RunAsync();
        var outcome = await _tester.RunAsync("replay", "other");
        Assert.Equal(4, outcome.Exit);
        Assert.Contains("not replayed other\n  it runs with `isolation: process`", outcome.Out, StringComparison.Ordinal);

        // Somebody who can write the store, and has no key.
        var action = receipt.Receipt.Steps.Single(static s => s.Job == "other").Action!;
        var entry = Path.Combine(_tester.Folder["home/.cache/cairn"], "ac", action[..2], action);
        var bytes = await File.ReadAllBytesAsync(entry, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(entry, bytes, TestContext.Current.CancellationToken);
        outcome = await _tester.RunAsync("replay", "other", "--json");
        Assert.Equal(7, outcome.Exit);
        using var json = JsonDocument.Parse(outcome.Out);
        Assert.Equal("tampered", json.RootElement.GetProperty("verdict").GetString());
    }

    [Fact]
    public async Task Run_ExecutesADemotedResultAgain_AndWhySaysSo()
    {
        var receipt = await RunAsync();
        var demoted = receipt.Receipt.Steps.Single(static s => s.Job == "other");
        await Demotions.AddAsync(_tester.Folder["home/.local/state/cairn"], new Demotion(demoted.Attestation!, demoted.Action!, TimeProvider.System.GetUtcNow(), "unexplained"), TestContext.Current.CancellationToken);
        var again = await RunAsync();
        Assert.Equal(["make Hit", "use Hit", "other Miss"], again.Receipt.Steps.Select(static s => $"{s.Job} {s.Cache}"));
        Assert.NotEqual(demoted.Attestation, again.Receipt.Steps.Single(static s => s.Job == "other").Attestation);
        var outcome = await _tester.RunAsync("why");
        Assert.Contains("was demoted: a replay on ", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("\"cause\": \"demoted\"", (await _tester.RunAsync("why", "other", "--json")).Out, StringComparison.Ordinal);
        Assert.All((await RunAsync()).Receipt.Steps, static s => Assert.Equal(Core.Events.CacheState.Hit, s.Cache));
    }

    private static IEnumerable<string> States(JsonDocument json) =>
        json.RootElement.GetProperty("actions").EnumerateArray().Select(static a => $"{a.GetProperty("name").GetString()} {a.GetProperty("state").GetString()}");

    private async Task<StoredReceipt> RunAsync()
    {
        if (!File.Exists(Path.Combine(_tester.Project, "cairn.yaml")))
        {
            _tester.Write("cairn.yaml", Pipeline);
            _tester.Write("a", "a\n");
            _tester.Write("b", "b\n");
        }

        var (_, receipt) = await _tester.RunPipelineAsync();
        _tester.Now = TimeProvider.System.GetUtcNow();
        return receipt;
    }
}
