using System.Buffers;
using System.Globalization;
using System.Text;

namespace Cairn.Core.Content;

/// <summary>
/// Writes REAPI v2 <c>Directory</c> messages canonically: entries sorted by the bytes of their names, fields in the order of their
/// numbers, defaults left out.
/// </summary>
/// <remarks>
/// <code>
/// Directory     { repeated FileNode files = 1; repeated DirectoryNode directories = 2; repeated SymlinkNode symlinks = 3; }
/// FileNode      { string name = 1; Digest digest = 2; bool is_executable = 4; }
/// DirectoryNode { string name = 1; Digest digest = 2; }
/// SymlinkNode   { string name = 1; string target = 2; }
/// Digest        { string hash = 1; int64 size_bytes = 2; }
/// </code>
/// </remarks>
internal static class DirectoryEncoder
{
    private const byte FilesTag = 0x0a;
    private const byte DirectoriesTag = 0x12;
    private const byte SymlinksTag = 0x1a;
    private const byte FirstTextTag = 0x0a;
    private const byte SecondTextTag = 0x12;
    private const byte SizeTag = 0x10;
    private const byte ExecutableTag = 0x20;

    /// <summary>Writes a file; <paramref name="name"/> is UTF-8.</summary>
    public static void WriteFile(ArrayBufferWriter<byte> writer, byte[] name, Digest digest, bool executable)
    {
        WriteLength(writer, FilesTag, TextSize(name.Length) + MessageSize(DigestSize(digest)) + (executable ? 2 : 0));
        WriteText(writer, FirstTextTag, name);
        WriteDigest(writer, digest);
        if (executable)
        {
            WriteByte(writer, ExecutableTag);
            WriteByte(writer, 1);
        }
    }

    /// <summary>Writes a folder.</summary>
    public static void WriteDirectory(ArrayBufferWriter<byte> writer, byte[] name, Digest digest)
    {
        WriteLength(writer, DirectoriesTag, TextSize(name.Length) + MessageSize(DigestSize(digest)));
        WriteText(writer, FirstTextTag, name);
        WriteDigest(writer, digest);
    }

    /// <summary>Writes a symlink.</summary>
    public static void WriteSymlink(ArrayBufferWriter<byte> writer, byte[] name, string target)
    {
        var bytes = Encoding.UTF8.GetBytes(target);
        WriteLength(writer, SymlinksTag, TextSize(name.Length) + TextSize(bytes.Length));
        WriteText(writer, FirstTextTag, name);
        WriteText(writer, SecondTextTag, bytes);
    }

    private static int DigestSize(Digest digest) =>
        TextSize(2 * Digest.HashBytes) + (digest.SizeBytes == 0 ? 0 : 1 + VarintSize((ulong)digest.SizeBytes));

    private static int MessageSize(int length) => 1 + VarintSize((ulong)length) + length;

    private static int TextSize(int length) => length == 0 ? 0 : MessageSize(length);

    private static int VarintSize(ulong value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }

    private static void WriteDigest(ArrayBufferWriter<byte> writer, Digest digest)
    {
        WriteLength(writer, SecondTextTag, DigestSize(digest));
        WriteLength(writer, FirstTextTag, 2 * Digest.HashBytes);
        Span<char> text = stackalloc char[96];
        digest.TryFormat(text, out _, default, CultureInfo.InvariantCulture);
        Encoding.ASCII.GetBytes(text[..(2 * Digest.HashBytes)], writer.GetSpan(2 * Digest.HashBytes));
        writer.Advance(2 * Digest.HashBytes);
        if (digest.SizeBytes != 0)
        {
            WriteByte(writer, SizeTag);
            WriteVarint(writer, (ulong)digest.SizeBytes);
        }
    }

    private static void WriteText(ArrayBufferWriter<byte> writer, byte tag, byte[] text)
    {
        if (text.Length > 0)
        {
            WriteLength(writer, tag, text.Length);
            writer.Write(text);
        }
    }

    private static void WriteLength(ArrayBufferWriter<byte> writer, byte tag, int length)
    {
        WriteByte(writer, tag);
        WriteVarint(writer, (ulong)length);
    }

    private static void WriteByte(ArrayBufferWriter<byte> writer, byte value)
    {
        writer.GetSpan(1)[0] = value;
        writer.Advance(1);
    }

    private static void WriteVarint(ArrayBufferWriter<byte> writer, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            WriteByte(writer, (byte)(value | 0x80));
        }

        WriteByte(writer, (byte)value);
    }
}
