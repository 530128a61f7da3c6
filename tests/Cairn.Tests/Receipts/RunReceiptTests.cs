using System.Text;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Engine.Receipts;
using Cairn.Store.Content;
using Cairn.Store.Keys;
using Cairn.Testing;
using Cairn.Tests.Engine;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Receipts;

/// <summary>What real runs leave as their receipts.</summary>
public sealed class RunReceiptTests : IDisposable
{
    private const string Pipeline = """
        version: 1
        name: letters
        params: { letter: a }
        steps:
          make: { run: "mkdir -p out && echo ${{ params.letter }} > out/letter && ln -s letter out/link", outputs: ["out/**"] }
          use: { run: "cat out/letter", needs: [make] }
        """;

    private readonly RunFixture _run = new();
    private readonly TemporaryFolder _cache = new();

    public void Dispose()
    {
        _run.Dispose();
        _cache.Dispose();
    }

    private Task<RunFixture.Outcome> RunAsync(string pipeline, Func<RunRequest, RunRequest>? change = null, Action<RunEvent, RunFixture>? onEvent = null) =>
        _run.RunAsync(pipeline, request => (change ?? (static r => r))(request with { CacheDirectory = _cache.Path, Version = "1.2.3" }), onEvent);

    private StoredReceipt ReceiptOf(RunFixture.Outcome outcome)
    {
        var stored = new RunReceipts(_run.Project.Path).TryRead(outcome.Result.Id, out var problem);
        Assert.True(stored is not null, problem ?? "There is no receipt");
        return stored;
    }

    private StoredAttestation? AttestationOf(ReceiptStep step, out string? problem)
    {
        using var store = ContentStore.Open(_cache.Path);
        return RunReceipts.TryFind(step, store, out problem);
    }

    [Fact]
    public async Task Run_LeavesAReceiptThatItsKeySigned()
    {
        var outcome = await RunAsync(Pipeline, r => r with { Parameters = r.Parameters.Add("letter", "b") });
        var stored = ReceiptOf(outcome);
        var key = new KeyFolder(_run.State["keys"]).Find(KeyFolder.DefaultName)!;
        Assert.NotNull(stored.Envelope.FindSignatureOf(key.PublicKey));
        Assert.Equal(key.PublicKey.Id, stored.Envelope.Signatures[0].KeyId);

        var receipt = stored.Receipt;
        Assert.Equal((outcome.Result.Id.Value, "letters", "cairn.yaml", RunStatus.Succeeded, "branch", "1.2.3"), (receipt.RunId, receipt.Pipeline.Name, receipt.Pipeline.File, receipt.Status, receipt.Tier, receipt.Version));
        Assert.Equal(Path.GetFileName(_run.Project.Path), receipt.Project);
        Assert.Equal([new ReceiptFile("cairn.yaml", Digest.Of(Encoding.UTF8.GetBytes(Pipeline)).Hash)], receipt.Pipeline.Files);
        Assert.Equal([new("letter", "b")], receipt.Parameters);
        Assert.NotNull(receipt.Source.Tree);
        Assert.Equal(BuilderIds.LocalProcess, receipt.Builder);

        var (make, use) = (receipt.Steps[0], receipt.Steps[1]);
        Assert.Equal(("make", JobStatus.Succeeded, CacheState.Miss, 1, "process", "host"), (make.Job, make.Status, make.Cache, make.Attempts, make.Isolation, make.Network));
        Assert.Equal([new ReceiptFile("out/letter", Digest.Of("b\n"u8).Hash)], make.Outputs);
        Assert.Equal([new("out/link", "letter")], make.Links);
        Assert.Equal(outcome["make"].Cache!.Action, make.Action);
        Assert.Equal([new Subject("out/letter", Digest.Of("b\n"u8).Hash)], stored.Statement.Subjects);
        Assert.NotNull(use.Attestation);
    }

