using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Store.Files;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Keys;

/// <content><c>generate</c>, <c>import</c> and <c>export</c>.</content>
internal sealed partial class KeysCommand
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private Command CreateGenerate()
    {
        var name = new Argument<string>("NAME") { Description = "What to call it" };
        var encrypt = new Option<bool>("--encrypt") { Description = "Encrypt it with a passphrase, asked for at the terminal" };
        var descriptor = Passphrases.CreateOption();
        var command = new Command("generate", "Make a key") { name, encrypt, descriptor };
        command.SetAction((parsed, cancellationToken) => WithLockAsync(
            (folder, _) =>
            {
                var chosen = parsed.GetValue(name)!;
                if (folder.Find(chosen) is not null || File.Exists(folder.PathOf(chosen)))
                {
                    return DiagnosticPrinter.Usage(_services, $"There is a key `{chosen}` already", $"choose another name, or `cairn keys rotate {chosen}` to put a new one in its place");
                }

                using var passphrases = new Passphrases(_services, parsed.GetValue(descriptor));
                char[]? passphrase = null;
                if ((parsed.GetValue(encrypt) || parsed.GetValue(descriptor) is not null) && (passphrase = passphrases.New(chosen)) is null)
                {
                    return ExitCodes.Usage;
                }

                using var key = NewKey();
                Keep(folder, chosen, key, passphrase);
                return Report(
                    parsed.GetValue(_json),
                    folder,
                    chosen,
                    $"made the key {chosen} {key.PublicKey.Id}",
                    $"private: {folder.PathOf(chosen)}{(passphrase is null ? "" : ", encrypted")}",
                    $"public:  {folder.PublicPathOf(chosen)}");
            },
            cancellationToken));
        return command;
    }

    private Command CreateImport()
    {
        var file = new Argument<string>("FILE") { Description = "A public or private key as PEM, or a public one in base64" };
        var name = new Option<string?>("--name") { Description = "What to call it; the file's name where it is left out", HelpName = "NAME" };
        var encrypt = new Option<bool>("--encrypt") { Description = "Encrypt a private key that is not, with a passphrase asked for at the terminal" };
        var descriptor = Passphrases.CreateOption();
        var command = new Command("import", "Take a key into the folder of keys; that alone makes it trusted for nothing") { file, name, encrypt, descriptor };
        command.SetAction((parsed, cancellationToken) => WithLockAsync(
            (folder, _) =>
            {
                var path = parsed.GetValue(file)!;
                if (ReadKeyFile(path) is not { } text)
                {
                    return ExitCodes.Usage;
                }

                var chosen = parsed.GetValue(name) ?? NameOf(path);
                if (folder.Find(chosen) is not null || File.Exists(folder.PathOf(chosen)))
                {
                    return DiagnosticPrinter.Usage(_services, $"There is a key `{chosen}` already", "choose another name: `--name NAME`");
                }

                using var passphrases = new Passphrases(_services, parsed.GetValue(descriptor));
                try
                {
                    return text.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
                        ? ImportPrivate(folder, chosen, text, parsed.GetValue(encrypt), passphrases, parsed.GetValue(_json))
                        : ImportPublic(folder, chosen, text, parsed.GetValue(_json));
                }
                catch (KeyFormatException exception)
                {
                    return DiagnosticPrinter.Usage(_services, $"The key `{path}` is refused: {exception.Message}");
                }
            },
            cancellationToken));
        return command;
    }

    private Command CreateExport()
    {
        var name = new Argument<string>("KEY") { Description = "Its name, or the beginning of its id" };
        var isPrivate = new Option<bool>("--private") { Description = "Hand out the private key: whoever has it signs as you. Needs --output" };
        var format = new Option<string>("--format") { HelpName = "FORMAT", Description = "Of a public key: pem, base64 (SubjectPublicKeyInfo), raw (32 bytes as base64) or ssh", DefaultValueFactory = static _ => "pem" };
        OptionValues.Restrict(format, "pem", "base64", "raw", "ssh");
        var output = OutputFile.CreateOption();
        var command = new Command("export", "Write a key for others: the public one, unless asked otherwise") { name, isPrivate, format, output };
        command.SetAction(parsed => With((folder, _) =>
        {
            if (Load() is not { } trust || FindRow(folder, trust, parsed.GetValue(name)!) is not { } row)
            {
                return ExitCodes.Usage;
            }

            if (parsed.GetValue(isPrivate))
            {
                return ExportPrivate(folder, row, parsed.GetValue(format)!, parsed.GetValue(output));
            }

            if (parsed.GetValue(format) == "raw" && row.Key is not PublicKey)
            {
                return DiagnosticPrinter.Usage(_services, $"The key `{row.Name}` is {row.Key.Algorithm}, and has no raw form", "`--format pem` writes it");
            }

            var text = parsed.GetValue(format) switch
            {
                "base64" => Convert.ToBase64String(row.Key.Spki.AsSpan()) + "\n",
                "raw" => Convert.ToBase64String(((PublicKey)row.Key).Raw.AsSpan()) + "\n",
                "ssh" => SshText(row),
                _ => KeyPem.WritePublic(row.Key),
            };
            return OutputFile.Write(_services, parsed.GetValue(output), Encoding.ASCII.GetBytes(text));
        }));
        return command;
    }

    private int ExportPrivate(KeyFolder folder, KeyRow row, string format, string? output)
    {
        if (row.Stored is not { IsPrivateHere: true } stored)
        {
            return DiagnosticPrinter.Usage(_services, $"The private key of `{row.Name}` is not on this machine");
        }

        if (format != "pem")
        {
            return DiagnosticPrinter.Usage(_services, $"A private key is written as PEM, not as `{format}`", "leave `--format` out");
        }

        if (output is null)
        {
            return DiagnosticPrinter.Usage(_services, "A private key goes to a file, so that it is not left on a screen or in a log", "name one with `--output FILE`");
        }

        // Opened, or known to be encrypted: nothing is handed out that is no key, or that others could read already.
        if (!stored.IsEncrypted)
        {
            folder.Open(row.Name, default).Dispose();
        }

        var bytes = File.ReadAllBytes(folder.PathOf(row.Name));
        try
        {
            var target = Path.GetFullPath(Path.Combine(_services.CurrentDirectory, output));
            if (!KeyFolder.TryCreate(target, bytes, OwnerOnly))
            {
                return DiagnosticPrinter.Usage(_services, $"`{output}` is there already", "choose another name: a private key is written over nothing");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }

        _services.Error.Write($"warning: {output} is a private key{(stored.IsEncrypted ? "" : ", not encrypted")}: whoever {(stored.IsEncrypted ? "reads it and has its passphrase" : "reads it")} signs as `{row.Name}`; remove it when it is where it belongs\n");
        return ExitCodes.Success;
    }

    private int ImportPublic(KeyFolder folder, string name, string text, bool asJson)
    {
        var key = KeyPem.ReadVerificationText(text);
        if (SameAs(folder, key) is { } other)
        {
            return DiagnosticPrinter.Usage(_services, $"This key is here already, as `{other.Name}`", $"`cairn keys show {other.Name}` shows it");
        }

        return folder.TryAdd(name, key)
            ? Report(asJson, folder, name, $"imported the public key {name} {key.Id}", $"it is trusted for nothing yet: cairn keys trust {name}")
            : throw new IOException($"`{folder.PublicPathOf(name)}` appeared meanwhile");
    }

    private int ImportPrivate(KeyFolder folder, string name, string text, bool encrypt, Passphrases passphrases, bool asJson)
    {
        var isEncrypted = KeyPem.IsEncrypted(text);
        using var key = isEncrypted ? passphrases.Open(name, passphrase => KeyPem.ReadPrivate(text, passphrase)) : KeyPem.ReadPrivate(text, default);
        if (key is null)
        {
            return ExitCodes.Usage;
        }

        if (SameAs(folder, key.PublicKey) is { } other)
        {
            return DiagnosticPrinter.Usage(
                _services, $"This key is here already, as `{other.Name}`{(other.IsPrivateHere ? "" : ", without its private part")}",
                other.IsPrivateHere ? $"sign with it by that name: `--key {other.Name}`" : $"move `{folder.PublicPathOf(other.Name)}` away, and import it again");
        }

        // What comes encrypted stays so, with the same passphrase and our number of rounds.
        char[]? passphrase = isEncrypted ? [.. passphrases.Last] : null;
        if (!isEncrypted && encrypt && (passphrase = passphrases.New(name)) is null)
        {
            return ExitCodes.Usage;
        }

        Keep(folder, name, key, passphrase);
        return Report(asJson, folder, name, $"imported the private key {name} {key.PublicKey.Id}", $"private: {folder.PathOf(name)}{(passphrase is null ? "" : ", encrypted")}", $"to sign with it: cairn run --key {name}");
    }

    /// <summary>The same key under another name: with two names nobody knows which one counts.</summary>
    private static StoredKey? SameAs(KeyFolder folder, VerificationKey key)
    {
        foreach (var name in folder.Names())
        {
            if (folder.Find(name) is { } stored && stored.PublicKey.Equals(key))
            {
                return stored;
            }
        }

        return null;
    }

    private static SigningKey NewKey()
    {
        Span<byte> seed = stackalloc byte[SigningKey.SeedBytes];
        RandomNumberGenerator.Fill(seed);
        try
        {
            return SigningKey.FromSeed(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Keeps a key under a name that was free, and wipes the passphrase.</summary>
    private static void Keep(KeyFolder folder, string name, SigningKey key, char[]? passphrase)
    {
        try
        {
            if (!folder.TryAdd(name, key, passphrase))
            {
                throw new IOException($"`{folder.PathOf(name)}` appeared meanwhile");
            }
        }
        finally
        {
            Array.Clear(passphrase ?? []);
        }
    }

    /// <summary>The text of a file that shall be a key; null after telling why it cannot be one.</summary>
    private string? ReadKeyFile(string path)
    {
        if (NamedFile.TryRead(Path.GetFullPath(path, _services.CurrentDirectory), Trust.Limits.KeyFileBytesMax, out var problem) is { } bytes)
        {
            return Encoding.UTF8.GetString(bytes);
        }

        _ = DiagnosticPrinter.Usage(_services, $"The key `{path}` cannot be read: {problem}");
        return null;
    }

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path);

    /// <summary>The key as SSH writes it: RFC 8709, RFC 5656.</summary>
    private static string SshText(KeyRow row)
    {
        var algorithm = row.Key is PublicKey ? "ssh-ed25519" : "ecdsa-sha2-nistp256";
        byte[] blob = row.Key switch
        {
            PublicKey key => [.. SshString(Encoding.ASCII.GetBytes(algorithm)), .. SshString(key.Raw.AsSpan())],
            P256Key key => [.. SshString(Encoding.ASCII.GetBytes(algorithm)), .. SshString("nistp256"u8), .. SshString(key.Point)],
            _ => throw new InvalidOperationException($"SSH knows no {row.Key.Algorithm}"),
        };
        return $"{algorithm} {Convert.ToBase64String(blob)} {row.Name}\n";
    }

    private static byte[] SshString(ReadOnlySpan<byte> bytes) => [0, 0, 0, (byte)bytes.Length, .. bytes];
}
