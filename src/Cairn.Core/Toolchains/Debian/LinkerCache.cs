using System.Buffers.Binary;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>
/// Writes <c>/etc/ld.so.cache</c> in glibc's format 1.1: where the dynamic linker finds each library. The same as <c>ldconfig</c> would find, and a function of the tree alone.
/// </summary>
public sealed class LinkerCache
{
    private const int HeaderBytes = 48;
    private const int EntryBytes = 24;
    private const byte LittleEndian = 2;
    private const int X64 = 62;
    private const int Arm64 = 183;
    private const int Riscv64 = 243;

    private readonly List<(string Name, string Path)> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly int _machine;

    /// <summary>For the libraries of an architecture, by Debian's name.</summary>
    public LinkerCache(string architecture) => _machine = architecture switch
    {
        "amd64" => X64,
        "arm64" => Arm64,
        "riscv64" => Riscv64,
        _ => 0,
    };

    /// <summary>Whether the linker of the architecture takes entries that are known here.</summary>
    public bool IsSupported => _machine != 0;

    /// <summary>How many libraries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds a library that stands at a path under a name; the first of a name counts.</summary>
    public void Add(string name, string path, ElfLibrary library)
    {
        ArgumentNullException.ThrowIfNull(library);
        if (library.Machine == _machine && library.Is64Bit && _names.Add(name))
        {
            _entries.Add((name, path));
        }
    }

    /// <summary>Writes the cache.</summary>
    public byte[] ToBytes()
    {
        // The linker halves its way through the entries, the last name first.
        _entries.Sort(static (a, b) => -Compare(a.Name, b.Name));
        var strings = new MemoryStream();
        var table = HeaderBytes + (EntryBytes * _entries.Count);
        var bytes = new byte[table];
        "glibc-ld.so.cache1.1"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(20), _entries.Count);
        bytes[28] = LittleEndian;
        for (var i = 0; i < _entries.Count; i++)
        {
            var entry = bytes.AsSpan(HeaderBytes + (i * EntryBytes), EntryBytes);
            BinaryPrimitives.WriteInt32LittleEndian(entry, Flags);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], table + (int)strings.Length);
            strings.Write(Encoding.UTF8.GetBytes(_entries[i].Name + "\0"));
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], table + (int)strings.Length);
            strings.Write(Encoding.UTF8.GetBytes(_entries[i].Path + "\0"));
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), (int)strings.Length);
        return [.. bytes, .. strings.ToArray()];
    }

    // A library of glibc 2, with the ABI of its processor.
    private int Flags => _machine switch
    {
        X64 => 0x0303,
        Arm64 => 0x0a03,
        _ => 0x1003,
    };

    /// <summary>glibc's order: numbers in names by their value, and after all else.</summary>
    internal static int Compare(string left, string right)
    {
        var (l, r) = (0, 0);
        while (l < left.Length)
        {
            if (char.IsAsciiDigit(left[l]))
            {
                if (r >= right.Length || !char.IsAsciiDigit(right[r]))
                {
                    return 1;
                }

                var (leftNumber, rightNumber) = (Number(left, ref l), Number(right, ref r));
                if (leftNumber != rightNumber)
                {
                    return leftNumber.CompareTo(rightNumber);
                }
            }
            else if (r < right.Length && char.IsAsciiDigit(right[r]))
            {
                return -1;
            }
            else if (r >= right.Length || left[l] != right[r])
            {
                return left[l] - (r < right.Length ? right[r] : 0);
            }
            else
            {
                l++;
                r++;
            }
        }

        return r < right.Length ? -right[r] : 0;
    }

    private static long Number(string text, ref int at)
    {
        long number = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
        {
            number = unchecked((number * 10) + (text[at] - '0'));
        }

        return number;
    }
}
