using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Log;

/// <summary>A hash of a Merkle tree as RFC 6962 makes them with SHA-256: of a leaf, of two hashes, or of nothing.</summary>
public readonly struct MerkleHash : IEquatable<MerkleHash>
{
    /// <summary>The length of a hash, in bytes.</summary>
    public const int Bytes = 32;

    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    private readonly Words _words;

    private MerkleHash(ReadOnlySpan<byte> bytes) => bytes[..Bytes].CopyTo(MemoryMarshal.AsBytes((Span<ulong>)_words));

    /// <summary>The root of the tree without leaves.</summary>
    public static MerkleHash Empty { get; } = new(SHA256.HashData([]));

    /// <summary>A hash that was written down.</summary>
    /// <param name="bytes">Its 32 bytes.</param>
    public static MerkleHash Read(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Bytes ? new MerkleHash(bytes) : throw new ArgumentException($"A hash has {Bytes} bytes", nameof(bytes));

    /// <summary>A hash in canonical base64; null where the text is none.</summary>
    public static MerkleHash? TryRead(string base64) => Json.StrictBase64.TryRead(base64) is { Length: Bytes } bytes ? new MerkleHash(bytes.AsSpan()) : null;

    /// <summary>The hash of an entry: SHA-256 of a zero byte and the entry.</summary>
    public static MerkleHash Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        SmallHash.Sha256([LeafPrefix], entry, hash);
        return new MerkleHash(hash);
    }

    /// <summary>The hash over two trees that stand beside each other: SHA-256 of a one byte and both hashes.</summary>
    public static MerkleHash Node(in MerkleHash left, in MerkleHash right)
    {
        Span<byte> whole = stackalloc byte[1 + (2 * Bytes)];
        whole[0] = NodePrefix;
        left.Write(whole[1..]);
        right.Write(whole[(1 + Bytes)..]);
        return Of(whole);
    }

    /// <summary>Writes its 32 bytes.</summary>
    public void Write(Span<byte> destination) => MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)_words).CopyTo(destination);

    /// <summary>Its 32 bytes.</summary>
    public byte[] ToArray() => MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)_words).ToArray();

    /// <summary>It in base64, as checkpoints and proofs have it.</summary>
    public string ToBase64() => Json.StrictBase64.Write(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)_words));

    /// <inheritdoc/>
    public bool Equals(MerkleHash other) => _words[0] == other._words[0] && _words[1] == other._words[1] && _words[2] == other._words[2] && _words[3] == other._words[3];

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MerkleHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _words[0].GetHashCode();

    /// <summary>It in hex.</summary>
    public override string ToString() => Hex.Lower(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)_words));

    /// <summary>Whether two hashes are the same.</summary>
    public static bool operator ==(MerkleHash left, MerkleHash right) => left.Equals(right);

    /// <summary>Whether two hashes differ.</summary>
    public static bool operator !=(MerkleHash left, MerkleHash right) => !left.Equals(right);

    private static MerkleHash Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        SmallHash.Sha256(bytes, [], hash);
        return new MerkleHash(hash);
    }

    [InlineArray(Bytes / sizeof(ulong))]
    private struct Words
    {
        private ulong _first;
    }
}
