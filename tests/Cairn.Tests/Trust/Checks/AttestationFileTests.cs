using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Trust.Checks;

/// <summary>Files of anybody's: what is read, and what is refused, with the reason.</summary>
public sealed class AttestationFileTests
{
    private static readonly string App = Digest.Of("app"u8).Hash;

    private static readonly Envelope Good = Sign(new Statement([new Subject("app", App)], "https://example.org/x/v1", new JsonObjectBuilder().Build()).ToJson());

    private static Envelope Sign(byte[] payload)
    {
        using var key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)]);
        return Envelope.Sign(Envelope.InTotoType, [.. payload], key) is var signed ? signed with { Signatures = [signed.Signatures[0] with { KeyId = "" }] } : signed;
    }

    private static string B64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Payload => Convert.ToBase64String(Good.Payload.AsSpan());

    private static string Sig => Convert.ToBase64String(Good.Signatures[0].Bytes.AsSpan());

    private static string EnvelopeHash => Hex.Lower(SHA256.HashData(Good.ToJson()));

    private static string Dsse(string payloadHash, string envelopeHash, string signature) =>
        $$$"""{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{"algorithm":"sha256","value":"{{{envelopeHash}}}"},"payloadHash":{"algorithm":"sha256","value":"{{{payloadHash}}}"},"signatures":[{"signature":"{{{signature}}}","verifier":"x"}]}}""";

    private static string Bundle(string? body = null, string material = "\"publicKey\":{\"hint\":\"h\"}", string? content = null) =>
        $$$"""{"mediaType":"{{{SigstoreBundle.MediaType}}}","verificationMaterial":{{{{material}}}{{{(body is null ? "" : $",\"tlogEntries\":[{{\"logIndex\":\"1\",\"canonicalizedBody\":\"{B64(body)}\"}}]")}}}},{{{content ?? $"\"dsseEnvelope\":{Encoding.UTF8.GetString(Good.ToJson())}"}}}}""";

    private static AttestationFile Read(string text) => AttestationFile.Read("f", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Read_TakesEnvelopesBundlesAndLines()
    {
        var envelope = Encoding.UTF8.GetString(Good.ToJson());
        Assert.Equal("f", Assert.Single(Read(envelope).Found).Where);
        Assert.Empty(Assert.Single(Read(Bundle()).Found).Bundle!.LogEntries);
        Assert.Equal("h", Assert.Single(Read(Bundle()).Found).Bundle!.Hint);
        var lines = Read($"{envelope}\n\n{Bundle()}\r\nnonsense\n");
        Assert.Equal(["f:1", "f:3"], lines.Found.Select(static f => f.Where));
        Assert.Equal("f:4", Assert.Single(lines.Refused).Where);
        Assert.Equal(BundleKey.Certificate, Assert.Single(Read(Bundle(material: "\"certificate\":{\"rawBytes\":\"QQ==\"}")).Found).Bundle!.Key);
        Assert.Single(Read(Bundle().Replace(".v0.3+json", "+json;version=0.2", StringComparison.Ordinal)).Found);
    }

    [Fact]
    public void Read_TakesEntriesThatAreBound()
    {
        Assert.Single(Assert.Single(Read(Bundle(Dsse(Good.PayloadHash, EnvelopeHash, Sig))).Found).Bundle!.LogEntries);
        var go = Hex.Lower(SHA256.HashData(Encoding.UTF8.GetBytes($$"""{"payloadType":"application/vnd.in-toto+json","payload":"{{Payload}}","signatures":[{"keyid":"","sig":"{{Sig}}"}]}""")));
        Assert.Single(Read(Bundle(Dsse(Good.PayloadHash, go, Sig))).Found);
        var pae = Convert.ToBase64String(SHA256.HashData(Envelope.PreAuthentication(Good.PayloadType, Good.Payload.AsSpan())));
        Assert.Single(Read(Bundle($$$$$"""{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"{{{{{pae}}}}}"},"signature":{"content":"{{{{{Sig}}}}}"}}}}""")).Found);
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "", "no JSON" },
        { "nonsense", "no JSON" },
        { "[]", "no object" },
        { "{", "no JSON" },
        { Encoding.UTF8.GetString(Good.ToJson())[..^3], "no JSON" },
        { Encoding.UTF8.GetString(Good.ToJson()) + "x", "no JSON" },
        { string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40), "nested deeper" },
        { $$"""{"payload":"{{Payload}}","payload":"{{Payload}}","payloadType":"t","signatures":[{"sig":"QQ=="}]}""", "stands twice" },
        { $$"""{"payload":"{{Payload}}","payloadType":"t","signatures":[{"sig":"QR=="}]}""", "canonical base64" },
        { """{"payload":"QR==","payloadType":"t","signatures":[{"sig":"QQ=="}]}""", "canonical base64" },
        { """{"payload":"__8=","payloadType":"t","signatures":[{"sig":"//8="}]}""", "mixes the two alphabets" },
        { """{"payload":"QQ==","payloadType":"t","signatures":[]}""", "`signatures`" },
        { $$"""{"payload":"QQ==","payloadType":"t","signatures":[{{string.Join(',', Enumerable.Repeat("{\"sig\":\"QQ==\"}", 17))}}]}""", "`signatures`" },
        { """{"payload":"QQ==","payloadType":"t","signatures":[{"sig":"QQ=="}],"x":1.5}""", "not whole" },
        { """{"payload":"QQ==","payloadType":"t","signatures":[{"sig":"QQ=="}],"x":"\ud800"}""", "surrogate" },
        { """{"signatures":[{"keyid":"8a98","sig":"5232"}],"signed":{"_type":"link","name":"build","command":["make"],"materials":{},"products":{"app":{"sha256":"8d4e"}},"byproducts":{},"environment":{}}}""", "it is an in-toto link" },
        { """{"signed":{"_type":"layout","steps":[],"inspect":[]},"signatures":[]}""", "it is an in-toto layout" },
        { """{"mediaType":"application/vnd.dev.sigstore.bundle.v9+json"}""", "`mediaType`" },
        { Bundle(material: ""), "verificationMaterial" },
        { Bundle(material: "\"publicKey\":{\"hint\":\"h\"},\"certificate\":{}"), "exactly one" },
        { Bundle(content: "\"x\":1"), "exactly one of `dsseEnvelope`" },
        { Bundle(content: $"\"dsseEnvelope\":{Encoding.UTF8.GetString(Good.ToJson())},\"messageSignature\":{{\"messageDigest\":{{\"algorithm\":\"SHA2_256\",\"digest\":\"{Convert.ToBase64String(new byte[32])}\"}},\"signature\":\"QQ==\"}}"), "exactly one of `dsseEnvelope`" },
        { Bundle(content: $$"""
            "dsseEnvelope":{"payload":"{{Payload}}","payloadType":"t","signatures":[{"sig":"QQ=="},{"sig":"QQ=="}]}
            """.Trim()), "2 signatures, not one" },
        { Bundle(content: """
            "messageSignature":{"messageDigest":{"algorithm":"MD5","digest":"QQ=="},"signature":"QQ=="}
            """.Trim()), "`messageDigest`" },
        { Bundle(Dsse(App, EnvelopeHash, Sig)), "another payload" },
        { Bundle(Dsse(Good.PayloadHash, App, Sig)), "hash of another envelope" },
        { Bundle(Dsse(Good.PayloadHash, EnvelopeHash, B64("other"))), "another signature" },
        { Bundle("""{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"""), "nothing binds" },
        { Bundle("""{"apiVersion":"0.0.1","kind":"rfc3161","spec":{}}"""), "nothing binds" },
        { Bundle("""{"kind":"dsse","apiVersion":"0.0.1"}"""), "no `spec`" },
        { Bundle("garbage"), "no JSON" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Read_RefusesWithAReason(string text, string why)
    {
        var file = Read(text);
        Assert.Empty(file.Found);
        Assert.Contains(why, Assert.Single(file.Refused).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"signatures": [{"keyid": "8a98", "sig": "5232"}], "signed": {"_type": "link"}}""", true)]
    [InlineData("""{ "signed": { "expires": "x", "_type" : "layout" """, true)]
    [InlineData("""{"signatures":[],"signed":{"_type":"root","version":1}}""", false)]
    [InlineData("""{"_type":"link"}""", false)]
    public void MayBe_KnowsLinks_AndLeavesOtherSignedJsonAlone(string head, bool may) => Assert.Equal(may, AttestationFile.MayBe(Encoding.UTF8.GetBytes(head)));

    [Theory]
    [InlineData("https://in-toto.io/Statement/v0.1")]
    [InlineData("https://in-toto.io/Statement/v1")]
    public void Statements_OfOthers_AreReadAsInTotoHasThem(string type)
    {
        var json = $$$$"""
            {"_type":"{{{{type}}}}","predicateType":"https://slsa.dev/provenance/v0.2","more":1,
             "subject":[{"name":"app","digest":{"sha256":"{{{{App}}}}","sha512":"ab"}},{"digest":{"sha256":"{{{{App}}}}"}},{"name":"_","digest":{"sha256":"{{{{App}}}}"}},{"name":"_","digest":{"sha256":"{{{{App}}}}"}},{"name":"source","digest":{"gitCommit":"1f3f"}}],
             "predicate":{"builder":{"id":"https://example.org/builder"},"metadata":{"buildFinishedOn":"2026-03-01T10:00:00Z"}}}
            """;
        var statement = Statement.TryRead(Encoding.UTF8.GetBytes(json), out var problem);
        Assert.True(statement is not null, problem);
        Assert.True(statement.IsForeign);
        Assert.Equal(["app", "", "_", "_"], statement.Subjects.Select(static s => s.Name));
        var claims = Claims.Of(statement);
        Assert.Equal(("https://example.org/builder", new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero)), (claims.Builder, claims.Time));

        // What Cairn itself writes is never read from such a one.
        var bare = $$$$"""{"_type":"{{{{type}}}}","predicateType":"{{{{Approval.PredicateType}}}}","subject":[{"name":"_","digest":{"sha256":"{{{{App}}}}"}}]}""";
        Assert.NotNull(Statement.TryRead(Encoding.UTF8.GetBytes(bare), out _));
        Assert.Null(Approval.TryRead(Statement.TryRead(Encoding.UTF8.GetBytes(bare.Replace("]}", "],\"predicate\":{\"approvedOn\":\"2026-03-01T10:00:00Z\"}}", StringComparison.Ordinal)), out _)!, out problem));
        Assert.Contains("version 1", problem, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BadStatements => new()
    {
        { "\"subject\":[{\"name\":\"app\",\"digest\":{\"sha512\":\"ab\"}}]", "none of its subjects has a `sha256`" },
        { "\"subject\":[{\"name\":\"app\"}]", "has no digest" },
        { "\"subject\":[{\"name\":\"app\",\"digest\":{}}]", "has no digest" },
        { "\"subject\":[{\"name\":\"app\",\"digest\":{\"sha256\":\"AB\"}}]", "has not 64 lower-case hex digits" },
        { "\"subject\":[{\"name\":1,\"digest\":{\"sha256\":\"ab\"}}]", "is no text" },
        { "\"subject\":[]", "`subject` is not a list" },
        { $"\"subject\":[{{\"name\":\"../app\",\"digest\":{{\"sha256\":\"{App}\"}}}}]", "leads out of its folder" },
        { $"\"subject\":[{{\"name\":\"app\",\"digest\":{{\"sha256\":\"{App}\"}}}},{{\"name\":\"app\",\"digest\":{{\"sha256\":\"{App}\"}}}}]", "stands twice" },
        { $"\"predicate\":[],\"subject\":[{{\"name\":\"app\",\"digest\":{{\"sha256\":\"{App}\"}}}}]", "`predicate` is no object" },
        { "\"x\":1", "`subject` is not a list" },
    };

    [Theory]
    [MemberData(nameof(BadStatements))]
    public void Statements_ThatMisleadOrSayNothing_AreRefused(string members, string why)
    {
        Assert.Null(Statement.TryRead(Encoding.UTF8.GetBytes($$"""{"_type":"{{Statement.TypeV01}}","predicateType":"https://example.org/x",{{members}}}"""), out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_InAnEnvelope_AreToldApartFromStatements()
    {
        Assert.Null(Statement.TryRead("""{"_type":"link","name":"build","products":{}}"""u8, out var problem));
        Assert.Contains("it is an in-toto link, which counts only beside a layout: `in-toto-verify`", problem, StringComparison.Ordinal);
        Assert.Null(Statement.TryRead("""{"_type":"https://in-toto.io/Statement/v2"}"""u8, out problem));
        Assert.Equal("its `_type` is that of no in-toto statement", problem);
    }

    [Fact]
    public void Read_OfAnyBytes_NeverThrows() => Prop.ForAll<byte[]>(static bytes =>
    {
        var file = AttestationFile.Read("f", bytes ?? []);
        Assert.All(file.Refused, static r => Assert.NotEmpty(r.Problem));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Read_OfAChangedBundle_NeverThrows_AndCountsOnlyTheSame() => Prop.ForAll<int, byte>(static (at, with) =>
    {
        var bytes = Encoding.UTF8.GetBytes(Bundle(Dsse(Good.PayloadHash, EnvelopeHash, Sig)));
        bytes[(at & int.MaxValue) % bytes.Length] = with;
        using var key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)]);
        foreach (var found in AttestationFile.Read("f", bytes).Found)
        {
            Assert.True(found.Envelope!.FindSignatureOf(key.PublicKey) is null || found.Envelope.PayloadHash == Good.PayloadHash);
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
}
