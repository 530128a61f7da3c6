using System.Text;
using System.Text.Json;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Engine.Receipts;
using Cairn.Tests.Cli;

namespace Cairn.Tests.Bundles;

/// <summary><c>cairn bundle</c>, bundle steps and <c>cairn store export</c> over real runs.</summary>
public sealed class BundleCommandTests : IDisposable
{
    private const string Pipeline = """
        version: 1
        name: letters
        steps:
          make: { run: "mkdir -p dist; echo a > dist/letter; echo b > dist/other; chmod +x dist/other; ln -s letter dist/link", outputs: ["dist/*"], inputs: [] }
          pack: { uses: bundle, with: { files: ["dist/**", license.txt, "!dist/none"], name: out/letters.cab }, needs: [make] }
        """;

    private readonly CommandTester _tester = new() { Now = TimeProvider.System.GetUtcNow() };

    public void Dispose() => _tester.Dispose();

    private static byte[] BytesOf(string path) => File.ReadAllBytes(path);

    private static string Sealed(StoredReceipt receipt) => Path.Combine(Path.GetDirectoryName(receipt.Path)!, "bundles/out/letters.cab");

    private static async Task<(RunResult Result, StoredReceipt Receipt)> RunAsync(CommandTester tester, string pipeline = Pipeline)
    {
        tester.Write("cairn.yaml", pipeline);
        tester.Write("license.txt", "free\n");
        var ended = await tester.RunPipelineAsync();
        tester.Now = TimeProvider.System.GetUtcNow();
        return ended;
    }

    private async Task<string> GoodAsync(params string[] args)
    {
        var outcome = await _tester.RunAsync(args);
        Assert.True(outcome.Exit == 0, $"{string.Join(' ', args)}: {outcome}");
        return outcome.Out;
    }

