using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>What can be wrong with a store.</summary>
public enum FindingKind
{
    /// <summary>A blob's content does not have the digest of its name: bits changed, it was cut off, or renamed.</summary>
    Damaged,

    /// <summary>A blob is right and stands in the wrong folder.</summary>
    Misplaced,

    /// <summary>A blob is stored both compressed and as it is.</summary>
    Double,

    /// <summary>A blob could be changed or executed by its mode.</summary>
    Mode,

    /// <summary>Something that is no part of a store.</summary>
    Foreign,

    /// <summary>What a process that is gone left behind.</summary>
    Stray,

    /// <summary>An entry of the action cache that does not open.</summary>
    Unopenable,

    /// <summary>An entry of the action cache that names blobs which are missing.</summary>
    Incomplete,

    /// <summary>A pin that cannot be read.</summary>
    DamagedPin,

    /// <summary>A pin of something that is missing.</summary>
    MissingPinned,

    /// <summary>A layer that does not show what its key says, or is not whole.</summary>
    DamagedLayer,

    /// <summary>Something that cannot be read here, so that nobody knows.</summary>
    Unreadable,
}

/// <summary>What was done about it.</summary>
public enum FindingOutcome
{
    /// <summary>Nothing: it was only looked for.</summary>
    Reported,

    /// <summary>It is as it should be again.</summary>
    Repaired,

    /// <summary>It is in quarantine, and counts as missing.</summary>
    Quarantined,

    /// <summary>It is gone; nothing was lost.</summary>
    Removed,

    /// <summary>Nothing could be done.</summary>
    Left,
}

/// <summary>Something wrong.</summary>
/// <param name="Kind">What.</param>
/// <param name="Path">Where, from the store's folder.</param>
/// <param name="Detail">What was found, in words.</param>
/// <param name="Outcome">What was done about it.</param>
public sealed record StoreFinding(FindingKind Kind, string Path, string Detail, FindingOutcome Outcome);

/// <summary>What a check found.</summary>
/// <param name="BlobsChecked">Blobs that were read.</param>
/// <param name="BytesChecked">Bytes of their files.</param>
/// <param name="EntriesChecked">Entries of the action cache.</param>
/// <param name="Findings">What is wrong, sorted by path; at most <see cref="Limits.FindingsMax"/>.</param>
/// <param name="FindingsTotal">How many there are.</param>
public sealed record CheckReport(long BlobsChecked, long BytesChecked, long EntriesChecked, ImmutableArray<StoreFinding> Findings, int FindingsTotal)
{
    /// <summary>Whether the store is sound now: nothing was wrong, or all that was is mended.</summary>
    public bool IsSound { get; init; } = true;

    /// <summary>Layers of sandboxes that were read.</summary>
    public long LayersChecked { get; init; }
}

/// <summary>Reads everything in a store and mends or sets aside what is wrong. Other processes may go on meanwhile.</summary>
internal sealed partial class StoreCheck(StoreFolder folder, TimeProvider time, ActionEntryReader? entryReader, bool repair)
{
    private readonly Lock _lock = new();
    private readonly List<StoreFinding> _findings = [];
    private readonly HashSet<Digest> _right = [];
    private int _total;
    private bool _sound = true;
    private long _blobs;
    private long _bytes;
    private long _entries;

    public CheckReport Run(CancellationToken cancellationToken)
    {
        CheckBlobs(cancellationToken);
        StoreScan.ForEachStray(folder, time.GetUtcNow().ToUnixTimeSeconds(), (parent, name) => Remove(FindingKind.Stray, parent, name, "left by a process that is gone"));
        bool inUse;
        using (var leases = folder.OpenPart(StoreFolder.Leases))
        {
            inUse = StoreLease.Live(leases, name => Remove(FindingKind.Stray, leases, name, "the lease of a process that is gone")).Count > 0;
        }

        CheckEntries(cancellationToken);
        CheckSuperseded(cancellationToken);
        CheckPins();
        CheckLayers(inUse, cancellationToken);
        _findings.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new CheckReport(_blobs, _bytes, _entries, [.. _findings], _total) { IsSound = _sound, LayersChecked = _layers };
    }

