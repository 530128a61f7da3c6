using System.Buffers;
using System.Buffers.Binary;
using System.Text;

using Cairn.Store.Files;

namespace Cairn.Engine.Preparation.Git;

/// <summary>A file that was found to be what the index says, although its stat does not tell.</summary>
/// <param name="Name">Its path's bytes.</param>
/// <param name="Object">What the index says.</param>
/// <param name="Stat">Its stat then; taken long enough after the last change to be trusted.</param>
internal sealed record CleanFile(byte[] Name, byte[] Object, FileStat Stat);

/// <summary>
/// What earlier runs found out that stays true: the tree of a commit, and files that were hashed. Cairn never writes to git's index, which is where git keeps
/// the latter; without this each run would hash again what was touched, or checked out in the last moment before the index was written.
/// </summary>
internal sealed class GitMemory
{
    private const int HashBytesMax = 32;
    private const int StatBytes = 33;

    private GitMemory(string? path, string commit, string tree, CleanFile[] files) => (Path, Commit, Tree, Files) = (path, commit, tree, files);

    private string? Path { get; }

    private string Commit { get; }

    private string Tree { get; }

    private CleanFile[] Files { get; }

    /// <summary>All the files.</summary>
    public ReadOnlySpan<CleanFile> All => Files;

    private bool IsNew { get; init; }

    /// <summary>Where it is kept, below <c>.cairn</c>.</summary>
    public static string PathIn(string stateDirectory) => System.IO.Path.Combine(stateDirectory, "git");

    /// <summary>Reads it; a damaged one is empty.</summary>
    public static GitMemory Load(string path)
    {
        try
        {
            if (File.Exists(path))
            {
                using var file = File.OpenHandle(path);
                if (RandomAccess.GetLength(file) <= Limits.GitFileBytesMax && TryParse(path, GitLayout.ReadAll(file)) is { } memory)
                {
                    return memory;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Found out again.
        }

        return new GitMemory(path, "", "", []);
    }

    /// <summary>The tree of a commit, where it is known.</summary>
    public string? TreeOf(string commit) => string.Equals(commit, Commit, StringComparison.Ordinal) ? Tree : null;

    /// <summary>The note of a file that is as the index says; null where there is none.</summary>
    public CleanFile? Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> oid, in FileStat stat)
    {
        var (low, high) = (0, Files.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var order = name.SequenceCompareTo(Files[middle].Name);
            if (order == 0)
            {
                return oid.SequenceEqual(Files[middle].Object) && Files[middle].Stat == stat ? Files[middle] : null;
            }

            (low, high) = order < 0 ? (low, middle) : (middle + 1, high);
        }

        return null;
    }

    /// <summary>The same with another commit's tree.</summary>
    public GitMemory With(string commit, string tree) => new(Path, commit, tree, Files) { IsNew = true };

    /// <summary>The same with other files.</summary>
    public GitMemory With(List<CleanFile> files)
    {
        var sorted = files.ToArray();
        Array.Sort(sorted, static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        return new GitMemory(Path, Commit, Tree, sorted) { IsNew = true };
    }

    /// <summary>Whether it holds just these files.</summary>
    public bool Holds(List<CleanFile> files)
    {
        if (files.Count != Files.Length)
        {
            return false;
        }

        foreach (var file in files)
        {
            if (Find(file.Name, file.Object, file.Stat) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes it for the next run, where it holds anything new.</summary>
    public void Save()
    {
        if (IsNew && Path is not null)
        {
            DurableFile.Replace(Path, ToBytes(), durable: false);
        }
    }

    private byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write(Magic);
        WritePart(bytes, Encoding.ASCII.GetBytes(Commit));
        WritePart(bytes, Encoding.ASCII.GetBytes(Tree));
        foreach (var file in Files)
        {
            WritePart(bytes, file.Name);
            WritePart(bytes, file.Object);
            var stat = bytes.GetSpan(StatBytes);
            stat[0] = (byte)((int)file.Stat.Kind | (file.Stat.Executable ? 0x80 : 0));
            BinaryPrimitives.WriteInt64LittleEndian(stat[1..], file.Stat.SizeBytes);
            BinaryPrimitives.WriteInt64LittleEndian(stat[9..], file.Stat.ModifiedNs);
            BinaryPrimitives.WriteInt64LittleEndian(stat[17..], file.Stat.ChangedNs);
            BinaryPrimitives.WriteUInt64LittleEndian(stat[25..], file.Stat.Inode);
            bytes.Advance(StatBytes);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static GitMemory? TryParse(string path, byte[] bytes)
    {
        if (!bytes.AsSpan().StartsWith(Magic))
        {
            return null;
        }

        var at = Magic.Length;
        if (ReadPart(bytes, ref at) is not { Length: <= 2 * HashBytesMax } commit || ReadPart(bytes, ref at) is not { Length: <= 2 * HashBytesMax } tree)
        {
            return null;
        }

        var files = new List<CleanFile>();
        while (at < bytes.Length)
        {
            if (ReadPart(bytes, ref at) is not { } name || ReadPart(bytes, ref at) is not { } oid || bytes.Length - at < StatBytes)
            {
                return null;
            }

            var stat = bytes.AsSpan(at, StatBytes);
            at += StatBytes;
            files.Add(new CleanFile(name, oid, new FileStat(
                (FileKind)(stat[0] & 0x7f), (stat[0] & 0x80) != 0, BinaryPrimitives.ReadInt64LittleEndian(stat[1..]), BinaryPrimitives.ReadInt64LittleEndian(stat[9..]),
                BinaryPrimitives.ReadInt64LittleEndian(stat[17..]), BinaryPrimitives.ReadUInt64LittleEndian(stat[25..]))));
        }

        return new GitMemory(path, Encoding.ASCII.GetString(commit), Encoding.ASCII.GetString(tree), [.. files]);
    }

    private static ReadOnlySpan<byte> Magic => "cairn git 1\n"u8;

    private static void WritePart(ArrayBufferWriter<byte> bytes, byte[] part)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.GetSpan(2), (ushort)part.Length);
        bytes.Advance(2);
        bytes.Write(part);
    }

    private static byte[]? ReadPart(byte[] bytes, ref int at)
    {
        if (bytes.Length - at < 2)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
        at += 2 + length;
        return at <= bytes.Length ? bytes[(at - length)..at] : null;
    }
}
