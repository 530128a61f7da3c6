using System.Globalization;
using System.Security.Cryptography;

using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Notes;

namespace Cairn.Store.Log;

/// <summary>
/// The keys of the machine's log, in a folder of their own below the user's keys: they sign checkpoints and nothing else. They have no passphrase, since every run appends. Beside the Ed25519 key of the
/// checkpoints one on P-256, for readers of Sigstore bundles.
/// </summary>
/// <param name="folder">The folder, <c>keys/log</c> in the user's configuration.</param>
public sealed class LogKeys(string folder)
{
    /// <summary>The name of that folder below the user's keys.</summary>
    public const string FolderName = "log";

    private const string FirstName = "ed25519";
    private const string P256Name = "p256";
    private const string P256Label = "PRIVATE KEY";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly KeyFolder _keys = new(folder);

    /// <summary>The folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>The keys of a user, whose folder of keys is given.</summary>
    public static LogKeys Below(string keysDirectory) => new(Path.Combine(keysDirectory, FolderName));

    /// <summary>Makes a key that signs checkpoints under a name. Whoever gets it disposes of it.</summary>
    public (LogKey Key, SigningKey Private) Create(string name)
    {
        var key = SigningKey.FromSeed(RandomNumberGenerator.GetBytes(SigningKey.SeedBytes));
        return (Add(name, key), key);
    }

    /// <summary>Keeps a key that signs checkpoints under a name.</summary>
    public LogKey Add(string name, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var file = FirstName;
        for (var i = 2; !_keys.TryAdd(file, key, passphrase: default); i++)
        {
            file = string.Create(CultureInfo.InvariantCulture, $"{FirstName}-{i}");
        }

        return new LogKey(file, NoteVerifier.Of(name, key.PublicKey));
    }

    /// <summary>Opens a key of a log, and what signs with it. Throws <see cref="LogException"/> where it is not here, or another. Whoever gets it disposes of it.</summary>
    public (SigningKey Private, NoteSigner Signer) Open(LogKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            var opened = _keys.Open(key.File, passphrase: default);
            if (key.TrySignWith(opened) is { } signer)
            {
                return (opened, signer);
            }

            opened.Dispose();
            throw new LogException(LogProblem.KeyMissing, $"`{_keys.PathOf(key.File)}` is another key than the log's `{key.Text}`", "Put back the key of the log, or `cairn log freeze` it on the machine that has the key");
        }
        catch (KeyFileException exception)
        {
            throw new LogException(LogProblem.KeyMissing, $"The key of the log cannot be used: {exception.Message}", exception.Suggestion ?? $"Put back `{Folder}/{key.File}`: without it nothing can be appended", exception);
        }
    }

    /// <summary>Opens the key on P-256; null where there is none. Whoever gets it disposes of it.</summary>
    public P256SigningKey? TryOpenP256() => File.Exists(Path.Combine(Folder, P256Name)) ? OpenOrCreateP256() : null;

    /// <summary>Opens the key on P-256, which is made where there is none. Whoever gets it disposes of it.</summary>
    public P256SigningKey OpenOrCreateP256()
    {
        var path = Path.Combine(Folder, P256Name);
        if (!File.Exists(path))
        {
            using var key = P256SigningKey.Create();
            Directory.CreateDirectory(Folder, OwnerOnly | UnixFileMode.UserExecute);
            var pem = PemEncoding.WriteString(P256Label, key.ToPkcs8()) + "\n";
            _ = KeyFolder.TryCreate(path, System.Text.Encoding.ASCII.GetBytes(pem), OwnerOnly);
        }

        const string Remedy = "Remove it; another one is made, which readers of Sigstore bundles must be told of";
        var text = File.ReadAllText(path);
        try
        {
            return PemEncoding.TryFind(text, out var fields) && text.AsSpan()[fields.Label].SequenceEqual(P256Label)
                ? P256SigningKey.FromPkcs8(Convert.FromBase64String(text[fields.Base64Data]))
                : throw new LogException(LogProblem.KeyMissing, $"`{path}` is no private key in PEM", Remedy);
        }
        catch (CryptographicException exception)
        {
            throw new LogException(LogProblem.KeyMissing, $"`{path}` is no key on P-256: {exception.Message}", Remedy, exception);
        }
    }
}