    private void CheckBlobs(CancellationToken cancellationToken)
    {
        var fanOuts = new List<string>();
        foreach (var entry in folder.BlobFolder.List())
        {
            if (StoreScan.IsFanOut(entry) && entry.Kind is null or FileKind.Directory)
            {
                fanOuts.Add(entry.Name);
            }
            else
            {
                SetAside(FindingKind.Foreign, folder.BlobFolder, entry, "no folder of blobs");
            }
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        Parallel.ForEach(fanOuts, options, name =>
        {
            try
            {
                using var below = folder.BlobFolder.TryOpen(name);
                if (below is null)
                {
                    SetAside(FindingKind.Foreign, folder.BlobFolder, new DirectoryEntry(name, IsUtf8: true, null), "no folder");
                    return;
                }

                StoreScan.ForEachIn(below, name, blob => CheckBlob(below, blob, cancellationToken), (parent, entry) => CheckForeign(parent, entry));
            }
            catch (IOException exception)
            {
                Add(FindingKind.Unreadable, $"{StoreFolder.Blobs}/{name}", exception.Message, FindingOutcome.Left);
            }
        });
    }

    private void CheckBlob(DirectoryHandle below, StoredFile blob, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var name = blob.Name.Hash + (blob.Compressed ? BlobPath.CompressedSuffix : "");
        var state = Examine(below, name, blob.Name);
        lock (_lock)
        {
            _blobs++;
            _bytes += blob.Look.SizeBytes;
        }

        switch (state)
        {
            case BlobState.Wrong:
                SetAside(FindingKind.Damaged, below, new DirectoryEntry(name, IsUtf8: true, null), "its content does not have the digest of its name");
                return;
            case BlobState.Unknown:
                Add(FindingKind.Unreadable, PathOf(below, name), blob.Compressed && !Zstd.IsAvailable ? "compressed, and there is no libzstd" : "no permission to read it", FindingOutcome.Left);
                return;
            case BlobState.Missing:
                return;
        }

        if ((blob.Look.Mode & 0xdb) != 0)
        {
            CheckMode(below, name, blob.Look.Mode);
        }

        lock (_lock)
        {
            if (_right.Add(blob.Name))
            {
                return;
            }
        }

        // Whichever form comes second: the compressed one is the one to go.
        Remove(FindingKind.Double, below, blob.Name.Hash + BlobPath.CompressedSuffix, "stored compressed and as it is");
    }

    private unsafe void CheckMode(DirectoryHandle below, string name, uint mode)
    {
        var outcome = FindingOutcome.Reported;
        if (repair)
        {
            var path = Encoding.ASCII.GetBytes(name + "\0");
            fixed (byte* bytes = path)
            {
                outcome = FileNative.ChangeModeAt(below.Descriptor, bytes, (mode & StoreFolder.BlobMode) | 0x100, 0) == 0 ? FindingOutcome.Repaired : FindingOutcome.Left;
            }
        }

        Add(FindingKind.Mode, PathOf(below, name), string.Create(CultureInfo.InvariantCulture, $"its mode is {Convert.ToString(mode & 0xfff, 8).PadLeft(4, '0')}"), outcome);
    }

    /// <summary>Something among the blobs that has no blob's name, or not that of its folder.</summary>
    private void CheckForeign(DirectoryHandle below, DirectoryEntry entry)
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        if (entry.Kind != FileKind.Regular || !BlobPath.TryParseName(entry.Name, hash, out _) || Examine(below, entry.Name, new Digest(hash, 0)) != BlobState.Right)
        {
            SetAside(FindingKind.Foreign, below, entry, "no blob");
            return;
        }

        var outcome = FindingOutcome.Reported;
        if (repair)
        {
            try
            {
                using var proper = folder.BlobFolder.TryCreatePath(entry.Name[..2]);
                below.Move(entry.Name, proper!, entry.Name);
                outcome = FindingOutcome.Repaired;
                lock (_lock)
                {
                    _right.Add(new Digest(hash, 0));
                }
            }
            catch (IOException)
            {
                outcome = FindingOutcome.Left;
            }
        }

        Add(FindingKind.Misplaced, PathOf(below, entry.Name), $"belongs to `{entry.Name[..2]}/`", outcome);
    }