    [Fact]
    public async Task Step_MakesABundle_ThatIsCachedAttestedAndSealed()
    {
        var (result, receipt) = await RunAsync(_tester);
        Assert.Equal(RunStatus.Succeeded, result.Status);
        var core = Path.Combine(_tester.Project, "out/letters.cab");
        var bytes = BytesOf(core);
        var pack = receipt.Receipt.Steps.Single(static s => s.Job == "pack");
        Assert.Equal("out/letters.cab", pack.Outputs.Single().Path);
        Assert.NotNull(pack.Attestation);
        Assert.False(pack.UsesHost);
        var shown = await GoodAsync("bundle", "show", "out/letters.cab");
        Assert.Contains("dist/link -> letter", shown, StringComparison.Ordinal);
        Assert.Contains("license.txt", shown, StringComparison.Ordinal);

        // Again: a hit, with the same bytes.
        File.Delete(core);
        var (_, second) = await RunAsync(_tester);
        Assert.Equal(CacheState.Hit, second.Receipt.Steps.Single(static s => s.Job == "pack").Cache);
        Assert.Equal(bytes, BytesOf(core));

        // The sealed copy tells of itself.
        var verified = await _tester.RunAsync("bundle", "verify", Sealed(receipt));
        Assert.Equal(0, verified.Exit);
        Assert.Contains("Without its documents it is the attested `out/letters.cab`", verified.Out, StringComparison.Ordinal);
        Assert.Contains("2 attestations of jobs are signed", verified.Out, StringComparison.Ordinal);
        Assert.Contains("not checked: `make` used programs of the machine", verified.Out, StringComparison.Ordinal);
        Assert.Equal(1, (await _tester.RunAsync("bundle", "verify", Sealed(receipt), "--level", "strict")).Exit);
        var plain = await _tester.RunAsync("verify", "out/letters.cab");
        Assert.Equal(0, plain.Exit);
        Assert.Contains("bundle  ", plain.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("files: [], name: a.cab", "has no `files`")]
    [InlineData("name: a.cab", "has no `files`")]
    [InlineData("files: [x]", "has no `name`")]
    [InlineData("files: [x], name: a.tar", "cannot be the path of a bundle")]
    [InlineData("files: [x], name: ../a.cab", "cannot be the path of a bundle")]
    [InlineData("files: [x], name: \"*.cab\"", "cannot be the path of a bundle")]
    [InlineData("files: [x], nam: a.cab", "takes no `nam`")]
    [InlineData("files: [\"${{ steps.make.outputs.x }}\"], name: a.cab", "`steps` is not known yet")]
    [InlineData("files: [x], name: a.cab }, outputs: [y], x-y: { a: b", "has `outputs`")]
    [InlineData("files: [x], name: a.cab }, isolation: sandbox, x-y: { a: b", "has `isolation`")]
    public async Task Step_WithMistakes_IsRefused(string with, string message)
    {
        _tester.Write("cairn.yaml", $$"""
            version: 1
            steps:
              make: { run: "true" }
              pack: { uses: bundle, needs: [make], with: { {{with}} } }
            """);
        var outcome = await _tester.RunAsync("validate");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.Contains("CAIRN0853", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Step_WithoutFiles_Fails()
    {
        var (result, _) = await RunAsync(_tester, """
            version: 1
            steps:
              pack: { uses: bundle, with: { files: ["none/**"], name: a.cab } }
            """);
        Assert.Equal(RunStatus.Failed, result.Status);
        Assert.False(File.Exists(Path.Combine(_tester.Project, "a.cab")));
    }

    [Fact]
    public async Task Create_OfARun_HoldsItsReceiptAndAttestations()
    {
        await RunAsync(_tester);
        await GoodAsync("bundle", "create", "x.cab", "--run", "last", "dist/*");
        using var shown = JsonDocument.Parse(await GoodAsync("bundle", "show", "x.cab", "--json"));
        Assert.Equal(["dist/letter", "dist/other", "dist/link"], shown.RootElement.GetProperty("files").EnumerateArray().Select(static f => f.GetProperty("path").GetString()));
        Assert.Equal([false, true], shown.RootElement.GetProperty("files").EnumerateArray().Take(2).Select(static f => f.GetProperty("executable").GetBoolean()));
        Assert.Equal(["attestation", "attestation", "log-proof", "log-proof", "log-proof", "receipt"], shown.RootElement.GetProperty("documents").EnumerateArray().Select(static f => f.GetProperty("kind").GetString()!).Order(StringComparer.Ordinal));

        // Elsewhere, with nothing but the key of who made it.
        using var elsewhere = new CommandTester { Now = _tester.Now };
        File.Copy(Path.Combine(_tester.Project, "x.cab"), Path.Combine(elsewhere.Project, "x.cab"));
        var nobody = await elsewhere.RunAsync("bundle", "verify", "x.cab");
        Assert.Equal(4, nobody.Exit);
        Assert.Contains("is not known here", nobody.Out, StringComparison.Ordinal);
        var key = _tester.Folder["home/.config/cairn/keys/default.pub"];
        var known = await elsewhere.RunAsync("bundle", "verify", "x.cab", "--public-key", key, "--json");
        Assert.Equal(0, known.Exit);
        using var checks = JsonDocument.Parse(known.Out);
        Assert.Equal("bundle", checks.RootElement.GetProperty("kind").GetString());
        Assert.Equal(0, (await elsewhere.RunAsync("bundle", "extract", "x.cab", "out", "--verify", "--public-key", key)).Exit);
        Assert.Equal("a\n", Encoding.UTF8.GetString(BytesOf(Path.Combine(elsewhere.Project, "out/dist/letter"))));
        Assert.Equal(4, (await elsewhere.RunAsync("bundle", "extract", "x.cab", "no", "--verify")).Exit);
        Assert.False(Directory.Exists(Path.Combine(elsewhere.Project, "no")));

        // `--trust` is the whole of whom to believe.
        elsewhere.Write("trust.yaml", "version: 1\n");
        Assert.Equal(4, (await elsewhere.RunAsync("bundle", "verify", "x.cab", "--trust", "trust.yaml")).Exit);
        Assert.Equal(2, (await elsewhere.RunAsync("bundle", "verify", "x.cab", "--trust", "none.yaml")).Exit);
    }

    [Fact]
    public async Task Extract_OfABundleThatWasChangedSinceItWasVerified_UnpacksNothing()
    {
        await RunAsync(_tester);
        await GoodAsync("bundle", "create", "x.cab", "--run", "last", "dist/letter");
        await GoodAsync("bundle", "create", "other.cab", "license.txt");

        // Somebody puts another one in its place while the checklist is read.
        using var swapping = new SwappingStream(() => File.Copy(Path.Combine(_tester.Project, "other.cab"), Path.Combine(_tester.Project, "x.cab"), overwrite: true));
        using var error = new StringWriter();
        Assert.Equal(2, await Cairn.Cli.Program.RunAsync(["bundle", "extract", "x.cab", "unpacked", "--verify"], _tester.Services(swapping, error)));
        Assert.Contains("no longer the bundle that was verified", error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_tester.Project, "unpacked")));
    }

    [Fact]
    public async Task Verify_OfFilesThatChangedPlaces_Fails()
    {
        await RunAsync(_tester);
        await GoodAsync("bundle", "create", "x.cab", "--run", "last", "dist/letter", "dist/other");
        await GoodAsync("bundle", "extract", "x.cab", "t", "--evidence", "documents");
        File.Move(Path.Combine(_tester.Project, "t/dist/letter"), Path.Combine(_tester.Project, "t/dist/swap"));
        File.Move(Path.Combine(_tester.Project, "t/dist/other"), Path.Combine(_tester.Project, "t/dist/letter"));
        File.Move(Path.Combine(_tester.Project, "t/dist/swap"), Path.Combine(_tester.Project, "t/dist/other"));
        var receipt = Directory.GetFiles(Path.Combine(_tester.Project, "documents"), "receipt-*").Single();
        await GoodAsync("bundle", "create", "swapped.cab", "-C", "t", ".", "-e", receipt);
        var outcome = await _tester.RunAsync("bundle", "verify", "swapped.cab");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("but `dist/letter` was attested with", outcome.Out, StringComparison.Ordinal);

        // Without the receipt nothing is wrong, and nothing is known.
        await GoodAsync("bundle", "create", "bare.cab", "-C", "t", ".");
        Assert.Equal(4, (await _tester.RunAsync("bundle", "verify", "bare.cab")).Exit);
        var diff = await _tester.RunAsync("bundle", "diff", "x.cab", "swapped.cab");
        Assert.Equal(1, diff.Exit);
        Assert.Contains("~ dist/letter: 2 B", diff.Out, StringComparison.Ordinal);
        Assert.Contains("- attestation", diff.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await _tester.RunAsync("bundle", "diff", "x.cab", "x.cab")).Exit);
        Assert.Equal(1, (await _tester.RunAsync("bundle", "verify", "cairn.yaml")).Exit);
    }

