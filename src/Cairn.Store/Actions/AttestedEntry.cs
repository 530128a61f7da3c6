using System.Buffers.Binary;
using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Store.Actions;

/// <summary>An entry of the action cache in its parts.</summary>
/// <remarks>
/// <code>entry = "CAIRNAC" version(1 byte, 2) checksum(32 bytes) attestation(32 bytes) length(4 bytes, little-endian) envelope message</code>
/// The checksum is the SHA-256 of <c>"cairn action entry v2" NUL</c> and all that follows it: against disks and accidents, and a name for the entry. Only the envelope is evidence.
/// </remarks>
internal readonly ref struct AttestedEntry
{
    private const byte Version = 2;
    private const int HashBytes = SHA256.HashSizeInBytes;

    [ThreadStatic]
    private static IncrementalHash? Spare;

    private static readonly int ChecksumEnd = Magic.Length + 1 + HashBytes;
    private static readonly int HeadBytes = ChecksumEnd + HashBytes + sizeof(int);

    private AttestedEntry(Digest checksum, string attestation, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> message)
    {
        Checksum = checksum;
        Attestation = attestation;
        Envelope = envelope;
        Message = message;
    }

    /// <summary>The checksum, and the length of what it is of.</summary>
    public Digest Checksum { get; }

    /// <summary>The payload hash that the envelope is said to have.</summary>
    public string Attestation { get; }

    /// <summary>A DSSE envelope.</summary>
    public ReadOnlySpan<byte> Envelope { get; }

    /// <summary>An encoded <see cref="ActionResult"/>.</summary>
    public ReadOnlySpan<byte> Message { get; }

    private static ReadOnlySpan<byte> Magic => "CAIRNAC"u8;

    private static ReadOnlySpan<byte> Domain => "cairn action entry v2\0"u8;

    /// <summary>Puts an entry together.</summary>
    public static byte[] Write(ReadOnlySpan<byte> attestationHash, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> message)
    {
        var entry = new byte[HeadBytes + envelope.Length + message.Length];
        Magic.CopyTo(entry);
        entry[Magic.Length] = Version;
        attestationHash.CopyTo(entry.AsSpan(ChecksumEnd, HashBytes));
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(ChecksumEnd + HashBytes), envelope.Length);
        envelope.CopyTo(entry.AsSpan(HeadBytes));
        message.CopyTo(entry.AsSpan(HeadBytes + envelope.Length));
        ChecksumOf(entry.AsSpan(ChecksumEnd), entry.AsSpan(Magic.Length + 1, HashBytes));
        return entry;
    }

    /// <summary>The name of an entry that <see cref="Write"/> made.</summary>
    public static Digest ChecksumOf(ReadOnlySpan<byte> entry) => new(entry.Slice(Magic.Length + 1, HashBytes), entry.Length - ChecksumEnd);

    /// <summary>Takes an entry apart; false, with the reason, where it is none or damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> entry, out AttestedEntry parts, out string? reason)
    {
        parts = default;
        if (entry.Length < HeadBytes || !entry.StartsWith(Magic))
        {
            reason = "It is not an entry of the action cache";
            return false;
        }

        if (entry[Magic.Length] != Version)
        {
            reason = $"It has version {entry[Magic.Length]}, and this Cairn reads version {Version}";
            return false;
        }

        Span<byte> checksum = stackalloc byte[HashBytes];
        var body = entry[ChecksumEnd..];
        ChecksumOf(body, checksum);
        var length = BinaryPrimitives.ReadInt32LittleEndian(body[HashBytes..]);
        if (!checksum.SequenceEqual(entry.Slice(Magic.Length + 1, HashBytes)) || length < 0 || length > entry.Length - HeadBytes)
        {
            reason = "Its bytes do not have its checksum";
            return false;
        }

        reason = null;
        parts = new AttestedEntry(new Digest(checksum, body.Length), Hex.Lower(body[..HashBytes]), entry.Slice(HeadBytes, length), entry[(HeadBytes + length)..]);
        return true;
    }

    private static void ChecksumOf(ReadOnlySpan<byte> body, Span<byte> checksum)
    {
        // Making one takes as long as hashing an entry. Where something throws, it is not used again.
        var hash = Spare ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Spare = null;
        hash.AppendData(Domain);
        hash.AppendData(body);
        hash.GetHashAndReset(checksum);
        Spare = hash;
    }
}
