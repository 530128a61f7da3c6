using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using Cairn.Engine.Receipts;
using Cairn.Store.Keys;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn verify</c>, <c>approve</c> and <c>policy</c> over real runs.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private readonly CommandTester _tester = new() { Now = TimeProvider.System.GetUtcNow() };

    public void Dispose() => _tester.Dispose();

    private KeyFolder Keys => new(_tester.Folder["home/.config/cairn/keys"]);

    private async Task<StoredReceipt> RunAsync()
    {
        _tester.Write("cairn.yaml", """
            version: 1
            name: letters
            steps:
              make: { run: "mkdir -p dist; echo a > dist/letter", outputs: [dist/letter] }
              test: { run: "cat dist/letter", needs: [make] }
            """);
        var (_, receipt) = await _tester.RunPipelineAsync();
        _tester.Now = TimeProvider.System.GetUtcNow();
        return receipt;
    }

    [Fact]
    public async Task Verify_OfTheNewestRun_ChecksItsFiles()
    {
        await RunAsync();
        var outcome = await _tester.RunAsync("verify");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.Contains("✓ syntax ", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("2 jobs of 2 steps fit the pipeline `cairn.yaml`", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("2 attestations of jobs are signed", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("`dist/letter` is there", outcome.Out, StringComparison.Ordinal);
        Assert.EndsWith("last is verified (basic)\n", outcome.Out, StringComparison.Ordinal);

        _tester.Write("dist/letter", "b\n");
        outcome = await _tester.RunAsync("verify");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("but `dist/letter` was attested with", outcome.Out, StringComparison.Ordinal);
        File.Delete(Path.Combine(_tester.Project, "dist/letter"));
        Assert.Contains("`dist/letter` is not there", (await _tester.RunAsync("verify", ".")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_OfAnArtifact_FindsItsReceiptByHash()
    {
        await RunAsync();
        var outcome = await _tester.RunAsync("verify", "dist/letter", "--json");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        using var json = JsonDocument.Parse(outcome.Out);
        Assert.Equal("verified", json.RootElement.GetProperty("conclusion").GetString());
        Assert.Equal("artifact", json.RootElement.GetProperty("kind").GetString());
        Assert.Equal("dist/letter", json.RootElement.GetProperty("artifacts")[0].GetProperty("name").GetString());
        Assert.Equal("default", json.RootElement.GetProperty("attestations")[0].GetProperty("signers")[0].GetProperty("name").GetString());

        // The level fails what cannot be checked, and steps that ran as the user.
        outcome = await _tester.RunAsync("verify", "dist/letter", "--level", "strict");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("policy isolation   `make` ran in `process`, which is less than `sandbox`", outcome.Out, StringComparison.Ordinal);

        _tester.Write("other", "unknown\n");
        outcome = await _tester.RunAsync("verify", "other");
        Assert.Equal(4, outcome.Exit);
        Assert.Contains("No attestation of it stands beside it", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("verify", "nowhere")).Exit);
    }

    [Fact]
    public async Task Verify_ByNobodyWhoIsTrusted_IsNoSuccess()
    {
        await RunAsync();
        Directory.Delete(Keys.Path, recursive: true);
        var outcome = await _tester.RunAsync("verify", "dist/letter");
        Assert.Equal(4, outcome.Exit);
        Assert.Contains("Nobody who is trusted signed it", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(1, (await _tester.RunAsync("verify", "dist/letter", "--trusted-only")).Exit);
    }

    [Fact]
    public async Task Verify_TakesAKeyForOneTime_AndWritesASummary()
    {
        var stored = await RunAsync();
        File.Copy(Path.Combine(Keys.Path, "default.pub"), Path.Combine(_tester.Project, "ci.pub"));
        File.Delete(Path.Combine(Keys.Path, "default.pub"));
        File.Delete(Path.Combine(Keys.Path, "default"));
        File.Copy(stored.Path, Path.Combine(_tester.Project, "r.json"));

        var outcome = await _tester.RunAsync("verify", "dist/letter", "--attestation", "r.json", "--public-key", "ci.pub", "--vsa", "v.json");
        Assert.Equal(0, outcome.Exit);
        Assert.StartsWith("Logged as entry 4 of ", outcome.Error, StringComparison.Ordinal);
        var written = await File.ReadAllBytesAsync(Path.Combine(_tester.Project, "v.json"), TestContext.Current.CancellationToken);
        var summary = Statement.TryRead(Envelope.TryReadOwn(written.AsSpan()[..^1], out _)!.Payload.AsSpan(), out _)!;
        Assert.Equal(VerificationSummary.PredicateType, summary.PredicateType);
        Assert.Equal("PASSED", summary.Predicate.TextOf("verificationResult"));
        Assert.Equal(2, (await _tester.RunAsync("verify", "dist/letter", "--public-key", "none.pub")).Exit);

        // A good receipt of something else is no attestation of this.
        _tester.Write("other", "unknown\n");
        outcome = await _tester.RunAsync("verify", "other", "--attestation", "r.json", "--public-key", "ci.pub");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("Nothing that was attested has the SHA-256 of `other`", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_OfAFolder_WantsEveryFileAttested()
    {
        await RunAsync();
        _tester.Write("out/letter", "a\n");
        Assert.Equal(0, (await _tester.RunAsync("verify", "out")).Exit);
        _tester.Write("out/more", "b\n");
        var outcome = await _tester.RunAsync("verify", "out");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("Nothing that was attested has the SHA-256 of `more`", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_OfHostileFiles_FailsWithTheirReasons()
    {
        _tester.Write("a.intoto.jsonl", "{\"payload\":\"QR==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"QQ==\"}]}\n");
        var outcome = await _tester.RunAsync("verify", "a.intoto.jsonl");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("`a.intoto.jsonl` is refused: `payload` is missing or no canonical base64", outcome.Out, StringComparison.Ordinal);
        Assert.Equal("", outcome.Error);
    }

    [Fact]
    public async Task Approve_CountsForAPolicy_UnlessItIsOnesOwn()
    {
        await RunAsync();
        using (var key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)]))
        {
            Keys.TryAdd("alice", key, passphrase: default);
            _tester.Folder.Write("home/.config/cairn/trust.yaml", $"version: 1\nkeys:\n  alice:\n    public: {Convert.ToBase64String(key.PublicKey.Spki.AsSpan())}\n    owner: Alice\n");
            File.SetUnixFileMode(_tester.Folder["home/.config/cairn/trust.yaml"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _tester.Write("two.yaml", "version: 1\nextends: basic\nrequire: { approvals: 1 }\n");
        Assert.Equal(1, (await _tester.RunAsync("verify", "--level", "two.yaml")).Exit);
        var own = await _tester.RunAsync("approve", "last");
        Assert.Equal(2, own.Exit);
        Assert.Contains("its approval counts for nothing", own.Error, StringComparison.Ordinal);
        var outcome = await _tester.RunAsync("approve", "last", "--key", "alice", "--comment", "fine");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Out));
        Assert.Contains("1 artifact approved by alice", outcome.Error, StringComparison.Ordinal);
        outcome = await _tester.RunAsync("verify", "--level", "two.yaml");
        Assert.Contains("Approved by `alice`", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(0, outcome.Exit);

        _tester.Write("dist/letter", "b\n");
        outcome = await _tester.RunAsync("approve", "last", "--key", "alice");
        Assert.Equal(1, outcome.Exit);
        Assert.Contains("does not verify, and is not approved", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_BelievesTrustedKeysOnP256_InTheirRolesAndTime()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var bytes = Encoding.UTF8.GetBytes("made elsewhere\n");
        _tester.Write("app", "made elsewhere\n");
        var payload = new Statement([new Subject("app", Convert.ToHexStringLower(SHA256.HashData(bytes)))], "https://example.org/made/v1", new JsonObjectBuilder().Build()).ToJson();
        var signature = key.SignData(Envelope.PreAuthentication(Envelope.InTotoType, payload), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        _tester.Write("app.intoto.jsonl", Encoding.UTF8.GetString(new Envelope(Envelope.InTotoType, [.. payload], [new EnvelopeSignature("", [.. signature])]).ToJson()) + "\n");
        _tester.Write("cosign.pub", key.ExportSubjectPublicKeyInfoPem());
        Assert.Equal(4, (await _tester.RunAsync("verify", "app")).Exit);
        Assert.Contains("`cosign.pub` is trusted for this verification", (await _tester.RunAsync("verify", "app", "--public-key", "cosign.pub")).Out, StringComparison.Ordinal);

        Assert.Equal(0, (await _tester.RunAsync("keys", "trust", "cosign.pub", "--owner", "Carla", "--until", "2099-01-01")).Exit);
        var outcome = await _tester.RunAsync("verify", "app");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.Contains("`cosign` of Carla is trusted", outcome.Out, StringComparison.Ordinal);

        _tester.Write("app", "another\n");
        Assert.Equal(4, (await _tester.RunAsync("verify", "app")).Exit);
        _tester.Write("app", "made elsewhere\n");
        Assert.Equal(0, (await _tester.RunAsync("keys", "revoke", "cosign")).Exit);
        Assert.Contains("its key `cosign` is revoked", (await _tester.RunAsync("verify", "app")).Out, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, (await _tester.RunAsync("keys", "distrust", "cosign")).Exit);
        Assert.Equal(0, (await _tester.RunAsync("keys", "trust", "cosign.pub", "--project", "web")).Exit);
        Assert.Contains("signs for some projects only, and it names none", (await _tester.RunAsync("verify", "app")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handlers_HearWhatIsVerifiedAndSigned_OutsideOfRuns()
    {
        await RunAsync();
        var told = _tester.Folder["told.ndjson"];
        _tester.Folder.Write("home/.config/cairn/config.yaml", $$"""
            handlers:
              audit: { file: {{told}}, events: ["*"] }
              alarm: { file: {{told}}.alarm, events: [verification.failed] }
              other: { file: {{told}}.other, events: ["*"], pipelines: [letters] }
            """);
        Assert.Equal(0, (await _tester.RunAsync("verify", "dist/letter", "--vsa", "v.json")).Exit);
        _tester.Write("dist/letter", "b\n");
        Assert.Equal(4, (await _tester.RunAsync("verify", "dist/letter")).Exit);
        Assert.Equal(0, (await _tester.RunAsync("attest", "dist/letter")).Exit);
        Assert.Equal(1, (await _tester.RunAsync("approve", "last")).Exit);

        var messages = (await File.ReadAllLinesAsync(told, TestContext.Current.CancellationToken)).Select(static l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal(
            ["verify verification.completed", "verify signature.created", "verify verification.failed", "attest signature.created", "approve verification.failed"],
            messages.Select(static m => $"{m.GetProperty("command")} {m.GetProperty("type")}"));
        Assert.Equal(messages.Length, messages.Select(static m => m.GetProperty("id").GetString()).Distinct().Count());
        Assert.All(messages, m => Assert.Equal((_tester.Project, false), (m.GetProperty("project").GetString(), m.TryGetProperty("run", out _))));
        var artifact = messages[0].GetProperty("event").GetProperty("artifact");
        Assert.Equal(("dist/letter", "artifact", "verified", "basic"), (artifact.GetProperty("target").GetString(), artifact.GetProperty("kind").GetString(), artifact.GetProperty("conclusion").GetString(), artifact.GetProperty("policy").GetString()));
        Assert.Equal(0, artifact.GetProperty("problems").GetArrayLength());
        Assert.Equal("summary", messages[1].GetProperty("event").GetProperty("subject").GetString());
        Assert.NotEqual(0, messages[2].GetProperty("event").GetProperty("artifact").GetProperty("problems").GetArrayLength());
        var signed = messages[3].GetProperty("event");
        Assert.Equal(("files", "dist/letter", 64), (signed.GetProperty("subject").GetString(), signed.GetProperty("target").GetString(), signed.GetProperty("statement").GetString()!.Length));
        Assert.Equal(2, (await File.ReadAllLinesAsync(told + ".alarm", TestContext.Current.CancellationToken)).Length);
        Assert.False(File.Exists(told + ".other"));
    }

    [Fact]
    public async Task Handlers_ThatCannotBeReached_ChangeNothingOfAVerification()
    {
        await RunAsync();
        _tester.Folder.Write("home/.config/cairn/config.yaml", "handlers:\n  none: { command: [no-such-program], events: [verification.completed] }\n");
        var outcome = await _tester.RunAsync("verify", "dist/letter");
        Assert.Equal(0, outcome.Exit);
        Assert.EndsWith("dist/letter is verified (basic)\n", outcome.Out, StringComparison.Ordinal);
        Assert.StartsWith("warning[CAIRN068", outcome.Error, StringComparison.Ordinal);

        _tester.Folder.Write("home/.config/cairn/config.yaml", "handlers:\n  none: { events: [verification.completed] }\n");
        outcome = await _tester.RunAsync("verify", "dist/letter");
        Assert.Equal(0, outcome.Exit);
        Assert.Contains("warning[CAIRN0688]: No handler is told of this", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_ChecksTestsAndShows()
    {
        Assert.StartsWith("version: 1\nname: strict\n", (await _tester.RunAsync("policy", "show", "strict")).Out, StringComparison.Ordinal);
        _tester.Write("release.yaml", "version: 1\nrequire: { projects: zlib }\n");
        Assert.Equal("release.yaml: no mistakes, 1 rule: projects\n", (await _tester.RunAsync("policy", "check", "release.yaml")).Out);
        _tester.Write("bad.yaml", "version: 1\nrequire: { project: zlib }\n");
        var bad = await _tester.RunAsync("policy", "check", "bad.yaml");
        Assert.Equal(2, bad.Exit);
        Assert.Contains("Did you mean `projects`?", bad.Error, StringComparison.Ordinal);

        _tester.Write("t/release.cases.yaml", "version: 1\npolicy: ../release.yaml\ncases:\n- { name: ours, evidence: { project: zlib }, expect: { verdict: pass } }\n- { name: theirs, evidence: { project: other }, expect: { verdict: pass } }\n");
        var tested = await _tester.RunAsync("policy", "test", "t");
        Assert.Equal(1, tested.Exit);
        Assert.Contains("✓ ours\n✗ theirs", tested.Out, StringComparison.Ordinal);
        Assert.Contains("The policy: expected pass, but it is fail: `projects`: The project is `other`, not `zlib`", tested.Out, StringComparison.Ordinal);
        Assert.EndsWith("2 cases, 1 not as expected\n", tested.Out, StringComparison.Ordinal);
        var nothing = await _tester.RunAsync("policy", "test", "nothing");
        Assert.Equal((2, ""), (nothing.Exit, nothing.Out));
        Assert.StartsWith("error: There is neither a file nor a folder `nothing`\n", nothing.Error, StringComparison.Ordinal);
        Assert.Contains("`LEVEL` takes basic or strict, not `strickt`\nhelp: did you mean `strict`?", (await _tester.RunAsync("policy", "show", "strickt")).Error, StringComparison.Ordinal);
        using var schema = JsonDocument.Parse((await _tester.RunAsync("policy", "schema")).Out);
        using var cases = JsonDocument.Parse((await _tester.RunAsync("policy", "schema", "--cases")).Out);
        Assert.Equal(("Cairn policy", "Cases for a Cairn policy"), (schema.RootElement.GetProperty("title").GetString(), cases.RootElement.GetProperty("title").GetString()));
    }
}
