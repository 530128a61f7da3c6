using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

using Cairn.Store.Files;

namespace Cairn.Engine.Preparation.Git;

/// <summary>One file of the index: where its parts stand in the bytes.</summary>
internal struct GitIndexEntry
{
    /// <summary>Where its stat begins.</summary>
    public int StatAt;

    /// <summary>Where its name begins in <see cref="GitIndex.Names"/>.</summary>
    public int NameAt;

    /// <summary>Bytes of its name.</summary>
    public int NameLength;

    /// <summary>Its type and permissions as git has them.</summary>
    public uint Mode;

    /// <summary>Whether the user asked git not to look at it.</summary>
    public bool AssumeUnchanged;
}

/// <summary>
/// The index (<c>.git/index</c>, versions 2 to 4): what is tracked, and how each file stood when git last looked. An index that is split, sparse, damaged or made by a
/// later git is not understood.
/// </summary>
internal sealed class GitIndex
{
    /// <summary>Type and permissions of a file, an executable one, a link, a submodule.</summary>
    public const uint File = 0x81a4, Executable = 0x81ed, Link = 0xa000, Submodule = 0xe000;

    private const int HeaderBytes = 12;
    private const int StatBytes = 40;
    private const int NameBytesMax = 4_095;

    private int _namesLength;

    private GitIndex(byte[] data, int hashBytes)
    {
        (Data, Names, HashBytes) = (data, data, hashBytes);
    }

    /// <summary>The file.</summary>
    public byte[] Data { get; }

    /// <summary>What holds the names: the file itself, or where it shortens them, all of them in full.</summary>
    public byte[] Names { get; private set; }

    /// <summary>Bytes of an object's name.</summary>
    public int HashBytes { get; }

    /// <summary>The files in the order of their names' bytes.</summary>
    public GitIndexEntry[] Entries { get; private set; } = [];

    /// <summary>Whether a merge left files undecided, or files were announced without their content: both differ from any commit.</summary>
    public bool HasOpenEntries { get; private set; }

    /// <summary>The tree objects that git knows to be those of the index; empty where it has none.</summary>
    public ReadOnlySpan<byte> KnownTrees => Data.AsSpan(_treesAt, _treesLength);

    private int _treesAt;
    private int _treesLength;

    /// <summary>The name of an entry's object.</summary>
    public ReadOnlySpan<byte> Object(in GitIndexEntry entry) => Data.AsSpan(entry.StatAt + StatBytes, HashBytes);

    /// <summary>The bytes of an entry's name.</summary>
    public ReadOnlySpan<byte> Name(in GitIndexEntry entry) => Names.AsSpan(entry.NameAt, entry.NameLength);