    [Fact]
    public async Task Add_KeepsTheArtifact_AndWritesTheSameBytesInAnyOrder()
    {
        _tester.Write("a", "a");
        _tester.Write("1.json", """{"bomFormat":"CycloneDX","version":1}""");
        _tester.Write("2.json", """{"spdxVersion":"SPDX-2.3"}""");
        _tester.Write("x.json", """{"what":"else"}""");
        await GoodAsync("bundle", "create", "x.cab", "a");
        await GoodAsync("bundle", "add", "x.cab", "1.json", "-o", "y.cab");
        await GoodAsync("bundle", "add", "y.cab", "2.json", "1.json");
        await GoodAsync("bundle", "create", "z.cab", "a", "-e", "2.json", "-e", "1.json");
        Assert.Equal(BytesOf(Path.Combine(_tester.Project, "y.cab")), BytesOf(Path.Combine(_tester.Project, "z.cab")));
        var outcome = await _tester.RunAsync("bundle", "add", "x.cab", "x.json");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("CAIRN0852", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("The artifact is the same", (await _tester.RunAsync("bundle", "diff", "x.cab", "z.cab")).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("bundle", "show", "a")).Exit);
        Assert.Equal(2, (await _tester.RunAsync("bundle", "create", "n.cab")).Exit);
    }