    private void CheckEntries(CancellationToken cancellationToken) => StoreScan.ForEach(
        folder,
        StoreFolder.Actions,
        entry =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            _entries++;
            var hash = entry.Name.Hash;
            if (entryReader is null || entry.Compressed || StoreScan.ReadEntry(folder, StoreFolder.Actions, hash) is not { } bytes)
            {
                return;
            }

            using var below = folder.Root.TryOpenPath($"{StoreFolder.Actions}/{hash.AsSpan(0, 2)}");
            if (below is null)
            {
                return;
            }

            if (entryReader(hash, bytes) is not { } named)
            {
                SetAside(FindingKind.Unopenable, below, new DirectoryEntry(hash, IsUtf8: true, FileKind.Regular), "it does not open");
                return;
            }

            var missing = 0;
            foreach (var blob in named)
            {
                missing += IsPresent(blob) ? 0 : 1;
            }

            if (missing > 0)
            {
                Remove(FindingKind.Incomplete, below, hash, string.Create(CultureInfo.InvariantCulture, $"{missing} of the {named.Count} blobs that it names are missing"));
            }
        },
        (parent, entry) =>
        {
            if (!StoreScan.IsUnderConstruction(entry.Name))
            {
                SetAside(FindingKind.Foreign, parent, entry, "no entry of the action cache");
            }
        },
        cancellationToken);

    private void CheckSuperseded(CancellationToken cancellationToken) => StoreScan.ForEach(
        folder,
        StoreFolder.Superseded,
        entry =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            _entries++;
            var hash = entry.Name.Hash;
            using var below = folder.Root.TryOpenPath($"{StoreFolder.Superseded}/{hash.AsSpan(0, 2)}");
            if (below is not null && StoreScan.ReadEntry(folder, StoreFolder.Superseded, hash) is { } bytes && SupersededEntry.NameOf(bytes) != entry.Name)
            {
                SetAside(FindingKind.Unopenable, below, new DirectoryEntry(hash, IsUtf8: true, FileKind.Regular), "it is not the attestation of its name");
            }
        },
        (parent, entry) => SetAside(FindingKind.Foreign, parent, entry, "no attestation"),
        cancellationToken);

    private void CheckPins()
    {
        using var pins = folder.OpenPart(StoreFolder.Pins);
        foreach (var file in pins.List())
        {
            if (StoreScan.IsUnderConstruction(file.Name))
            {
                continue;
            }

            if (StorePin.TryRead(pins, file.Name) is not { } pin)
            {
                SetAside(FindingKind.DamagedPin, pins, file, "it cannot be read; pin again what it kept");
                continue;
            }

            foreach (var blob in pin.Blobs)
            {
                if (!IsPresent(blob))
                {
                    Add(FindingKind.MissingPinned, $"{StoreFolder.Pins}/{pin.Name}", $"the blob `{blob}` is missing", repair ? FindingOutcome.Left : FindingOutcome.Reported);
                }
            }

            foreach (var action in pin.Actions)
            {
                if (!System.IO.File.Exists($"{folder.Path}/{StoreFolder.Actions}/{action.AsSpan(0, 2)}/{action}"))
                {
                    Add(FindingKind.MissingPinned, $"{StoreFolder.Pins}/{pin.Name}", $"the entry of action `{action}` is missing", repair ? FindingOutcome.Left : FindingOutcome.Reported);
                }
            }
        }
    }

    /// <summary>Whether a blob was found right, or has come since.</summary>
    private bool IsPresent(in Digest blob)
    {
        if (blob == Digest.Empty || _right.Contains(StoreScan.NameOf(blob)))
        {
            return true;
        }

        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        foreach (var compressed in (ReadOnlySpan<bool>)[false, true])
        {
            BlobPath.Write(path, blob, compressed);
            if (BlobCheck.Examine(folder.BlobFolder.Descriptor, path, blob) is BlobState.Right or BlobState.Unknown)
            {
                return true;
            }
        }

        return false;
    }

    private static BlobState Examine(DirectoryHandle below, string name, in Digest digest) => BlobCheck.Examine(below.Descriptor, Encoding.ASCII.GetBytes(name + "\0"), digest);

    private void SetAside(FindingKind kind, DirectoryHandle parent, DirectoryEntry entry, string detail)
    {
        var outcome = !repair ? FindingOutcome.Reported
            : entry.IsUtf8 && BlobCheck.Quarantine(folder, parent.Descriptor, Encoding.UTF8.GetBytes(entry.Name + "\0")) ? FindingOutcome.Quarantined
            : FindingOutcome.Left;
        Add(kind, PathOf(parent, entry.Name), detail, outcome);
    }

    private void Remove(FindingKind kind, DirectoryHandle parent, string name, string detail)
    {
        var outcome = FindingOutcome.Reported;
        if (repair)
        {
            try
            {
                parent.RemoveTree(name);
                outcome = FindingOutcome.Removed;
            }
            catch (IOException)
            {
                outcome = FindingOutcome.Left;
            }
        }

        Add(kind, PathOf(parent, name), detail, outcome);
    }

    private void Add(FindingKind kind, string path, string detail, FindingOutcome outcome)
    {
        lock (_lock)
        {
            _total++;
            _sound &= outcome is FindingOutcome.Repaired or FindingOutcome.Quarantined or FindingOutcome.Removed;
            if (_findings.Count < Limits.FindingsMax)
            {
                _findings.Add(new StoreFinding(kind, path, detail, outcome));
            }
        }
    }

    private string PathOf(DirectoryHandle parent, string name) => $"{parent.DisplayPath.AsSpan(Math.Min(parent.DisplayPath.Length, folder.Path.Length + 1))}/{name}";
}