    /// <summary>One of the ten numbers of an entry's stat.</summary>
    public uint Field(in GitIndexEntry entry, int number) => BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(entry.StatAt + (4 * number)));

    /// <summary>An index without files.</summary>
    public static GitIndex Empty(int hashBytes) => new([], hashBytes);

    /// <summary>Reads an index; null where it is not understood.</summary>
    public static GitIndex? TryParse(byte[] data, int hashBytes)
    {
        var index = new GitIndex(data, hashBytes);
        return index.Read() ? index : null;
    }

    private bool Read()
    {
        var data = Data;
        var end = data.Length - HashBytes;
        if (end < HeaderBytes || !data.AsSpan().StartsWith("DIRC"u8))
        {
            return false;
        }

        var version = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(4));
        var count = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8));
        var fixedBytes = StatBytes + HashBytes + 2;
        if (version is < 2 or > 4 || count > (uint)((end - HeaderBytes) / fixedBytes))
        {
            return false;
        }

        Entries = new GitIndexEntry[count];
        Names = version == 4 ? new byte[Math.Min(32 * Entries.Length, Limits.GitFileBytesMax)] : data;
        var at = HeaderBytes;
        var lastStage = 0;
        for (var i = 0; i < Entries.Length; i++)
        {
            ref var entry = ref Entries[i];
            if (end - at < fixedBytes + 2)
            {
                return false;
            }

            entry.StatAt = at;
            entry.Mode = Field(entry, 6);
            var flags = BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(at + StatBytes + HashBytes));
            var nameAt = at + fixedBytes;
            if ((flags & 0x4000) != 0)
            {
                // Of the further flags, one says that a file is announced only; all others change what the working tree is to hold.
                if (version == 2 || BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(nameAt)) is var more && (more & ~0x2000) != 0)
                {
                    return false;
                }

                HasOpenEntries |= (more & 0x2000) != 0;
                nameAt += 2;
            }

            entry.AssumeUnchanged = (flags & 0x8000) != 0;
            var stage = (flags >> 12) & 3;
            HasOpenEntries |= stage != 0;
            at = version == 4 ? ReadShortenedName(i, nameAt, end) : ReadName(ref entry, nameAt, end);
            if (at < 0 || entry.Mode is not (File or Executable or Link or Submodule) || !Follows(i, stage, lastStage))
            {
                return false;
            }

            lastStage = stage;
        }

        return ReadExtensions(at, end);
    }

    private int ReadName(ref GitIndexEntry entry, int nameAt, int end)
    {
        var length = Data.AsSpan(nameAt, end - nameAt).IndexOf((byte)0);
        (entry.NameAt, entry.NameLength) = (nameAt, length);
        var next = entry.StatAt + ((nameAt - entry.StatAt + length + 8) & ~7);
        return length is <= 0 or > NameBytesMax || next > end ? -1 : next;
    }

    /// <summary>Reads how much of the last name to drop and what to add to the rest.</summary>
    private int ReadShortenedName(int number, int at, int end)
    {
        long dropped = Data[at] & 0x7f;
        while ((Data[at++] & 0x80) != 0)
        {
            if (at >= end || dropped > NameBytesMax)
            {
                return -1;
            }

            dropped = ((dropped + 1) << 7) | (byte)(Data[at] & 0x7f);
        }

        var added = Data.AsSpan(at, end - at).IndexOf((byte)0);
        var (lastAt, lastLength) = number == 0 ? (0, 0) : (Entries[number - 1].NameAt, Entries[number - 1].NameLength);
        if (added < 0 || dropped > lastLength)
        {
            return -1;
        }

        var kept = lastLength - (int)dropped;
        var length = kept + added;
        if (length is 0 or > NameBytesMax || _namesLength + length > Limits.GitFileBytesMax)
        {
            return -1;
        }

        if (_namesLength + length > Names.Length)
        {
            var larger = new byte[Math.Min(Math.Max(2 * Names.Length, NameBytesMax), Limits.GitFileBytesMax)];
            Names.AsSpan(0, _namesLength).CopyTo(larger);
            Names = larger;
        }

        Names.AsSpan(lastAt, kept).CopyTo(Names.AsSpan(_namesLength));
        Data.AsSpan(at, added).CopyTo(Names.AsSpan(_namesLength + kept));
        (Entries[number].NameAt, Entries[number].NameLength) = (_namesLength, length);
        _namesLength += length;
        return at + added + 1;
    }

    /// <summary>Whether an entry sorts after the one before it, and has a name that can be handed on.</summary>
    private bool Follows(int number, int stage, int lastStage)
    {
        var name = Name(Entries[number]);
        if (!Utf8.IsValid(name) || name[0] == '/' || name[^1] == '/')
        {
            return false;
        }

        if (number == 0)
        {
            return true;
        }

        var order = Name(Entries[number - 1]).SequenceCompareTo(name);
        return order < 0 || (order == 0 && stage > lastStage && lastStage > 0);
    }

    private bool ReadExtensions(int at, int end)
    {
        while (end - at >= 8)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(at + 4));
            var name = Data.AsSpan(at, 4);
            at += 8;

            // A name that begins with a capital may be passed over.
            if (length > (uint)(end - at) || name[0] is < (byte)'A' or > (byte)'Z')
            {
                return false;
            }

            if (name.SequenceEqual("TREE"u8))
            {
                (_treesAt, _treesLength) = (at, (int)length);
            }

            at += (int)length;
        }

        return at == end;
    }

    /// <summary>The names as text.</summary>
    public string[] Paths()
    {
        var paths = new string[Entries.Length];
        for (var i = 0; i < paths.Length; i++)
        {
            paths[i] = Encoding.UTF8.GetString(Name(Entries[i]));
        }

        return paths;
    }

    /// <summary>Whether a kind of thing on the disk is what an entry stands for.</summary>
    public static bool IsOfKind(uint mode, FileKind kind) => kind == mode switch
    {
        Link => FileKind.Symlink,
        Submodule => FileKind.Directory,
        _ => FileKind.Regular,
    };
}
