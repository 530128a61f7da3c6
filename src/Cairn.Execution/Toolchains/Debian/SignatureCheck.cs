using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>What was signed, and by whom.</summary>
/// <param name="Content">The signed text: all that counts of the file.</param>
/// <param name="Keys">The fingerprints of the primary keys that signed it, sorted.</param>
public sealed record SignedText(string Content, ImmutableArray<string> Keys);

/// <summary>Checks OpenPGP signatures by gpgv, against files of keys that the machine's configuration names.</summary>
public static class SignatureCheck
{
    private const int OutputBytesMax = 64 << 20;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>Checks a file that holds text and signature. Throws <see cref="ToolchainException"/> where no known key signed it.</summary>
    /// <param name="host">Where gpgv runs.</param>
    /// <param name="file">The file's content.</param>
    /// <param name="keyrings">Files of keys.</param>
    /// <param name="fingerprints">The only keys that count; empty for all of the files.</param>
    /// <param name="acceptExpired">Whether a key may have expired since.</param>
    /// <param name="what">For messages.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<SignedText> CheckAsync(
        ProcessHost host, ReadOnlyMemory<byte> file, ImmutableArray<string> keyrings, ImmutableArray<string> fingerprints, bool acceptExpired, string what, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (keyrings.IsEmpty)
        {
            throw new ToolchainException($"No keys are configured by which {what} could be checked", "name them with `Signed-By:` in apt's configuration") { Code = DiagnosticCodes.ToolchainUnsigned };
        }

        if (TextOutside(file.Span) is { } outside)
        {
            throw new ToolchainException($"No key that is trusted vouches for {what}: {outside}", "nobody knows who wrote that: see what stands between the archive and this machine, or use another mirror") { Code = DiagnosticCodes.ToolchainUnsigned };
        }

