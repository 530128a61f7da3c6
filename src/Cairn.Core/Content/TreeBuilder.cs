using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Protobuf;

namespace Cairn.Core.Content;

/// <summary>
/// Builds a <see cref="DirectoryTree"/> from paths in any order. A path that is added twice must be the same both times:
/// never does the later one win.
/// </summary>
public sealed class TreeBuilder
{
    private const int PathCharsMax = 4_096;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Folder _root = new();

    /// <summary>Adds a file, and the folders above it. False where something else is there already.</summary>
    public bool TryAddFile(string path, Digest digest, bool executable) => TryAdd(path, new File(digest, executable));

    /// <summary>Adds a symlink, whose target is kept as it is. False where something else is there already.</summary>
    public bool TryAddSymlink(string path, string target)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        _ = StrictUtf8.GetByteCount(target);
        return TryAdd(path, new Symlink(target));
    }

    /// <summary>Adds a folder that may stay empty; the empty path is the root. False where something else is there already.</summary>
    public bool TryAddDirectory(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length == 0 || FolderAt(path, path.Length) is not null;
    }

    /// <summary>Encodes what was added so far.</summary>
    public DirectoryTree Build()
    {
        var directories = ImmutableArray.CreateBuilder<EncodedDirectory>();
        var root = Encode(_root, directories, []);
        return new DirectoryTree(root, directories.DrainToImmutable());
    }

    private bool TryAdd(string path, Entry entry)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var slash = path.LastIndexOf('/');
        var folder = slash < 0 ? _root : FolderAt(path, slash);
        var name = Checked(path, slash + 1, path.Length);
        if (folder is null)
        {
            return false;
        }

        if (folder.Entries.TryGetValue(name, out var present))
        {
            return present == entry;
        }

        folder.Entries.Add(name, entry);
        return true;
    }

    /// <summary>The folder that the first characters of a path name, made where it is missing; null where a part of it is no folder.</summary>
    private Folder? FolderAt(string path, int length)
    {
        var folder = _root;
        for (var start = 0; start <= length;)
        {
            var slash = path.IndexOf('/', start, length - start);
            var end = slash < 0 ? length : slash;
            var name = Checked(path, start, end);
            if (!folder.Entries.TryGetValue(name, out var entry))
            {
                folder.Entries.Add(name, entry = new Folder());
            }

            if (entry is not Folder next)
            {
                return null;
            }

            folder = next;
            start = end + 1;
        }

        return folder;
    }

    private static string Checked(string path, int start, int end)
    {
        var name = path[start..end];
        if (name is "" or "." or ".." || name.Contains('\0', StringComparison.Ordinal) || path.Length > PathCharsMax)
        {
            throw new ArgumentException($"`{path}` is not a plain relative path", nameof(path));
        }

        // Throws an ArgumentException for half of a surrogate pair.
        _ = StrictUtf8.GetByteCount(name);
        return name;
    }

    private static Digest Encode(Folder folder, ImmutableArray<EncodedDirectory>.Builder directories, HashSet<Digest> seen)
    {
        var entries = new (byte[] Key, string Name, Entry Entry)[folder.Entries.Count];
        var count = 0;
        foreach (var (name, entry) in folder.Entries)
        {
            entries[count++] = (StrictUtf8.GetBytes(name), name, entry);
        }

        // By bytes: UTF-16 would order characters beyond U+FFFF before U+E000.
        Array.Sort(entries, static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        var writer = new ProtoWriter();
        foreach (var (_, name, entry) in entries)
        {
            if (entry is File file)
            {
                DirectoryEncoder.WriteFile(writer, name, file.Digest, file.Executable);
            }
        }

        foreach (var (_, name, entry) in entries)
        {
            if (entry is Folder below)
            {
                DirectoryEncoder.WriteDirectory(writer, name, Encode(below, directories, seen));
            }
        }

        foreach (var (_, name, entry) in entries)
        {
            if (entry is Symlink symlink)
            {
                DirectoryEncoder.WriteSymlink(writer, name, symlink.Target);
            }
        }

        var digest = Digest.Of(writer.Written);
        if (seen.Add(digest))
        {
            directories.Add(new EncodedDirectory(digest, writer.ToImmutableArray()));
        }

        return digest;
    }

    private abstract record Entry;

    private sealed record File(Digest Digest, bool Executable) : Entry;

    private sealed record Symlink(string Target) : Entry;

    private sealed record Folder : Entry
    {
        public Dictionary<string, Entry> Entries { get; } = new(StringComparer.Ordinal);
    }
}
