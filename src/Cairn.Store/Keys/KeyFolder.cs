using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Files;
using Cairn.Trust.Keys;

namespace Cairn.Store.Keys;

/// <summary>Why a key cannot be used, and what to do.</summary>
public sealed class KeyFileException(string message, string? suggestion = null, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What to do about it.</summary>
    public string? Suggestion { get; } = suggestion;
}

/// <summary>A key in the folder.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PublicKey">It.</param>
/// <param name="IsPrivateHere">Whether the private key is there too.</param>
/// <param name="IsEncrypted">Whether a passphrase opens it.</param>
public sealed record StoredKey(string Name, VerificationKey PublicKey, bool IsPrivateHere, bool IsEncrypted);

/// <summary>A user's keys: <c>NAME</c> with the private key, for its owner's eyes only, and <c>NAME.pub</c>.</summary>
public sealed class KeyFolder(string path)
{
    /// <summary>The name of the key that is made at first use, and signs where no other is chosen.</summary>
    public const string DefaultName = "default";

    private const string PublicEnding = KeyNames.PublicEnding;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The names, sorted.</summary>
    public ImmutableArray<string> Names()
    {
        if (!Directory.Exists(Path))
        {
            return [];
        }

        var names = Directory.EnumerateFiles(Path, "*" + PublicEnding).Select(static f => System.IO.Path.GetFileName(f)[..^PublicEnding.Length]);
        return [.. names.Where(KeyNames.IsName).Order(StringComparer.Ordinal)];
    }

    /// <summary>A key by its name; null where there is none. Throws <see cref="KeyFileException"/>.</summary>
    public StoredKey? Find(string name)
    {
        if (FindPublic(name) is not { } publicKey)
        {
            return null;
        }

        var isHere = File.Exists(PathOf(name));
        return new StoredKey(name, publicKey, isHere, isHere && IsEncrypted(name));
    }

    /// <summary>A public key by its name; null where there is none. Throws <see cref="KeyFileException"/>.</summary>
    public VerificationKey? FindPublic(string name) => PublicPathOf(name) is var file && File.Exists(file) ? Read(file, KeyPem.ReadVerification) : null;

    /// <summary>Whether a private key is there that only a passphrase opens. Throws <see cref="KeyFileException"/>.</summary>
    public bool IsEncrypted(string name) => PathOf(name) is var file && File.Exists(file) && !IsPlain(file) && Read(file, KeyPem.IsEncrypted);

    /// <summary>Opens a private key. Throws <see cref="KeyFileException"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="passphrase">What opens an encrypted one.</param>
    public SigningKey Open(string name, ReadOnlySpan<char> passphrase)
    {
        var file = PathOf(name);
        if (!File.Exists(file))
        {
            throw new KeyFileException($"There is no private key `{name}`", "`cairn keys list` shows the keys there are");
        }

        if ((File.GetUnixFileMode(file) & Others) != UnixFileMode.None)
        {
            throw new KeyFileException($"The private key `{file}` can be read or changed by others", $"chmod 600 {file}; and make another one if somebody may have read it");
        }

        var secret = passphrase.ToArray();
        try
        {
            return Read(file, pem => KeyPem.ReadPrivate(pem, secret));
        }
        finally
        {
            Array.Clear(secret);
        }
    }

    /// <summary>The default key, made where there is none: so that everybody's first run signs. Throws <see cref="IOException"/> where it cannot.</summary>
    public SigningKey OpenOrCreateDefault()
    {
        if (!File.Exists(PathOf(DefaultName)))
        {
            using var key = SigningKey.FromSeed(RandomNumberGenerator.GetBytes(SigningKey.SeedBytes));
            TryAdd(DefaultName, key, passphrase: default);
        }

        // Two first runs at once: the key that is there now is the one that both use.
        var opened = Open(DefaultName, passphrase: default);
        if (!File.Exists(PublicPathOf(DefaultName)))
        {
            // Whoever made it was killed in between.
            DurableFile.Replace(PublicPathOf(DefaultName), Encoding.ASCII.GetBytes(KeyPem.WritePublic(opened.PublicKey)));
        }

        return opened;
    }

