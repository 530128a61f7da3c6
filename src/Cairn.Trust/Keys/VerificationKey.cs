using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;

namespace Cairn.Trust.Keys;

/// <summary>A public key that signatures can be checked with: <see cref="PublicKey"/>, with which Cairn signs too, or <see cref="P256Key"/>, with which only others do. Equal where the keys are.</summary>
public abstract class VerificationKey : IEquatable<VerificationKey>
{
    private protected VerificationKey(ImmutableArray<byte> spki)
    {
        Spki = spki;
        Id = Hex.Lower(SHA256.HashData(spki.AsSpan()));
    }

    /// <summary>Its <c>SubjectPublicKeyInfo</c> in DER, in the one form that a key has here.</summary>
    public ImmutableArray<byte> Spki { get; }

    /// <summary>The key id: the SHA-256 of <see cref="Spki"/>, 64 lower-case hex digits. A name for people and look-ups, never evidence.</summary>
    public string Id { get; }

    /// <summary>What people call its kind: <c>Ed25519</c>, <c>ECDSA P-256</c>.</summary>
    public abstract string Algorithm { get; }

    /// <summary>Whether a signature is this key's over a message.</summary>
    public abstract bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    /// <inheritdoc/>
    public bool Equals(VerificationKey? other) => other is not null && Spki.AsSpan().SequenceEqual(other.Spki.AsSpan());

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as VerificationKey);

    /// <inheritdoc/>
    public sealed override int GetHashCode() => BitConverter.ToInt32(Spki.AsSpan()[^sizeof(int)..]);

    /// <summary>The key id.</summary>
    public sealed override string ToString() => Id;
}
