using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

internal sealed partial class SourceWalk
{
    /// <summary>Looks into one folder after the other; for one thread.</summary>
    private sealed unsafe class FolderScanner
    {
        private const int NamesBytes = 64 << 10;
        private const int TypeOffset = 18;
        private const int NameOffset = 19;
        private const int TargetBytesMax = 4096;

        private readonly SourceWalk _walk;
        private readonly byte[] _path;
        private readonly byte[] _target = GC.AllocateUninitializedArray<byte>(TargetBytesMax);
        private readonly char[] _chars = GC.AllocateUninitializedArray<char>(Limits.SourcePathBytesMax + 1);
        private readonly int _outerBytes;
        private readonly List<SnapshotEntry> _entries = [];
        private readonly List<Folder> _folders = [];
        private byte[] _names = GC.AllocateUninitializedArray<byte>(NamesBytes, pinned: true);
        private int _namesLength;
        private int _prefixChars;

        public FolderScanner(SourceWalk walk)
        {
            _walk = walk;
            _outerBytes = walk._top.OuterBytes;
            _path = GC.AllocateUninitializedArray<byte>(_outerBytes + Limits.SourcePathBytesMax + 1, pinned: true);
            if (_outerBytes > 0)
            {
                Encoding.UTF8.GetBytes(walk._request.PathInRepository, _path);
                _path[_outerBytes - 1] = (byte)'/';
            }
        }

        /// <summary>The files found by this scanner whose digests are still missing.</summary>
        public List<UnhashedFile> Unhashed { get; } = [];

        /// <summary>Looks into a folder: its entries, and the folders below that are to be looked into.</summary>
        public void Scan(Folder folder)
        {
            _entries.Clear();
            _folders.Clear();
            if (!folder.All && folder.Patterns.Length == 0)
            {
                // On the way to the roots of globs: they are known by name.
                foreach (var (name, node) in folder.Node?.Children ?? [])
                {
                    _folders.Add(new Folder(folder.Prefix + name, folder.Depth + 1) { Node = node, Patterns = node.Patterns?.ToArray() ?? NoPatterns });
                }
            }
            else
            {
                List(folder);
            }

            _folders.Sort(static (left, right) => string.CompareOrdinal(left.Prefix, right.Prefix));
            _entries.Sort(static (left, right) => string.CompareOrdinal(left.Path, right.Path));
            folder.Folders = [.. _folders];
            var entries = new SnapshotEntry?[_entries.Count];
            for (var i = 0; i < entries.Length; i++)
            {
                entries[i] = _entries[i];
                if (_entries[i].Target is null && _entries[i].Digest == default)
                {
                    Unhashed.Add(new UnhashedFile(entries, i));
                }
            }

            folder.Entries = entries;
        }

        private void List(Folder folder)
        {
            if (!Encoding.UTF8.TryGetBytes(folder.Prefix, _path.AsSpan(_outerBytes, Limits.SourcePathBytesMax), out var prefixBytes))
            {
                _walk._problems.TooLong(folder.Path);
                return;
            }

            folder.Prefix.CopyTo(_chars);
            _prefixChars = folder.Prefix.Length;
            var prefixEnd = _outerBytes + prefixBytes;

            // The kernel is given the path without its slash.
            _path[Math.Max(prefixEnd - 1, _outerBytes)] = 0;
            int descriptor;
            fixed (byte* path = &_path[_outerBytes])
            {
                descriptor = FileCalls.OpenFolder(_walk._root.Descriptor, path);
            }

            if (descriptor < 0)
            {
                if (!FileCalls.IsAbsent(descriptor))
                {
                    _walk._problems.Unreadable(folder.Path, folder: true, descriptor);
                }

                return;
            }

            if (prefixBytes > 0)
            {
                _path[prefixEnd - 1] = (byte)'/';
            }

            try
            {
                if (ReadNames(descriptor) is < 0 and var error)
                {
                    _walk._problems.Unreadable(folder.Path, folder: true, error);
                    return;
                }

                var scope = folder.All ? WithOwnRules(folder, descriptor, prefixEnd) : folder.Scope;
                fixed (byte* names = _names)
                {
                    for (var at = 0; at < _namesLength; at += BinaryPrimitives.ReadUInt16LittleEndian(_names.AsSpan(at + 16)))
                    {
                        Look(folder, scope, descriptor, names + at, prefixEnd);
                    }
                }
            }
            finally
            {
                FileCalls.Close(descriptor);
            }
        }

