using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Cairn.Store.Archives;

/// <summary>What an entry of a tar archive is.</summary>
internal enum TarKind
{
    File,
    HardLink,
    Symlink,
    Folder,

    /// <summary>A device or a pipe.</summary>
    Device,

    /// <summary>Something that is not known.</summary>
    Other,
}

/// <summary>An entry of a tar archive.</summary>
/// <param name="Path">Its path as it stands there.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission bits, setuid and the like among them.</param>
/// <param name="SizeBytes">Of a file.</param>
/// <param name="Target">Of a link.</param>
internal readonly record struct TarEntry(string Path, TarKind Kind, int Mode, long SizeBytes, string Target);

/// <summary>
/// Reads a tar archive front to back: ustar, pax and GNU's long names. Whatever a header says is checked; names must be UTF-8. (The runtime's own reader makes of a damaged
/// archive what it can, and of links what it likes.)
/// </summary>
internal sealed class TarReader(Stream source)
{
    private const int BlockBytes = 512;
    private const int ExtensionBytesMax = 1 << 20;
    private const int ZeroBlocksAtEnd = 2;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private long _rest;
    private long _padding;

    /// <summary>The next entry; null at the end. Throws <see cref="InvalidDataException"/>.</summary>
    public TarEntry? Next()
    {
        var padding = _padding;
        Skip(_rest);
        if (!TrySkip(padding))
        {
            // Some writers end with the last byte of the last file.
            return null;
        }

        string? path = null, target = null;
        long? size = null;
        var block = new byte[BlockBytes];
        for (var zeros = 0; ;)
        {
            var count = source.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false);
            if (count == 0 && path is null && target is null)
            {
                // Some writers leave the zeros out.
                return null;
            }

            if (count != BlockBytes)
            {
                throw new InvalidDataException("The tar archive ends too early");
            }

            if (block.AsSpan().IndexOfAnyExcept((byte)0) < 0)
            {
                if (++zeros == ZeroBlocksAtEnd)
                {
                    return null;
                }

                continue;
            }

            CheckSum(block);
            var length = Number(block.AsSpan(124, 12));
            switch ((char)block[156])
            {
                case 'L':
                    path = Text(Extension(length));
                    continue;
                case 'K':
                    target = Text(Extension(length));
                    continue;
                case 'x':
                    foreach (var (key, value) in Pax(Extension(length)))
                    {
                        (path, target, size) = key switch
                        {
                            "path" => (value, target, size),
                            "linkpath" => (path, value, size),
                            "size" => (path, target, long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var big) ? big : throw new InvalidDataException("The tar archive has a size that is none")),
                            _ when key.StartsWith("GNU.sparse.", StringComparison.Ordinal) => throw new InvalidDataException("The tar archive has a sparse file, which is not how it looks"),
                            _ => (path, target, size),
                        };
                    }

                    continue;
                case 'g':
                    _ = Extension(length);
                    continue;
            }

            return Entry(block, path, target, size ?? length);
        }
    }

    /// <summary>Reads the content of the entry, which has at least as many bytes left. Throws <see cref="InvalidDataException"/>.</summary>
    public void Read(Span<byte> content)
    {
        if (content.Length > _rest || source.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) != content.Length)
        {
            throw new InvalidDataException("The tar archive ends too early");
        }

        _rest -= content.Length;
    }

    private TarEntry Entry(ReadOnlySpan<byte> block, string? path, string? target, long size)
    {
        if (path is null)
        {
            path = Text(block[..100]);
            if (block[257..262].SequenceEqual("ustar"u8) && block[262] == 0 && Text(block[345..500]) is { Length: > 0 } prefix)
            {
                path = $"{prefix}/{path}";
            }
        }

        var kind = (char)block[156] switch
        {
            '0' or '\0' or '7' => TarKind.File,
            '1' => TarKind.HardLink,
            '2' => TarKind.Symlink,
            '3' or '4' or '6' => TarKind.Device,
            '5' => TarKind.Folder,
            _ => TarKind.Other,
        };
        _rest = kind == TarKind.File ? size : 0;
        _padding = (BlockBytes - (_rest % BlockBytes)) % BlockBytes;
        return new TarEntry(path, kind, (int)(Number(block[100..108]) & 0xfff), _rest, kind is TarKind.HardLink or TarKind.Symlink ? target ?? Text(block[157..257]) : "");
    }

    private byte[] Extension(long length)
    {
        if (length is < 0 or > ExtensionBytesMax)
        {
            throw new InvalidDataException("The tar archive has an extended header that is too long");
        }

        var content = new byte[length];
        if (source.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) != content.Length)
        {
            throw new InvalidDataException("The tar archive ends too early");
        }

        Skip((BlockBytes - (length % BlockBytes)) % BlockBytes);
        return content;
    }

    private void Skip(long count)
    {
        if (!TrySkip(count))
        {
            throw new InvalidDataException("The tar archive ends too early");
        }
    }

    private bool TrySkip(long count)
    {
        (_rest, _padding) = (0, 0);
        Span<byte> buffer = stackalloc byte[4096];
        while (count > 0)
        {
            var read = source.Read(buffer[..(int)Math.Min(buffer.Length, count)]);
            if (read == 0)
            {
                return false;
            }

            count -= read;
        }

        return true;
    }

    /// <summary>Records of the form <c>LENGTH KEY=VALUE\n</c>.</summary>
    private static List<(string Key, string Value)> Pax(ReadOnlySpan<byte> content)
    {
        var records = new List<(string, string)>();
        while (!content.IsEmpty)
        {
            var space = content.IndexOf((byte)' ');
            if (space <= 0 || !int.TryParse(content[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length <= space + 1 || length > content.Length || content[length - 1] != '\n')
            {
                throw new InvalidDataException("The tar archive has a damaged extended header");
            }

            var record = Text(content[(space + 1)..(length - 1)]);
            var equals = record.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new InvalidDataException("The tar archive has a damaged extended header");
            }

            records.Add((record[..equals], record[(equals + 1)..]));
            content = content[length..];
        }

        return records;
    }

    private static void CheckSum(ReadOnlySpan<byte> block)
    {
        long sum = 8 * ' ';
        for (var i = 0; i < BlockBytes; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : block[i];
        }

        if (sum != Number(block[148..156]))
        {
            throw new InvalidDataException("The tar archive has a damaged header");
        }
    }

    private static long Number(ReadOnlySpan<byte> field)
    {
        if (field[0] == 0x80)
        {
            // GNU's way to write what does not fit into octal digits.
            var wide = BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
            return wide >= 0 ? wide : throw new InvalidDataException("The tar archive has a number that is too large");
        }

        long number = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            number = digit is >= (byte)'0' and <= (byte)'7' ? (number << 3) + (digit - '0') : throw new InvalidDataException("The tar archive has a number that is none");
        }

        return number;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        try
        {
            return StrictUtf8.GetString(end < 0 ? field : field[..end]);
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException("The tar archive has a name that is not UTF-8", exception);
        }
    }
}
