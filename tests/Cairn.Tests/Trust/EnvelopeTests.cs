using System.Collections.Immutable;
using System.Text;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Trust;

public sealed class EnvelopeTests
{
    private static readonly byte[] Seed = [.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)];

    private static Envelope Signed(string payload)
    {
        using var key = SigningKey.FromSeed(Seed);
        return Envelope.Sign(Envelope.InTotoType, [.. Encoding.UTF8.GetBytes(payload)], key);
    }

    // The example of the DSSE specification.
    [Fact]
    public void PreAuthentication_IsThatOfTheSpecification() =>
        Assert.Equal("DSSEv1 29 http://example.com/HelloWorld 11 hello world", Encoding.UTF8.GetString(Envelope.PreAuthentication("http://example.com/HelloWorld", "hello world"u8)));

    [Fact]
    public void TryReadOwn_ReadsWhatIsWritten()
    {
        using var key = SigningKey.FromSeed(Seed);
        var envelope = Signed("{}");
        var read = Envelope.TryReadOwn(envelope.ToJson(), out var problem);

        Assert.Null(problem);
        Assert.Equal(envelope.ToJson(), read!.ToJson());
        Assert.NotNull(read.FindSignatureOf(key.PublicKey));
        Assert.Null((read with { PayloadType = "text/plain" }).FindSignatureOf(key.PublicKey));
        Assert.Null((read with { Payload = [.. "{ }"u8] }).FindSignatureOf(key.PublicKey));
    }

    [Fact]
    public void TryReadOwn_RefusesEveryChangedByte()
    {
        using var key = SigningKey.FromSeed(Seed);
        var json = Signed("""{"a":1}""").ToJson();
        for (var i = 0; i < json.Length; i++)
        {
            foreach (var change in (byte[])[1, 0x20, 0x80])
            {
                var changed = (byte[])json.Clone();
                changed[i] ^= change;

                // The key id is a hint; all else counts.
                var envelope = Envelope.TryReadOwn(changed, out _);
                Assert.True(envelope is null || envelope.FindSignatureOf(key.PublicKey) is null || envelope.Signatures[0].KeyId != key.PublicKey.Id, $"Byte {i}");
            }
        }
    }

    [Theory]
    [InlineData("""[]""", "no object")]
    [InlineData("""{"payload":"QQ==","signatures":[{"sig":"QQ=="}]}""", "payloadType")]
    [InlineData("""{"payload":"QR==","payloadType":"t","signatures":[{"sig":"QQ=="}]}""", "payload")]
    [InlineData("""{"payload":"QQ==","payloadType":"t","signatures":[]}""", "signatures")]
    [InlineData("""{"payload":"QQ==","payloadType":"t","signatures":[{"sig":"Q"}]}""", "sig")]
    [InlineData("""{"payload":"QQ==","payloadType":"t","signatures":[{"sig":"QQ==","keyid":1}]}""", "keyid")]
    [InlineData("""{"payload":"__8=","payloadType":"t","signatures":[{"sig":"//8="}]}""", "alphabets")]
    [InlineData("""{"payload":"//8=","payloadType":"t","signatures":[{"sig":"__8="}]}""", "alphabets")]
    [InlineData("""{"payload":"QQ==","payload":"QQ==","payloadType":"t","signatures":[{"sig":"QQ=="}]}""", "twice")]
    public void TryRead_SaysWhy(string json, string why)
    {
        Assert.Null(Envelope.TryRead(Encoding.UTF8.GetBytes(json), out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x", "leads out")]
    [InlineData("a/../../x", "leads out")]
    [InlineData("..\\x", "leads out")]
    [InlineData("/etc/passwd", "leads out")]
    [InlineData("a\u0000b", "control")]
    [InlineData("app\u202Etxt", "not seen")]
    [InlineData("\u0430pp", "looks like")]
    [InlineData("app", "twice")]
    [InlineData("\uFF41pp", "looks like")]
    [InlineData("ape\u0301", "accent")]
    public void Statement_RefusesSubjectsThatMislead(string name, string why)
    {
        var hash = new string('a', 64);
        var json = $$$"""{"_type":"{{{Statement.TypeV1}}}","subject":[{"name":"app","digest":{"sha256":"{{{hash}}}"}},{"name":{{{System.Text.Json.JsonSerializer.Serialize(name)}}},"digest":{"sha256":"{{{hash}}}"}}],"predicateType":"t","predicate":{}}""";
        Assert.Null(Statement.TryRead(Encoding.UTF8.GetBytes(json), out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Statement_TakesNamesOfEveryScript()
    {
        ImmutableArray<Subject> subjects = [new("приложение", new string('a', 64)), new("アプリ", new string('b', 64)), new("größe/é", new string('c', 64)), new("plain", new string('d', 64))];
        var read = Statement.TryRead(new Statement(subjects, "t", new Cairn.Trust.Json.JsonObjectBuilder().Build()).ToJson(), out var problem);
        Assert.Null(problem);
        Assert.Equal(subjects, read!.Subjects);
    }
}
