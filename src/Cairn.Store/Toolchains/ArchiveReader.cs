using System.Buffers;
using System.IO.Compression;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Archives;
using Cairn.Store.Content;

namespace Cairn.Store.Toolchains;

/// <summary>
/// Takes archives apart: files go into the store as blobs, never to a path that the archive names, and their paths are told. Nothing of owner, rights and times is kept but whether
/// a file can be executed. What an archive could be hostile with is refused here: paths that lead out of it, links that do, more than fits.
/// </summary>
public static class ArchiveReader
{
    private const int OwnerExecutes = 0x40;
    private const int KindMask = 0xF000;
    private const int KindFile = 0x8000;
    private const int KindLink = 0xA000;
    private const int KindFolder = 0x4000;
    private const int LinkBytesMax = 4096;

    /// <summary>Reads a tar, compressed or not; its entries in their order. Throws <see cref="InvalidDataException"/>; <see cref="IOException"/> where the store cannot take a file.</summary>
    /// <param name="source">The archive.</param>
    /// <param name="store">Where files go.</param>
    /// <param name="isLayer">Whether it is a layer of an image: its root may be written as <c>/</c>, as some tools do, where an archive that names absolute paths is refused.</param>
    /// <param name="uncompressed">The digest of the tar as it is without compression.</param>
    public static List<ArchiveEntry> ReadTar(Stream source, ContentStore store, bool isLayer, out Digest uncompressed)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(store);
        using var content = new BoundedHash(DecompressionStream.OpenByContent(source), Limits.ArchiveBytesMax);
        var entries = new List<ArchiveEntry>();
        var tar = new TarReader(content);
        while (tar.Next() is { } entry)
        {
            if (entries.Count == Limits.ArchiveEntriesMax)
            {
                throw new InvalidDataException($"It has more than {Limits.ArchiveEntriesMax} entries");
            }

            if (Normalize(entry.Path, isLayer) is not { } path)
            {
                continue;
            }

            entries.Add(entry.Kind switch
            {
                TarKind.File => new ArchiveEntry(path, ArchiveEntryKind.File, Put(tar, path, entry.SizeBytes, store), (entry.Mode & OwnerExecutes) != 0, null),
                TarKind.Folder => new ArchiveEntry(path, ArchiveEntryKind.Folder, Digest.Empty, Executable: false, null),
                TarKind.Device => new ArchiveEntry(path, ArchiveEntryKind.Device, Digest.Empty, Executable: false, null),
                TarKind.Symlink => Link(path, entry.Target),
                TarKind.HardLink => new ArchiveEntry(path, ArchiveEntryKind.HardLink, Digest.Empty, Executable: false, Normalize(entry.Target, isLayer) ?? throw new InvalidDataException($"Its hard link `{path}` is to a folder")),
                _ => throw new InvalidDataException($"`{path}` is something that is not known"),
            });
        }

        uncompressed = content.Finish();
        return entries;
    }

    /// <summary>Reads a zip; its entries in their order. Throws <see cref="InvalidDataException"/>; <see cref="IOException"/> where the store cannot take a file.</summary>
    public static List<ArchiveEntry> ReadZip(Stream source, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(store);
        using var zip = new ZipArchive(source, ZipArchiveMode.Read, leaveOpen: true, Encoding.UTF8);
        if (zip.Entries.Count > Limits.ArchiveEntriesMax)
        {
            throw new InvalidDataException($"It has more than {Limits.ArchiveEntriesMax} entries");
        }

        var entries = new List<ArchiveEntry>();
        long bytes = 0;
        foreach (var entry in zip.Entries)
        {
            if (entry.FullName.Contains('\\', StringComparison.Ordinal))
            {
                throw new InvalidDataException($"It has the path `{entry.FullName}`, whose backslashes are none of a path here");
            }

            if (Normalize(entry.FullName, isLayer: false) is not { } path)
            {
                continue;
            }

            if (entry.IsEncrypted)
            {
                throw new InvalidDataException($"`{path}` is encrypted");
            }

            var mode = (entry.ExternalAttributes >> 16) & 0xFFFF;
            var kind = mode & KindMask;
            if (entry.FullName.EndsWith('/') || kind == KindFolder)
            {
                entries.Add(new ArchiveEntry(path, ArchiveEntryKind.Folder, Digest.Empty, Executable: false, null));
                continue;
            }

            bytes += entry.Length;
            if (bytes > Limits.ArchiveBytesMax)
            {
                throw new InvalidDataException($"It becomes more than {Limits.ArchiveBytesMax} bytes");
            }

            entries.Add(kind switch
            {
                KindLink => entry.Length <= LinkBytesMax ? Link(path, Encoding.UTF8.GetString(ReadAll(entry))) : throw new InvalidDataException($"Its link `{path}` is too long"),
                0 or KindFile => new ArchiveEntry(path, ArchiveEntryKind.File, store.Put(ReadAll(entry)), (mode & OwnerExecutes) != 0, null),
                _ => new ArchiveEntry(path, ArchiveEntryKind.Device, Digest.Empty, Executable: false, null),
            });
        }

        return entries;
    }

    /// <summary>Whether a file is a zip, by its first bytes.</summary>
    public static bool IsZip(ReadOnlySpan<byte> start) => start is [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..];

    /// <summary>A path of an archive as one of its tree; null for the root. Throws <see cref="InvalidDataException"/> where it leads elsewhere.</summary>
    internal static string? Normalize(string path, bool isLayer)
    {
        var plain = isLayer ? path.TrimStart('/') : path;
        while (plain.StartsWith("./", StringComparison.Ordinal))
        {
            plain = plain[2..].TrimStart('/');
        }

        plain = plain.TrimEnd('/');
        if (plain is "" or ".")
        {
            return path.StartsWith('/') && !isLayer ? throw Outside(path) : null;
        }

        return PackagePaths.IsPlain(plain) ? plain : throw Outside(path);
    }

    private static InvalidDataException Outside(string path) => new($"It has the path `{path}`, which leads out of it or nowhere");

    private static ArchiveEntry Link(string path, string target) =>
        PackagePaths.StaysInside(path, target) ? new ArchiveEntry(path, ArchiveEntryKind.Symlink, Digest.Empty, Executable: false, target) : throw new InvalidDataException($"Its link `{path}` leads out of it, to `{target}`");

    private static byte[] ReadAll(ZipArchiveEntry entry)
    {
        if (entry.Length > Limits.PackageFileBytesMax)
        {
            throw new InvalidDataException($"Its file `{entry.FullName}` has more than {Limits.PackageFileBytesMax} bytes");
        }

        var content = new byte[entry.Length];
        using var stream = entry.Open();
        if (stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) != content.Length || stream.ReadByte() >= 0)
        {
            throw new InvalidDataException($"`{entry.FullName}` does not have as many bytes as it says");
        }

        return content;
    }

    private static Digest Put(TarReader tar, string path, long size, ContentStore store)
    {
        if (size > Limits.PackageFileBytesMax)
        {
            throw new InvalidDataException($"Its file `{path}` has more than {Limits.PackageFileBytesMax} bytes");
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)size);
        try
        {
            tar.Read(buffer.AsSpan(0, (int)size));
            return store.Put(buffer.AsSpan(0, (int)size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
