using System.Security.Cryptography;

using Cairn.Testing;
using Cairn.Trust.Keys;

namespace Cairn.Tests.Trust;

public sealed class KeyPemTests
{
    private const string Passphrase = "correct horse ÄÖ battery";

    private static SigningKey NewKey() => SigningKey.FromSeed(RandomNumberGenerator.GetBytes(SigningKey.SeedBytes));

    [Fact]
    public void ReadPrivate_ReadsWhatIsWritten()
    {
        using var key = NewKey();
        using var open = KeyPem.ReadPrivate(KeyPem.WritePrivate(key), default);
        var encrypted = KeyPem.WriteEncrypted(key, Passphrase, RandomNumberGenerator.GetBytes(KeyPem.RandomBytes));
        using var closed = KeyPem.ReadPrivate(encrypted, Passphrase);

        Assert.True(KeyPem.IsEncrypted(encrypted));
        Assert.Equal(key.PublicKey, open.PublicKey);
        Assert.Equal(key.PublicKey, closed.PublicKey);
        Assert.Equal(key.PublicKey, KeyPem.ReadPublic(KeyPem.WritePublic(key.PublicKey)));
    }

    [Fact]
    public async Task OpenSsl_ReadsWhatIsWritten_AndWritesWhatIsRead()
    {
        using var folder = new TemporaryFolder();
        using var key = NewKey();
        var token = TestContext.Current.CancellationToken;
        var encrypted = Path.Combine(folder.Path, "encrypted.pem");
        await File.WriteAllTextAsync(encrypted, KeyPem.WriteEncrypted(key, Passphrase, RandomNumberGenerator.GetBytes(KeyPem.RandomBytes)), token);

        // What we wrote, decrypted and its public key taken by OpenSSL.
        var derived = await new Tool("openssl", "pkey", "-in", encrypted, "-passin", $"pass:{Passphrase}", "-pubout").RunAsync(token);
        Assert.True(derived.ExitCode == 0, derived.Error);
        Assert.Equal(KeyPem.WritePublic(key.PublicKey), derived.Output);

        // What OpenSSL makes and encrypts.
        var foreign = Path.Combine(folder.Path, "foreign.pem");
        Assert.Equal(0, (await new Tool("openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:other", "-out", foreign).RunAsync(token)).ExitCode);
        var pem = await File.ReadAllTextAsync(foreign, token);
        using var read = KeyPem.ReadPrivate(pem, "other");
        var publicKey = await new Tool("openssl", "pkey", "-in", foreign, "-passin", "pass:other", "-pubout").RunAsync(token);
        Assert.Equal(read.PublicKey, KeyPem.ReadPublic(publicKey.Output));
        Assert.Contains("passphrase is wrong", Assert.Throws<WrongPassphraseException>(() => KeyPem.ReadPrivate(pem, "another")).Message, StringComparison.Ordinal);
        Assert.Contains("no passphrase", Assert.Throws<KeyFormatException>(() => KeyPem.ReadPrivate(pem, default)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-v2", "aes-256-cbc")]
    [InlineData("-v2", "aes-128-cbc")]
    [InlineData("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512")]
    [InlineData("-scrypt")]
    [InlineData("-scrypt", "-scrypt_N", "1024", "-scrypt_r", "4", "-scrypt_p", "2")]
    public async Task ReadPrivate_OpensWhatOpenSslEncrypts(params string[] how)
    {
        using var folder = new TemporaryFolder();
        using var key = NewKey();
        var token = TestContext.Current.CancellationToken;
        var plain = folder["plain.pem"];
        await File.WriteAllTextAsync(plain, KeyPem.WritePrivate(key), token);
        var made = await new Tool("openssl", ["pkcs8", "-topk8", .. how, "-in", plain, "-passout", $"pass:{Passphrase}"]).RunAsync(token);
        Assert.True(made.ExitCode == 0, made.Error);
        using var read = KeyPem.ReadPrivate(made.Output, Passphrase);
        Assert.Equal(key.PublicKey, read.PublicKey);
        Assert.Throws<WrongPassphraseException>(() => KeyPem.ReadPrivate(made.Output, "another"));
    }

    [Fact]
    public async Task ReadPrivate_RefusesWhatCostsTooMuch()
    {
        using var folder = new TemporaryFolder();
        using var key = NewKey();
        var token = TestContext.Current.CancellationToken;
        var plain = folder["plain.pem"];
        await File.WriteAllTextAsync(plain, KeyPem.WritePrivate(key), token);
        var made = await new Tool("openssl", "pkcs8", "-topk8", "-scrypt", "-scrypt_N", "1024", "-in", plain, "-passout", "pass:x").RunAsync(token);
        var der = Convert.FromBase64String(string.Concat(made.Output.Split('\n').Where(static l => !l.StartsWith('-'))));
        var at = der.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x02, 0x02, 0x04, 0x00]);
        Assert.True(at > 0);
        der[at + 2] = 0x7F;
        der[at + 3] = 0xFF;
        der[at + 6] = 0x7F;
        var costly = PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", der);
        Assert.Contains("more memory or time", Assert.Throws<KeyFormatException>(() => KeyPem.ReadPrivate(costly, "x")).Message, StringComparison.Ordinal);
        var old = await new Tool("openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1", "-in", plain, "-passout", "pass:x").RunAsync(token);
        Assert.Contains("in a way that is not read here", Assert.Throws<KeyFormatException>(() => KeyPem.ReadPrivate(old.Output, "x")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AAAA", "neither an Ed25519 key nor one on P-256")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "small order")]
    [InlineData("QR==", "neither PEM nor canonical base64")]
    [InlineData("", "neither an Ed25519 key nor one on P-256")]
    public void ReadVerificationText_SaysWhy(string text, string why) =>
        Assert.Contains(why, Assert.Throws<KeyFormatException>(() => KeyPem.ReadVerificationText(text)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task OpenSsl_VerifiesOurSignatures()
    {
        using var folder = new TemporaryFolder();
        using var key = NewKey();
        var token = TestContext.Current.CancellationToken;
        var (message, signature, publicKey) = (Path.Combine(folder.Path, "m"), Path.Combine(folder.Path, "s"), Path.Combine(folder.Path, "k"));
        await File.WriteAllTextAsync(message, "what was signed", token);
        await File.WriteAllBytesAsync(signature, key.Sign("what was signed"u8), token);
        await File.WriteAllTextAsync(publicKey, KeyPem.WritePublic(key.PublicKey), token);

        var verified = await new Tool("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", publicKey, "-rawin", "-in", message, "-sigfile", signature).RunAsync(token);
        Assert.True(verified.ExitCode == 0, verified.Error);
    }

    [Theory]
    [InlineData("", "no PEM")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n", "PKCS#8")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "damaged")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "public key")]
    public void ReadPrivate_SaysWhy(string pem, string why) =>
        Assert.Contains(why, Assert.Throws<KeyFormatException>(() => KeyPem.ReadPrivate(pem, default)).Message, StringComparison.Ordinal);

    [Fact]
    public void ReadPrivate_RefusesEveryTruncationAndOtherAlgorithms()
    {
        using var key = NewKey();
        var pem = KeyPem.WritePrivate(key);
        for (var length = 0; length < pem.Length - 1; length++)
        {
            Assert.Throws<KeyFormatException>(() => KeyPem.ReadPrivate(pem[..length], default));
        }

        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Contains("not an Ed25519 key", Assert.Throws<KeyFormatException>(() => KeyPem.ReadPrivate(p256.ExportPkcs8PrivateKeyPem(), default)).Message, StringComparison.Ordinal);
        Assert.Throws<KeyFormatException>(() => KeyPem.ReadPublic(p256.ExportSubjectPublicKeyInfoPem()));
    }
}