        /// <summary>Reads all names at once: ignore rules among them decide over the others.</summary>
        private int ReadNames(int descriptor)
        {
            _namesLength = 0;
            while (true)
            {
                var length = FileCalls.ReadNames(descriptor, _names.AsSpan(_namesLength));
                if (length <= 0)
                {
                    return length;
                }

                _namesLength += length;
                if (_names.Length - _namesLength < NamesBytes / 2)
                {
                    var larger = GC.AllocateUninitializedArray<byte>(2 * _names.Length, pinned: true);
                    _names.AsSpan(0, _namesLength).CopyTo(larger);
                    _names = larger;
                }
            }
        }

        private IgnoreScope? WithOwnRules(Folder folder, int descriptor, int prefixEnd)
        {
            var (git, cairn) = (false, false);
            for (var at = 0; at < _namesLength; at += BinaryPrimitives.ReadUInt16LittleEndian(_names.AsSpan(at + 16)))
            {
                var rest = _names.AsSpan(at + NameOffset);
                git |= !folder.TrackedOnly && rest.StartsWith(".gitignore\0"u8);
                cairn |= rest.StartsWith(".cairnignore\0"u8);
            }

            return !git && !cairn
                ? folder.Scope
                : new IgnoreScope(
                    folder.Scope,
                    git ? IgnoreFiles.Read(descriptor, ".gitignore\0"u8, folder.Prefix + ".gitignore", _walk._problems) : null,
                    cairn ? IgnoreFiles.Read(descriptor, ".cairnignore\0"u8, folder.Prefix + ".cairnignore", _walk._problems) : null,
                    prefixEnd);
        }

        private void Look(Folder folder, IgnoreScope? scope, int descriptor, byte* record, int prefixEnd)
        {
            var name = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(record + NameOffset);
            if (name[0] == '.' && (name.Length == 1 || name.SequenceEqual(".."u8) || name.SequenceEqual(".git"u8) || (folder.Depth == 0 && name.SequenceEqual(".cairn"u8))))
            {
                return;
            }

            FileKind kind;
            switch (record[TypeOffset])
            {
                case 8:
                    kind = FileKind.Regular;
                    break;
                case 4:
                    kind = FileKind.Directory;
                    break;
                case 10:
                    kind = FileKind.Symlink;
                    break;
                case 0 when FileCalls.Stat(descriptor, record + NameOffset, out var looked) is var error:
                    if (error < 0)
                    {
                        return;
                    }

                    kind = looked.Kind;
                    break;
                default:
                    kind = FileKind.Special;
                    break;
            }

            if (prefixEnd + name.Length > _outerBytes + Limits.SourcePathBytesMax)
            {
                _walk._problems.TooLong(folder.Prefix + Encoding.UTF8.GetString(name));
                return;
            }

            name.CopyTo(_path.AsSpan(prefixEnd));
            var path = _path.AsSpan(0, prefixEnd + name.Length);
            var pathChars = _chars.AsSpan(0, _prefixChars + Encoding.UTF8.GetChars(name, _chars.AsSpan(_prefixChars)));
            if (kind == FileKind.Directory)
            {
                LookAtFolder(folder, scope, name, path, pathChars);
            }
            else if (IsWanted(folder, scope, path, pathChars) is { } wanted && _walk._request.Exclude?.Invoke(wanted) != true)
            {
                TakeFile(descriptor, record + NameOffset, name, path, wanted, kind);
            }
        }