    /// <summary>Keeps a private key; false where the name is taken. Throws <see cref="IOException"/>.</summary>
    public bool TryAdd(string name, SigningKey key, ReadOnlySpan<char> passphrase)
    {
        ArgumentNullException.ThrowIfNull(key);
        var pem = passphrase.IsEmpty ? KeyPem.WritePrivate(key) : KeyPem.WriteEncrypted(key, passphrase, RandomNumberGenerator.GetBytes(KeyPem.RandomBytes));
        Make();
        var bytes = Encoding.ASCII.GetBytes(pem);
        try
        {
            if (!TryCreate(PathOf(name), bytes, OwnerOnly))
            {
                return false;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }

        DurableFile.Replace(PublicPathOf(name), Encoding.ASCII.GetBytes(KeyPem.WritePublic(key.PublicKey)));
        return true;
    }

    /// <summary>Keeps a public key; false where the name is taken. Throws <see cref="IOException"/>.</summary>
    public bool TryAdd(string name, VerificationKey key)
    {
        Make();
        return TryCreate(PublicPathOf(name), Encoding.ASCII.GetBytes(KeyPem.WritePublic(key)), Readable);
    }

    /// <summary>Keeps a copy of a key under another name; false where that is taken. Throws <see cref="IOException"/>.</summary>
    public bool TryCopy(string name, string copy)
    {
        var bytes = File.ReadAllBytes(PathOf(name));
        try
        {
            return !File.Exists(PublicPathOf(copy)) && TryCreate(PathOf(copy), bytes, OwnerOnly) && TryCreate(PublicPathOf(copy), File.ReadAllBytes(PublicPathOf(name)), Readable);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Puts a key in the place of another one, which is gone then. Throws <see cref="IOException"/>.</summary>
    public void Replace(string name, string successor)
    {
        File.Move(PathOf(successor), PathOf(name), overwrite: true);
        File.Move(PublicPathOf(successor), PublicPathOf(name), overwrite: true);
        using var folder = DirectoryHandle.Open(Path);
        folder.Sync();
    }

    /// <summary>Whether a file begins as an open private key does: each run asks, and nearly always that is the answer, for which no reader of PEM is wanted.</summary>
    private static bool IsPlain(string file)
    {
        try
        {
            Span<byte> head = stackalloc byte[KeyPem.PlainBegin.Length];
            using var handle = File.OpenHandle(file);
            return RandomAccess.Read(handle, head, 0) == head.Length && head.SequenceEqual(KeyPem.PlainBegin);
        }
        catch (UnauthorizedAccessException)
        {
            // Told by whoever reads it.
            return false;
        }
    }

    private void Make()
    {
        if (!Directory.Exists(Path))
        {
            Directory.CreateDirectory(Path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes a file that is all there or not at all, and never in the place of another; false where there is one. Throws <see cref="IOException"/>.</summary>
    public static bool TryCreate(string path, byte[] content, UnixFileMode mode)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            // Made with its mode, so that nobody opens it before it has that; the umask may have taken more.
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0, UnixCreateMode = mode }))
            {
                File.SetUnixFileMode(stream.SafeFileHandle, mode);
                RandomAccess.Write(stream.SafeFileHandle, content, 0);
                RandomAccess.FlushToDisk(stream.SafeFileHandle);
            }

            if (File.Exists(path))
            {
                return false;
            }

            File.Move(temporary, path, overwrite: false);
            using var folder = DirectoryHandle.Open(System.IO.Path.GetDirectoryName(path)!);
            folder.Sync();
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private T Read<T>(string file, Func<string, T> read)
    {
        try
        {
            var about = new FileInfo(file);
            return about.Length <= Trust.Limits.KeyFileBytesMax ? read(File.ReadAllText(file)) : throw new KeyFileException($"The key `{file}` has more than {Trust.Limits.KeyFileBytesMax} bytes");
        }
        catch (KeyFormatException exception)
        {
            throw new KeyFileException($"The key `{file}` cannot be used: {exception.Message}", inner: exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new KeyFileException($"The key `{file}` cannot be read: permission denied", $"the folder `{Path}` should belong to you", exception);
        }
    }

    /// <summary>The file of a private key. Throws <see cref="KeyFileException"/> where the name cannot be one.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, Checked(name));

    /// <summary>The file of a public key. Throws <see cref="KeyFileException"/> where the name cannot be one.</summary>
    public string PublicPathOf(string name) => System.IO.Path.Combine(Path, Checked(name) + PublicEnding);

    private static string Checked(string name) => KeyNames.IsName(name) ? name : throw new KeyFileException($"`{name}` cannot be the name of a key", KeyNames.Rule);
}
