using System.Globalization;
using System.Text;

using Cairn.Store.Layers;

namespace Cairn.Store.Content;

/// <content>Layers: everything in each is held against the tree that it is named after. A wrong one is taken away, and laid out again by whoever needs it.</content>
internal sealed partial class StoreCheck
{
    private long _layers;

    private void CheckLayers(bool inUse, CancellationToken cancellationToken)
    {
        var layers = StoredLayers.List(
            folder,
            (parent, name) => Remove(FindingKind.Stray, parent, name, "left by a run that is gone"),
            (parent, entry) => SetAside(FindingKind.Foreign, parent, entry, "no layer"));
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        Parallel.ForEach(layers, options, layer =>
        {
            try
            {
                if (WrongWith(layer, cancellationToken) is { } wrong)
                {
                    TakeAway(layer, wrong, inUse);
                }
            }
            catch (IOException exception)
            {
                Add(FindingKind.Unreadable, layer.Path, exception.Message, FindingOutcome.Left);
            }

            Interlocked.Increment(ref _layers);
        });
    }

    /// <summary>What is wrong with a layer, in words; null where nothing is, or it is gone.</summary>
    private string? WrongWith(StoredLayer layer, CancellationToken cancellationToken)
    {
        using var standing = folder.Root.TryOpenPath(layer.Path);
        if (standing is null)
        {
            return null;
        }

        using var root = standing.TryOpen(LayerStore.RootFolder);
        if (layer.About is not { } about || root is null)
        {
            return "it is not whole";
        }

        var actual = LayerListing.Read(root, uint.Parse(layer.Owner, NumberStyles.None, CultureInfo.InvariantCulture), cancellationToken);
        if (about.Content is { } content)
        {
            return string.Equals(actual.Hash(), content, StringComparison.Ordinal) ? null : "it does not hold what was laid out";
        }

        using var lower = about.Base is { } key ? folder.Root.TryOpenPath((layer with { Key = key }).Path) : null;
        return about.Base is not null && lower is null ? $"the layer `{about.Base}` that it lies over is gone" : LayerCheck.WrongWith(standing, layer.Key, lower, actual);
    }

    /// <summary>Removes a wrong layer. One that a run may have mounted stays in quarantine: it loses its name, and what the run sees stays as it is.</summary>
    private void TakeAway(StoredLayer layer, string wrong, bool inUse)
    {
        var outcome = FindingOutcome.Reported;
        if (repair)
        {
            try
            {
                using var owned = StoredLayers.TryTake(folder, layer, out var name);
                outcome = owned is null ? FindingOutcome.Left
                    : inUse && BlobCheck.Quarantine(folder, owned.Descriptor, Encoding.UTF8.GetBytes(name + "\0")) ? FindingOutcome.Quarantined
                    : FindingOutcome.Removed;
                if (outcome == FindingOutcome.Removed)
                {
                    owned!.RemoveTree(name);
                }
            }
            catch (IOException)
            {
                outcome = FindingOutcome.Left;
            }
        }

        Add(FindingKind.DamagedLayer, layer.Path, wrong, outcome);
    }
}
