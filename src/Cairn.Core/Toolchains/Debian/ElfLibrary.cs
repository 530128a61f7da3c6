using System.Buffers.Binary;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>What the dynamic linker must know of a shared library.</summary>
/// <param name="Machine">The processor, by its ELF number.</param>
/// <param name="Is64Bit">Whether it is of the 64-bit class.</param>
/// <param name="Name">The name by which programs ask for it (<c>DT_SONAME</c>); null where it has none.</param>
public sealed record ElfLibrary(int Machine, bool Is64Bit, string? Name)
{
    private const int HeaderBytesMin = 64;
    private const int Shared = 3;
    private const uint DynamicSegment = 2;
    private const uint LoadSegment = 1;
    private const ulong NameTag = 14;
    private const ulong StringsTag = 5;

    /// <summary>Reads a file; null for one that is no shared library of a little-endian machine.</summary>
    public static ElfLibrary? TryRead(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderBytesMin || !file.StartsWith("\u007fELF"u8) || file[5] != 1 || Half(file, 16) != Shared)
        {
            return null;
        }

        var is64 = file[4] == 2;
        var headers = is64 ? Long(file, 32) : Word(file, 28);
        int size = Half(file, is64 ? 54 : 42), count = Half(file, is64 ? 56 : 44);
        if (headers > (ulong)file.Length || size < (is64 ? 56 : 32) || (headers + (ulong)(size * count)) > (ulong)file.Length)
        {
            return null;
        }

        var segments = new List<(ulong Offset, ulong Address, ulong Bytes)>();
        (ulong Offset, ulong Bytes)? dynamic = null;
        for (var i = 0; i < count; i++)
        {
            var at = file.Slice((int)headers + (i * size), size);
            var offset = is64 ? Long(at, 8) : Word(at, 4);
            var address = is64 ? Long(at, 16) : Word(at, 8);
            var bytes = is64 ? Long(at, 32) : Word(at, 16);
            switch (Word(at, 0))
            {
                case LoadSegment:
                    segments.Add((offset, address, bytes));
                    break;
                case DynamicSegment:
                    dynamic = (offset, bytes);
                    break;
            }
        }

        return dynamic is { } table ? new ElfLibrary(Half(file, 18), is64, FindName(file, is64, table.Offset, table.Bytes, segments)) : null;
    }

    private static string? FindName(ReadOnlySpan<byte> file, bool is64, ulong offset, ulong bytes, List<(ulong Offset, ulong Address, ulong Bytes)> segments)
    {
        if (offset > (ulong)file.Length)
        {
            return null;
        }

        ulong? name = null, strings = null;
        var entry = is64 ? 16 : 8;
        for (var at = offset; at - offset + (ulong)entry <= bytes && at + (ulong)entry <= (ulong)file.Length; at += (ulong)entry)
        {
            var item = file.Slice((int)at, entry);
            var (tag, value) = is64 ? (Long(item, 0), Long(item, 8)) : (Word(item, 0), Word(item, 4));
            switch (tag)
            {
                case NameTag:
                    name = value;
                    break;
                case StringsTag:
                    strings = value;
                    break;
            }

            if (tag == 0)
            {
                break;
            }
        }

        if (name is null || strings is null)
        {
            return null;
        }

        foreach (var segment in segments)
        {
            if (strings >= segment.Address && strings - segment.Address < segment.Bytes)
            {
                var start = segment.Offset + (strings.Value - segment.Address) + name.Value;
                var end = start < (ulong)file.Length ? file[(int)start..].IndexOf((byte)0) : -1;
                return end > 0 ? Encoding.ASCII.GetString(file.Slice((int)start, end)) : null;
            }
        }

        return null;
    }

    private static int Half(ReadOnlySpan<byte> span, int at) => BinaryPrimitives.ReadUInt16LittleEndian(span[at..]);

    private static uint Word(ReadOnlySpan<byte> span, int at) => BinaryPrimitives.ReadUInt32LittleEndian(span[at..]);

    private static ulong Long(ReadOnlySpan<byte> span, int at) => BinaryPrimitives.ReadUInt64LittleEndian(span[at..]);
}
