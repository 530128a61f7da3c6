using Cairn.Trust.Keys;

namespace Cairn.Trust.Notes;

/// <summary>What signs notes with one key, under one name. It holds the key and does not own it.</summary>
public sealed class NoteSigner
{
    private readonly ISigner? _ed25519;
    private readonly P256SigningKey? _p256;

    private NoteSigner(NoteVerifier verifier, ISigner? ed25519, P256SigningKey? p256) => (Verifier, _ed25519, _p256) = (verifier, ed25519, p256);

    /// <summary>What its signatures are checked with.</summary>
    public NoteVerifier Verifier { get; }

    /// <summary>Signs texts with Ed25519.</summary>
    public static NoteSigner Of(string name, ISigner key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new NoteSigner(NoteVerifier.Of(name, key.PublicKey), key, null);
    }

    /// <summary>Signs texts on P-256.</summary>
    public static NoteSigner Of(string name, P256SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new NoteSigner(NoteVerifier.Of(name, key.PublicKey), null, key);
    }

    /// <summary>Signs as a witness, with <c>cosignature/v1</c>.</summary>
    public static NoteSigner OfCosigner(string name, ISigner key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new NoteSigner(NoteVerifier.OfCosigner(name, key.PublicKey), key, null);
    }

    /// <summary>Signs the text of a note. The time stands in cosignatures alone.</summary>
    /// <param name="text">The text, which ends with a line feed.</param>
    /// <param name="now">The time of a cosignature.</param>
    public NoteSignature Sign(string text, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.EndsWith('\n'))
        {
            throw new ArgumentException("The text of a note ends with a line feed", nameof(text));
        }

        if (Verifier.Algorithm == NoteAlgorithm.CosignatureV1)
        {
            var time = now.ToUnixTimeSeconds();
            return new Cosignature(time, [.. _ed25519!.Sign(Cosignature.Message(text, time))]).ToLine(Verifier);
        }

        var message = System.Text.Encoding.UTF8.GetBytes(text);
        return new NoteSignature(Verifier.Name, Verifier.KeyId, [.. _ed25519?.Sign(message) ?? _p256!.Sign(message)]);
    }
}