    [Fact]
    public async Task Import_OfARun_GivesHits_OnlyWithItsKey()
    {
        var (_, receipt) = await RunAsync(_tester);
        await GoodAsync("store", "export", "run.cab", "last");
        using var other = new CommandTester { Now = _tester.Now };
        File.Copy(Path.Combine(_tester.Project, "run.cab"), Path.Combine(other.Project, "run.cab"));
        other.Write("cairn.yaml", Pipeline);

        var refused = await other.RunAsync("store", "import", "run.cab");
        Assert.Equal(1, refused.Exit);
        Assert.Contains("CAIRN0856", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Took over 0 results", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(other.Folder["home/.cache/cairn/ac"]) && Directory.EnumerateFiles(other.Folder["home/.cache/cairn/ac"], "*", SearchOption.AllDirectories).Any());

        File.Copy(_tester.Folder["home/.config/cairn/keys/default.pub"], Path.Combine(other.Project, "them.pub"));
        Assert.Equal(0, (await other.RunAsync("keys", "trust", "them.pub", "--name", "them")).Exit);
        var taken = await other.RunAsync("store", "import", "run.cab");
        Assert.True(taken.Exit is 0 or 1, taken.ToString());
        Assert.Contains(receipt.Run.Value, taken.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(new RunReceipts(other.Project).PathOf(receipt.Run)));

        // What stands beside a receipt is nobody's word, and takes the place of nothing.
        var approval = Path.Combine(Path.GetDirectoryName(new RunReceipts(other.Project).PathOf(receipt.Run))!, "approvals", "a.json");
        Directory.CreateDirectory(Path.GetDirectoryName(approval)!);
        await File.WriteAllTextAsync(approval, "what was there", TestContext.Current.CancellationToken);
        var ours = Path.Combine(Path.GetDirectoryName(receipt.Path)!, "approvals", "a.json");
        Directory.CreateDirectory(Path.GetDirectoryName(ours)!);
        File.Copy(receipt.Path, ours);
        await GoodAsync("store", "export", "again.cab", receipt.Run.Value);
        File.Delete(ours);
        File.Move(Path.Combine(_tester.Project, "again.cab"), Path.Combine(other.Project, "again.cab"));
        _ = await other.RunAsync("store", "import", "again.cab");
        Assert.Equal("what was there", await File.ReadAllTextAsync(approval, TestContext.Current.CancellationToken));
        File.Delete(Path.Combine(other.Project, "again.cab"));
        File.Delete(Path.Combine(other.Project, "run.cab"));
        File.Delete(Path.Combine(other.Project, "them.pub"));
        var (result, second) = await RunAsync(other);
        Assert.Equal(RunStatus.Succeeded, result.Status);
        Assert.Equal(CacheState.Hit, second.Receipt.Steps.Single(static s => s.Job == "pack").Cache);
    }

    [Fact]
    public async Task Verify_ChecksTheProofOfEachAttestation()
    {
        await RunAsync(_tester);
        await GoodAsync("bundle", "create", "x.cab", "--run", "last");
        using var checkpoint = JsonDocument.Parse(await GoodAsync("log", "checkpoint", "--json"));
        var key = checkpoint.RootElement.GetProperty("keys")[0].GetString()!;
        var verified = await GoodAsync("bundle", "verify", "x.cab", "--log-key", key);
        Assert.Contains("✓ log                It is entry 3 of the log", verified, StringComparison.Ordinal);
        Assert.Contains("✓ log                2 other statements that came with it stand in a log, too", verified, StringComparison.Ordinal);

        // The proof of another entry beside an attestation: a fault, though that of the receipt holds.
        await GoodAsync("bundle", "extract", "x.cab", "t", "--evidence", "documents");
        var attestation = Directory.GetFiles(Path.Combine(_tester.Project, "documents"), "attestation-*")[0];
        await GoodAsync("log", "prove", "3", "-o", "wrong.tlog-proof");
        await GoodAsync("bundle", "add", "x.cab", "wrong.tlog-proof", "--envelope", attestation, "-o", "forged.cab");
        var forged = await _tester.RunAsync("bundle", "verify", "forged.cab", "--log-key", key);
        Assert.Equal(1, forged.Exit);
        Assert.Contains("✗ log", forged.Out, StringComparison.Ordinal);
        Assert.Equal(1, (await _tester.RunAsync("verify", "forged.cab")).Exit);

        // Of a log that is not known it says nothing.
        Assert.Contains("No log is known here", await GoodAsync("bundle", "verify", "forged.cab"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_OfARun_TakesReplaysAlong_WhichCountForPolicies()
    {
        await RunAsync(_tester);
        await GoodAsync("keys", "generate", "second");
        await GoodAsync("replay", "pack", "--attest", "--key", "second");
        await GoodAsync("bundle", "create", "x.cab", "--run", "last", "out/*");

        using var elsewhere = new CommandTester { Now = _tester.Now };
        File.Copy(Path.Combine(_tester.Project, "x.cab"), Path.Combine(elsewhere.Project, "x.cab"));
        elsewhere.Write("twice.yaml", "version: 1\nnot_checked: allow\nrequire: { reproduced: 2 }\n");
        var keys = _tester.Folder["home/.config/cairn/keys"];
        var once = await elsewhere.RunAsync("bundle", "verify", "x.cab", "--level", "twice.yaml", "--public-key", $"{keys}/default.pub");
        Assert.Equal(1, once.Exit);
        Assert.Contains("and must be by 2", once.Out, StringComparison.Ordinal);
        var twice = await elsewhere.RunAsync("bundle", "verify", "x.cab", "--level", "twice.yaml", "--public-key", $"{keys}/default.pub", "--public-key", $"{keys}/second.pub");
        Assert.True(twice.Exit == 0, twice.ToString());
        Assert.Contains("made the same bytes", twice.Out, StringComparison.Ordinal);

        // With the replay beside, and not in, the bundle.
        var replay = Directory.GetFiles(Path.Combine(_tester.Project, ".cairn/runs"), "*.replay.json", SearchOption.AllDirectories).Single();
        Assert.Equal(0, (await _tester.RunAsync("log", "verify", replay, "--public-key", $"{keys}/second.pub")).Exit);
    }

    [Fact]
    public async Task Create_WithSeeds_IsOfARun()
    {
        _tester.Write("a", "a");
        var outcome = await _tester.RunAsync("bundle", "create", "x.cab", "a", "--seeds");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("`--seeds` is of the toolchains of a run: give `--run`", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("bundle", "verify", "x.cab", "--archive-keyring", "none.gpg")).Exit);
    }

    [Fact]
    public async Task Replay_OfABundleStep_MakesItAgain_WithoutAProcess()
    {
        await RunAsync(_tester);
        Assert.StartsWith("identical pack", await GoodAsync("replay", "pack"), StringComparison.Ordinal);
    }

    /// <summary>Does something when it is written to first.</summary>
    private sealed class SwappingStream(Action act) : MemoryStream
    {
        private Action? _act = act;

        public override void Write(byte[] buffer, int offset, int count)
        {
            Interlocked.Exchange(ref _act, null)?.Invoke();
            base.Write(buffer, offset, count);
        }

        // A stream that is derived from the one in memory gets here what was written as a span.
        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);
    }
}
