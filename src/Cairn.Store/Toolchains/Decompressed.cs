using Cairn.Store.Archives;

namespace Cairn.Store.Toolchains;

/// <summary>Files that come compressed.</summary>
public static class Decompressed
{
    /// <summary>Reads all of a file, compressed as the end of its name says. Throws <see cref="InvalidDataException"/> where it is damaged or becomes too long.</summary>
    public static byte[] ReadAll(Stream source, string name, int bytesMax)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        using var stream = DecompressionStream.Open(source, name.EndsWith("Packages", StringComparison.Ordinal) ? "" : name);
        var buffer = new byte[1 << 20];
        var length = 0;
        while (stream.Read(buffer, length, buffer.Length - length) is > 0 and var count)
        {
            length += count;
            if (length == buffer.Length)
            {
                if (length >= bytesMax)
                {
                    throw new InvalidDataException($"`{name}` becomes more than {bytesMax} bytes");
                }

                Array.Resize(ref buffer, (int)Math.Min(2L * length, bytesMax));
            }
        }

        Array.Resize(ref buffer, length);
        return buffer;
    }
}
