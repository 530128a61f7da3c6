using System.Buffers;
using System.Buffers.Text;

namespace Cairn.Engine.Preparation.Git;

/// <summary>
/// The name of the tree that a commit of the index would have. Git keeps the names of the trees that it knows; those of folders in which something was staged since are
/// computed, for which no object is read.
/// </summary>
internal sealed class GitTrees
{
    private const int DepthMax = 500;

    private readonly GitIndex _index;

    private GitTrees(GitIndex index) => _index = index;

    /// <summary>The tree; null where what git keeps of trees is damaged.</summary>
    public static byte[]? RootOf(GitIndex index)
    {
        var trees = index.KnownTrees;
        KnownTree? known = null;
        if (trees.Length > 0)
        {
            var at = 0;
            known = KnownTree.Read(trees, ref at, index.HashBytes, 0);
            if (known is null || at != trees.Length)
            {
                return null;
            }

            if (known.Entries == index.Entries.Length)
            {
                return known.Object;
            }
        }

        return new GitTrees(index).Compute(0, index.Entries.Length, 0, known, 0);
    }

    private byte[]? Compute(int from, int to, int prefix, KnownTree? known, int depth)
    {
        if (depth > DepthMax)
        {
            return null;
        }

        var content = new ArrayBufferWriter<byte>();
        for (var i = from; i < to;)
        {
            ref readonly var entry = ref _index.Entries[i];
            var name = _index.Name(entry)[prefix..];
            var slash = name.IndexOf((byte)'/');
            if (slash < 0)
            {
                Write(content, entry.Mode, name, _index.Object(entry));
                i++;
                continue;
            }

            if (slash == 0)
            {
                return null;
            }

            var folder = name[..slash];
            var below = known?.Find(folder);
            var end = EndOf(i, to, prefix + slash + 1, below?.Entries ?? -1, out var isKnown);
            if ((isKnown ? below!.Object : Compute(i, end, prefix + slash + 1, below, depth + 1)) is not { } tree)
            {
                return null;
            }

            Write(content, 0x4000, folder, tree);
            i = end;
        }

        return GitObjects.NameOf("tree"u8, content.WrittenSpan, _index.HashBytes);
    }

    /// <summary>Where the entries below a folder end; known without looking at each where git knows how many they are.</summary>
    private int EndOf(int from, int to, int prefix, int count, out bool isKnown)
    {
        var folder = _index.Name(_index.Entries[from])[..prefix];
        isKnown = count > 0 && count <= to - from && IsBelow(folder, from + count - 1) && (from + count == to || !IsBelow(folder, from + count));
        if (isKnown)
        {
            return from + count;
        }

        var end = from + 1;
        while (end < to && IsBelow(folder, end))
        {
            end++;
        }

        return end;
    }

    private bool IsBelow(ReadOnlySpan<byte> folder, int number) => _index.Name(_index.Entries[number]).StartsWith(folder);

    private static void Write(ArrayBufferWriter<byte> content, uint mode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> oid)
    {
        content.Write(mode switch
        {
            GitIndex.File => "100644 "u8,
            GitIndex.Executable => "100755 "u8,
            GitIndex.Link => "120000 "u8,
            GitIndex.Submodule => "160000 "u8,
            _ => "40000 "u8,
        });
        content.Write(name);
        content.Write("\0"u8);
        content.Write(oid);
    }

    /// <summary>A folder of the index extension <c>TREE</c>.</summary>
    private sealed class KnownTree(byte[] name, int entries, byte[] oid)
    {
        private readonly List<KnownTree> _folders = [];

        /// <summary>How many files of the index are below it; negative where something was staged there since.</summary>
        public int Entries => entries;

        /// <summary>Its tree, where that is known.</summary>
        public byte[] Object => oid;

        public static KnownTree? Read(ReadOnlySpan<byte> data, ref int at, int hashBytes, int depth)
        {
            var nameLength = data[at..].IndexOf((byte)0);
            if (nameLength < 0 || depth > DepthMax)
            {
                return null;
            }

            var name = data.Slice(at, nameLength).ToArray();
            at += nameLength + 1;
            if (!TryNumber(data, ref at, (byte)' ', out var entries) || !TryNumber(data, ref at, (byte)'\n', out var folders) || (entries >= 0 && data.Length - at < hashBytes))
            {
                return null;
            }

            var tree = new KnownTree(name, entries, entries < 0 ? [] : data.Slice(at, hashBytes).ToArray());
            at += entries < 0 ? 0 : hashBytes;
            for (var i = 0; i < folders; i++)
            {
                if (Read(data, ref at, hashBytes, depth + 1) is not { } folder)
                {
                    return null;
                }

                tree._folders.Add(folder);
            }

            return tree;
        }

        public KnownTree? Find(ReadOnlySpan<byte> folder)
        {
            foreach (var below in _folders)
            {
                if (below.IsNamed(folder))
                {
                    return below;
                }
            }

            return null;
        }

        private bool IsNamed(ReadOnlySpan<byte> folder) => folder.SequenceEqual(name);

        private static bool TryNumber(ReadOnlySpan<byte> data, ref int at, byte end, out int number)
        {
            var good = Utf8Parser.TryParse(data[at..], out number, out var length) && at + length < data.Length && data[at + length] == end;
            at += length + 1;
            return good;
        }
    }
}
