using System.Text;

using Cairn.Store.Files;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Preparation.Git;

/// <summary>
/// Whether the files of the working tree are those of the index, by their stats. Only where a stat leaves it open is a file hashed, and only where its bytes are others,
/// which filters and line ends may explain, is git to be asked.
/// </summary>
internal sealed class GitChanges(GitIndex index, long indexWrittenNs, string[] paths, GitMemory memory)
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    // Twice the coarsest tick of file times: what was written this close to the index may have been written again since, with the same times. Git, as most build it,
    // distrusts the whole second, and so hashes much of a fresh clone whenever it is asked.
    private const long RacyWindowNs = 20_000_000;

    private readonly Lock _lock = new();
    private readonly List<int> _suspects = [];
    private readonly List<CleanFile> _clean = [];
    private readonly List<(int Number, FileStat Stat)> _asked = [];
    private readonly List<string> _questions = [];
    private bool _failed;
    private long _statedNs;

    private enum Verdict
    {
        Clean,
        Changed,
        Suspect,
        Submodule,
    }

    /// <summary>Paths that only git can decide about.</summary>
    public List<string> Questions => _questions;

    /// <summary>Whether one of them is a file; the others are submodules.</summary>
    public bool HasFileQuestion => _asked.Count > 0;

    /// <summary>What is remembered of files; null where that did not change.</summary>
    public List<CleanFile>? Learned => memory.Holds(_clean) ? null : _clean;

    /// <summary>Looks at all files. True: some differ; false: none does, but for what the questions may bring; null: something could not be seen.</summary>
    public bool? Look(DirectoryHandle root)
    {
        _statedNs = NowNs();
        var goesOn = StatCheck.ForEach(root, paths, (int number, in FileStat stat, bool isKnown) => Judge(root, number, stat, isKnown));
        if (_failed)
        {
            return null;
        }

        if (!goesOn)
        {
            // What is remembered stays: nothing was asked of it.
            _clean.Clear();
            _clean.AddRange(memory.All);
            return true;
        }

        return _suspects.Count > 0 ? Compare(root) : false;
    }

    /// <summary>Remembers that git found nothing where it was asked. All that is to be remembered now; null where that did not change.</summary>
    public List<CleanFile>? RememberAnswers()
    {
        foreach (var (number, stat) in _asked)
        {
            Remember(number, stat);
        }

        return _asked.Count == 0 ? null : _clean;
    }

    private bool Judge(DirectoryHandle root, int number, in FileStat stat, bool isKnown)
    {
        ref readonly var entry = ref index.Entries[number];
        if (entry.AssumeUnchanged)
        {
            return true;
        }

        if (!isKnown)
        {
            _failed = true;
            return false;
        }

        switch (Judge(entry, stat))
        {
            case Verdict.Clean:
                return true;
            case Verdict.Changed:
                return false;
            case Verdict.Submodule:
                // One that was never fetched is an empty folder, and is what it should be.
                if (root.TryStatPath(paths[number] + "/.git") is not null)
                {
                    lock (_lock)
                    {
                        _questions.Add(paths[number]);
                    }
                }

                return true;
            default:
                var known = memory.Find(index.Name(entry), index.Object(entry), stat);
                lock (_lock)
                {
                    if (known is null)
                    {
                        _suspects.Add(number);
                    }
                    else
                    {
                        _clean.Add(known);
                    }
                }

                return true;
        }
    }

    private Verdict Judge(in GitIndexEntry entry, in FileStat stat)
    {
        if (entry.Mode == GitIndex.Submodule)
        {
            return stat.Kind == FileKind.Directory ? Verdict.Submodule : Verdict.Changed;
        }

        if (stat.Kind is FileKind.Directory or FileKind.Special || stat == StatCheck.Absent)
        {
            return Verdict.Changed;
        }

        var isLarge = stat.SizeBytes > Limits.GitHashedFileBytesMax;
        var size = index.Field(entry, 9);
        if (size != (uint)stat.SizeBytes && !(size == 0x80000000 && isLarge && (uint)stat.SizeBytes == 0))
        {
            // Git writes 0 where it does not know, and where it found a file changed whose stat will not tell.
            return size != 0 || isLarge ? Verdict.Changed : Verdict.Suspect;
        }

        if (size == 0 && stat.SizeBytes == 0 && !IsEmptyBlob(index.Object(entry)))
        {
            return Verdict.Suspect;
        }

        // File systems and settings differ over links and permissions; git knows.
        var isOfKind = GitIndex.IsOfKind(entry.Mode, stat.Kind) && (stat.Kind == FileKind.Symlink || stat.Executable == (entry.Mode == GitIndex.Executable));
        var modified = IsTime(entry, 2, stat.ModifiedNs);
        if (modified && IsTime(entry, 0, stat.ChangedNs) && index.Field(entry, 5) == (uint)stat.Inode)
        {
            return isOfKind && (isLarge || !IsRacy(entry, stat)) ? Verdict.Clean : Verdict.Suspect;
        }

        return !isLarge ? Verdict.Suspect : modified && isOfKind ? Verdict.Clean : Verdict.Changed;
    }

    /// <summary>Whether a file may have changed after git had looked at it without any of its times showing it.</summary>
    private bool IsRacy(in GitIndexEntry entry, in FileStat stat) => index.Field(entry, 3) == 0
        ? stat.ModifiedNs / NanosecondsPerSecond >= indexWrittenNs / NanosecondsPerSecond
        : stat.ModifiedNs + RacyWindowNs >= indexWrittenNs;

    /// <summary>Whether a time is that of an entry, whose parts of seconds some programs do not write.</summary>
    private bool IsTime(in GitIndexEntry entry, int field, long time) =>
        index.Field(entry, field) == (uint)(time / NanosecondsPerSecond) && index.Field(entry, field + 1) is var part && (part == 0 || part == time % NanosecondsPerSecond);

    private static bool IsEmptyBlob(ReadOnlySpan<byte> oid) => oid.SequenceEqual(oid.Length == 20
        ? [0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2, 0xe4, 0x8c, 0x53, 0x91]
        : (ReadOnlySpan<byte>)[
            0x47, 0x3a, 0x0f, 0x4c, 0x3b, 0xe8, 0xa9, 0x36, 0x81, 0xa2, 0x67, 0xe3, 0xb1, 0xe9, 0xa7, 0xdc, 0xda, 0x11, 0x85, 0x43, 0x6f, 0xe1, 0x41, 0xf7, 0x74, 0x91, 0x20, 0xa3, 0x03, 0x72, 0x18, 0x13]);

    private bool? Compare(DirectoryHandle root)
    {
        _suspects.Sort();
        var suspects = new string[_suspects.Count];
        for (var i = 0; i < suspects.Length; i++)
        {
            suspects[i] = paths[_suspects[i]];
        }

        _statedNs = NowNs();
        var goesOn = StatCheck.ForEach(root, suspects, (int i, in FileStat stat, bool isKnown) => Compare(root, _suspects[i], stat, isKnown));
        return _failed ? null : !goesOn;
    }

    private bool Compare(DirectoryHandle root, int number, in FileStat stat, bool isKnown)
    {
        if (!isKnown || stat.Kind is not (FileKind.Regular or FileKind.Symlink) || stat.SizeBytes > Limits.GitHashedFileBytesMax)
        {
            // Changed since the first look; one that could not be seen is looked at by git.
            _failed |= !isKnown;
            return false;
        }

        ref readonly var entry = ref index.Entries[number];
        var isOfKind = GitIndex.IsOfKind(entry.Mode, stat.Kind) && (stat.Kind == FileKind.Symlink || stat.Executable == (entry.Mode == GitIndex.Executable));
        var same = false;
        if (isOfKind)
        {
            try
            {
                if (Content(root, paths[number], stat.Kind) is not { } content)
                {
                    return false;
                }

                same = index.Object(entry).SequenceEqual(GitObjects.NameOf("blob"u8, content, index.HashBytes));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _failed = true;
                return false;
            }
        }

        lock (_lock)
        {
            if (same)
            {
                Remember(number, stat);
            }
            else
            {
                _questions.Add(paths[number]);
                _asked.Add((number, stat));
            }
        }

        return true;
    }

    private static byte[]? Content(DirectoryHandle root, string path, FileKind kind)
    {
        if (kind == FileKind.Symlink)
        {
            var slash = path.LastIndexOf('/');
            using var folder = root.TryOpenPath(slash < 0 ? "" : path[..slash]);
            return folder is null ? null : Encoding.UTF8.GetBytes(folder.ReadLink(path[(slash + 1)..]));
        }

        using var file = root.TryOpenFilePath(path);
        return file is null ? null : GitLayout.ReadAll(file);
    }

    private void Remember(int number, in FileStat stat)
    {
        if (!StatIndex.IsRacy(stat, _statedNs))
        {
            _clean.Add(new CleanFile(index.Name(index.Entries[number]).ToArray(), index.Object(index.Entries[number]).ToArray(), stat));
        }
    }

    private static long NowNs() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
}
