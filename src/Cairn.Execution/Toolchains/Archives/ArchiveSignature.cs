using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Trust.Keys;

namespace Cairn.Execution.Toolchains.Archives;

/// <summary>
/// Checks the detached signatures of archives. What kind of signature it must be follows from the key, which the pipeline names, never from the signature: OpenPGP, minisign, or
/// Ed25519 over the bytes themselves.
/// </summary>
internal static class ArchiveSignature
{
    // Ed25519 reads the message twice, so that all of it must be in memory.
    private const int MessageBytesMax = 1 << 30;
    private const int KeyFileBytesMax = 4 << 20;

    /// <summary>Checks; which key signed. Throws <see cref="ToolchainException"/> where it did not.</summary>
    /// <param name="tools">What it is checked with.</param>
    /// <param name="archive">The archive, which is in the store.</param>
    /// <param name="signature">The file of the signature.</param>
    /// <param name="key">The key as the pipeline names it.</param>
    /// <param name="signer">The only signer that counts, as this said it before; null for any that the key allows.</param>
    /// <param name="acceptExpired">Whether an OpenPGP key may have expired since.</param>
    /// <param name="what">For messages.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<string> CheckAsync(ToolchainTools tools, Digest archive, byte[] signature, string key, string? signer, bool acceptExpired, string what, CancellationToken cancellationToken)
    {
        string found;
        if (MinisignText.TryReadKey(key, out var inline))
        {
            found = CheckMinisign(tools, archive, signature, inline, what);
        }
        else
        {
            var path = tools.PathOf(key);
            var content = ReadKey(path, key);
            var text = Encoding.UTF8.GetString(content);
            found = MinisignText.TryReadKey(text, out var minisign) ? CheckMinisign(tools, archive, signature, minisign, what)
                : PemEncoding.TryFind(text, out var pem) && text[pem.Label] is "PUBLIC KEY" ? CheckEd25519(tools, archive, signature, Convert.FromBase64String(text[pem.Base64Data]), what)
                : await CheckOpenPgpAsync(tools, archive, signature, path, signer, acceptExpired, what, cancellationToken);
        }

        return signer is null || signer == found ? found : throw new ToolchainException($"{Capital(what)} is signed by {found}, and was locked with a signature of {signer}");
    }

    private static string CheckMinisign(ToolchainTools tools, Digest archive, byte[] file, MinisignKey key, string what)
    {
        MinisignSignature signature;
        try
        {
            signature = MinisignText.ReadSignature(Encoding.UTF8.GetString(file));
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"The signature of {what} cannot be read: {exception.Message}", inner: exception);
        }

        var publicKey = PublicKey.TryCreate(key.Key, out var problem) ?? throw Unfit(what, problem);
        byte[] message;
        if (signature.IsPrehashed)
        {
            using var source = Open(tools, archive, what);
            message = Blake2b.HashOf(source);
        }
        else
        {
            message = ReadWhole(tools, archive, what);
        }

        if (!publicKey.Verify(message, signature.Signature))
        {
            throw Wrong(what, signature.KeyId == key.Id ? "the signature is wrong" : $"it is signed by the key {signature.KeyId}, and the pipeline names {key.Id}");
        }

        return publicKey.Verify(MinisignText.GlobalMessage(signature), signature.GlobalSignature) ? $"minisign {key.Id}" : throw Wrong(what, "the signature of its trusted comment is wrong");
    }

    private static string CheckEd25519(ToolchainTools tools, Digest archive, byte[] signature, byte[] spki, string what)
    {
        var key = PublicKey.TryCreateFromSpki(spki, out var problem) ?? throw Unfit(what, problem);
        var raw = signature.Length == PublicKey.SignatureBytes ? signature : Decode(Encoding.ASCII.GetString(signature).Trim());
        if (raw is not { Length: PublicKey.SignatureBytes })
        {
            throw new ToolchainException($"The signature of {what} cannot be read: it is neither {PublicKey.SignatureBytes} bytes nor the Base64 of them");
        }

        return key.Verify(ReadWhole(tools, archive, what), raw) ? $"ed25519 {Convert.ToHexStringLower(key.Raw.AsSpan())}" : throw Wrong(what, "the signature is wrong");
    }

    private static async Task<string> CheckOpenPgpAsync(ToolchainTools tools, Digest archive, byte[] signature, string keyring, string? signer, bool acceptExpired, string what, CancellationToken cancellationToken)
    {
        const string Kind = "openpgp ";
        var folder = Directory.CreateTempSubdirectory("cairn-archive-");
        try
        {
            var path = $"{folder}/archive";
            await using (var file = File.Create(path))
            {
                await using var source = Open(tools, archive, what);
                await source.CopyToAsync(file, cancellationToken);
            }

            var keys = await SignatureCheck.CheckDetachedAsync(
                tools.Host, path, signature, keyring, signer?.StartsWith(Kind, StringComparison.Ordinal) == true ? [signer[Kind.Length..]] : [], acceptExpired, what, cancellationToken);
            return Kind + keys[0];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ToolchainException Unfit(string what, string? problem) => new($"The key by which {what} is checked cannot be used: {problem}", "use the key that the publisher names; `openssl pkey -pubin -in FILE -text` tells what it is");

    private static byte[] ReadKey(string path, string name)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Length <= KeyFileBytesMax ? File.ReadAllBytes(path) : throw new ToolchainException($"The key `{name}` has more than {KeyFileBytesMax} bytes");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ToolchainException($"The key `{name}` is not there", "a path is one from the folder of the project, or a whole one", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolchainException($"The key `{name}` cannot be read: {exception.Message}", inner: exception);
        }
    }

    private static byte[] ReadWhole(ToolchainTools tools, Digest archive, string what) => archive.SizeBytes > MessageBytesMax
        ? throw new ToolchainException($"{Capital(what)} has more than {MessageBytesMax} bytes, too many for a signature of the bytes themselves", "minisign signs the hash of a file (`minisign -S -H`), OpenPGP does so always")
        : tools.Store.TryRead(archive, MessageBytesMax) ?? throw new ToolchainException($"{Capital(what)} is no longer in the store");

    private static Stream Open(ToolchainTools tools, Digest archive, string what) => tools.Store.TryOpen(archive) ?? throw new ToolchainException($"{Capital(what)} is no longer in the store");

    private static byte[]? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var written) && Convert.ToBase64String(bytes, 0, written) == base64 ? bytes[..written] : null;
    }

    private static ToolchainException Wrong(string what, string why) => new($"No key that is trusted vouches for {what}: {why}", "see that `key` and `signature` are those of this archive; if they are, somebody changed it") { Code = DiagnosticCodes.ToolchainUnsigned };

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