        var folder = Directory.CreateTempSubdirectory("cairn-gpgv-");
        try
        {
            var (input, output) = ($"{folder}/signed", $"{folder}/content");
            await File.WriteAllBytesAsync(input, file, cancellationToken);
            List<string> arguments = ["--output", output];
            foreach (var keyring in keyrings)
            {
                arguments.AddRange(["--keyring", KeyringFile(keyring, folder.FullName)]);
            }

            arguments.Add(input);
            var (signatures, keys) = await RunAsync(host, folder.FullName, [.. arguments], fingerprints, acceptExpired, what, cancellationToken);
            if (keys.IsEmpty || !File.Exists(output))
            {
                throw new ToolchainException($"No key that is trusted vouches for {what}: {Why(signatures)}", "see that apt's keys are current (`apt-get update` says the same), or that nobody changes what the mirror sends")
                {
                    Code = DiagnosticCodes.ToolchainUnsigned,
                    IsUnchecked = signatures.Any(static s => s.State is "ERRSIG") && !signatures.Any(static s => s.State is "BADSIG"),
                };
            }

            return new SignedText(await File.ReadAllTextAsync(output, cancellationToken), keys);
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"The signature of {what} cannot be checked: {exception.Message}", inner: exception) { Code = DiagnosticCodes.ToolchainUnsigned };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Checks a signature that stands in a file of its own. Throws <see cref="ToolchainException"/> where no known key made it.</summary>
    /// <param name="host">Where gpgv runs.</param>
    /// <param name="path">What was signed.</param>
    /// <param name="signature">The signature, with or without armour.</param>
    /// <param name="keyring">A file of keys.</param>
    /// <param name="fingerprints">The only keys that count; empty for all of the file.</param>
    /// <param name="acceptExpired">Whether a key may have expired since.</param>
    /// <param name="what">For messages.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The fingerprints of the primary keys that signed it, sorted.</returns>
    public static async Task<ImmutableArray<string>> CheckDetachedAsync(
        ProcessHost host, string path, ReadOnlyMemory<byte> signature, string keyring, ImmutableArray<string> fingerprints, bool acceptExpired, string what, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        var folder = Directory.CreateTempSubdirectory("cairn-gpgv-");
        try
        {
            var input = $"{folder}/signature";
            await File.WriteAllBytesAsync(input, signature, cancellationToken);
            string[] arguments = ["--keyring", KeyringFile(keyring, folder.FullName), input, path];
            var (signatures, keys) = await RunAsync(host, folder.FullName, arguments, fingerprints, acceptExpired, what, cancellationToken);
            return keys.IsEmpty
                ? throw new ToolchainException($"No key that is trusted vouches for {what}: {Why(signatures)}", "see that `key` and `signature` are those of this archive; if they are, somebody changed it") { Code = DiagnosticCodes.ToolchainUnsigned }
                : keys;
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"The signature of {what} cannot be checked: {exception.Message}", inner: exception) { Code = DiagnosticCodes.ToolchainUnsigned };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Lets gpgv look at what is in a folder of its own; all signatures that it tells of, and the fingerprints of the good keys among those that count.</summary>
    private static async Task<(ImmutableArray<Signature> Signatures, ImmutableArray<string> Keys)> RunAsync(
        ProcessHost host, string folder, string[] arguments, ImmutableArray<string> fingerprints, bool acceptExpired, string what, CancellationToken cancellationToken)
    {
        var run = await CommandCapture.RunAsync(
            host, new ProcessSpec { Arguments = ["gpgv", "--status-fd", "1", "--homedir", folder, .. arguments], Environment = [new("PATH", "/usr/local/bin:/usr/bin:/bin"), new("LC_ALL", "C")], WorkingDirectory = folder }, OutputBytesMax, Timeout, cancellationToken);
        if (run.Problem is { } problem)
        {
            throw new ToolchainException($"gpgv, which checks {what}, cannot be used: {problem}", "install the package `gpgv`") { Code = DiagnosticCodes.ToolchainToolMissing, IsUnchecked = true };
        }

        // The exit status is no answer: it is 0 where all keys have expired, and 2 where one of several is not known.
        var signatures = SignatureStatus.Read(Encoding.UTF8.GetString(run.Output));
        var keys = SignatureStatus.GoodKeys(signatures, acceptExpired);
        if (!fingerprints.IsEmpty)
        {
            keys = [.. keys.Where(k => fingerprints.Contains(k, StringComparer.OrdinalIgnoreCase))];
        }

        return (signatures, keys);
    }

    /// <summary>
    /// What stands outside of the one signed text that a file may be, in words, or null. gpgv passes over it, and whoever reads the file later might not.
    /// </summary>
    private static string? TextOutside(ReadOnlySpan<byte> file)
    {
        var (parts, inside) = (0, 0);
        foreach (var range in file.Split((byte)'\n'))
        {
            var line = file[range].TrimEnd(" \t\r"u8);
            if (line.SequenceEqual("-----BEGIN PGP SIGNED MESSAGE-----"u8) && inside == 0)
            {
                if (++parts > 1)
                {
                    return "it holds a second signed text";
                }

                inside = 1;
            }
            else if (line.SequenceEqual("-----BEGIN PGP SIGNATURE-----"u8) && inside == 1)
            {
                inside = 2;
            }
            else if (line.SequenceEqual("-----END PGP SIGNATURE-----"u8) && inside == 2)
            {
                inside = 0;
            }
            else if (inside == 0 && !line.IsEmpty)
            {
                return parts == 0 && file.IndexOf("-----BEGIN PGP SIGNED MESSAGE-----"u8) < 0 ? "it has no signature" : "it holds text that nobody signed";
            }
        }

        return parts == 0 ? "it has no signature" : inside == 0 ? null : "its signature is cut off";
    }

    private static string Why(ImmutableArray<Signature> signatures) => signatures switch
    {
        [] => "it has no signature",
        _ when signatures.Any(static s => s.State is "BADSIG") => "a signature is wrong",
        _ when signatures.Any(static s => s.State is "EXPKEYSIG") => "the key has expired",
        _ when signatures.Any(static s => s.State is "REVKEYSIG") => "the key was revoked",
        _ when signatures.Any(static s => s.State is "EXPSIG") => "the signature has expired",
        _ when signatures.Any(static s => s.State is "GOODSIG") => "it is signed by another key, or with a hash that is too weak",
        _ => "the key that signed it is not among those configured",
    };

    /// <summary>A file of keys as gpgv takes it: armour is taken off.</summary>
    private static string KeyringFile(string keyring, string folder)
    {
        var text = keyring;
        if (!keyring.Contains("-----BEGIN PGP", StringComparison.Ordinal))
        {
            byte[] content;
            try
            {
                content = File.ReadAllBytes(keyring);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new ToolchainException($"The keys in `{keyring}` cannot be read: {exception.Message}", "install them (Debian: `debian-archive-keyring`), or correct `Signed-By:`", exception) { Code = DiagnosticCodes.ToolchainUnsigned };
            }

            if (!content.AsSpan().StartsWith("-----BEGIN PGP"u8))
            {
                return Path.GetFullPath(keyring);
            }

            text = Encoding.ASCII.GetString(content);
        }

        var path = $"{folder}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text)))[..16]}.gpg";
        File.WriteAllBytes(path, Dearmor(text, keyring));
        return path;
    }

    private static byte[] Dearmor(string text, string name)
    {
        var keys = new MemoryStream();
        var body = new StringBuilder();
        var (inside, inBody) = (false, false);
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith("-----BEGIN PGP PUBLIC KEY BLOCK", StringComparison.Ordinal))
            {
                (inside, inBody) = (true, false);
                body.Clear();
            }
            else if (line.StartsWith("-----END PGP", StringComparison.Ordinal) && inside)
            {
                inside = false;
                keys.Write(Decode(body.ToString(), name));
            }
            else if (inside && line.Length == 0)
            {
                inBody = true;
            }
            else if (inside && (inBody || !line.Contains(':', StringComparison.Ordinal)) && !line.StartsWith('='))
            {
                inBody = true;
                body.Append(line);
            }
        }

        return keys.ToArray();
    }

    private static byte[] Decode(string base64, string name)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"The keys in `{(name.Contains('\n', StringComparison.Ordinal) ? "apt's configuration" : name)}` cannot be read", inner: exception) { Code = DiagnosticCodes.ToolchainUnsigned };
        }
    }
}
