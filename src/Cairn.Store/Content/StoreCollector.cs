using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Store.Content;

/// <summary>What a collection did, or would do.</summary>
/// <param name="QuotaBytes">The quota.</param>
/// <param name="BytesBefore">Disk use of blobs, entries, layers and what is in quarantine.</param>
/// <param name="BytesAfter">The same afterwards.</param>
/// <param name="BlobsRemoved">Blobs that went.</param>
/// <param name="EntriesRemoved">Entries of the action cache that went, with superseded ones.</param>
/// <param name="StraysRemoved">Remains of dead processes, and what was long in quarantine.</param>
/// <param name="LayersRemoved">Layers of sandboxes that went.</param>
public sealed record CollectionResult(long QuotaBytes, long BytesBefore, long BytesAfter, int BlobsRemoved, int EntriesRemoved, int StraysRemoved, int LayersRemoved)
{
    /// <summary>Whether pins, runs in progress and recent use kept more than the quota.</summary>
    public bool IsOverQuota => BytesAfter > QuotaBytes;
}

/// <summary>
/// Brings a store below its quota: what was used longest ago goes first, and an entry of the action cache keeps what it names as long as itself. Whatever it takes, nobody gets a
/// wrong result: an entry without its blobs is a miss, and whoever uses something at the same moment makes it again.
/// </summary>
internal sealed partial class StoreCollector(StoreFolder folder, TimeProvider time, ActionEntryReader? entryReader, Func<Digest, byte[]?> reader, bool dryRun)
{
    private readonly List<StoredFile> _blobs = [];
    private readonly List<StoredFile> _entries = [];
    private readonly List<StoredFile> _superseded = [];
    private readonly long _now = time.GetUtcNow().ToUnixTimeSeconds();
    private long _bytes;
    private int _strays;

    public CollectionResult Collect(long quotaBytes, CancellationToken cancellationToken)
    {
        // Use is marked as rarely as this, so that a mark may be that much older than the use.
        var keepFrom = _now;
        using (var leases = folder.OpenPart(StoreFolder.Leases))
        {
            foreach (var (_, began) in StoreLease.Live(leases, name => RemoveStray(leases, name)))
            {
                keepFrom = Math.Min(keepFrom, began);
            }
        }

        keepFrom -= (long)(Limits.RecentUse + Limits.UseGranularity).TotalSeconds;
        StoreScan.ForEachStray(folder, _now, RemoveStray);
        StoreScan.ForEach(folder, StoreFolder.Blobs, file => Take(file, _blobs, StoreFolder.Blobs), null, cancellationToken);
        StoreScan.ForEach(folder, StoreFolder.Actions, file => Take(file, _entries, StoreFolder.Actions), null, cancellationToken);
        StoreScan.ForEach(folder, StoreFolder.Superseded, file => Take(file, _superseded, StoreFolder.Superseded), null, cancellationToken);
        ListLayers();
        var quarantined = EmptyQuarantine();
        var before = _bytes + quarantined.Before;
        _bytes += quarantined.After;
        var layers = RemoveUnused(keepFrom);
        var (blobs, entries) = (0, 0);
        if (_bytes > quotaBytes)
        {
            (blobs, entries, var evicted) = Evict(quotaBytes - (quotaBytes / 10), keepFrom, cancellationToken);
            layers += evicted;
        }

        if (layers > 0 && !dryRun)
        {
            StoredLayers.RemoveLooseSlots(folder);
        }

        return new CollectionResult(quotaBytes, before, _bytes, blobs, entries, _strays, layers);
    }

    private void Take(in StoredFile file, List<StoredFile> files, string part)
    {
        files.Add(file);
        _bytes += file.Look.DiskBytes;
        if (file.Look.ModifiedSeconds > _now + (long)Limits.UseGranularity.TotalSeconds && !dryRun)
        {
            // The clock was wrong once: without this such a file would never be old.
            SetUsed(part, file);
        }
    }

