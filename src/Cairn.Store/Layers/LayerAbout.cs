using System.Globalization;
using System.Text;

using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>What a layer says of itself, in the file <c>about</c> beside what it shows. A layer without it is not whole.</summary>
/// <param name="Bytes">What its files take of the disk.</param>
/// <param name="Base">The key of the layer that it lies over; null for one that is complete.</param>
/// <param name="Content">The digest of its listing, where its key does not tell what it holds; null otherwise.</param>
internal sealed record LayerAbout(long Bytes, string? Base, string? Content)
{
    public const string FileName = "about";

    private const string BytesWord = "bytes ";
    private const string BaseWord = "base ";
    private const string ContentWord = "content ";
    private const int FileBytesMax = 1024;

    public byte[] ToBytes()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{BytesWord}{Bytes}\n");
        text += Base is null ? "" : $"{BaseWord}{Base}\n";
        return Encoding.ASCII.GetBytes(Content is null ? text : $"{text}{ContentWord}{Content}\n");
    }

    /// <summary>Reads that of a layer; null where there is none or it is damaged.</summary>
    public static LayerAbout? TryRead(DirectoryHandle layer)
    {
        using var file = layer.TryOpenFile(FileName);
        if (file is null)
        {
            return null;
        }

        Span<byte> buffer = stackalloc byte[FileBytesMax];
        var text = Encoding.ASCII.GetString(buffer[..BlobCalls.ReadAt((int)file.DangerousGetHandle(), buffer, 0)]);
        if (!text.EndsWith('\n'))
        {
            return null;
        }

        long bytes = -1;
        string? lower = null, content = null;
        foreach (var line in text.AsSpan(0, text.Length - 1).EnumerateLines())
        {
            if (line.StartsWith(BytesWord, StringComparison.Ordinal) && long.TryParse(line[BytesWord.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                bytes = number;
            }
            else if (line.StartsWith(BaseWord, StringComparison.Ordinal) && LayerStore.IsKey(line[BaseWord.Length..]))
            {
                lower = line[BaseWord.Length..].ToString();
            }
            else if (line.StartsWith(ContentWord, StringComparison.Ordinal))
            {
                content = line[ContentWord.Length..].ToString();
            }
            else
            {
                return null;
            }
        }

        return bytes < 0 ? null : new LayerAbout(bytes, lower, content);
    }
}