    [Fact]
    public async Task Attestations_AreFoundByTheReceipt_AndNameThoseOfTheirInputs()
    {
        var receipt = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        var use = AttestationOf(receipt.Steps[1], out var problem);
        Assert.Null(problem);
        Assert.Equal(receipt.Steps[1].Action, ActionEncoder.Encode(ActionProvenance.TryReadAction(use!.Statement, out _)!).Digest.Hash);
        var details = (JsonValue.Object)use.Statement.Predicate["runDetails"]!;
        var inputs = (JsonValue.List)((JsonValue.Object)details["metadata"]!)["cairn_inputs"]!;
        Assert.Equal([new JsonValue.Text(receipt.Steps[0].Attestation!)], inputs.Items);
        Assert.Equal(BuilderIds.LocalProcess, ((JsonValue.Object)details["builder"]!).TextOf("id"));
    }

    [Fact]
    public async Task Hits_HaveTheAttestationOfTheExecution()
    {
        var first = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        // The second is answered by the action cache or the memo, and the third by the memo in any case.
        foreach (var _ in (int[])[2, 3])
        {
            var receipt = ReceiptOf(await RunAsync(Pipeline)).Receipt;
            Assert.Equal([CacheState.Hit, CacheState.Hit], receipt.Steps.Select(static s => s.Cache!.Value));
            Assert.Equal(first.Steps.Select(static s => (s.Action, s.Attestation)), receipt.Steps.Select(static s => (s.Action, s.Attestation)));
            Assert.Equal(first.Steps[0].Outputs, receipt.Steps[0].Outputs);
            Assert.Equal(first.Steps[0].Links, receipt.Steps[0].Links);
            Assert.Equal(first.Source.Tree, receipt.Source.Tree);
            Assert.Equal(first.Pipeline.Digest, receipt.Pipeline.Digest);
            Assert.Equal(0, receipt.Steps[0].Attempts);
        }
    }

    [Fact]
    public async Task SourceTree_ChangesWithTheSources()
    {
        _run.Project.Write("a.txt", "1");
        var first = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        _run.Project.Write("a.txt", "2");
        Assert.NotEqual(first.Source.Tree, ReceiptOf(await RunAsync(Pipeline)).Receipt.Source.Tree);
    }

    [Fact]
    public async Task ExecutedAgain_TheOldReceiptsAttestationIsThereStill()
    {
        var first = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        var second = ReceiptOf(await RunAsync(Pipeline, r => r with { Force = ["make"] })).Receipt;
        var third = ReceiptOf(await RunAsync(Pipeline, r => r with { Force = ["make"] })).Receipt;
        foreach (var receipt in (RunReceipt[])[first, second, third])
        {
            Assert.Equal(first.Steps[0].Action, receipt.Steps[0].Action);
            var found = AttestationOf(receipt.Steps[0], out var problem);
            Assert.True(found is not null, problem);
            Assert.Equal(receipt.Steps[0].Attestation, found.Envelope.PayloadHash);
        }

        // The newest is the hit.
        Assert.Equal(third.Steps[0].Attestation, ReceiptOf(await RunAsync(Pipeline)).Receipt.Steps[0].Attestation);

        using (var store = ContentStore.Open(_cache.Path))
        {
            Assert.Equal((2, 2), (store.Measure(TestContext.Current.CancellationToken).Superseded, store.Measure(TestContext.Current.CancellationToken).Entries));
            Assert.Empty(store.Check(repair: false, TestContext.Current.CancellationToken).Findings);
        }

        // What another attestation stands for is none.
        var (one, other) = (Superseded(first), Superseded(second));
        File.Delete(one);
        File.Copy(other, one);
        Assert.Null(AttestationOf(first.Steps[0], out var gone));
        Assert.Contains("executed again since", gone, StringComparison.Ordinal);
        using (var store = ContentStore.Open(_cache.Path))
        {
            var finding = Assert.Single(store.Check(repair: true, TestContext.Current.CancellationToken).Findings);
            Assert.Equal((FindingKind.Unopenable, FindingOutcome.Quarantined), (finding.Kind, finding.Outcome));
        }

        string Superseded(RunReceipt receipt) => Path.Combine(_cache.Path, "superseded", receipt.Steps[0].Attestation![..2], receipt.Steps[0].Attestation!);
    }

