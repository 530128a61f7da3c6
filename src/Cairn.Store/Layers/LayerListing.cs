using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>
/// Everything in the folder that a layer shows, by path, each in words: what it is, and whatever of its mode, owner, time and marks is not as <see cref="LayerWriter"/> leaves it.
/// Two listings are the same where steps see the same.
/// </summary>
internal sealed class LayerListing
{
    private const string FolderText = "folder";
    private const string WhiteoutText = "whiteout";
    private const uint FolderMode = 0x1ed;
    private const uint FileMode = 0x1a4;

    private readonly SortedDictionary<string, string> _entries = new(StringComparer.Ordinal) { [""] = FolderText };

    /// <summary>The digest of the whole.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, text) in _entries)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{path}\0{text}\0"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The listing of a tree below a folder.</summary>
    public static LayerListing Of(MerkleTree tree, string folder)
    {
        var listing = new LayerListing();
        tree.ForEach((path, leaf) => listing.Put($"{folder}/{path}", leaf));
        return listing;
    }

    /// <summary>The listing of a difference below a folder.</summary>
    public static LayerListing Of(LayerDelta delta, string folder)
    {
        var listing = new LayerListing();
        foreach (var (path, leaf) in delta.Put)
        {
            listing.Put($"{folder}/{path}", leaf);
        }

        foreach (var path in delta.Hide)
        {
            listing.Put($"{folder}/{path}", WhiteoutText);
        }

        return listing;
    }

    /// <summary>The listing of what stands in a folder, all of it read. Throws <see cref="IOException"/>.</summary>
    public static LayerListing Read(DirectoryHandle root, uint owner, CancellationToken cancellationToken)
    {
        var listing = new LayerListing();
        var pending = new Stack<(DirectoryHandle Folder, string Path)>();
        pending.Push((root, ""));
        try
        {
            while (pending.TryPop(out var item))
            {
                try
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    listing._entries[item.Path.TrimEnd('/')] = FolderText + Oddities(BlobCalls.LookAt(item.Folder.Descriptor), FolderMode, owner) + (UpperFolder.MarksOf(item.Folder) == UpperMarks.None ? "" : ", marked");
                    foreach (var entry in item.Folder.List())
                    {
                        var path = item.Path + entry.Name;
                        if (entry is { IsUtf8: true, Kind: null or FileKind.Directory } && item.Folder.TryOpen(entry.Name) is { } below)
                        {
                            pending.Push((below, path + "/"));
                        }
                        else
                        {
                            listing._entries[path] = entry.IsUtf8 ? Describe(item.Folder, entry.Name, owner) : "a name that is not UTF-8";
                        }
                    }
                }
                finally
                {
                    if (!ReferenceEquals(item.Folder, root))
                    {
                        item.Folder.Dispose();
                    }
                }
            }
        }
        finally
        {
            foreach (var item in pending)
            {
                if (!ReferenceEquals(item.Folder, root))
                {
                    item.Folder.Dispose();
                }
            }
        }

        return listing;
    }

    /// <summary>The first thing that another listing has otherwise, in words; null where both are the same.</summary>
    public string? FirstDifference(LayerListing actual)
    {
        foreach (var (path, text) in _entries)
        {
            if (!actual._entries.TryGetValue(path, out var found))
            {
                return $"`{path}` is missing";
            }

            if (!string.Equals(found, text, StringComparison.Ordinal))
            {
                return $"`{path}` is {found}, and should be {text}";
            }
        }

        foreach (var path in actual._entries.Keys)
        {
            if (!_entries.ContainsKey(path))
            {
                return $"`{path}` does not belong there";
            }
        }

        return null;
    }

    private static unsafe string Describe(DirectoryHandle folder, string name, uint owner)
    {
        var path = Encoding.UTF8.GetBytes(name + "\0");
        if (!BlobCalls.TryLook(folder.Descriptor, path, out var look))
        {
            return "gone";
        }

        switch (look.Mode & 0xf000)
        {
            case 0x8000:
                using (var file = folder.TryOpenFile(name))
                {
                    var executable = (look.Mode & 0x40) != 0;
                    return file is null ? "no file any more" : TextOf(new TreeLeaf(DigestOf(file), executable)) + Oddities(look, executable ? FolderMode : FileMode, owner) + (look.LinkCount == 1 ? "" : ", linked");
                }

            case 0xa000:
                return TextOf(new TreeLeaf(Digest.Empty, Executable: false, folder.ReadLink(name))) + Oddities(look, look.Mode & 0xfff, owner);
            case FileNative.CharacterDevice when look.Device == 0:
                return WhiteoutText;
            default:
                return string.Create(CultureInfo.InvariantCulture, $"something of mode {Convert.ToString(look.Mode, 8)}");
        }
    }

    private static Digest DigestOf(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        using var hash = new StreamingHash(RandomAccess.GetLength(file));
        for (long at = 0; BlobCalls.ReadAt((int)file.DangerousGetHandle(), hash.Buffer, at) is > 0 and var count; at += count)
        {
            _ = hash.Append(count);
            hash.Advance();
        }

        return hash.Finish();
    }

    private static string Oddities(in BlobCalls.Look look, uint mode, uint owner)
    {
        var text = (look.Mode & 0xfff) == mode ? "" : $", mode {Convert.ToString(look.Mode & 0xfff, 8).PadLeft(4, '0')}";
        text += look.UserId == owner ? "" : string.Create(CultureInfo.InvariantCulture, $", of user {look.UserId}");
        return look.ModifiedSeconds == LayerWriter.TimeSeconds ? text : text + ", of another time";
    }

    private static string TextOf(in TreeLeaf leaf) => leaf.Target is { } target ? $"a link to `{target}`" : $"{(leaf.Executable ? "a program" : "a file")} {leaf.Digest}";

    /// <summary>Adds a file or link, with the folders that it stands in.</summary>
    public void Put(string path, TreeLeaf leaf) => Put(path, TextOf(leaf));

    private void Put(string path, string text)
    {
        _entries[path] = text;
        for (var slash = path.LastIndexOf('/'); slash > 0 && _entries.TryAdd(path[..slash], FolderText); slash = path.LastIndexOf('/', slash - 1))
        {
        }
    }
}
