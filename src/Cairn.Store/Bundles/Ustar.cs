using System.Globalization;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Store.Bundles;

/// <summary>
/// The headers of the tar archives in bundles, of which each entry has exactly one: ustar without owners and times. What does not fit into one stands in a pax header before it. (The runtime's own writer
/// puts the number of the process into the names of such headers.)
/// </summary>
internal static class Ustar
{
    /// <summary>Bytes of a block; content is padded to whole ones.</summary>
    public const int BlockBytes = 512;

    /// <summary>The zeros at the end of an archive.</summary>
    public const int EndBytes = 2 * BlockBytes;

    /// <summary>The largest size that eleven octal digits hold.</summary>
    public const long SizeMax = (1L << 33) - 1;

    private const int NameBytes = 100;
    private const string PaxName = "pax";

    /// <summary>The types of entries that are written.</summary>
    private enum Kind : byte
    {
        File = (byte)'0',
        Link = (byte)'2',
        Folder = (byte)'5',
        Pax = (byte)'x',
    }

    /// <summary>The header of an entry of a bundle.</summary>
    public static byte[] OfPart(string name, long sizeBytes) => Of(name, Kind.File, 0x1a4, sizeBytes, "");

    /// <summary>The header of something in a layer.</summary>
    public static byte[] OfItem(in TreeItem item) => item switch
    {
        { IsFolder: true } => Of(item.Path + "/", Kind.Folder, 0x1ed, 0, ""),
        { Leaf.Target: { } target } => Of(item.Path, Kind.Link, 0x1ff, 0, target),
        _ => Of(item.Path, Kind.File, item.Leaf.Executable ? 0x1ed : 0x1a4, item.Leaf.Digest.SizeBytes, ""),
    };

    /// <summary>The zeros behind some content.</summary>
    public static int Padding(long sizeBytes) => (int)((BlockBytes - (sizeBytes % BlockBytes)) % BlockBytes);

    private static byte[] Of(string name, Kind kind, int mode, long sizeBytes, string target)
    {
        var (path, link) = (Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(target));
        var pax = new List<byte>();
        Move(pax, "linkpath", ref link);
        Move(pax, "path", ref path);
        if (sizeBytes > SizeMax)
        {
            Add(pax, "size", Encoding.ASCII.GetBytes(sizeBytes.ToString(CultureInfo.InvariantCulture)));
            sizeBytes = 0;
        }

        var padded = pax.Count == 0 ? 0 : BlockBytes + pax.Count + Padding(pax.Count);
        var header = new byte[padded + BlockBytes];
        if (padded > 0)
        {
            Fill(header, Encoding.ASCII.GetBytes(PaxName), Kind.Pax, 0x1a4, pax.Count, []);
            pax.CopyTo(header, BlockBytes);
        }

        Fill(header.AsSpan(padded), path, kind, mode, sizeBytes, link);
        return header;
    }

    /// <summary>Moves a text that does not fit into the pax header.</summary>
    private static void Move(List<byte> pax, string key, ref byte[] value)
    {
        if (value.Length > NameBytes)
        {
            Add(pax, key, value);
            value = Encoding.ASCII.GetBytes(PaxName);
        }
    }

    /// <summary>Adds a record <c>LENGTH KEY=VALUE\n</c>, whose length counts its own digits.</summary>
    private static void Add(List<byte> pax, string key, byte[] value)
    {
        var rest = key.Length + value.Length + 3;
        var length = rest + 1;
        while (rest + length.ToString(CultureInfo.InvariantCulture).Length != length)
        {
            length = rest + length.ToString(CultureInfo.InvariantCulture).Length;
        }

        pax.AddRange(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} {key}=")));
        pax.AddRange(value);
        pax.Add((byte)'\n');
    }

    private static void Fill(Span<byte> block, ReadOnlySpan<byte> name, Kind kind, int mode, long sizeBytes, ReadOnlySpan<byte> link)
    {
        block = block[..BlockBytes];
        name.CopyTo(block);
        Octal(block.Slice(100, 8), mode);
        Octal(block.Slice(108, 8), 0);
        Octal(block.Slice(116, 8), 0);
        Octal(block.Slice(124, 12), sizeBytes);
        Octal(block.Slice(136, 12), 0);
        block[156] = (byte)kind;
        link.CopyTo(block[157..]);
        "ustar\0"u8.CopyTo(block[257..]);
        "00"u8.CopyTo(block[263..]);
        Octal(block.Slice(329, 8), 0);
        Octal(block.Slice(337, 8), 0);
        WriteChecksum(block);
    }

    /// <summary>Writes the checksum of a header.</summary>
    public static void WriteChecksum(Span<byte> block)
    {
        var field = block.Slice(148, 8);
        field.Fill((byte)' ');
        var sum = 0;
        foreach (var b in block)
        {
            sum += b;
        }

        Octal(field[..7], sum);
    }

    /// <summary>Digits with zeros before them and a NUL behind.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (var i = field.Length - 2; i >= 0; i--, value >>= 3)
        {
            field[i] = (byte)('0' + (value & 7));
        }
    }
}
