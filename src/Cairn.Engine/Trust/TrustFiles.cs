using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Verification;
using Cairn.Trust.Verification.Reading;

namespace Cairn.Engine.Trust;

/// <summary>A user's trust as it was loaded.</summary>
/// <param name="Store">Whom to believe, the key that signs here among them; nobody after errors.</param>
/// <param name="Signer">The name of the key that signs.</param>
/// <param name="Diagnostics">Every mistake of the file.</param>
/// <param name="Sources">The file, to show lines of it.</param>
public sealed record LoadedTrust(TrustStore Store, string Signer, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources)
{
    /// <summary>Whether there are mistakes, so that nobody is believed.</summary>
    public bool HasErrors => Diagnostics.Any(static d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>What the file says, without the key that signs; null after errors.</summary>
    public TrustFile? File { get; init; }
}

/// <summary>The files of a user's trust: <c>trust.yaml</c> and the folder of keys beside it. Nothing of it ever comes from a project or a store.</summary>
public static class TrustFiles
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "trust.yaml";

    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>The folder of a user's keys: in the state where there is no home.</summary>
    public static string KeysFolderOf(string? keysDirectory, string stateDirectory) => keysDirectory ?? Path.Combine(stateDirectory, "keys");

    /// <summary>The trust store that belongs to a folder of keys; null without one.</summary>
    public static string? PathOf(string? keysDirectory) => keysDirectory is null ? null : Path.Combine(Path.GetDirectoryName(keysDirectory.TrimEnd('/')) ?? "/", FileName);

    /// <summary>The name of the key that signs a run: what is given, or what the trust store says, or the default one. Reads the store only where it has changed since it was last found good.</summary>
    /// <param name="keysDirectory">The user's keys, or null without a home.</param>
    /// <param name="stateDirectory">The user's state.</param>
    /// <param name="signWith">The name that is given, or null.</param>
    public static string SignerOf(string? keysDirectory, string stateDirectory, string? signWith)
    {
        // Mistakes are told when the run begins.
        var mistakes = new DiagnosticBag();
        if (signWith is not null || PathOf(keysDirectory) is not { } path || Read(path, mistakes) is not { } content)
        {
            return signWith ?? KeyFolder.DefaultName;
        }

        var note = TrustNote.TryRead(TrustNote.PathIn(stateDirectory));
        var isKnown = note is not null && string.Equals(note.Content, HashOf(path, content), StringComparison.Ordinal);
        return (isKnown ? note!.SignWith : Parse(path, content, mistakes, out _)?.SignWith) ?? KeyFolder.DefaultName;
    }

    /// <summary>What signs where the key that signs is one with a command, and does not stand in the folder; null for all others.</summary>
    /// <param name="trust">The trust.</param>
    /// <param name="keysDirectory">The user's keys.</param>
    /// <param name="stateDirectory">The user's state, in which messages stand while they are signed.</param>
    public static ISigner? CommandSignerOf(LoadedTrust trust, string keysDirectory, string stateDirectory)
    {
        ArgumentNullException.ThrowIfNull(trust);
        return FindExternal(trust.Store, trust.Signer) is { } key && !File.Exists(new KeyFolder(keysDirectory).PublicPathOf(key.Name))
            ? new CommandSigner(key.Name, (PublicKey)key.Key, key.Signer, Path.Combine(stateDirectory, "signing"))
            : null;
    }

    /// <summary>Loads all of it. What is wrong is among the diagnostics; nothing is thrown and nothing is made.</summary>
    /// <param name="keysDirectory">The user's keys, or null without a home.</param>
    /// <param name="signWith">The name of the key that signs; null for what the file says.</param>
    public static LoadedTrust Load(string? keysDirectory, string? signWith = null)
    {
        var mistakes = new DiagnosticBag();
        var sources = ImmutableDictionary<string, SourceText>.Empty;
        var file = PathOf(keysDirectory) is { } path && Read(path, mistakes) is { } content ? Parse(path, content, mistakes, out sources) : TrustFile.None;
        var signer = signWith ?? file?.SignWith ?? KeyFolder.DefaultName;
        var store = file is null || mistakes.HasErrors ? null : WithSigner(file.Store, keysDirectory, signer, mistakes);
        return new LoadedTrust(mistakes.HasErrors || store is null ? TrustStore.Empty : store, signer, mistakes.ToSorted(), sources) { File = mistakes.HasErrors ? null : file };
    }

