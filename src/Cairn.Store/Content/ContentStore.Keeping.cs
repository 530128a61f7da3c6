using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <content>What keeps a store in shape: leases, pins, collection, check.</content>
public sealed partial class ContentStore
{
    private const string CollectionStamp = "gc.stamp";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The quota where none is set: 20 GiB, or a tenth of the disk if that is less.</summary>
    public const long DefaultQuotaBytes = 20L << 30;

    /// <summary>How entries of the action cache are read; without it entries keep nothing alive and are not checked.</summary>
    public ActionEntryReader? EntryReader { get; set; } = Actions.ResultSeal.BlobsOf;

    /// <summary>The quota for this store's disk where none is set.</summary>
    public long DefaultQuota() => _folder.Root.FileSystemBytes() is > 0 and long bytes ? Math.Min(DefaultQuotaBytes, bytes / 10) : DefaultQuotaBytes;

    /// <summary>
    /// Begins to rely on what is here: until it is disposed, or the process ends, nothing that is used from now on is collected. Null where the store cannot be written, and so not collected by this user.
    /// </summary>
    /// <param name="holder">Who, for people: <c>run 20260101-120000-ab12 in /home/me/project</c>.</param>
    public StoreLease? TryLease(string holder)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            return ReadOnlyReason is null ? StoreLease.Take(_folder, holder) : null;
        }
        catch (StoreException)
        {
            // A full disk; no collection runs by itself then before this one has ended.
            return null;
        }
    }

    /// <summary>Keeps something for good under a name; replaces what the name kept before. Throws <see cref="StoreException"/> where it cannot.</summary>
    public void Pin(StorePin pin)
    {
        ArgumentNullException.ThrowIfNull(pin);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!StorePin.IsName(pin.Name))
        {
            throw new ArgumentException($"`{pin.Name}` cannot name a pin", nameof(pin));
        }

        ThrowIfReadOnly();
        try
        {
            using var pins = _folder.OpenPart(StoreFolder.Pins);
            DurableFile.Replace($"{Directory}/{StoreFolder.Pins}/{pin.Name}", pin.ToBytes());
        }
        catch (IOException exception) when (exception is not StoreException)
        {
            throw _folder.Failed(exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new StoreException($"No permission to pin in `{Directory}`", exception);
        }
    }

    /// <summary>Takes a pin away; false where there is none.</summary>
    public bool Unpin(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var pins = _folder.OpenPart(StoreFolder.Pins);
        return pins.Unlink(name);
    }

    /// <summary>The pins, sorted by name; one that is damaged keeps nothing.</summary>
    public ImmutableArray<StorePin> Pins()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var pins = _folder.OpenPart(StoreFolder.Pins);
        var all = ImmutableArray.CreateBuilder<StorePin>();
        foreach (var name in StoreStatistics.PinNames(_folder))
        {
            all.Add(StorePin.TryRead(pins, name) ?? new StorePin(name, [], []));
        }

        return all.DrainToImmutable();
    }

    /// <summary>Finds what a person means by a hash, a part of one of at least 6 digits, or <c>hash/size</c>: an entry of the action cache, or else a blob. More than one are given for an ambiguous text.</summary>
    public ImmutableArray<StoreItem> Resolve(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var prefix = Digest.TryParse(text, null, out var digest) ? digest.Hash : text;
        var found = ImmutableArray.CreateBuilder<StoreItem>();
        if (prefix.Length is < 6 or > BlobPath.HashChars || prefix.AsSpan().ContainsAnyExcept(HexDigits))
        {
            return [];
        }

        var seen = new HashSet<Digest>();
        foreach (var part in (ReadOnlySpan<string>)[StoreFolder.Actions, StoreFolder.Blobs])
        {
            using var folder = _folder.Root.TryOpenPath($"{part}/{prefix.AsSpan(0, 2)}");
            if (folder is null)
            {
                continue;
            }

            StoreScan.ForEachIn(folder, prefix[..2], file =>
            {
                // An action is a blob, too; who names one means its result.
                if (file.Name.Hash.StartsWith(prefix, StringComparison.Ordinal) && seen.Add(file.Name))
                {
                    found.Add(new StoreItem(file.Name.Hash, part == StoreFolder.Actions, part == StoreFolder.Actions ? file.Look.SizeBytes : BlobCheck.ContentBytes(_folder, file)));
                }
            }, null);
        }

        return found.DrainToImmutable();
    }

    /// <summary>The hashes of all actions that have an entry, in order.</summary>
    public ImmutableArray<string> ListActions()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var hashes = ImmutableArray.CreateBuilder<string>();
        StoreScan.ForEach(_folder, StoreFolder.Actions, file => hashes.Add(file.Name.Hash), foreign: null, CancellationToken.None);
        hashes.Sort(StringComparer.Ordinal);
        return hashes.DrainToImmutable();
    }

    /// <summary>Counts what is here.</summary>
    public StoreStatistics Measure(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return StoreStatistics.Measure(_folder, cancellationToken);
    }

    /// <summary>
    /// Brings the store below a quota, never taking what pins keep, what was used in the last hour, or since the oldest lease began. Null where another process does it just now.
    /// Throws <see cref="StoreException"/> where the store cannot be written.
    /// </summary>
    public CollectionResult? Collect(long quotaBytes, bool dryRun, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(quotaBytes);
        if (dryRun)
        {
            return new StoreCollector(_folder, _time, EntryReader, ReadFolder, dryRun).Collect(quotaBytes, cancellationToken);
        }

        // A full disk is no reason not to: this is what mends it.
        using var turn = TryTakeTurn();
        if (turn is null)
        {
            return null;
        }

        var result = new StoreCollector(_folder, _time, EntryReader, ReadFolder, dryRun).Collect(quotaBytes, cancellationToken);
        Stamp();
        return result;
    }

    /// <summary>
    /// Takes away the pins of toolchains that nobody uses, and what only they kept: not what other pins keep, entries of the action cache name, kept roots are made of, or was used since
    /// the oldest lease began. Null where another process collects just now. Throws <see cref="StoreException"/>.
    /// </summary>
    /// <param name="prefix">What the names of such pins, and of the layers of their trees, begin with.</param>
    /// <param name="used">The pins that are used.</param>
    /// <param name="dryRun">Only tells what would go.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public ToolchainRemoval? CollectToolchains(string prefix, IReadOnlySet<string> used, bool dryRun, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(used);
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var turn = dryRun ? null : TryTakeTurn();
        return dryRun || turn is not null ? new StoreCollector(_folder, _time, EntryReader, ReadFolder, dryRun).CollectToolchains(prefix, used, cancellationToken) : null;
    }

    private byte[]? ReadFolder(Digest digest) => TryRead(digest, Core.Limits.ActionBlobBytesMax);

    /// <summary>Collects if nobody did so for a day, nor made the store within one; null where nothing was due or it cannot be done. For the end of a run, after its lease.</summary>
    public CollectionResult? CollectIfDue(long quotaBytes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var root = _folder.Root.Descriptor;
        if (_folder.IsForeign
            || (BlobCalls.TryLook(root, "gc.stamp\0"u8, out var last) || BlobCalls.TryLook(root, "store.json\0"u8, out last)) && Math.Abs(_time.GetUtcNow().ToUnixTimeSeconds() - last.ModifiedSeconds) < Limits.CollectionInterval.TotalSeconds)
        {
            return null;
        }

        try
        {
            return Collect(quotaBytes, dryRun: false, cancellationToken);
        }
        catch (IOException)
        {
            // A damaged pin, a folder of somebody else: `cairn store gc` says so to whoever asks.
            return null;
        }
    }

    /// <summary>
    /// Reads everything and finds what is wrong; unless <paramref name="repair"/> is false it is mended, or set aside in <c>quarantine/</c>. Throws <see cref="StoreException"/> where another process
    /// checks or collects just now.
    /// </summary>
    public CheckReport Check(bool repair, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var turn = repair ? TryTakeTurn() : null;
        return repair && turn is null
            ? throw new StoreException($"Another process checks or collects the store `{Directory}` just now; try again when it has ended")
            : new StoreCheck(_folder, _time, EntryReader, repair).Run(cancellationToken);
    }

    /// <summary>Takes the turn of collections and checks; null where another process has it.</summary>
    private Turn? TryTakeTurn()
    {
        if (_folder.IsForeign)
        {
            throw new StoreException($"Nothing can be changed here: {ReadOnlyReason}");
        }

        // A folder can be locked by everybody who may read it, whoever made it.
        var turn = _folder.OpenPart(StoreFolder.Quarantine);
        if (FileNative.Lock(turn.Descriptor, FileNative.LockExclusive | FileNative.LockNonBlocking) == 0)
        {
            return new Turn(turn);
        }

        var error = Marshal.GetLastPInvokeError();
        turn.Dispose();
        return error == FileNative.ErrorAgain ? null : throw BlobCalls.Failure($"lock `{turn.DisplayPath}`", error);
    }

    /// <summary>The right to check or collect. Given back by name: a child that was forked but has not yet become another program still has the descriptor.</summary>
    private sealed class Turn(DirectoryHandle folder) : IDisposable
    {
        public void Dispose()
        {
            _ = FileNative.Lock(folder.Descriptor, FileNative.LockUnlock);
            folder.Dispose();
        }
    }

    private void Stamp()
    {
        try
        {
            var path = Path.Combine(Directory, CollectionStamp);
            File.WriteAllBytes(path, []);
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next run looks again.
        }
    }
}

/// <summary>Something in a store that a person has named.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="IsAction">Whether it is an entry of the action cache; otherwise a blob.</param>
/// <param name="SizeBytes">The bytes of a blob's content, or of the entry.</param>
public sealed record StoreItem(string Hash, bool IsAction, long SizeBytes);
