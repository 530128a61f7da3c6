using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Roots;
using Cairn.Store.Tools;

namespace Cairn.Store.Layers;

/// <summary>A layer of a store.</summary>
/// <param name="Owner">The folder of its owner.</param>
/// <param name="Key">Its key.</param>
/// <param name="About">What it says of itself; null for one that is not whole, of which nobody has a use.</param>
/// <param name="UsedSeconds">When it was used last, in seconds since 1970.</param>
internal sealed record StoredLayer(string Owner, string Key, LayerAbout? About, long UsedSeconds)
{
    /// <summary>Its folder, relative to the store.</summary>
    public string Path => $"{LayerStore.Folder}/{Owner}/{Key}";
}

/// <summary>The layers of a store as those see them that keep it in shape: collections and checks.</summary>
internal static class StoredLayers
{
    /// <summary>All layers. Calls back for what killed processes left, and for what is no part of a store.</summary>
    public static List<StoredLayer> List(StoreFolder folder, Action<DirectoryHandle, string> stray, Action<DirectoryHandle, DirectoryEntry>? foreign)
    {
        var layers = new List<StoredLayer>();
        using var all = folder.Root.TryOpen(LayerStore.Folder);
        foreach (var owner in all?.List() ?? [])
        {
            try
            {
                using var owned = owner.IsUtf8 && uint.TryParse(owner.Name, out _) ? all!.TryOpen(owner.Name) : null;
                if (owned is null)
                {
                    foreign?.Invoke(all!, owner);
                    continue;
                }

                foreach (var entry in owned.List())
                {
                    Look(owner.Name, owned, entry, layers, stray, foreign);
                }
            }
            catch (IOException)
            {
                // Another user's, who lets nobody look.
            }
        }

        return layers;
    }

    /// <summary>The folders of layers, relative to the store, that kept roots are made of.</summary>
    public static HashSet<string> Referenced(StoreFolder folder)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in KeptRoots.ReferencedLayers(folder.Path))
        {
            const string RootSuffix = $"/{LayerStore.RootFolder}";
            paths.Add(path.EndsWith(RootSuffix, StringComparison.Ordinal) ? path[..^RootSuffix.Length] : path);
        }

        return paths;
    }

    /// <summary>Takes a layer's name away, unless it was used since it was listed; the handle and name under which it stands then. Throws <see cref="IOException"/>.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="name">The name that it has now.</param>
    public static DirectoryHandle? TryTake(StoreFolder folder, StoredLayer layer, out string name)
    {
        name = LayerStore.GoneName(layer.Key);
        var owned = folder.Root.TryOpenPath($"{LayerStore.Folder}/{layer.Owner}");
        if (owned is null)
        {
            return null;
        }

        try
        {
            using (SharedLock.AcquireAlone($"{folder.Path}/{LayerStore.Folder}/{layer.Owner}/{LayerStore.LockFile}"))
            {
                using var standing = owned.TryOpen(layer.Key);
                if (standing is not null && BlobCalls.LookAt(standing.Descriptor).ModifiedSeconds == layer.UsedSeconds && (layer.About is null) == (LayerAbout.TryRead(standing) is null))
                {
                    owned.Move(layer.Key, owned, name);
                    return owned;
                }
            }
        }
        catch
        {
            owned.Dispose();
            throw;
        }

        owned.Dispose();
        return null;
    }

    /// <summary>Removes the slots of layers that are gone.</summary>
    public static void RemoveLooseSlots(StoreFolder folder)
    {
        using var all = folder.Root.TryOpen(LayerStore.Folder);
        foreach (var owner in all?.List() ?? [])
        {
            try
            {
                using var owned = owner.IsUtf8 ? all!.TryOpen(owner.Name) : null;
                using var slots = owned?.TryOpen(LayerStore.SlotsFolder);
                foreach (var slot in slots?.List() ?? [])
                {
                    if (slot is { IsUtf8: true, Kind: null or FileKind.Symlink } && slots!.ReadLink(slot.Name) is var key && (!LayerStore.IsKey(key) || owned!.TryStat(key) is null))
                    {
                        _ = slots.Unlink(slot.Name);
                    }
                }
            }
            catch (IOException)
            {
                // Another user's; or one changed at this moment.
            }
        }
    }

    private static void Look(string owner, DirectoryHandle owned, DirectoryEntry entry, List<StoredLayer> layers, Action<DirectoryHandle, string> stray, Action<DirectoryHandle, DirectoryEntry>? foreign)
    {
        if (entry.Name is LayerStore.LockFile or LayerStore.SlotsFolder)
        {
            return;
        }

        if (entry.IsUtf8 && entry.Name.StartsWith(LayerStore.GonePrefix, StringComparison.Ordinal))
        {
            stray(owned, entry.Name);
            return;
        }

        using var layer = entry.IsUtf8 && (entry.Name.StartsWith(LayerStore.TemporaryPrefix, StringComparison.Ordinal) || LayerStore.IsKey(entry.Name)) ? owned.TryOpen(entry.Name) : null;
        if (layer is null)
        {
            foreign?.Invoke(owned, entry);
        }
        else if (!LayerStore.IsKey(entry.Name))
        {
            // Locked until it is removed: whoever has just made it sees that it goes.
            if (FileNative.Lock(layer.Descriptor, FileNative.LockExclusive | FileNative.LockNonBlocking) == 0)
            {
                stray(owned, entry.Name);
            }
        }
        else
        {
            layers.Add(new StoredLayer(owner, entry.Name, LayerAbout.TryRead(layer), BlobCalls.LookAt(layer.Descriptor).ModifiedSeconds));
        }
    }
}