    /// <summary>Loads a trust store from anywhere: what it says, and nobody else. One that is not there is a mistake.</summary>
    public static LoadedTrust LoadFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var mistakes = new DiagnosticBag();
        var sources = ImmutableDictionary<string, SourceText>.Empty;
        var content = Read(path, mistakes);
        if (content is null && !mistakes.HasErrors)
        {
            mistakes.Error(DiagnosticCodes.TrustUnreadable, $"There is no trust store `{path}`", SourceSpan.None);
        }

        var file = content is null ? null : Parse(path, content, mistakes, out sources);
        return new LoadedTrust(mistakes.HasErrors || file is null ? TrustStore.Empty : file.Store, file?.SignWith ?? KeyFolder.DefaultName, mistakes.ToSorted(), sources) { File = mistakes.HasErrors ? null : file };
    }

    /// <summary>Reads content as a trust store; null after mistakes, which are added.</summary>
    internal static TrustFile? Parse(string path, byte[] content, DiagnosticBag mistakes, out ImmutableDictionary<string, SourceText> sources)
    {
        sources = ImmutableDictionary<string, SourceText>.Empty;
        if (YamlReader.Decode(path, content, mistakes) is not { } source)
        {
            return null;
        }

        sources = sources.Add(source.Name, source);
        return TrustFileReader.Read(source, name => ReadNamed(path, name), mistakes);
    }

    /// <summary>A trust store with the key that signs on this machine.</summary>
    internal static TrustStore WithSigner(TrustStore store, string? keysDirectory, string signer, DiagnosticBag mistakes)
    {
        if (keysDirectory is not null && KeyNames.IsName(signer) && PublicKeyOf(keysDirectory, signer, mistakes) is { } key)
        {
            return store.WithSigner(signer, key);
        }

        // A key that signs by a command is known from the file only.
        return FindExternal(store, signer) is { } external ? store.WithSigner(signer, (PublicKey)external.Key) : store;
    }

    /// <summary>The key of that name where a command signs with it.</summary>
    internal static TrustedKey? FindExternal(TrustStore store, string name) =>
        store.Find(name) is { Signer.IsEmpty: false } key && string.Equals(key.Name, name, StringComparison.Ordinal) ? key : null;

    /// <summary>The content of the trust store; null where there is none, or it may not be used, which is added.</summary>
    internal static byte[]? Read(string path, DiagnosticBag mistakes)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            if ((File.GetUnixFileMode(path) & WritableByOthers) != UnixFileMode.None)
            {
                mistakes.Error(DiagnosticCodes.TrustUnreadable, $"The trust store `{path}` can be changed by others", SourceSpan.None, $"Look through it, then `chmod 600 {path}`");
                return null;
            }

            var bytes = File.ReadAllBytes(path);
            if (bytes.Length <= Cairn.Trust.Limits.TrustFileBytesMax)
            {
                return bytes;
            }

            mistakes.Error(DiagnosticCodes.TrustUnreadable, $"The trust store `{path}` has more than {Cairn.Trust.Limits.TrustFileBytesMax} bytes", SourceSpan.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            mistakes.Error(DiagnosticCodes.TrustUnreadable, $"The trust store `{path}` cannot be read{(exception is UnauthorizedAccessException ? ": permission denied" : "")}", SourceSpan.None, "Mend that, or remove it if nobody but this machine shall be trusted");
        }

        return null;
    }

    /// <summary>What the content says, by its bytes and those of the files that it names.</summary>
    internal static string HashOf(string path, byte[] content)
    {
        var references = TrustFileReferences.Find(content);
        if (references.IsEmpty)
        {
            return Digest.Of(content).Hash;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(SHA256.HashData(content));
        foreach (var reference in references)
        {
            hash.AppendData(SHA256.HashData(ReadNamed(path, reference) ?? []));
        }

        return Hex.Lower(hash.GetHashAndReset());
    }

    /// <summary>The content of a file that the trust store names; null where it cannot be had.</summary>
    private static byte[]? ReadNamed(string trustFile, string name)
    {
        try
        {
            var file = new FileInfo(Path.Combine(Path.GetDirectoryName(trustFile)!, name));
            return file.Exists && file.Length <= Cairn.Trust.Limits.KeyFileBytesMax ? File.ReadAllBytes(file.FullName) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static PublicKey? PublicKeyOf(string keysDirectory, string name, DiagnosticBag mistakes)
    {
        try
        {
            return new KeyFolder(keysDirectory).Find(name)?.PublicKey as PublicKey;
        }
        catch (KeyFileException exception)
        {
            mistakes.Error(DiagnosticCodes.SigningKeyClosed, exception.Message, SourceSpan.None, exception.Suggestion);
            return null;
        }
    }
}
