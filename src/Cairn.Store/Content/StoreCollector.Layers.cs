using Cairn.Store.Layers;

namespace Cairn.Store.Content;

/// <content>
/// Layers: those that kept roots are made of stay, and those under others that stay; all go that were not used for long. Leases are read before the kept roots, so that a run that ends
/// meanwhile is either seen, or has left its roots.
/// </content>
internal sealed partial class StoreCollector
{
    /// <summary>Those that may go.</summary>
    private readonly List<StoredLayer> _layers = [];

    private readonly List<StoredLayer> _brokenLayers = [];

    /// <summary>How many layers lie over one, by its folder.</summary>
    private readonly Dictionary<string, int> _above = new(StringComparer.Ordinal);

    private void ListLayers()
    {
        var all = StoredLayers.List(folder, RemoveStray, foreign: null);
        var referenced = StoredLayers.Referenced(folder);
        foreach (var layer in all)
        {
            if (layer.About is not { } about)
            {
                _brokenLayers.Add(layer);
                continue;
            }

            _bytes += about.Bytes;
            if (layer.UsedSeconds > _now + (long)Limits.UseGranularity.TotalSeconds)
            {
                // The clock was wrong once: from now on it ages.
                SetUsed(layer);
            }

            if (about.Base is not null)
            {
                // Whoever uses this marks both, so what lies below is no older.
                _above[LowerOf(layer)] = _above.GetValueOrDefault(LowerOf(layer)) + 1;
            }

            if (!referenced.Contains(layer.Path))
            {
                _layers.Add(layer);
            }
        }
    }

    /// <summary>Removes what is not whole, and what was not used for long.</summary>
    private int RemoveUnused(long keepFrom)
    {
        foreach (var layer in _brokenLayers)
        {
            if (TryRemove(layer))
            {
                _strays++;
            }
        }

        var until = Math.Min(keepFrom, _now - (long)Limits.UnusedLayerTime.TotalSeconds);
        var removed = RemoveLayers(_layers.FindAll(layer => layer.UsedSeconds < until));
        _layers.RemoveAll(layer => layer.UsedSeconds < until);
        return removed;
    }

    /// <summary>Removes layers, those that lie over others first; how many.</summary>
    private int RemoveLayers(List<StoredLayer> layers)
    {
        var removed = 0;
        foreach (var isDelta in (ReadOnlySpan<bool>)[true, false])
        {
            foreach (var layer in layers)
            {
                if ((layer.About!.Base is not null) != isDelta || _above.GetValueOrDefault(layer.Path) > 0 || !TryRemove(layer))
                {
                    continue;
                }

                removed++;
                _bytes -= layer.About.Bytes;
                if (isDelta)
                {
                    _above[LowerOf(layer)]--;
                }
            }
        }

        return removed;
    }

    private bool TryRemove(StoredLayer layer)
    {
        if (dryRun)
        {
            return true;
        }

        try
        {
            using var owned = StoredLayers.TryTake(folder, layer, out var name);
            owned?.RemoveTree(name);
            return owned is not null;
        }
        catch (IOException)
        {
            // Another user's; theirs to remove.
            return false;
        }
    }

    private void SetUsed(StoredLayer layer)
    {
        using var standing = dryRun ? null : folder.Root.TryOpenPath(layer.Path);
        if (standing is not null)
        {
            BlobCalls.SetModified(standing.Descriptor, [], _now);
        }
    }

    private static string LowerOf(StoredLayer layer) => (layer with { Key = layer.About!.Base! }).Path;
}
