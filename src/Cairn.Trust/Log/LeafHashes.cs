using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

using Cairn.Core.Content;

namespace Cairn.Trust.Log;

/// <summary>Where the values of a leaf stand in it. The leaf is walked as the text that it must be, without JSON, so that an index of millions can be checked against its log in seconds.</summary>
public readonly ref struct LeafHashes
{
    private const int HashCharacters = 2 * Digest.HashBytes;
    private const ulong Ones = 0x0101_0101_0101_0101;
    private const ulong TopBits = 0x80 * Ones;

    /// <summary>The hash of the envelope, in hex.</summary>
    public Range Envelope { get; private init; }

    /// <summary>The hash of the payload, in hex.</summary>
    public Range Payload { get; private init; }

    /// <summary>The hash of the action digest, in hex; only where <see cref="HasAction"/>.</summary>
    public Range Action { get; private init; }

    /// <summary>The hash of the outputs, in hex; only where <see cref="HasOutputs"/>.</summary>
    public Range Outputs { get; private init; }

    /// <summary>The signature, in base64.</summary>
    public Range Signature { get; private init; }

    /// <summary>The key, in base64.</summary>
    public Range Verifier { get; private init; }

    /// <summary>Whether it names an action.</summary>
    public bool HasAction => Action.End.Value > 0;

    /// <summary>Whether it names outputs.</summary>
    public bool HasOutputs => Outputs.End.Value > 0;

    /// <summary>Finds them; false where the bytes are no leaf of an envelope in canonical form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> leaf, out LeafHashes hashes)
    {
        hashes = default;
        var at = 0;
        Range action = default, outputs = default;
        if (!Skip(leaf, ref at, """{"apiVersion":"0.0.1","""u8))
        {
            return false;
        }

        if (Skip(leaf, ref at, "\"cairn\":{"u8))
        {
            var hasAction = Skip(leaf, ref at, "\"action\":\""u8);
            if (hasAction && !(TryHash(leaf, ref at, out action) && Skip(leaf, ref at, "\""u8)))
            {
                return false;
            }

            if (Skip(leaf, ref at, hasAction ? ",\"outputs\":\""u8 : "\"outputs\":\""u8))
            {
                if (!(TryHash(leaf, ref at, out outputs) && Skip(leaf, ref at, "\""u8)))
                {
                    return false;
                }
            }
            else if (!hasAction)
            {
                return false;
            }

            if (!Skip(leaf, ref at, "},"u8))
            {
                return false;
            }
        }

        if (!Skip(leaf, ref at, "\"kind\":\"dsse\",\"spec\":{\"envelopeHash\":{\"algorithm\":\"sha256\",\"value\":\""u8) || !TryHash(leaf, ref at, out var envelope)
            || !Skip(leaf, ref at, "\"},\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\""u8) || !TryHash(leaf, ref at, out var payload)
            || !Skip(leaf, ref at, "\"},\"signatures\":[{\"signature\":\""u8) || !TryBase64(leaf, ref at, out var signature)
            || !Skip(leaf, ref at, "\",\"verifier\":\""u8) || !TryBase64(leaf, ref at, out var verifier)
            || !Skip(leaf, ref at, "\"}]}}"u8) || at != leaf.Length)
        {
            return false;
        }

        hashes = new LeafHashes { Envelope = envelope, Payload = payload, Action = action, Outputs = outputs, Signature = signature, Verifier = verifier };
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Skip(ReadOnlySpan<byte> leaf, ref int at, ReadOnlySpan<byte> text)
    {
        var isThere = leaf[at..].StartsWith(text);
        at += isThere ? text.Length : 0;
        return isThere;
    }

    private static bool TryHash(ReadOnlySpan<byte> leaf, ref int at, out Range place)
    {
        place = at..(at + HashCharacters);
        if (leaf.Length - at < HashCharacters)
        {
            return false;
        }

        var isHash = Hex.IsLower(leaf.Slice(at, HashCharacters));
        at += isHash ? HashCharacters : 0;
        return isHash;
    }

    private static bool TryBase64(ReadOnlySpan<byte> leaf, ref int at, out Range place)
    {
        var end = at;
        for (; leaf.Length - end >= sizeof(ulong); end += sizeof(ulong))
        {
            var others = ~Base64Marks(BinaryPrimitives.ReadUInt64LittleEndian(leaf[end..])) & TopBits;
            if (others != 0)
            {
                end += BitOperations.TrailingZeroCount(others) / 8;
                break;
            }
        }

        // A leaf does not end with base64: the last bytes are seldom looked at.
        while (end < leaf.Length && (Base64Marks(leaf[end]) & 0x80) != 0)
        {
            end++;
        }

        place = at..end;
        var any = end > at;
        at = end;
        return any;
    }

    /// <summary>Marks those of eight characters that base64 is written with, by the topmost bit of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Base64Marks(ulong ascii)
    {
        var low = ascii & ~TopBits;
        return (Within(low | (0x20 * Ones), (byte)'a', (byte)'z') | Within(low, (byte)'/', (byte)'9') | Within(low, (byte)'+', (byte)'+') | Within(low, (byte)'=', (byte)'=')) & ~ascii & TopBits;
    }

    /// <summary>Marks those of eight characters below 128 that lie in a range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Within(ulong ascii, byte first, byte last) => (ascii + ((0x80UL - first) * Ones)) & ~(ascii + ((0x7FUL - last) * Ones));
}
