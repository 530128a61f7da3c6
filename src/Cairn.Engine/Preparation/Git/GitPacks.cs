using System.Buffers.Binary;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Preparation.Git;

/// <summary>Objects in packs, small ones: commits. Those of other repositories that this one borrows from are not looked for.</summary>
internal sealed class GitPacks
{
    private const int ObjectBytesMax = 1 << 20;
    private const int DeltasMax = 4_095;
    private const int HeaderBytes = 8;
    private const int FanOutBytes = 4 * 256;
    private const ulong Version2 = 0xff744f63_00000002;

    private readonly string _indexPath;
    private readonly int _hashBytes;

    private GitPacks(string indexPath, int hashBytes) => (_indexPath, _hashBytes) = (indexPath, hashBytes);

    /// <summary>The content of a commit; null where no pack has it, or it is not understood.</summary>
    public static byte[]? Find(GitLayout layout, string commit)
    {
        var name = Convert.FromHexString(commit);
        var folder = Path.Combine(layout.CommonDirectory, "objects", "pack");
        foreach (var path in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.idx") : [])
        {
            var pack = new GitPacks(path, layout.HashBytes);
            var offset = pack.OffsetOf(name);
            if (offset >= 0)
            {
                using var file = File.OpenHandle(Path.ChangeExtension(path, ".pack"));
                return pack.Read(file, offset);
            }
        }

        return null;
    }

    /// <summary>Where an object stands in the pack; negative where it does not.</summary>
    private long OffsetOf(ReadOnlySpan<byte> name)
    {
        using var file = File.OpenHandle(_indexPath);
        var table = new byte[HeaderBytes + FanOutBytes];
        if (!TryRead(file, table, 0) || BinaryPrimitives.ReadUInt64BigEndian(table) != Version2)
        {
            return -1;
        }

        long Count(int first) => first < 0 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(table.AsSpan(HeaderBytes + (4 * first)));
        var (low, high, all) = (Count(name[0] - 1), Count(name[0]), Count(255));
        var found = new byte[_hashBytes];
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (!TryRead(file, found, table.Length + (middle * _hashBytes)))
            {
                return -1;
            }

            var order = name.SequenceCompareTo(found);
            if (order == 0)
            {
                // Checksums stand between names and offsets; a large offset is a number in a table of its own.
                var offsets = table.Length + (all * (_hashBytes + 4));
                var small = ReadNumber(file, offsets + (4 * middle), 4);
                return small < 0x80000000 ? small : ReadNumber(file, offsets + (4 * all) + (8 * (small - 0x80000000)), 8);
            }

            (low, high) = order < 0 ? (low, middle) : (middle + 1, high);
        }

        return -1;
    }

    private byte[]? Read(SafeFileHandle file, long offset)
    {
        var deltas = new List<byte[]>();
        while (deltas.Count <= DeltasMax)
        {
            var head = new byte[64];
            if (RandomAccess.Read(file, head, offset) < 32)
            {
                return null;
            }

            var at = 0;
            var type = (head[0] >> 4) & 7;
            long size = head[0] & 15;
            for (var shift = 4; (head[at++] & 0x80) != 0 && shift < 40; shift += 7)
            {
                size |= (long)(head[at] & 0x7f) << shift;
            }

            var next = -1L;
            if (type == 6)
            {
                long back = head[at] & 0x7f;
                while ((head[at++] & 0x80) != 0 && at < 32)
                {
                    back = ((back + 1) << 7) | (byte)(head[at] & 0x7f);
                }

                next = offset - back;
            }
            else if (type == 7)
            {
                next = OffsetOf(head.AsSpan(at, _hashBytes));
                at += _hashBytes;
            }

            if (size > ObjectBytesMax || (type is 6 or 7 ? next is < 0 || next >= offset && type == 6 : type != 1))
            {
                return null;
            }

            // Zlib's bytes are never many more than what they hold.
            var compressed = new byte[size + (size >> 3) + 64];
            using var stream = new MemoryStream(compressed, 0, Math.Max(0, RandomAccess.Read(file, compressed, offset + at)));
            var content = GitObjects.Inflate(stream, (int)size);
            if (content.Length != size)
            {
                return null;
            }

            if (type == 1)
            {
                return Resolve(content, deltas);
            }

            deltas.Add(content);
            offset = next;
        }

        return null;
    }

    private static byte[]? Resolve(byte[] content, List<byte[]> deltas)
    {
        byte[]? result = content;
        for (var i = deltas.Count - 1; i >= 0 && result is not null; i--)
        {
            result = Apply(result, deltas[i]);
        }

        return result;
    }

    /// <summary>Builds an object from pieces of another and of the delta.</summary>
    private static byte[]? Apply(byte[] source, ReadOnlySpan<byte> delta)
    {
        var at = 0;
        if (TryLength(delta, ref at) != source.Length || TryLength(delta, ref at) is not (>= 0 and <= ObjectBytesMax and var size))
        {
            return null;
        }

        var result = new byte[size];
        var filled = 0;
        while (at < delta.Length)
        {
            var command = delta[at++];
            ReadOnlySpan<byte> piece;
            if ((command & 0x80) != 0)
            {
                var (from, length) = (0L, 0L);
                for (var bit = 0; bit < 7; bit++)
                {
                    if ((command >> bit & 1) == 0)
                    {
                        continue;
                    }

                    if (at == delta.Length)
                    {
                        return null;
                    }

                    if (bit < 4)
                    {
                        from |= (long)delta[at++] << (8 * bit);
                    }
                    else
                    {
                        length |= (long)delta[at++] << (8 * (bit - 4));
                    }
                }

                length = length == 0 ? 0x10000 : length;
                if (from + length > source.Length)
                {
                    return null;
                }

                piece = source.AsSpan((int)from, (int)length);
            }
            else if (command == 0 || command > delta.Length - at)
            {
                return null;
            }
            else
            {
                piece = delta.Slice(at, command);
                at += command;
            }

            if (!piece.TryCopyTo(result.AsSpan(filled)))
            {
                return null;
            }

            filled += piece.Length;
        }

        return filled == size ? result : null;
    }

    private static int TryLength(ReadOnlySpan<byte> delta, ref int at)
    {
        var length = 0L;
        for (var shift = 0; at < delta.Length && shift < 35; shift += 7)
        {
            var part = delta[at++];
            length |= (long)(part & 0x7f) << shift;
            if ((part & 0x80) == 0)
            {
                return length <= ObjectBytesMax ? (int)length : -1;
            }
        }

        return -1;
    }

    private static long ReadNumber(SafeFileHandle file, long at, int bytes)
    {
        Span<byte> number = stackalloc byte[8];
        return !TryRead(file, number[..bytes], at) ? -1 : bytes == 4 ? BinaryPrimitives.ReadUInt32BigEndian(number) : BinaryPrimitives.ReadInt64BigEndian(number);
    }

    private static bool TryRead(SafeFileHandle file, Span<byte> bytes, long at) => at >= 0 && RandomAccess.Read(file, bytes, at) == bytes.Length;
}
