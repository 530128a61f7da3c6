using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Store.Layers;

namespace Cairn.Store.Content;

/// <summary>What a collection of toolchains removed, or would.</summary>
/// <param name="Removed">The pins that went, sorted.</param>
/// <param name="Kept">How many toolchains stay.</param>
/// <param name="Blobs">Blobs that went with them.</param>
/// <param name="Layers">Layers that went with them.</param>
/// <param name="Bytes">What all that took on the disk.</param>
public sealed record ToolchainRemoval(ImmutableArray<string> Removed, int Kept, int Blobs, int Layers, long Bytes);

/// <content>Toolchains that nobody uses any more.</content>
internal sealed partial class StoreCollector
{
    /// <summary>Removes unused pins, with all that only they keep.</summary>
    public ToolchainRemoval CollectToolchains(string prefix, IReadOnlySet<string> used, CancellationToken cancellationToken)
    {
        var keepFrom = long.MaxValue;
        using (var leases = folder.OpenPart(StoreFolder.Leases))
        {
            foreach (var (_, began) in StoreLease.Live(leases, name => RemoveStray(leases, name)))
            {
                keepFrom = Math.Min(keepFrom, began - (long)Limits.UseGranularity.TotalSeconds);
            }
        }

        var rooted = StoredLayers.Referenced(folder).Select(static path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal);
        StoreScan.ForEach(folder, StoreFolder.Blobs, file => Take(file, _blobs, StoreFolder.Blobs), null, cancellationToken);
        StoreScan.ForEach(folder, StoreFolder.Actions, file => Take(file, _entries, StoreFolder.Actions), null, cancellationToken);
        ListLayers();
        var before = _bytes;

        var (unused, kept) = (new List<StorePin>(), new List<StorePin>());
        using var pins = folder.OpenPart(StoreFolder.Pins);
        foreach (var file in pins.List())
        {
            if (StoreScan.IsUnderConstruction(file.Name))
            {
                continue;
            }

            var pin = StorePin.TryRead(pins, file.Name) ?? throw new StoreException($"The pin `{pins.DisplayPath}/{file.Name}` is damaged, so that nobody knows what it keeps, and nothing was removed");
            var isUnused = pin.Name.StartsWith(prefix, StringComparison.Ordinal) && !used.Contains(pin.Name) && !pin.Trees.Any(tree => rooted.Contains(LayerStore.ToolchainKey(tree)));
            (isUnused ? unused : kept).Add(pin);
        }

        var doomed = Doomed(unused, kept);
        var layers = _layers.FindAll(layer => layer.UsedSeconds < keepFrom && unused.Exists(pin => pin.Trees.Any(tree => layer.Key == LayerStore.ToolchainKey(tree))));
        foreach (var pin in unused)
        {
            if (!dryRun)
            {
                pins.Unlink(pin.Name);
            }
        }

        var blobs = 0;
        foreach (var blob in _blobs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (doomed.Contains(blob.Name) && blob.Look.ModifiedSeconds < keepFrom)
            {
                _ = TryRemove(StoreFolder.Blobs, blob, ref blobs);
            }
        }

        var removedLayers = RemoveLayers(layers);
        return new ToolchainRemoval([.. unused.Select(static p => p.Name).Order(StringComparer.Ordinal)], kept.Count(p => p.Name.StartsWith(prefix, StringComparison.Ordinal)), blobs, removedLayers, before - _bytes);
    }

    /// <summary>The names of blobs that only unused pins keep.</summary>
    private HashSet<Digest> Doomed(List<StorePin> unused, List<StorePin> kept)
    {
        var doomed = new HashSet<Digest>();
        if (unused.Count == 0)
        {
            return doomed;
        }

        foreach (var pin in unused)
        {
            ForEachBlob(pin, blob => doomed.Add(StoreScan.NameOf(blob)));
        }

        foreach (var pin in kept)
        {
            ForEachBlob(pin, blob => doomed.Remove(StoreScan.NameOf(blob)));
        }

        foreach (var entry in _entries)
        {
            if (entryReader is not null && StoreScan.ReadEntry(folder, StoreFolder.Actions, entry.Name.Hash) is { } bytes && entryReader(entry.Name.Hash, bytes) is { } named)
            {
                foreach (var blob in named)
                {
                    doomed.Remove(StoreScan.NameOf(blob));
                }
            }
        }

        return doomed;
    }

    private void ForEachBlob(StorePin pin, Action<Digest> action)
    {
        foreach (var blob in pin.Blobs)
        {
            action(blob);
        }

        ForEachOfTrees(pin, action);
    }

    /// <summary>Calls back for all folders and files of a pin's trees, as far as they are here.</summary>
    private void ForEachOfTrees(StorePin pin, Action<Digest> action)
    {
        var seen = new HashSet<Digest>();
        var pending = new Stack<Digest>(pin.Trees);
        while (pending.TryPop(out var digest))
        {
            if (!seen.Add(digest))
            {
                continue;
            }

            action(digest);
            foreach (var item in (reader(digest) is { } content ? DirectoryDecoder.TryDecode(content, out _) : null) ?? [])
            {
                if (item.IsFolder)
                {
                    pending.Push(item.Leaf.Digest);
                }
                else if (item.Leaf.Target is null)
                {
                    action(item.Leaf.Digest);
                }
            }
        }
    }
}
