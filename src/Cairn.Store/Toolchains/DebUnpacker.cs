using System.Buffers;
using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Archives;
using Cairn.Store.Content;

namespace Cairn.Store.Toolchains;

/// <summary>
/// Takes a <c>.deb</c> apart: its files go into the store as blobs, never to a path that the archive names. Nothing of owner, rights and times is kept but whether a file can be
/// executed, so no setuid bit survives.
/// </summary>
public static class DebUnpacker
{
    private const int OwnerExecutes = 0x40;

    /// <summary>Unpacks. Throws <see cref="InvalidDataException"/> for what is no package, or one that holds what no tree can take; <see cref="IOException"/> where the store cannot.</summary>
    /// <param name="name">The package, for messages.</param>
    /// <param name="source">The file.</param>
    /// <param name="store">Where files go.</param>
    public static PackageFiles Unpack(string name, Stream source, ContentStore store)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(store);
        try
        {
            var archive = new ArReader(source);
            if (archive.Next() is not ("debian-binary", var version) || ReadSmall(version) is not ['2', '.', ..])
            {
                throw new InvalidDataException("It is no package of a format that is known");
            }

            ImmutableDictionary<string, string>? control = null;
            Contents? contents = null;
            while (archive.Next() is var (member, stream))
            {
                if (member.StartsWith("control.tar", StringComparison.Ordinal) && control is null)
                {
                    using var tar = DecompressionStream.Open(stream, member);
                    control = ReadControl(tar);
                }
                else if (member.StartsWith("data.tar", StringComparison.Ordinal) && contents is null && control is not null)
                {
                    using var tar = DecompressionStream.Open(stream, member);
                    contents = new Contents(store);
                    contents.Read(tar);
                }
                else if (!member.StartsWith('_'))
                {
                    throw new InvalidDataException($"It has a member `{member}`");
                }
            }

            return control is not null && contents is not null
                ? new PackageFiles(name, [.. contents.Leaves], [.. contents.Libraries], control)
                : throw new InvalidDataException("It has no control file or no content");
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException)
        {
            throw new InvalidDataException($"The package `{name}` cannot be unpacked: {exception.Message}", exception);
        }
    }

    private static ImmutableDictionary<string, string> ReadControl(Stream stream)
    {
        var files = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var tar = new TarReader(stream);
        while (tar.Next() is { } entry)
        {
            if (entry.Kind == TarKind.File)
            {
                if (entry.SizeBytes > Limits.ControlFileBytesMax)
                {
                    throw new InvalidDataException($"Its control file `{entry.Path}` has more than {Limits.ControlFileBytesMax} bytes");
                }

                var content = new byte[entry.SizeBytes];
                tar.Read(content);
                files[entry.Path.StartsWith("./", StringComparison.Ordinal) ? entry.Path[2..] : entry.Path] = Encoding.UTF8.GetString(content);
            }
        }

        return files.ToImmutable();
    }

    private static string ReadSmall(Stream stream)
    {
        Span<byte> content = stackalloc byte[16];
        return Encoding.ASCII.GetString(content[..stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)]);
    }

    /// <summary>The files of the package as they come.</summary>
    private sealed class Contents(ContentStore store)
    {
        private readonly Dictionary<string, TreeLeaf> _leaves = new(StringComparer.Ordinal);

        public IEnumerable<KeyValuePair<string, TreeLeaf>> Leaves => _leaves.Where(static leaf => !PackagePaths.IsLeftOut(leaf.Key));

        public List<KeyValuePair<string, ElfLibrary>> Libraries { get; } = [];

        public void Read(Stream stream)
        {
            var tar = new TarReader(stream);
            while (tar.Next() is { } entry)
            {
                if (PackagePaths.Normalize(entry.Path) is not { } path || entry.Kind == TarKind.Folder)
                {
                    continue;
                }

                if (_leaves.Count == Limits.PackageFilesMax)
                {
                    throw new InvalidDataException($"It has more than {Limits.PackageFilesMax} files");
                }

                switch (entry.Kind)
                {
                    case TarKind.File:
                        Keep(path, Put(tar, path, entry.SizeBytes, (entry.Mode & OwnerExecutes) != 0));
                        break;
                    case TarKind.Symlink when path.StartsWith("usr/", StringComparison.Ordinal) && PackagePaths.IsMerged(path[4..]) && entry.Target.Trim('/') == path:
                        // The link that merges the folder, which every tree has.
                        break;
                    case TarKind.Symlink:
                        Keep(path, PackagePaths.StaysInside(path, entry.Target) ? new TreeLeaf(Digest.Empty, Executable: false, entry.Target) : throw new InvalidDataException($"Its link `/{path}` leads out of the tree, to `{entry.Target}`"));
                        break;
                    case TarKind.HardLink:
                        Keep(path, PackagePaths.Normalize(entry.Target) is { } target && _leaves.TryGetValue(target, out var same) && same.Target is null
                            ? same
                            : throw new InvalidDataException($"Its hard link `/{path}` is to `{entry.Target}`, which is no file of the package before it"));
                        break;
                    default:
                        throw new InvalidDataException($"`/{path}` is a device, a pipe or the like");
                }
            }
        }

        private void Keep(string path, TreeLeaf leaf)
        {
            if (!_leaves.TryAdd(path, leaf))
            {
                throw new InvalidDataException($"It has `/{path}` twice");
            }
        }

        private TreeLeaf Put(TarReader tar, string path, long size, bool executable)
        {
            if (size > Limits.PackageFileBytesMax)
            {
                throw new InvalidDataException($"Its file `/{path}` has more than {Limits.PackageFileBytesMax} bytes");
            }

            var buffer = ArrayPool<byte>.Shared.Rent((int)size);
            try
            {
                var content = buffer.AsSpan(0, (int)size);
                tar.Read(content);
                if (path.Contains(".so", StringComparison.Ordinal) && ElfLibrary.TryRead(content) is { } library)
                {
                    Libraries.Add(new(path, library));
                }

                // What no tree has need not be kept.
                return new TreeLeaf(PackagePaths.IsLeftOut(path) ? Digest.Of(content) : store.Put(content), executable);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
