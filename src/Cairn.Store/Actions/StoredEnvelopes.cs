using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
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
    public static Envelope? TryRead(ContentStore store, string actionHash, out string? problem) => TryReadEntry(store, actionHash, out problem)?.Envelope;

    /// <summary>The same with the result that it says it attests, and the entry as it stands there.</summary>
    public static StoredEntry? TryReadEntry(ContentStore store, string actionHash, out string? problem) => TryReadEntry(store, actionHash, out problem, out _);

    /// <summary>The same; <paramref name="isDamaged"/> says whether there is one whose bytes are not what they were.</summary>
    public static StoredEntry? TryReadEntry(ContentStore store, string actionHash, out string? problem, out bool isDamaged)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(actionHash);
        return TryReadFile(store, StoreFolder.Actions, actionHash, out problem, out isDamaged);
    }

    /// <summary>The entry of one execution of an action, by the payload hash of its attestation, also where the action was executed again since; null, with the reason, where there is none.</summary>
    public static StoredEntry? TryReadEntry(ContentStore store, string actionHash, string attestation, out string? problem, out bool isDamaged)
    {
        ArgumentNullException.ThrowIfNull(attestation);
        var entry = TryReadEntry(store, actionHash, out problem, out isDamaged);
        if (entry?.Envelope.PayloadHash == attestation)
        {
            return entry;
        }

        if (TryReadFile(store, StoreFolder.Superseded, attestation, out _, out _) is { } superseded && superseded.Envelope.PayloadHash == attestation && superseded.Result.Action.Hash == actionHash)
        {
            (problem, isDamaged) = (null, false);
            return superseded;
        }

        problem = entry is null ? problem : "the action was executed again since, and the store no longer has what was attested before";
        return null;
    }

    private static StoredEntry? TryReadFile(ContentStore store, string part, string name, out string? problem, out bool isDamaged)
    {
        isDamaged = false;
        if (!StorePin.IsHash(name))
        {
            problem = "that is no hash of an action";
            return null;
        }

        try
        {
            var file = new FileInfo(Path.Combine(store.Directory, part, name[..2], name));
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

            var entry = TryReadEntry(File.ReadAllBytes(file.FullName), out problem);
            isDamaged = entry is null;
            return entry;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = exception.Message;
            return null;
        }
    }

    /// <summary>Takes an entry apart, from wherever it is; null, with the reason, where it is none.</summary>
    public static StoredEntry? TryReadEntry(ReadOnlySpan<byte> entry, out string? problem) =>
        AttestedEntry.TryRead(entry, out var parts, out problem) && Envelope.TryReadOwn(parts.Envelope, out problem) is { } envelope && ActionResultDecoder.TryDecode(parts.Message, out problem) is { } result
            ? new StoredEntry(envelope, result, [.. entry]) { ResultHash = Digest.Of(parts.Message).Hash }
            : null;
}

/// <summary>An entry of the action cache, of which nobody has looked at the signature.</summary>
/// <param name="Envelope">The envelope.</param>
/// <param name="Result">The result that stands beside it.</param>
/// <param name="Bytes">All of it.</param>
public sealed record StoredEntry(Envelope Envelope, ActionResult Result, ImmutableArray<byte> Bytes)
{
    /// <summary>The SHA-256 of the encoded result: that which was attested only where the attestation names it.</summary>
    public required string ResultHash { get; init; }
}
