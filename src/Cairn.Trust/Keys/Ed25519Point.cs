using System.Numerics;

namespace Cairn.Trust.Keys;

/// <summary>
/// What makes 32 bytes a public key that one may trust: RFC 8032, section 5.1.3, and beyond it that the point is not of small order, since such keys have signatures that fit any
/// message. OpenSSL takes them all.
/// </summary>
internal static class Ed25519Point
{
    private static readonly BigInteger P = (BigInteger.One << 255) - 19;
    private static readonly BigInteger D = Mod(-121665 * BigInteger.ModPow(121666, P - 2, P));

    /// <summary>Why some bytes are no key; null where they are.</summary>
    public static string? ProblemOf(ReadOnlySpan<byte> raw)
    {
        if (raw.Length != PublicKey.RawBytes)
        {
            return $"it has {raw.Length} bytes, not {PublicKey.RawBytes}";
        }

        Span<byte> bytes = stackalloc byte[PublicKey.RawBytes];
        raw.CopyTo(bytes);
        bytes[^1] &= 0x7F;
        var y = new BigInteger(bytes, isUnsigned: true);
        if (y >= P)
        {
            return "it is not written as RFC 8032 writes points";
        }

        var y2 = Mod(y * y);
        var x2 = Mod((y2 - 1) * BigInteger.ModPow(Mod((D * y2) + 1), P - 2, P));
        if (!x2.IsZero && BigInteger.ModPow(x2, (P - 1) / 2, P) != 1)
        {
            return "it is no point of the curve";
        }

        if (x2.IsZero && (raw[^1] & 0x80) != 0)
        {
            return "it is not written as RFC 8032 writes points";
        }

        return IsOfSmallOrder(x2, y2) ? "it is a point of small order, for which anybody can make signatures" : null;
    }

    /// <summary>Whether eight times the point is the neutral element: three doublings, of which only the squares of the coordinates are needed.</summary>
    private static bool IsOfSmallOrder(BigInteger x2, BigInteger y2)
    {
        // Of order 1 and 2: x = 0. Of order 4: y = 0. Of order 8: doubled, y becomes 0, that is x² = -y².
        return x2.IsZero || y2.IsZero || Mod(x2 + y2).IsZero;
    }

    private static BigInteger Mod(BigInteger value)
    {
        var rest = value % P;
        return rest.Sign < 0 ? rest + P : rest;
    }
}
