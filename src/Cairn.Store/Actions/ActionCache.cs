using System.ComponentModel;
using System.Runtime.InteropServices;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Actions;

/// <summary>
/// Action digest to attested result: <c>ac/AB/ABCD…</c> in the store's folder, one file for each action. Nothing is synced: a crash may lose the newest
/// entries, and one that it left in pieces does not open.
/// </summary>
public sealed class ActionCache
{
    private readonly ContentStore _store;
    private readonly string _entries;
    private readonly string _lockPath;
    private readonly Func<string?> _readOnlyReason;
    private readonly ResultSeal _seal;
    private readonly TimeProvider _time;

    private RangeLockFile? _running;

    /// <summary>Over a store, with the seal of its entries.</summary>
    public ActionCache(ContentStore store, ResultSeal seal)
        : this(store, () => store.ReadOnlyReason, seal)
    {
    }

    internal ActionCache(ContentStore store, Func<string?> readOnlyReason, ResultSeal seal)
    {
        _store = store;
        _time = store.Time;
        _entries = Path.Combine(store.Directory, "ac");
        _lockPath = Path.Combine(store.Directory, "running.lock");
        _readOnlyReason = readOnlyReason;
        _seal = seal;
    }

    /// <summary>Called, from any thread, with each entry that did not open, and why.</summary>
    public Action<Digest, string>? Dropped { get; init; }

    /// <summary>Looks an action up. An entry that does not open is removed and counts as missing.</summary>
    public AttestedResult? TryGet(Digest action) => TryGet(action, out _);

    /// <summary>Looks an action up; <paramref name="reason"/> says why an entry that is there did not open.</summary>
    public AttestedResult? TryGet(Digest action, out string? reason)
    {
        reason = null;
        var path = PathOf(action.Hash);
        if (Read(path, ref reason) is not { } entry)
        {
            return null;
        }

        var result = reason is null ? _seal.TryOpen(entry, action, out reason) : null;
        if (result is not null)
        {
            return result;
        }

        Dropped?.Invoke(action, reason ?? "It does not open");
        if (_readOnlyReason() is null)
        {
            Remove(action);
        }

        return null;
    }

    /// <summary>Looks up what a record names by its hash alone. Null where there is nothing; also for an entry that does not open, which is left to who executes the action.</summary>
    public AttestedResult? TryGet(string actionHash) => TryGet(actionHash, out _);

    /// <summary>The same; <paramref name="reason"/> says why an entry that is there did not open.</summary>
    public AttestedResult? TryGet(string actionHash, out string? reason)
    {
        ArgumentNullException.ThrowIfNull(actionHash);
        reason = null;
        return StorePin.IsHash(actionHash) && Read(PathOf(actionHash), ref reason) is { } entry && reason is null ? _seal.TryOpen(entry, actionHash, out reason) : null;
    }

    /// <summary>Attests a result, and adds or replaces the entry of its action; atomic. Gives the attestation's payload hash. Throws <see cref="IOException"/> where it cannot.</summary>
    public string Put(AttestedWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var (entry, attestation) = _seal.Seal(work);
        _store.PutEntry(work.Result.Action, entry);
        return attestation;
    }

    /// <summary>
    /// Takes an entry over that was made elsewhere, whose blobs are here: where it opens, that is, where a key that is trusted here signed it and all of it fits together. False with the reason where not; nothing
    /// is written then. Throws <see cref="IOException"/> where it cannot be kept.
    /// </summary>
    public bool TryAdopt(string actionHash, ReadOnlySpan<byte> entry, out string? reason)
    {
        ArgumentNullException.ThrowIfNull(actionHash);
        if (TryJudge(actionHash, entry, out reason) is not { } result)
        {
            return false;
        }

        _store.PutEntry(result.Action, entry);
        return true;
    }

    /// <summary>The result of an entry that was made elsewhere; null, with the reason, where it does not open here.</summary>
    public ActionResult? TryJudge(string actionHash, ReadOnlySpan<byte> entry, out string? reason)
    {
        reason = "It has no name of an action";
        return StorePin.IsHash(actionHash) ? _seal.TryOpen(entry, actionHash, out reason)?.Result : null;
    }

    /// <summary>Removes the entry of an action (it does not count, or its blobs turned out to be missing); its attestation stays.</summary>
    public void Remove(Digest action) => _store.RemoveEntry(action);

    /// <summary>
    /// Waits until no other process of this machine executes the action, then holds it. Null at once where the cache cannot be written: then
    /// everybody executes for themselves. Whoever waited looks the action up again.
    /// </summary>
    /// <param name="action">The action.</param>
    /// <param name="waiting">Called once where somebody else executes it, with who.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IDisposable?> HoldAsync(Digest action, Action<string?>? waiting, CancellationToken cancellationToken)
    {
        if (_readOnlyReason() is not null)
        {
            return Task.FromResult<IDisposable?>(null);
        }

        RangeLockFile running;
        try
        {
            running = LazyInitializer.EnsureInitialized(ref _running, () => RangeLockFile.Open(_lockPath));
            if (running.TryAcquire(action.Prefix) is { } free)
            {
                return Task.FromResult<IDisposable?>(free);
            }
        }
        catch (IOException)
        {
            // A folder of somebody else, a file system without such locks: that two runs do the same work is no harm.
            return Task.FromResult<IDisposable?>(null);
        }

        waiting?.Invoke(running.FindHolder(action.Prefix) is { } process ? $"process {process}" : null);
        return WaitAsync(running, action, cancellationToken);
    }

    private static async Task<IDisposable?> WaitAsync(RangeLockFile running, Digest action, CancellationToken cancellationToken) =>
        await running.AcquireAsync(action.Prefix, TimeProvider.System, cancellationToken).ConfigureAwait(false);

    private string PathOf(string hash) => string.Concat(_entries, "/", hash.AsSpan(0, 2), $"/{hash}");

    /// <summary>The bytes of an entry; null where there is none. One that cannot be read has a reason, and no bytes.</summary>
    private byte[]? Read(string path, ref string? reason)
    {
        var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadOnly | FileNative.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is FileNative.ErrorNotFound or FileNative.ErrorNotDirectory)
            {
                return null;
            }

            reason = $"It cannot be opened: {new Win32Exception(error).Message}";
            return [];
        }

        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            var look = BlobCalls.LookAt(descriptor);
            if (look.SizeBytes > Core.Limits.ActionBlobBytesMax)
            {
                reason = "It is too large";
                return [];
            }

            var bytes = new byte[look.SizeBytes];
            var count = BlobCalls.ReadAt(descriptor, bytes, 0);

            // Marked like a blob: what is used keeps what it names.
            BlobCalls.MarkUse(descriptor, default, look, _time.GetUtcNow().ToUnixTimeSeconds());
            return count == bytes.Length ? bytes : bytes[..count];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = $"It cannot be read: {e.Message}";
            return [];
        }
    }
}
