using Cairn.Store.Content;
using Cairn.Trust.Envelopes;

namespace Cairn.Store.Actions;

/// <summary>The envelopes of the action cache as they stand there, for whoever shows them or verifies them by rules of their own. Nothing of it is evidence until then.</summary>
public static class StoredEnvelopes
{
    /// <summary>The envelope of an action's entry; null, with the reason, where there is none.</summary>
    /// <param name="store">The store.</param>
    /// <param name="actionHash">The hash of the action digest.</param>
    /// <param name="problem">Why there is none.</param>
    public static Envelope? TryRead(ContentStore store, string actionHash, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(actionHash);
        if (!StorePin.IsHash(actionHash))
        {
            problem = "that is no hash of an action";
            return null;
        }

        try
        {
            var file = new FileInfo(Path.Combine(store.Directory, "ac", actionHash[..2], actionHash));
            if (!file.Exists)
            {
                problem = "the store does not have it, or no longer";
                return null;
            }

            if (file.Length > Core.Limits.ActionBlobBytesMax)
            {
                problem = "it is too large";
                return null;
            }

            return AttestedEntry.TryRead(File.ReadAllBytes(file.FullName), out var parts, out problem) ? Envelope.TryReadOwn(parts.Envelope, out problem) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception.Message;
            return null;
        }
    }
}
