using System.Buffers.Binary;
using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>
/// The tree that a layer shows, in the file <c>tree</c> beside it: its folders as <c>Directory</c> messages, each behind its hash and four bytes of length, the root first. A
/// layer over another has only those that the other has not. So two trees are compared without looking at files, or into folders that are the same.
/// </summary>
internal sealed class LayerTree
{
    public const string FileName = "tree";

    private const int HeaderBytes = Digest.HashBytes + sizeof(int);
    private const long FileBytesMax = 1L << 30;
    private const int PathCharsMax = 4_096;

    private readonly Dictionary<Digest, (int Start, int Length)> _folders = [];
    private readonly LayerTree? _below;
    private readonly byte[] _bytes;

    private LayerTree(byte[] bytes, LayerTree? below)
    {
        _bytes = bytes;
        _below = below;
    }

    /// <summary>The digest of the root.</summary>
    public Digest Root { get; private set; }

    /// <summary>The file's content.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>That of a tree, over another or none.</summary>
    public static LayerTree Of(MerkleTree tree, LayerTree? below)
    {
        using var stream = new MemoryStream();
        var written = new HashSet<Digest>();
        var header = new byte[HeaderBytes];
        tree.Visit((digest, folder) =>
        {
            if (below?._folders.ContainsKey(digest) == true || !written.Add(digest))
            {
                return false;
            }

            digest.CopyHashTo(header);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(Digest.HashBytes), folder.Length);
            stream.Write(header);
            stream.Write(folder.AsSpan());
            return true;
        });
        var made = new LayerTree(stream.ToArray(), below);
        return made.Index() ? made : throw new InvalidOperationException("A tree that was just written does not read");
    }

    /// <summary>Reads that of a layer; null where there is none or it is cut off. What the folders hold nobody vouches for.</summary>
    public static LayerTree? TryRead(DirectoryHandle layer, LayerTree? below)
    {
        using var file = layer.TryOpenFile(FileName);
        if (file is null || RandomAccess.GetLength(file) is var length && length > FileBytesMax)
        {
            return null;
        }

        var bytes = new byte[length];
        var made = new LayerTree(bytes, below);
        return BlobCalls.ReadAt((int)file.DangerousGetHandle(), bytes, 0) == length && made.Index() ? made : null;
    }

    /// <summary>A folder by its digest, here or below; null where there is none.</summary>
    public ImmutableArray<byte>? Read(Digest folder) =>
        _folders.TryGetValue(folder, out var at) ? ImmutableArray.Create(_bytes, at.Start, at.Length) : _below?.Read(folder);

    /// <summary>The whole tree, each folder held against its digest; null where one is missing or wrong.</summary>
    public MerkleTree? TryBuild()
    {
        var builder = new MerkleTreeBuilder();
        try
        {
            return TryAdd(builder, "", Root) ? builder.Build() : null;
        }
        catch (ArgumentException)
        {
            // Names that no tree has.
            return null;
        }
    }

    private bool TryAdd(MerkleTreeBuilder builder, string path, Digest digest)
    {
        if (path.Length > PathCharsMax || Read(digest) is not { } bytes || Digest.Of(bytes.AsSpan()) != digest || DirectoryDecoder.TryDecode(bytes.AsSpan(), out _) is not { } entries)
        {
            return false;
        }

        foreach (var entry in entries)
        {
            if (!entry.IsFolder)
            {
                builder.Add(path + entry.Name, entry.Leaf);
            }
            else if (!TryAdd(builder, $"{path}{entry.Name}/", entry.Leaf.Digest))
            {
                return false;
            }
        }

        return true;
    }

    private bool Index()
    {
        for (var at = 0; at < _bytes.Length;)
        {
            if (_bytes.Length - at < HeaderBytes)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(at + Digest.HashBytes));
            if (length < 0 || length > _bytes.Length - at - HeaderBytes)
            {
                return false;
            }

            var digest = new Digest(_bytes.AsSpan(at, Digest.HashBytes), length);
            Root = at == 0 ? digest : Root;
            _ = _folders.TryAdd(digest, (at + HeaderBytes, length));
            at += HeaderBytes + length;
        }

        return _folders.Count > 0;
    }
}