    [Fact]
    public async Task WhatWasSuperseded_IsCollectedInItsTurn_UnlessAPinKeepsItsAction()
    {
        var first = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        _ = await RunAsync(Pipeline, r => r with { Force = ["make"] });
        var time = new Store.SettableTime(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(30));
        using (var store = ContentStore.Open(_cache.Path, time))
        {
            store.Pin(new StorePin("first", [], [first.Steps[0].Action!]));
            _ = store.Collect(0, dryRun: false, TestContext.Current.CancellationToken);
        }

        Assert.NotNull(AttestationOf(first.Steps[0], out _));
        using (var store = ContentStore.Open(_cache.Path, time))
        {
            Assert.True(store.Unpin("first"));
            Assert.Equal(2, store.Collect(0, dryRun: false, TestContext.Current.CancellationToken)!.EntriesRemoved);
        }

        Assert.Null(AttestationOf(first.Steps[0], out var problem));
        Assert.Contains("no longer", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AResultThatCountsNoMore_LeavesItsAttestation()
    {
        var first = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        await Cairn.Store.Actions.Demotions.AddAsync(_run.State.Path, new Cairn.Store.Actions.Demotion(first.Steps[0].Attestation!, first.Steps[0].Action!, TimeProvider.System.GetUtcNow(), "unexplained"), TestContext.Current.CancellationToken);
        var second = ReceiptOf(await RunAsync(Pipeline)).Receipt;
        Assert.NotEqual(first.Steps[0].Attestation, second.Steps[0].Attestation);
        Assert.NotNull(AttestationOf(first.Steps[0], out _));
        Assert.NotNull(AttestationOf(second.Steps[0], out _));
    }

    [Fact]
    public async Task FailedRun_HasAReceiptThatSaysSo()
    {
        var outcome = await RunAsync("""
            version: 1
            steps:
              fine: { run: "true" }
              bad: { run: "exit 3", needs: [fine] }
              after: { run: "true", needs: [bad] }
            """);
        var receipt = ReceiptOf(outcome).Receipt;
        Assert.Equal(RunStatus.Failed, receipt.Status);
        Assert.Equal([(JobStatus.Succeeded, true), (JobStatus.Failed, false), (JobStatus.NotRun, false)], receipt.Steps.Select(static s => (s.Status, s.Attestation is not null)));
        Assert.Equal(3, receipt.Steps[1].ExitCode);
        Assert.Equal($"{RunProvenance.RunSubject}{receipt.RunId}", Assert.Single(ReceiptOf(outcome).Statement.Subjects).Name);
    }

    [Fact]
    public async Task CancelledRun_HasAReceiptThatSaysSo()
    {
        var outcome = await RunAsync("""
            version: 1
            steps:
              long: { run: "sleep 60" }
              after: { run: "true", needs: [long] }
            """, onEvent: static (e, run) =>
        {
            if (e is StepStarted)
            {
                run.Control.Cancel();
            }
        });
        var receipt = ReceiptOf(outcome).Receipt;
        Assert.Equal(RunStatus.Cancelled, receipt.Status);
        Assert.All(receipt.Steps, static s => Assert.Equal(JobStatus.Cancelled, s.Status));
    }

    [Fact]
    public async Task RunWithoutCache_HasDigestsOfItsOutputs()
    {
        var receipt = ReceiptOf(await RunAsync(Pipeline, r => r with { NoCache = true })).Receipt;
        Assert.Equal([CacheState.Off, CacheState.Off], receipt.Steps.Select(static s => s.Cache!.Value));
        Assert.Equal([new ReceiptFile("out/letter", Digest.Of("a\n"u8).Hash)], receipt.Steps[0].Outputs);
        Assert.Null(receipt.Steps[0].Attestation);
    }

    [Fact]
    public async Task PartOfThePipeline_IsSaidToBeThat()
    {
        var receipt = ReceiptOf(await RunAsync(Pipeline, r => r with { Until = ["make"] })).Receipt;
        Assert.Equal(["--until make"], receipt.Selection);
        Assert.Equal(JobStatus.Skipped, receipt.Steps[1].Status);
    }

    [Fact]
    public async Task WithoutAKey_TheRunSaysOnceThatItHasNoReceipt()
    {
        _run.State.Write("file", "");
        var outcome = await RunAsync(Pipeline, r => r with { KeysDirectory = _run.State["file/keys"] });
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Single(outcome.Events.OfType<WarningRaised>(), static w => w.Code == DiagnosticCodes.ReceiptNotWritten);
        Assert.IsType<PipelineFinished>(outcome.Events[^1]);
        Assert.Null(new RunReceipts(_run.Project.Path).TryRead(outcome.Result.Id, out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public async Task NamesThatLookAlike_AreSaidToBeWhyThereIsNoReceipt()
    {
        var outcome = await RunAsync("""
            version: 1
            steps:
              latin: { run: "echo 1 > pay", outputs: [pay] }
              cyrillic: { run: "echo 2 > рay", outputs: [рay] }
            """);
        Assert.Contains("looks like another one", Assert.Single(outcome.Events.OfType<WarningRaised>(), static w => w.Code == DiagnosticCodes.ReceiptNotWritten).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_AreNamedAndNeverShown()
    {
        const string Value = "correct-horse-battery-staple";
        _run.Project.Write("secret.txt", Value + "\n");
        var outcome = await RunAsync("""
            version: 1
            secrets: { key: { file: secret.txt } }
            params: { password: "" }
            steps:
              a:
                run: |
                  echo "the key is $KEY"; echo "k=$KEY" >> "$CAIRN_OUTPUT"; echo "# $KEY" >> "$CAIRN_SUMMARY"; echo done > out
                inputs: []
                env: { KEY: "${{ secrets.key }}" }
                outputs: [out]
            """, r => r with { Parameters = r.Parameters.Add("password", Value) });
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        var stored = ReceiptOf(outcome);
        Assert.Equal([new("password", null)], stored.Receipt.Parameters);
        var attestation = AttestationOf(stored.Receipt.Steps[0], out _)!;
        Assert.Contains(ActionProvenance.TryReadAction(attestation.Statement, out _)!.Platform, static p => p is { Key: "secret:KEY", Value: "key" });

        var needle = Encoding.UTF8.GetBytes(Value);
        var encoded = Encoding.UTF8.GetBytes(Convert.ToBase64String(needle)[..^4]);
        var looked = 0;
        foreach (var file in Directory.EnumerateFiles(_cache.Path, "*", SearchOption.AllDirectories).Append(stored.Path))
        {
            var content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            Assert.True(content.AsSpan().IndexOf(needle) < 0 && content.AsSpan().IndexOf(encoded) < 0, file);
            looked++;
        }

        // Envelopes hold their payloads in base64, where a text stands otherwise.
        foreach (var payload in (byte[][])[[.. stored.Envelope.Payload], [.. attestation.Envelope.Payload]])
        {
            Assert.True(payload.AsSpan().IndexOf(needle) < 0);
        }

        Assert.True(looked > 3);
    }

    [Fact]
    public async Task TryRead_RefusesAReceiptThatIsDamaged()
    {
        var outcome = await RunAsync(Pipeline);
        var stored = ReceiptOf(outcome);
        await File.WriteAllBytesAsync(stored.Path, stored.Bytes.AsMemory(0, stored.Bytes.Length - 2), TestContext.Current.CancellationToken);
        Assert.Null(new RunReceipts(_run.Project.Path).TryRead(outcome.Result.Id, out var problem));
        Assert.NotNull(problem);
    }
}
