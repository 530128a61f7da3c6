using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Trust.Keys;

namespace Cairn.Trust.Notes;

/// <summary>What a witness says: at this time it had seen no larger tree of the log, and each that it saw was part of this one (C2SP tlog-cosignature, <c>cosignature/v1</c>).</summary>
/// <param name="UnixSeconds">When it signed.</param>
/// <param name="Signature">Ed25519 over <see cref="Message"/>.</param>
public sealed record Cosignature(long UnixSeconds, ImmutableArray<byte> Signature)
{
    private const int TimeBytes = 8;

    // The largest that DateTimeOffset can say.
    private const long UnixSecondsMax = 253_402_300_799;

    /// <summary>When it signed.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(UnixSeconds);

    /// <summary>Takes the line of a cosigner apart; null where it has another form.</summary>
    public static Cosignature? TryRead(NoteSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        if (signature.Bytes.Length != TimeBytes + PublicKey.SignatureBytes)
        {
            return null;
        }

        return BinaryPrimitives.ReadInt64BigEndian(signature.Bytes.AsSpan()) is >= 0 and <= UnixSecondsMax and var time ? new Cosignature(time, signature.Bytes[TimeBytes..]) : null;
    }

    /// <summary>What is signed for the text of a checkpoint.</summary>
    public static byte[] Message(string text, long unixSeconds) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {unixSeconds}\n{text}"));

    /// <summary>Its line in a note.</summary>
    public NoteSignature ToLine(NoteVerifier cosigner)
    {
        ArgumentNullException.ThrowIfNull(cosigner);
        var bytes = new byte[TimeBytes + Signature.Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, UnixSeconds);
        Signature.AsSpan().CopyTo(bytes.AsSpan(TimeBytes));
        return new NoteSignature(cosigner.Name, cosigner.KeyId, [.. bytes]);
    }
}
