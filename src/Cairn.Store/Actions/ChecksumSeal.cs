using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Store.Actions;

/// <summary>
/// Seals results with a checksum: it guards against disks and accidents, not against people. Whoever may write the store may write results.
/// </summary>
/// <remarks>
/// <code>entry = "CAIRNAC" version(1 byte, 1) sha256("cairn action result v1" NUL message)(32 bytes) message</code>
/// </remarks>
public sealed class ChecksumSeal : IResultSeal
{
    private const byte Version = 1;
    private const int HashBytes = SHA256.HashSizeInBytes;

    private static readonly int HeadBytes = Magic.Length + 1 + HashBytes;

    private static ReadOnlySpan<byte> Magic => "CAIRNAC"u8;

    private static ReadOnlySpan<byte> Domain => "cairn action result v1\0"u8;

    /// <inheritdoc/>
    public byte[] Seal(ActionResult result)
    {
        var message = ActionResultEncoder.Encode(result);
        var entry = new byte[HeadBytes + message.Length];
        Magic.CopyTo(entry);
        entry[Magic.Length] = Version;
        Checksum(message, entry.AsSpan(Magic.Length + 1, HashBytes));
        message.CopyTo(entry, HeadBytes);
        return entry;
    }

    /// <inheritdoc/>
    public ActionResult? TryOpen(ReadOnlySpan<byte> entry, Digest action, out string? reason) =>
        Matching(TryOpen(entry, out reason), static (found, wanted) => found == wanted, action, ref reason);

    /// <inheritdoc/>
    public ActionResult? TryOpen(ReadOnlySpan<byte> entry, string actionHash, out string? reason) =>
        Matching(TryOpen(entry, out reason), static (found, wanted) => string.Equals(found.Hash, wanted, StringComparison.Ordinal), actionHash, ref reason);

    private static ActionResult? Matching<T>(ActionResult? result, Func<Digest, T, bool> matches, T wanted, ref string? reason)
    {
        if (result is null || matches(result.Action, wanted))
        {
            return result;
        }

        reason = $"It is the result of another action, `{result.Action}`";
        return null;
    }

    private static ActionResult? TryOpen(ReadOnlySpan<byte> entry, out string? reason)
    {
        if (entry.Length < HeadBytes || !entry.StartsWith(Magic))
        {
            reason = "It is not an entry of the action cache";
            return null;
        }

        if (entry[Magic.Length] != Version)
        {
            reason = $"It has version {entry[Magic.Length]}, and this Cairn reads version {Version}";
            return null;
        }

        Span<byte> checksum = stackalloc byte[HashBytes];
        var message = entry[HeadBytes..];
        Checksum(message, checksum);
        if (!checksum.SequenceEqual(entry.Slice(Magic.Length + 1, HashBytes)))
        {
            reason = "Its bytes do not have its checksum";
            return null;
        }

        return ActionResultDecoder.TryDecode(message, out reason);
    }

    private static void Checksum(ReadOnlySpan<byte> message, Span<byte> checksum)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Domain);
        hash.AppendData(message);
        hash.GetHashAndReset(checksum);
    }
}
