using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Trust.Envelopes;

namespace Cairn.Store.Actions;

/// <summary>
/// An entry of the action cache whose place another one took: <c>superseded/AB/ABCD…</c>, the file of the entry under the payload hash of its attestation. It never is a hit; receipts of the runs that used it name it.
/// </summary>
internal static class SupersededEntry
{
    /// <summary>The name that an entry has there; null for bytes that are no whole entry, or that lie about their attestation.</summary>
    public static Digest? NameOf(ReadOnlySpan<byte> entry) =>
        AttestedEntry.TryRead(entry, out var parts, out _) && Envelope.TryReadOwn(parts.Envelope, out _) is { } envelope && envelope.PayloadHash == parts.Attestation
            ? new Digest(Convert.FromHexString(parts.Attestation), 0)
            : null;

    /// <summary>The hash of the action that an entry is of; null for bytes that are none.</summary>
    public static string? ActionOf(ReadOnlySpan<byte> entry) =>
        AttestedEntry.TryRead(entry, out var parts, out _) && ActionResultDecoder.TryDecode(parts.Message, out _) is { } result ? result.Action.Hash : null;
}
