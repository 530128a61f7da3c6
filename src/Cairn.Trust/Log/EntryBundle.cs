using System.Buffers.Binary;

namespace Cairn.Trust.Log;

/// <summary>The entries of a tile as they stand in a file (C2SP tlog-tiles): each behind its length in two bytes, the higher first.</summary>
public static class EntryBundle
{
    /// <summary>The longest entry, in bytes.</summary>
    public const int EntryBytesMax = ushort.MaxValue;

    /// <summary>The bytes before each entry.</summary>
    public const int HeadBytes = sizeof(ushort);

    /// <summary>Writes an entry behind others; the bytes that it takes.</summary>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> entry)
    {
        if (entry.Length > EntryBytesMax)
        {
            throw new ArgumentException($"An entry has at most {EntryBytesMax} bytes", nameof(entry));
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)entry.Length);
        entry.CopyTo(destination[HeadBytes..]);
        return HeadBytes + entry.Length;
    }

    /// <summary>Takes the next entry off the front; false at the end, and where one is cut off, of which the rest is left.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> bundle, out ReadOnlySpan<byte> entry)
    {
        entry = default;
        if (bundle.Length < HeadBytes || BinaryPrimitives.ReadUInt16BigEndian(bundle) is var length && bundle.Length < HeadBytes + length)
        {
            return false;
        }

        entry = bundle.Slice(HeadBytes, length);
        bundle = bundle[(HeadBytes + length)..];
        return true;
    }

    /// <summary>The places of all entries, in a bundle that has exactly <paramref name="width"/> of them; null where it has not.</summary>
    public static Range[]? TrySplit(ReadOnlySpan<byte> bundle, int width)
    {
        var places = new Range[width];
        return TrySplit(bundle, places) ? places : null;
    }

    /// <summary>The same into a span as long as there are to be entries; false where the bundle has not exactly so many.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> bundle, Span<Range> places)
    {
        var rest = bundle;
        for (var i = 0; i < places.Length; i++)
        {
            var at = bundle.Length - rest.Length + HeadBytes;
            if (!TryTake(ref rest, out var entry))
            {
                return false;
            }

            places[i] = at..(at + entry.Length);
        }

        return rest.IsEmpty;
    }
}
