using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Cairn.Core.Content;

/// <summary>The name of a blob: the SHA-256 of its bytes and their number, written <c>&lt;64 lower-case hex digits&gt;/&lt;size&gt;</c>.</summary>
public readonly record struct Digest : ISpanParsable<Digest>, ISpanFormattable
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    private const int HashChars = 2 * HashBytes;

    // Inline, so that a million digests are a million times 40 bytes and no objects.
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <summary>Takes a hash of <see cref="HashBytes"/> bytes.</summary>
    public Digest(ReadOnlySpan<byte> hash, long sizeBytes)
    {
        if (hash.Length != HashBytes)
        {
            throw new ArgumentException($"A hash has {HashBytes} bytes", nameof(hash));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(sizeBytes);
        _a = BinaryPrimitives.ReadUInt64BigEndian(hash);
        _b = BinaryPrimitives.ReadUInt64BigEndian(hash[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(hash[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(hash[24..]);
        SizeBytes = sizeBytes;
    }

    /// <summary>The digest of no bytes.</summary>
    public static Digest Empty { get; } = Of([]);

    /// <summary>The number of bytes.</summary>
    public long SizeBytes { get; }

    /// <summary>The first eight bytes of the hash: spread evenly, for tables.</summary>
    public ulong Prefix => _a;

    /// <summary>The hash as lower-case hex.</summary>
    public string Hash => string.Create(HashChars, this, static (text, digest) => digest.FormatHash(text));

    /// <summary>The digest of some bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        SHA256.HashData(content, hash);
        return new Digest(hash, content.Length);
    }

    /// <summary>Writes the hash.</summary>
    public void CopyHashTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{this}";

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        charsWritten = 0;
        if (destination.Length <= HashChars || !SizeBytes.TryFormat(destination[(HashChars + 1)..], out var digits, provider: CultureInfo.InvariantCulture))
        {
            return false;
        }

        FormatHash(destination);
        destination[HashChars] = '/';
        charsWritten = HashChars + 1 + digits;
        return true;
    }

    /// <summary>Accepts exactly what <see cref="ToString()"/> writes: no upper case, no leading zeros.</summary>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Digest result)
    {
        result = default;
        if (s.Length <= HashChars + 1 || s[HashChars] != '/' || !Hex.IsLower(s[..HashChars]))
        {
            return false;
        }

        var size = s[(HashChars + 1)..];
        if ((size[0] == '0' && size.Length > 1) || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var sizeBytes))
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[HashBytes];
        Convert.FromHexString(s[..HashChars], hash, out _, out _);
        result = new Digest(hash, sizeBytes);
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, IFormatProvider?, out Digest)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Digest result) => TryParse(s.AsSpan(), provider, out result);

    /// <summary>Takes a digest that is known to be good.</summary>
    public static Digest Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var digest) ? digest : throw new FormatException($"`{s}` is not a digest such as `<sha256>/<size>`");

    /// <summary>Takes a digest that is known to be good.</summary>
    public static Digest Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    private void FormatHash(Span<char> text)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        CopyHashTo(hash);
        Hex.Write(hash, text);
    }
}