        private void LookAtFolder(Folder folder, IgnoreScope? scope, ReadOnlySpan<byte> name, ReadOnlySpan<byte> path, ReadOnlySpan<char> pathChars)
        {
            var (all, trackedOnly) = (folder.All, folder.TrackedOnly);
            string? text = null;
            if (all)
            {
                var verdict = scope?.MatchCairn(path, isFolder: true) ?? IgnoreVerdict.None;
                trackedOnly |= verdict == IgnoreVerdict.None && scope?.MatchGit(path, isFolder: true) == IgnoreVerdict.Ignored;
                all = verdict != IgnoreVerdict.Ignored && (!trackedOnly || _walk._request.HasTrackedBelow?.Invoke(text ??= pathChars.ToString()) == true);
            }

            var node = folder.Node?.TryChild(Encoding.UTF8.GetString(name));
            var patterns = Below(folder.Patterns, node?.Patterns, pathChars);
            if (!all && patterns.Length == 0 && node is null)
            {
                return;
            }

            if (!Utf8.IsValid(name))
            {
                _walk._problems.NotUtf8(folder.Prefix + Escaped(name));
                return;
            }

            text ??= pathChars.ToString();
            if (folder.Depth >= Limits.SourceDepthMax)
            {
                _walk._problems.TooDeep(text);
                return;
            }

            _folders.Add(new Folder(text, folder.Depth + 1) { All = all, TrackedOnly = trackedOnly, Scope = scope, Patterns = patterns, Node = node });
        }

        /// <summary>The patterns that could match below a folder: those of the folder above, and those whose root it is.</summary>
        private static PathPatterns[] Below(PathPatterns[] above, List<PathPatterns>? here, ReadOnlySpan<char> path)
        {
            if (above.Length == 0)
            {
                return here?.ToArray() ?? NoPatterns;
            }

            var below = new List<PathPatterns>();
            foreach (var patterns in above)
            {
                if (patterns.CouldMatchBelow(path))
                {
                    below.Add(patterns);
                }
            }

            foreach (var patterns in here ?? [])
            {
                if (!below.Contains(patterns))
                {
                    below.Add(patterns);
                }
            }

            return below.Count == above.Length && here is null ? above : [.. below];
        }

        /// <summary>The path, where it is an input.</summary>
        private string? IsWanted(Folder folder, IgnoreScope? scope, ReadOnlySpan<byte> path, ReadOnlySpan<char> pathChars)
        {
            foreach (var patterns in folder.Patterns)
            {
                if (patterns.IsMatch(pathChars))
                {
                    return pathChars.ToString();
                }
            }

            if (!folder.All)
            {
                return null;
            }

            var verdict = scope?.MatchCairn(path, isFolder: false) ?? IgnoreVerdict.None;
            if (verdict == IgnoreVerdict.Ignored)
            {
                return null;
            }

            if (!folder.TrackedOnly && (verdict == IgnoreVerdict.Included || scope?.MatchGit(path, isFolder: false) != IgnoreVerdict.Ignored))
            {
                return pathChars.ToString();
            }

            if (_walk._request.IsTracked is not { } isTracked)
            {
                return null;
            }

            var text = pathChars.ToString();
            return isTracked(text) ? text : null;
        }

        private void TakeFile(int descriptor, byte* name, ReadOnlySpan<byte> nameBytes, ReadOnlySpan<byte> path, string text, FileKind kind)
        {
            if (!Utf8.IsValid(nameBytes))
            {
                _walk._problems.NotUtf8(text[.._prefixChars] + Escaped(nameBytes));
                return;
            }

            if (kind == FileKind.Special)
            {
                _walk._problems.Special(text, named: false);
                return;
            }

            // Gone, or another thing by now: as if it had never been there.
            if (FileCalls.Stat(descriptor, name, out var stat) < 0 || stat.Kind != kind || !_walk._problems.TryCount())
            {
                return;
            }

            if (kind == FileKind.Symlink)
            {
                if (SourceLink.Of(text, stat, _target, FileCalls.ReadLink(descriptor, name, _target), _walk._problems) is { } link)
                {
                    _entries.Add(link);
                }

                return;
            }

            _entries.Add(new SnapshotEntry(text, stat, _walk._index.TryGetLoaded(path[_outerBytes..], stat, out var digest) ? digest : default, Target: null));
        }

        private static string Escaped(ReadOnlySpan<byte> name)
        {
            var escaped = new StringBuilder();
            foreach (var b in name)
            {
                _ = b is >= 0x20 and < 0x7f ? escaped.Append((char)b) : escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\x{b:x2}");
            }

            return escaped.ToString();
        }
    }
}