    /// <summary>Removes what was used longest ago until the target is met; how many blobs, entries and layers.</summary>
    private (int Blobs, int Entries, int Layers) Evict(long targetBytes, long keepFrom, CancellationToken cancellationToken)
    {
        var index = new Dictionary<Digest, int>(_blobs.Count);
        var used = new long[_blobs.Count];
        for (var i = 0; i < _blobs.Count; i++)
        {
            // Both forms of a blob, which a race can leave, go by the first.
            index.TryAdd(_blobs[i].Name, i);
            used[i] = _blobs[i].Look.ModifiedSeconds;
        }

        var pinned = PinnedActions(index, used);
        var entries = new (long Used, int[] Blobs)[_entries.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entryUsed = pinned.Contains(_entries[i].Name) ? long.MaxValue : _entries[i].Look.ModifiedSeconds;
            entries[i] = (entryUsed, BlobsOf(_entries[i], index));
            foreach (var blob in entries[i].Blobs)
            {
                used[blob] = Math.Max(used[blob], entryUsed);
            }
        }

        var doomed = Choose(used, targetBytes, keepFrom, out var doomedLayers, out var newestDoomed);
        var entriesRemoved = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            // All that was used no later goes, also what names no blob; with it goes all that names a doomed one, since that is older still.
            if (entries[i].Used <= newestDoomed && !TryRemove(StoreFolder.Actions, _entries[i], ref entriesRemoved))
            {
                foreach (var blob in entries[i].Blobs)
                {
                    doomed[blob] = false;
                }
            }
        }

        foreach (var entry in _superseded)
        {
            if (entry.Look.ModifiedSeconds <= newestDoomed && !IsPinned(entry, pinned))
            {
                _ = TryRemove(StoreFolder.Superseded, entry, ref entriesRemoved);
            }
        }

        var blobsRemoved = 0;
        for (var i = 0; i < doomed.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (doomed[i])
            {
                _ = TryRemove(StoreFolder.Blobs, _blobs[i], ref blobsRemoved);
            }
        }

