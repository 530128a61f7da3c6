using Cairn.Core.Actions;
using Cairn.Core.Content;

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
