using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Content;

namespace Cairn.Store.Actions;

/// <summary>
/// Turns a result into the bytes that the action cache keeps, and such bytes into a result that may be used. The one place where trust in an
/// entry is decided.
/// </summary>
public interface IResultSeal
{
    /// <summary>Seals a result.</summary>
    byte[] Seal(ActionResult result);

    /// <summary>Opens an entry for the action that was asked for; null, with the reason, where it does not count.</summary>
    ActionResult? TryOpen(ReadOnlySpan<byte> entry, Digest action, out string? reason);
}

/// <summary>Action digest to sealed result, in <c>ac/</c> of the store's folder.</summary>
public sealed class ActionCache
{
    /// <summary>Over a store, with the seal of its entries.</summary>
    public ActionCache(ContentStore store, IResultSeal seal) => throw new NotSupportedException();

    /// <summary>Looks an action up. An entry that does not open is removed and counts as missing.</summary>
    public ActionResult? TryGet(Digest action) => throw new NotSupportedException();

    /// <summary>Adds or replaces the entry of an action; atomic. Throws <see cref="IOException"/> where it cannot.</summary>
    public void Put(ActionResult result) => throw new NotSupportedException();

    /// <summary>Removes the entry of an action (its blobs turned out to be missing).</summary>
    public void Remove(Digest action) => throw new NotSupportedException();

    /// <summary>
    /// Waits until no other process of this machine executes the action, then holds it. Null at once where the cache cannot be written: then
    /// everybody executes for themselves.
    /// </summary>
    /// <param name="action">The action.</param>
    /// <param name="waiting">Called once where somebody else executes it, with who.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IDisposable?> HoldAsync(Digest action, Action<string?>? waiting, CancellationToken cancellationToken) => throw new NotSupportedException();
}
