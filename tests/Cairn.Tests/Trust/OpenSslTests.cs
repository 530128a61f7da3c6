using System.Globalization;
using System.Text;

using Cairn.Testing;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;

namespace Cairn.Tests.Trust;

/// <summary>A verifier that others wrote accepts what is signed here, and refuses one changed byte: <c>openssl pkeyutl</c> over the pre-authentication encoding, put together by a shell from the envelope's file.</summary>
public sealed class OpenSslTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Verifies a file with an envelope as a stranger would, with nothing but the specification.</summary>
    internal static async Task<bool> VerifiesAsync(TemporaryFolder folder, string envelopePath, string publicKeyPem, Func<byte[], byte[]>? change = null)
    {
        var json = (JsonValue.Object)StrictJson.TryRead(await File.ReadAllBytesAsync(envelopePath, TestContext.Current.CancellationToken), out _)!;
        var signature = (JsonValue.Object)((JsonValue.List)json["signatures"]!).Items[0];
        var payload = Convert.FromBase64String(json.TextOf("payload")!);
        payload = change?.Invoke(payload) ?? payload;
        var type = json.TextOf("payloadType")!;
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {type.Length} {type} {payload.Length} ")), .. payload];
        await File.WriteAllBytesAsync(folder["signed"], signed, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(folder["signature"], Convert.FromBase64String(signature.TextOf("sig")!), TestContext.Current.CancellationToken);
        folder.Write("key.pem", publicKeyPem);
        var result = await new Tool("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", folder["key.pem"], "-sigfile", folder["signature"], "-in", folder["signed"]).RunAsync(TestContext.Current.CancellationToken);
        Assert.Contains(result.ExitCode == 0 ? "Verified Successfully" : "Verification Failure", result.Output + result.Error, StringComparison.OrdinalIgnoreCase);
        return result.ExitCode == 0;
    }

    public static TheoryData<string> Vectors => ["action-envelope.json", "run-envelope.json"];

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task OpenSsl_AcceptsTheVectors_AndRefusesOneChangedByte(string vector)
    {
        using var key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)]);
        var path = Path.Combine(SourceTree.Root, "testdata", "trust", vector);
        Assert.True(await VerifiesAsync(_folder, path, KeyPem.WritePublic(key.PublicKey)));
        Assert.False(await VerifiesAsync(_folder, path, KeyPem.WritePublic(key.PublicKey), static payload =>
        {
            payload[^2] ^= 1;
            return payload;
        }));
        using var other = SigningKey.FromSeed(new byte[SigningKey.SeedBytes]);
        Assert.False(await VerifiesAsync(_folder, path, KeyPem.WritePublic(other.PublicKey)));
    }

    [Fact]
    public void Envelope_IsItsOwnCanonicalForm()
    {
        using var key = SigningKey.FromSeed(new byte[SigningKey.SeedBytes]);
        for (var length = 0; length < 70; length++)
        {
            var payload = Enumerable.Range(0, length).Select(i => (byte)((i * 37) + length)).ToArray();
            var json = Envelope.Sign("text/plain; \"q\"", [.. payload], key).ToJson();
            var value = (JsonValue.Object)StrictJson.TryRead(json, out _)!;
            Assert.Equal(CanonicalJson.Write(value), json);
            Assert.Equal(Convert.ToBase64String(payload), value.TextOf("payload"));
        }
    }
}