        return (blobsRemoved, entriesRemoved, RemoveLayers(doomedLayers));
    }

    /// <summary>Chooses among blobs and layers, in one order of their last use.</summary>
    private bool[] Choose(long[] used, long targetBytes, long keepFrom, out List<StoredLayer> layers, out long newestDoomed)
    {
        var order = new int[used.Length + _layers.Count];
        var times = new long[order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            times[i] = i < used.Length ? used[i] : _layers[i - used.Length].UsedSeconds;
        }

        Array.Sort((long[])times.Clone(), order);
        var doomed = new bool[used.Length];
        layers = [];
        newestDoomed = long.MinValue;
        var bytes = _bytes;
        foreach (var i in order)
        {
            if (bytes <= targetBytes || times[i] >= keepFrom)
            {
                break;
            }

            newestDoomed = times[i];
            if (i < used.Length)
            {
                doomed[i] = true;
                bytes -= _blobs[i].Look.DiskBytes;
            }
            else
            {
                layers.Add(_layers[i - used.Length]);
                bytes -= layers[^1].About!.Bytes;
            }
        }

        // Entries alone can be too much, too.
        if (bytes > targetBytes)
        {
            newestDoomed = Math.Max(newestDoomed, keepFrom - 1);
        }

        return doomed;
    }

    private HashSet<Digest> PinnedActions(Dictionary<Digest, int> index, long[] used)
    {
        var actions = new HashSet<Digest>();
        using var pins = folder.OpenPart(StoreFolder.Pins);
        foreach (var file in pins.List())
        {
            if (StoreScan.IsUnderConstruction(file.Name))
            {
                continue;
            }

            var pin = StorePin.TryRead(pins, file.Name) ?? throw new StoreException(
                $"The pin `{pins.DisplayPath}/{file.Name}` is damaged, so that nobody knows what it keeps, and nothing was removed. Pin it again, or remove it with `cairn store unpin {file.Name}`");
            foreach (var blob in pin.Blobs)
            {
                if (index.TryGetValue(StoreScan.NameOf(blob), out var i))
                {
                    used[i] = long.MaxValue;
                }
            }

            ForEachOfTrees(pin, blob =>
            {
                if (index.TryGetValue(StoreScan.NameOf(blob), out var i))
                {
                    used[i] = long.MaxValue;
                }
            });
            foreach (var action in pin.Actions)
            {
                actions.Add(new Digest(Convert.FromHexString(action), 0));
            }
        }

        return actions;
    }

    /// <summary>Whether a superseded entry is of an action that a pin keeps: with its result a pin keeps all that was attested of it.</summary>
    private bool IsPinned(in StoredFile entry, HashSet<Digest> pinned) =>
        pinned.Count > 0 && StoreScan.ReadEntry(folder, StoreFolder.Superseded, entry.Name.Hash) is { } bytes && SupersededEntry.ActionOf(bytes) is { } action && pinned.Contains(new Digest(Convert.FromHexString(action), 0));

    private int[] BlobsOf(in StoredFile entry, Dictionary<Digest, int> index)
    {
        var hash = entry.Name.Hash;
        if (entryReader is null || StoreScan.ReadEntry(folder, StoreFolder.Actions, hash) is not { } bytes || entryReader(hash, bytes) is not { } named)
        {
            return [];
        }

        var blobs = new List<int>(named.Count);
        foreach (var blob in named)
        {
            if (index.TryGetValue(StoreScan.NameOf(blob), out var i))
            {
                blobs.Add(i);
            }
        }

        return [.. blobs];
    }

    /// <summary>Removes a file unless it was used since it was looked at.</summary>
    private unsafe bool TryRemove(string part, in StoredFile file, ref int count)
    {
        if (!dryRun)
        {
            Span<byte> path = stackalloc byte[BlobPath.BytesMax];
            BlobPath.Write(path, file.Name, file.Compressed);
            using var top = part == StoreFolder.Blobs ? null : folder.OpenPart(part);
            var descriptor = (top ?? folder.BlobFolder).Descriptor;
            if (BlobCalls.TryLook(descriptor, path, out var look) && look.ModifiedSeconds > Math.Min(file.Look.ModifiedSeconds, _now))
            {
                return false;
            }

            fixed (byte* name = path)
            {
                if (FileNative.UnlinkAt(descriptor, name, 0) < 0)
                {
                    return false;
                }
            }
        }

        count++;
        _bytes -= file.Look.DiskBytes;
        return true;
    }

    private void SetUsed(string part, in StoredFile file)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        BlobPath.Write(path, file.Name, file.Compressed);
        using var top = folder.OpenPart(part);
        BlobCalls.SetModified(top.Descriptor, path, _now);
    }

    /// <summary>Removes what has been in quarantine for long; bytes there before and after.</summary>
    private (long Before, long After) EmptyQuarantine()
    {
        using var quarantine = folder.OpenPart(StoreFolder.Quarantine);
        long before = 0, after = 0;
        foreach (var entry in quarantine.List())
        {
            if (!entry.IsUtf8 || quarantine.TryStat(entry.Name) is not { } stat)
            {
                continue;
            }

            // A layer is a folder.
            var bytes = stat.Kind == FileKind.Directory ? quarantine.Measure(new RawEntry([.. Encoding.UTF8.GetBytes(entry.Name), 0], IsDirectory: true)).Bytes : stat.SizeBytes;
            before += bytes;
            if (_now - (stat.ChangedNs / 1_000_000_000) > (long)Limits.QuarantineTime.TotalSeconds)
            {
                RemoveStray(quarantine, entry.Name);
            }
            else
            {
                after += bytes;
            }
        }

        return (before, after);
    }

    private void RemoveStray(DirectoryHandle parent, string name)
    {
        _strays++;
        if (!dryRun)
        {
            try
            {
                parent.RemoveTree(name);
            }
            catch (IOException)
            {
                // Another user's; theirs to remove.
                _strays--;
            }
        }
    }
}
