using System.Collections.Immutable;

using Cairn.Store.Layers;

namespace Cairn.Store.Content;

/// <summary>What stands in a store.</summary>
public sealed record StoreStatistics
{
    /// <summary>Blobs.</summary>
    public long Blobs { get; init; }

    /// <summary>Bytes of their content.</summary>
    public long ContentBytes { get; init; }

    /// <summary>What they take of the disk.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Blobs that are stored compressed.</summary>
    public long CompressedBlobs { get; init; }

    /// <summary>Bytes that compression saves.</summary>
    public long SavedBytes { get; init; }

    /// <summary>Entries of the action cache.</summary>
    public long Entries { get; init; }

    /// <summary>What they take of the disk.</summary>
    public long EntryDiskBytes { get; init; }

    /// <summary>Entries whose place another one took.</summary>
    public long Superseded { get; init; }

    /// <summary>What they take of the disk.</summary>
    public long SupersededDiskBytes { get; init; }

    /// <summary>Layers of sandboxes.</summary>
    public long Layers { get; init; }

    /// <summary>What they take of the disk.</summary>
    public long LayerDiskBytes { get; init; }

    /// <summary>Things in quarantine.</summary>
    public long Quarantined { get; init; }

    /// <summary>Their bytes.</summary>
    public long QuarantinedBytes { get; init; }

    /// <summary>The longest time that a blob was not used, or null without any.</summary>
    public DateTimeOffset? OldestUse { get; init; }

    /// <summary>The names of the pins.</summary>
    public ImmutableArray<string> Pins { get; init; } = [];

    /// <summary>Who holds leases now.</summary>
    public ImmutableArray<string> Leases { get; init; } = [];

    /// <summary>What a quota is held against.</summary>
    public long UsedBytes => DiskBytes + EntryDiskBytes + SupersededDiskBytes + LayerDiskBytes + QuarantinedBytes;

    internal static StoreStatistics Measure(StoreFolder folder, CancellationToken cancellationToken)
    {
        long blobs = 0, content = 0, disk = 0, compressed = 0, saved = 0, entries = 0, entryDisk = 0, oldest = long.MaxValue;
        StoreScan.ForEach(folder, StoreFolder.Blobs, file =>
        {
            blobs++;
            disk += file.Look.DiskBytes;
            oldest = Math.Min(oldest, file.Look.ModifiedSeconds);
            var bytes = BlobCheck.ContentBytes(folder, file);
            content += bytes;
            compressed += file.Compressed ? 1 : 0;
            saved += bytes - file.Look.SizeBytes;
        }, null, cancellationToken);
        StoreScan.ForEach(folder, StoreFolder.Actions, file =>
        {
            entries++;
            entryDisk += file.Look.DiskBytes;
        }, null, cancellationToken);

        long superseded = 0, supersededDisk = 0;
        StoreScan.ForEach(folder, StoreFolder.Superseded, file =>
        {
            superseded++;
            supersededDisk += file.Look.DiskBytes;
        }, null, cancellationToken);

        long layers = 0, layerDisk = 0;
        foreach (var layer in StoredLayers.List(folder, static (_, _) => { }, foreign: null))
        {
            layers += layer.About is null ? 0 : 1;
            layerDisk += layer.About?.Bytes ?? 0;
        }

        long quarantined = 0, quarantinedBytes = 0;
        using var quarantine = folder.OpenPart(StoreFolder.Quarantine);
        foreach (var entry in quarantine.ListRaw())
        {
            quarantined++;
            quarantinedBytes += quarantine.Measure(entry).Bytes;
        }

        using var leases = folder.OpenPart(StoreFolder.Leases);
        return new StoreStatistics
        {
            Blobs = blobs,
            ContentBytes = content,
            DiskBytes = disk,
            CompressedBlobs = compressed,
            SavedBytes = saved,
            Entries = entries,
            EntryDiskBytes = entryDisk,
            Superseded = superseded,
            SupersededDiskBytes = supersededDisk,
            Layers = layers,
            LayerDiskBytes = layerDisk,
            Quarantined = quarantined,
            QuarantinedBytes = quarantinedBytes,
            OldestUse = blobs == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(oldest, 0, 253_402_300_799)),
            Pins = [.. PinNames(folder)],
            Leases = [.. StoreLease.Live(leases, static _ => { }).ConvertAll(static lease => lease.Holder)],
        };
    }

    internal static List<string> PinNames(StoreFolder folder)
    {
        using var pins = folder.OpenPart(StoreFolder.Pins);
        var names = pins.List().ConvertAll(static entry => entry.Name);
        names.RemoveAll(StoreScan.IsUnderConstruction);
        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
