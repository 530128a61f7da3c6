using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Content;

/// <summary>The blobs that an entry of the action cache names; null where the entry does not open. The hash is the action's, from the file's name.</summary>
public delegate IReadOnlyCollection<Digest>? ActionEntryReader(string actionHash, ReadOnlySpan<byte> entry);

/// <summary>A file below <c>cas/</c>, <c>ac/</c> or <c>superseded/</c> that has a name as it should have.</summary>
/// <param name="Name">The digest of its name, of size 0.</param>
/// <param name="Compressed">Whether it is a compressed blob.</param>
/// <param name="Look">What the file system says.</param>
internal readonly record struct StoredFile(Digest Name, bool Compressed, BlobCalls.Look Look);

/// <summary>Goes through a store's folders.</summary>
internal static class StoreScan
{
    /// <summary>Calls back for every file with a proper name in its proper folder, and for the rest with its path from <paramref name="part"/>.</summary>
    public static void ForEach(StoreFolder folder, string part, Action<StoredFile> file, Action<DirectoryHandle, DirectoryEntry>? foreign, CancellationToken cancellationToken)
    {
        using var top = folder.Root.TryOpen(part);
        foreach (var fanOut in top?.List() ?? [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var below = IsFanOut(fanOut) ? top!.TryOpen(fanOut.Name) : null;
            if (below is null)
            {
                foreign?.Invoke(top!, fanOut);
                continue;
            }

            ForEachIn(below, fanOut.Name, file, foreign);
        }
    }

    /// <summary>The same for one fan-out folder.</summary>
    public static void ForEachIn(DirectoryHandle below, string fanOut, Action<StoredFile> file, Action<DirectoryHandle, DirectoryEntry>? foreign)
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        foreach (var entry in below.List())
        {
            if (!BlobPath.TryParseName(entry.Name, hash, out var compressed) || !entry.Name.StartsWith(fanOut, StringComparison.Ordinal))
            {
                foreign?.Invoke(below, entry);
                continue;
            }

            path[Encoding.ASCII.GetBytes(entry.Name, path)] = 0;
            if (!BlobCalls.TryLook(below.Descriptor, path, out var look))
            {
                continue;
            }

            if (look.IsRegular)
            {
                file(new StoredFile(new Digest(hash, 0), compressed, look));
            }
            else
            {
                foreign?.Invoke(below, entry);
            }
        }
    }

    /// <summary>Whether a name in <c>cas/</c> or <c>ac/</c> is one that a fan-out folder has.</summary>
    public static bool IsFanOut(DirectoryEntry entry) => entry.Name.Length == 2 && char.IsAsciiHexDigitLower(entry.Name[0]) && char.IsAsciiHexDigitLower(entry.Name[1]);

    /// <summary>A digest as files are named after it: without a size.</summary>
    public static Digest NameOf(in Digest digest)
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        digest.CopyHashTo(hash);
        return new Digest(hash, 0);
    }

    /// <summary>The bytes of an entry of the action cache, or of one that was superseded; null where it is gone, cannot be read or is too large.</summary>
    public static byte[]? ReadEntry(StoreFolder folder, string part, string name)
    {
        try
        {
            using var entries = folder.Root.TryOpen(part);
            using var file = entries?.TryOpenFilePath($"{name.AsSpan(0, 2)}/{name}");
            var length = file is null ? -1 : RandomAccess.GetLength(file);
            if (file is null || length > Limits.ActionEntryBytesMax)
            {
                return null;
            }

            var bytes = new byte[length];
            return BlobCalls.ReadAt((int)file.DangerousGetHandle(), bytes, 0) == length ? bytes : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// Calls back for what writers left in <c>tmp/</c>, and elsewhere under temporary names. What a writer still holds is locked, or was touched a moment ago.
    /// </summary>
    public static void ForEachStray(StoreFolder folder, long nowSeconds, Action<DirectoryHandle, string> stray)
    {
        foreach (var entry in folder.TemporaryFolder.List())
        {
            if (!entry.IsUtf8 || !TryOpen(folder.TemporaryFolder, entry.Name, out var file))
            {
                continue;
            }

            // Locked until it is removed: whoever has just made it sees that it goes.
            using (file)
            {
                if (file is null || FileNative.Lock((int)file.DangerousGetHandle(), FileNative.LockExclusive | FileNative.LockNonBlocking) == 0)
                {
                    stray(folder.TemporaryFolder, entry.Name);
                }
            }
        }

        ForEach(folder, StoreFolder.Actions, static _ => { }, StrayIfAbandoned, CancellationToken.None);
        using (var pins = folder.OpenPart(StoreFolder.Pins))
        {
            foreach (var entry in pins.List())
            {
                StrayIfAbandoned(pins, entry);
            }
        }

        foreach (var entry in folder.Root.List())
        {
            if (entry.Name.StartsWith(StoreFolder.FormatFile, StringComparison.Ordinal))
            {
                StrayIfAbandoned(folder.Root, entry);
            }
        }

        void StrayIfAbandoned(DirectoryHandle parent, DirectoryEntry entry)
        {
            if (entry.IsUtf8 && IsUnderConstruction(entry.Name) && parent.TryStat(entry.Name) is { } stat && Math.Abs(nowSeconds - (stat.ModifiedNs / 1_000_000_000)) > Limits.AbandonedSeconds)
            {
                stray(parent, entry.Name);
            }
        }
    }

    /// <summary>A file that a process writes or the nursery in which it works, to be locked; false where somebody lets nobody else look.</summary>
    private static bool TryOpen(DirectoryHandle folder, string name, out SafeFileHandle? file)
    {
        try
        {
            file = folder.TryOpenFile(name);
            return true;
        }
        catch (IOException)
        {
            file = null;
            return false;
        }
    }

    /// <summary>Whether a name in <c>ac/</c>, in <c>pins/</c> or beside <c>store.json</c> is a temporary one.</summary>
    public static bool IsUnderConstruction(string name) => name.EndsWith(".tmp", StringComparison.Ordinal);
}
