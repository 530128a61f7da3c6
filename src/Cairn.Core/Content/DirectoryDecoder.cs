using System.Collections.Immutable;

using Cairn.Core.Protobuf;

namespace Cairn.Core.Content;

/// <summary>What stands in a folder under a name.</summary>
/// <param name="Name">The name.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
/// <param name="Leaf">The file or link; of a folder, its digest alone.</param>
public readonly record struct DirectoryItem(string Name, bool IsFolder, TreeLeaf Leaf);

/// <summary>Reads <c>Directory</c> messages, from bytes that nobody vouches for.</summary>
public static class DirectoryDecoder
{
    /// <summary>
    /// The entries of a folder: files, then folders, then links, each in the order of the bytes of their names. Null, with the reason, where the bytes are no
    /// <c>Directory</c>, a name is none, or the order is another.
    /// </summary>
    public static ImmutableArray<DirectoryItem>? TryDecode(ReadOnlySpan<byte> directory, out string? error)
    {
        var reader = new ProtoReader(directory);
        if (directory.Length > Limits.ActionBlobBytesMax)
        {
            reader.Fail("more bytes than a folder may have");
        }

        var files = new List<DirectoryItem>();
        var folders = new List<DirectoryItem>();
        var links = new List<DirectoryItem>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Read(ref reader, files, isFolder: false);
                    break;
                case 2:
                    Read(ref reader, folders, isFolder: true);
                    break;
                case 3:
                    ReadLink(ref reader, links);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        var entries = ImmutableArray.CreateBuilder<DirectoryItem>(files.Count + folders.Count + links.Count);
        entries.AddRange(files);
        entries.AddRange(folders);
        entries.AddRange(links);
        if (reader.Error is null && HasTwins(files, folders, links))
        {
            reader.Fail("a name that stands for two things");
        }

        error = reader.Error is { } mistake ? $"The folder has {mistake}" : null;
        return error is null ? entries.MoveToImmutable() : null;
    }

    private static void Read(ref ProtoReader reader, List<DirectoryItem> entries, bool isFolder)
    {
        var name = "";
        Digest? digest = null;
        var executable = false;
        var message = new ProtoReader(reader.BytesItem());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    name = message.Text();
                    break;
                case 2:
                    digest = message.Digest();
                    break;
                case 4 when !isFolder:
                    executable = message.Bool();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        if (message.Error is null && digest is null)
        {
            message.Fail("an entry without a digest");
        }

        Add(ref reader, ref message, entries, new DirectoryItem(name, isFolder, new TreeLeaf(digest ?? Digest.Empty, executable)));
    }

    private static void ReadLink(ref ProtoReader reader, List<DirectoryItem> links)
    {
        var (name, target) = ("", "");
        var message = new ProtoReader(reader.BytesItem());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    name = message.Text();
                    break;
                case 2:
                    target = message.Text();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        if (message.Error is null && (target.Length == 0 || target.Contains('\0', StringComparison.Ordinal)))
        {
            message.Fail("a link without a target");
        }

        Add(ref reader, ref message, links, new DirectoryItem(name, IsFolder: false, new TreeLeaf(Digest.Empty, Executable: false, target)));
    }

    private static void Add(ref ProtoReader reader, ref ProtoReader message, List<DirectoryItem> entries, DirectoryItem entry)
    {
        if (message.Error is null && !RelativePath.IsName(entry.Name))
        {
            message.Fail("a name that a file cannot have");
        }

        if (message.Error is null && entries.Count > 0 && Utf8Order.Compare(entries[^1].Name, entry.Name) >= 0)
        {
            message.Fail("names out of order");
        }

        if (message.Error is { } error)
        {
            reader.Fail(error);
        }

        entries.Add(entry);
    }

    /// <summary>Whether a name stands in two of the lists, each of which is in order.</summary>
    private static bool HasTwins(List<DirectoryItem> files, List<DirectoryItem> folders, List<DirectoryItem> links) =>
        HasTwins(files, folders) || HasTwins(files, links) || HasTwins(folders, links);

    private static bool HasTwins(List<DirectoryItem> left, List<DirectoryItem> right)
    {
        for (var (l, r) = (0, 0); l < left.Count && r < right.Count;)
        {
            var order = Utf8Order.Compare(left[l].Name, right[r].Name);
            if (order == 0)
            {
                return true;
            }

            (l, r) = order < 0 ? (l + 1, r) : (l, r + 1);
        }

        return false;
    }
}
