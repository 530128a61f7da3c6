using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Trust.Checks;

/// <summary>The lines of the checklist.</summary>
public sealed class ArtifactVerifierTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly string App = Digest.Of("app"u8).Hash;

    private readonly SigningKey _ci = KeyOf(1);
    private readonly SigningKey _alice = KeyOf(2);
    private readonly SigningKey _stranger = KeyOf(3);

    public void Dispose()
    {
        _ci.Dispose();
        _alice.Dispose();
        _stranger.Dispose();
    }

    private static SigningKey KeyOf(byte number) => SigningKey.FromSeed([.. Enumerable.Range(number, SigningKey.SeedBytes).Select(static i => (byte)i)]);

    private static RunReceipt Receipt { get; } = new()
    {
        RunId = "20261121T100000Z-7f3a9c",
        Project = "zlib",
        Pipeline = new ReceiptPipeline("zlib", "cairn.yaml", [new ReceiptFile("cairn.yaml", Digest.Of("p"u8).Hash)]),
        Source = new ReceiptSource { Commit = new string('c', 40), IsDirty = false },
        Steps = [new ReceiptStep { Job = "build", Step = "build", Status = JobStatus.Succeeded, Cache = CacheState.Miss, Action = Digest.Of("a"u8).Hash, Isolation = "sandbox", Network = "none", Builder = BuilderIds.LocalSandbox, Outputs = [new ReceiptFile("dist/app", App)] }],
        Status = RunStatus.Succeeded,
        Tier = "branch",
        Builder = BuilderIds.LocalSandbox,
        Version = "0.1.0",
        Started = Now.AddHours(-2),
        Finished = Now.AddHours(-1),
    };

    private static Envelope Sign(Statement statement, params SigningKey[] keys)
    {
        ImmutableArray<byte> payload = [.. statement.ToJson()];
        var first = Envelope.Sign(Envelope.InTotoType, payload, keys[0]);
        return first with { Signatures = [.. keys.Select(k => Envelope.Sign(Envelope.InTotoType, payload, k).Signatures[0])] };
    }

    private TrustedKey Ci => new() { Key = _ci.PublicKey, Name = "ci", Owner = "Builders" };

    private TrustedKey Alice => new() { Key = _alice.PublicKey, Name = "alice", Owner = "Alice" };

    private static Checklist Verify(TrustStore store, ImmutableArray<Envelope> envelopes, string policy = "version: 1\nrequire: { signatures: 1 }\n", ImmutableArray<VerifiedFile>? files = null, bool trustedOnly = false)
    {
        var judge = new AttestationJudge(store, Now);
        ImmutableArray<JudgedAttestation> judged = [.. envelopes.Select((e, i) => judge.Judge(new FoundAttestation($"{i}.json", e, null), static _ => null))];
        var given = files ?? [new VerifiedFile("app", App)];
        return ArtifactVerifier.Verify(new VerificationTask
        {
            Judge = judge,
            Policy = PolicyReader.Read("test.yaml", Encoding.UTF8.GetBytes(policy)).Policy!,
            Attestations = judged,
            Main = ArtifactVerifier.Choose(judged, given),
            Files = given,
            TrustedOnly = trustedOnly,
        });
    }

    private static void Has(Checklist list, CheckKind kind, Verdict verdict, string reason) =>
        Assert.True(list.Lines.Any(l => l.Kind == kind && l.Verdict == verdict && l.Reason.Contains(reason, StringComparison.Ordinal)), string.Join('\n', list.Lines.Select(static l => $"{l.Kind} {l.Verdict} {l.Reason}")));

    [Fact]
    public void Verify_OfAGoodReceipt_PassesLineByLine()
    {
        var list = Verify(new TrustStore([Ci], []), [Sign(RunProvenance.Write(Receipt), _ci)]);

        // The log is not checked, and this policy fails what is not.
        Assert.Equal(["Syntax Pass", "Files Pass", "Hashes Pass", "Signatures Pass", "Trust Pass", "Validity Pass", "Roles Pass", "Thresholds Pass", "Policy Pass", "Log NotChecked"], list.Lines.Select(static l => $"{l.Kind} {l.Verdict}"));
        Assert.Equal(Conclusion.Failed, list.Conclusion);
        Assert.Equal(Conclusion.Verified, Verify(new TrustStore([Ci], []), [Sign(RunProvenance.Write(Receipt), _ci)], "version: 1\nnot_checked: allow\nrequire: { signatures: 1 }\n").Conclusion);
        Assert.Equal("dist/app", Assert.Single(list.Evidence.Artifacts).Name);
        Assert.Equal(new BuildEvidence("Builders", BuilderIds.LocalSandbox, "dist/app", App, Digest.Of("a"u8).Hash), Assert.Single(list.Evidence.Builds));
    }

    [Fact]
    public void Verify_OfOtherBytes_SaysWhichWereAttested()
    {
        var list = Verify(new TrustStore([Ci], []), [Sign(RunProvenance.Write(Receipt), _ci)], files: [new VerifiedFile("app", App), new VerifiedFile("dist/app", Digest.Of("evil"u8).Hash)]);
        Has(list, CheckKind.Hashes, Verdict.Fail, $"but `dist/app` was attested with `{App}`");
        Assert.Equal(Conclusion.Failed, list.Conclusion);
        Has(Verify(new TrustStore([Ci], []), [Sign(RunProvenance.Write(Receipt), _ci)], files: [new VerifiedFile("app", App), new VerifiedFile("gone", null, "is not there")]), CheckKind.Files, Verdict.Fail, "`gone` is not there");
    }

    [Fact]
    public void Verify_WithoutTrustedSigner_IsNeverVerified()
    {
        var envelope = Sign(RunProvenance.Write(Receipt), _stranger);
        var list = Verify(new TrustStore([Ci], []), [envelope], PolicyLevels.TextOf("basic")!);
        Assert.Equal(Conclusion.Unverifiable, list.Conclusion);
        Has(list, CheckKind.Signatures, Verdict.NotChecked, "is not known here");
        Has(list, CheckKind.Policy, Verdict.NotChecked, "was not asked");
        Assert.Empty(list.Used);
        Assert.Equal(Conclusion.Failed, Verify(new TrustStore([Ci], []), [envelope], trustedOnly: true).Conclusion);
        Assert.Equal(Conclusion.Unverifiable, Verify(TrustStore.Empty, [], PolicyLevels.TextOf("basic")!).Conclusion);
    }

    [Fact]
    public void Verify_OfAForgedSignature_Fails()
    {
        var good = Sign(RunProvenance.Write(Receipt), _ci);
        var forged = good with { Signatures = [new EnvelopeSignature(_ci.PublicKey.Id, Sign(RunProvenance.Write(Receipt), _stranger).Signatures[0].Bytes)] };
        var list = Verify(new TrustStore([Ci], []), [forged]);
        Has(list, CheckKind.Signatures, Verdict.Fail, "names the key `ci`, which did not make its signature");
        Assert.Equal(Conclusion.Failed, list.Conclusion);
    }

    [Fact]
    public void Verify_ByKeysThatRanOut_GoesByWhatIsClaimedUnlessRevoked()
    {
        var envelope = Sign(RunProvenance.Write(Receipt), _ci);
        Has(Verify(new TrustStore([Ci with { Until = Now.AddMinutes(-30) }], []), [envelope]), CheckKind.Validity, Verdict.NotChecked, "no log vouches for that");
        Has(Verify(new TrustStore([Ci with { Until = Now.AddHours(-3) }], []), [envelope]), CheckKind.Validity, Verdict.Fail, "was valid until");
        Has(Verify(new TrustStore([Ci with { From = Now.AddHours(1) }], []), [envelope]), CheckKind.Validity, Verdict.Fail, "not valid before");
        Has(Verify(new TrustStore([Ci with { Revoked = Now.AddMinutes(-1) }], []), [envelope]), CheckKind.Validity, Verdict.Fail, "revoked");
        Assert.Equal(Conclusion.Failed, Verify(new TrustStore([Ci with { Revoked = Now.AddMinutes(-1) }], []), [envelope], PolicyLevels.TextOf("basic")!).Conclusion);
    }

    [Fact]
    public void Verify_ByAKeyThatMayNot_Fails()
    {
        var envelope = Sign(RunProvenance.Write(Receipt), _ci);
        Has(Verify(new TrustStore([Ci with { Builders = ["https://other"] }], []), [envelope]), CheckKind.Roles, Verdict.Fail, "may not speak for the builder");
        Has(Verify(new TrustStore([Ci with { Projects = [RolePattern.Parse("libpng")] }], []), [envelope]), CheckKind.Roles, Verdict.Fail, "may not sign for the project `zlib`");
        Assert.Equal(Conclusion.Failed, Verify(new TrustStore([Ci with { Pipelines = [RolePattern.Parse("x")] }], []), [envelope], PolicyLevels.TextOf("basic")!).Conclusion);
    }

    [Fact]
    public void Verify_CountsSignersOverEnvelopesOfTheSamePayload()
    {
        var statement = RunProvenance.Write(Receipt);
        var store = new TrustStore([Ci, Alice], [new Threshold(2)]);
        Has(Verify(store, [Sign(statement, _ci)]), CheckKind.Thresholds, Verdict.Fail, "and one did");
        Has(Verify(store, [Sign(statement, _ci), Sign(statement, _ci)]), CheckKind.Thresholds, Verdict.Fail, "and one did");
        Has(Verify(store, [Sign(statement, _ci), Sign(statement, _alice)]), CheckKind.Thresholds, Verdict.Pass, "2 keys signed, and 2 must");
        Has(Verify(store, [Sign(statement, _ci, _alice)]), CheckKind.Thresholds, Verdict.Pass, "2 keys");
        Has(Verify(store, [Sign(statement, _ci), Sign(RunProvenance.Write(Receipt with { Finished = Now }), _alice)]), CheckKind.Thresholds, Verdict.Fail, "and one did");
    }

    [Fact]
    public void Verify_CountsApprovalsOfThisReceiptOnly()
    {
        const string Policy = "version: 1\nrequire: { approvals: 1 }\n";
        var statement = RunProvenance.Write(Receipt);
        var receipt = Sign(statement, _ci);
        var store = new TrustStore([Ci, Alice], []);
        Envelope Approve(SigningKey key, string? of) => Sign(new Approval(Now.AddMinutes(-5), of, "fine").Write(statement.Subjects), key);

        Has(Verify(store, [receipt, Approve(_alice, receipt.PayloadHash)], Policy), CheckKind.Policy, Verdict.Pass, "Approved by `alice`");
        Has(Verify(store, [receipt, Approve(_alice, null)], Policy), CheckKind.Policy, Verdict.Pass, "Approved by `alice`");
        Has(Verify(store, [receipt, Approve(_alice, App)], Policy), CheckKind.Policy, Verdict.Fail, "none there");
        Has(Verify(store, [receipt, Approve(_ci, null)], Policy), CheckKind.Policy, Verdict.Fail, "`ci` built it");
        var strange = Verify(store, [receipt, Approve(_stranger, null)], Policy);
        Has(strange, CheckKind.Policy, Verdict.Fail, "none there");
        Has(strange, CheckKind.Trust, Verdict.NotChecked, "`1.json` is left out");
        Has(Verify(new TrustStore([Ci, Alice with { Projects = [RolePattern.Parse("other")] }], []), [receipt, Approve(_alice, null)], Policy), CheckKind.Policy, Verdict.Fail, "none there");
    }

    [Fact]
    public void Verify_CountsExecutionsOfOthers_NotHits()
    {
        const string Policy = "version: 1\nrequire: { reproduced: 2 }\n";
        var mine = Sign(RunProvenance.Write(Receipt), _ci);
        var other = Receipt with { RunId = "20261121T100000Z-aaaaaa" };
        var store = new TrustStore([Ci, Alice], []);

        Has(Verify(store, [mine, Sign(RunProvenance.Write(other), _alice)], Policy), CheckKind.Policy, Verdict.Pass, "`Alice`, `Builders` made the same bytes");
        Has(Verify(store, [mine, Sign(RunProvenance.Write(other with { Steps = [other.Steps[0] with { Cache = CacheState.Hit }] }), _alice)], Policy), CheckKind.Policy, Verdict.Fail, "must be by 2");
        Has(Verify(store, [mine, Sign(RunProvenance.Write(Receipt), _alice)], Policy), CheckKind.Policy, Verdict.Fail, "must be by 2");
    }

    [Fact]
    public void Verify_TakesForeignStatements()
    {
        var predicate = new JsonObjectBuilder().Add("builder", new JsonObjectBuilder().Add("id", "https://github.com/actions").Build()).Add("metadata", new JsonObjectBuilder().Add("buildFinishedOn", "2026-11-20T10:00:00Z").Build()).Build();
        var old = new Statement([new Subject("app.bin", App)], "https://slsa.dev/provenance/v0.2", predicate);
        var list = Verify(new TrustStore([Ci], []), [Sign(old, _ci)], "version: 1\nrequire: { builders: \"https://github.com/*\", age: 3d, isolation: sandbox }\n");
        Has(list, CheckKind.Syntax, Verdict.Pass, "provenance by the builder `https://github.com/actions`");
        Has(list, CheckKind.Policy, Verdict.Pass, "`https://github.com/actions` is allowed");
        Has(list, CheckKind.Policy, Verdict.NotChecked, "No attestation names the jobs");
        Has(list, CheckKind.Policy, Verdict.Pass, "2026-11-20 10:00");
    }

    [Fact]
    public void VerifyHash_TakesEverySignatureOfTheKey_AndNothingThatIsNone()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var read = P256Key.TryReadPem(key.ExportSubjectPublicKeyInfoPem(), out _)!;
        var hash = Convert.FromHexString(App);

        // Among so many are some with a number that is shorter, by one byte in 128 and by two in 32,768.
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(read.VerifyHash(hash, key.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence)));
        }

        var signature = key.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence);
        for (var length = 0; length < signature.Length; length++)
        {
            Assert.False(read.VerifyHash(hash, signature.AsSpan(0, length)));
        }

        for (var at = 0; at < signature.Length; at++)
        {
            signature[at] ^= 0x81;
            Assert.False(read.VerifyHash(hash, signature));
            signature[at] ^= 0x81;
        }

        Assert.False(read.VerifyHash(hash, [.. signature, 0]));
        Assert.False(read.VerifyHash(hash, new byte[64]));
        Assert.True(read.VerifyHash(hash, signature));
    }

    [Fact]
    public void Verify_TakesKeysOnP256_AndSignaturesOverArtifacts()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var read = P256Key.TryReadPem(key.ExportSubjectPublicKeyInfoPem(), out var problem);
        Assert.Null(problem);
        var judge = new AttestationJudge(new TrustStore([new TrustedKey { Key = read!, Name = "cosign.pub", IsGiven = true }], []), Now);
        var payload = new Statement([new Subject("app", App)], "https://example.org/x", new JsonObjectBuilder().Build()).ToJson();
        var envelope = new Envelope(Envelope.InTotoType, [.. payload], [new EnvelopeSignature("", [.. key.SignData(Envelope.PreAuthentication(Envelope.InTotoType, payload), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)])]);
        Assert.True(judge.Judge(new FoundAttestation("x", envelope, null), static _ => null).Counts);
        Assert.False(judge.Judge(new FoundAttestation("x", envelope with { PayloadType = "text/plain" }, null), static _ => null).Counts);

        var message = new MessageSignature(App, [.. key.SignHash(Convert.FromHexString(App), DSASignatureFormat.Rfc3279DerSequence)]);
        var bundle = new SigstoreBundle { Key = BundleKey.Hint, Message = message };
        Assert.True(judge.Judge(new FoundAttestation("x", null, bundle), static _ => null).Counts);
        Assert.False(judge.Judge(new FoundAttestation("x", null, bundle with { Message = message with { Sha256 = Digest.Of("b"u8).Hash } }), static _ => null).Counts);

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Null(P256Key.TryReadPem(other.ExportSubjectPublicKeyInfoPem(), out problem));
        Assert.Contains("P-256", problem, StringComparison.Ordinal);

        // A curve that nobody has heard of: the last number of its name is another.
        var spki = key.ExportSubjectPublicKeyInfo();
        spki[8] ^= 0x55;
        spki[22] ^= 0x55;
        Assert.Null(P256Key.TryReadSpki(spki, out problem));
        spki = key.ExportSubjectPublicKeyInfo();
        spki[15] ^= 2;
        Assert.Null(P256Key.TryReadSpki(spki, out problem));
        Assert.Contains("neither an Ed25519 key nor one on P-256", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Summary_NeverClaimsMoreThanTheBuilder()
    {
        static string LevelOf(string? builder, bool passed) => Encoding.UTF8.GetString(new VerificationSummary
        {
            Version = "1",
            Time = Now,
            ResourceUri = "pkg:generic/app",
            Policy = new SummaryReference("strict", App),
            HasPassed = passed,
            Builder = builder,
        }.Write([new Subject("app", App)]).ToJson());

        Assert.Contains("\"verifiedLevels\":[\"SLSA_BUILD_LEVEL_1\"]", LevelOf(BuilderIds.LocalSandbox, true), StringComparison.Ordinal);
        Assert.Contains("\"verificationResult\":\"PASSED\",\"verifiedLevels\":[\"SLSA_BUILD_LEVEL_UNEVALUATED\"]", LevelOf("https://github.com/actions", true), StringComparison.Ordinal);
        Assert.Contains("\"verificationResult\":\"FAILED\",\"verifiedLevels\":[\"FAILED\"]", LevelOf(BuilderIds.LocalSandbox, false), StringComparison.Ordinal);
        Assert.Contains("UNEVALUATED", LevelOf(null, true), StringComparison.Ordinal);
    }
}
