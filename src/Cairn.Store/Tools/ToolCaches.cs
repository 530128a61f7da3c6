using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Language.Model;
using Cairn.Store.Files;

namespace Cairn.Store.Tools;

/// <summary>How much tool caches may hold, and how long they are kept for nobody.</summary>
public sealed record ToolCacheOptions
{
    /// <summary>Bytes of a cache that has no quota of its own.</summary>
    public long QuotaBytes { get; init; } = 10L << 30;

    /// <summary>After how long a project that no longer uses a cache stops being its owner.</summary>
    public TimeSpan KeepUnused { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often a cache without a quota of its own is measured after a step.</summary>
    public TimeSpan MeasureInterval { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>A project that uses a tool cache.</summary>
/// <param name="Project">Its folder; null where the record of it is damaged.</param>
/// <param name="LastUsed">When it last did.</param>
public sealed record ToolCacheOwner(string? Project, DateTimeOffset LastUsed);

/// <summary>A tool cache as it stands.</summary>
/// <param name="Key">Its folder's name, unique.</param>
/// <param name="Name">Its name in pipelines; its key where the record of it is damaged.</param>
/// <param name="Shared">Whether all projects of the user share it.</param>
/// <param name="Directory">Where its files are.</param>
/// <param name="SizeBytes">What they take.</param>
/// <param name="Files">How many they are.</param>
/// <param name="QuotaBytes">What they may take.</param>
/// <param name="InUse">Whether a step uses it right now.</param>
/// <param name="Owners">Who uses it, the most recent first.</param>
public sealed record ToolCacheInfo(string Key, string Name, bool Shared, string Directory, long SizeBytes, long Files, long QuotaBytes, bool InUse, ImmutableArray<ToolCacheOwner> Owners)
{
    /// <summary>When it was last used; null without owners.</summary>
    public DateTimeOffset? LastUsed => Owners.IsEmpty ? null : Owners[0].LastUsed;
}

/// <summary>What was removed.</summary>
/// <param name="Owners">Projects that are owners no longer.</param>
/// <param name="Removed">Caches that went, as they stood.</param>
/// <param name="TrimmedBytes">What was removed from caches that stay.</param>
/// <param name="InUse">Names of caches without an owner that stay for now, since a step uses them.</param>
public sealed record ToolCacheRemoval(int Owners, ImmutableArray<ToolCacheInfo> Removed, long TrimmedBytes, ImmutableArray<string> InUse);

/// <summary>
/// Named folders that outlive steps, for package managers and compilers: <c>tools/UID/TIER/KEY/</c> of the store, with <c>files/</c>, which a
/// step sees, <c>cache</c> and <c>owners/</c> beside it. A cache stays while a project owns it: one that used it lately, still exists and did not
/// release it. The tier is there so that steps of less trust never write what steps of more trust read; all of it is <c>local</c> so far.
/// Any number of processes may work with it at once.
/// </summary>
public sealed class ToolCaches
{
    private const string LocalTier = "local";
    private const string RemovedPrefix = "removed-";
    private const string LockSuffix = ".lock";

    // Temporary files are named by the process, so one process writes one at a time.
    private static readonly Lock WriteGate = new();
    private static int _removals;

    private readonly string _root;
    private readonly ToolCacheOptions _options;

    /// <summary>Over the store's folder; makes nothing yet.</summary>
    public ToolCaches(string storeDirectory, ToolCacheOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeDirectory);
        _root = Path.Combine(Path.GetFullPath(storeDirectory), "tools", Content.BlobCalls.UserId().ToString(CultureInfo.InvariantCulture), LocalTier);
        _options = options ?? new ToolCacheOptions();
    }

    /// <summary>
    /// Opens a cache for a step and notes the project as an owner. Nothing of it is removed until the lease is disposed. Throws
    /// <see cref="IOException"/> where the store cannot be written.
    /// </summary>
    public ToolCacheLease Open(ToolCacheUse use, string projectDirectory, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(use);
        ArgumentException.ThrowIfNullOrEmpty(projectDirectory);
        try
        {
            return OpenEntry(use, projectDirectory, now);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"The tool cache `{use.Name}` cannot be opened in `{_root}`: permission denied", exception);
        }
    }

    /// <summary>All caches, by name, then by owner.</summary>
    public ImmutableArray<ToolCacheInfo> List()
    {
        var infos = new List<ToolCacheInfo>();
        foreach (var paths in Entries())
        {
            infos.Add(Look(paths));
        }

        infos.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name) is not 0 and var order ? order : string.CompareOrdinal(a.Key, b.Key));
        return [.. infos];
    }

    /// <summary>Makes a project, or every project, no longer an owner of the caches of a name; those that nobody owns are removed. Null where none has the name, or the project owns none.</summary>
    public ToolCacheRemoval? Release(string name, string? projectDirectory)
    {
        var project = projectDirectory is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(projectDirectory));
        var found = false;
        var removal = new Removal();
        foreach (var paths in Entries())
        {
            if (!string.Equals(ToolCacheRecord.TryRead(paths.Record)?.Name ?? paths.Key, name, StringComparison.Ordinal))
            {
                continue;
            }

            var before = removal.Owners;
            foreach (var (path, owner) in Owners(paths))
            {
                if (project is null || string.Equals(owner.Project, project, StringComparison.Ordinal))
                {
                    File.Delete(path);
                    removal.Owners++;
                }
            }

            if (project is null || removal.Owners > before)
            {
                found = true;
                RemoveUnowned(paths, removal);
            }
        }

        return found ? removal.Result() : null;
    }

    /// <summary>Removes owners that are gone or have not used a cache for long, caches without owners, and what is over a quota.</summary>
    public ToolCacheRemoval Collect(DateTimeOffset now)
    {
        var removal = new Removal();
        RemoveLeftovers();
        foreach (var paths in Entries())
        {
            foreach (var (path, owner) in Owners(paths))
            {
                if (owner.Project is { } project && owner.LastUsed > now)
                {
                    // Written when the clock was ahead; it would never grow old.
                    lock (WriteGate)
                    {
                        ToolCacheRecord.WriteOwner(path, project, now);
                    }
                }
                else if ((owner.Project is { } folder && !Directory.Exists(folder)) || now - owner.LastUsed > _options.KeepUnused)
                {
                    File.Delete(path);
                    removal.Owners++;
                }
            }

            if (!RemoveUnowned(paths, removal))
            {
                using var alone = SharedLock.TryAcquireAlone(paths.Lock);
                removal.TrimmedBytes += alone is null ? 0 : Trim(paths, now);
            }
        }

        return removal.Result();
    }

    /// <summary>Whether a link of this target leads to one of these caches.</summary>
    internal bool IsOwnTarget(string target) => target.StartsWith($"{_root}/", StringComparison.Ordinal) && target.EndsWith(EntryPaths.FilesSuffix, StringComparison.Ordinal);

    /// <summary>Ends a lease; the last one brings the cache below its quota.</summary>
    internal void Close(EntryPaths paths, SharedLock held, DateTimeOffset now, bool measure)
    {
        held.Dispose();
        try
        {
            if (!measure && File.Exists(paths.Measured) && now.UtcDateTime - File.GetLastWriteTimeUtc(paths.Measured) is var age && age >= TimeSpan.Zero && age < _options.MeasureInterval)
            {
                return;
            }

            using var alone = Directory.Exists(paths.Root) ? SharedLock.TryAcquireAlone(paths.Lock) : null;
            if (alone is not null)
            {
                Trim(paths, now);
            }
        }
        catch (IOException)
        {
            // Too large for now; the next use or collection tries again.
        }
        catch (UnauthorizedAccessException)
        {
            // The same.
        }
    }

    private ToolCacheLease OpenEntry(ToolCacheUse use, string projectDirectory, DateTimeOffset now)
    {
        var project = Path.TrimEndingDirectorySeparator(Path.GetFullPath(projectDirectory));
        var paths = new EntryPaths(_root, ToolCacheRecord.Key(use.Name, use.Shared, project));
        CreateRoot();
        var held = SharedLock.Acquire(paths.Lock);
        try
        {
            Directory.CreateDirectory(paths.Owners);
            Directory.CreateDirectory(paths.Files);
            lock (WriteGate)
            {
                var record = new ToolCacheRecord(use.Name, use.Shared, use.QuotaBytes);
                if (ToolCacheRecord.TryRead(paths.Record) != record)
                {
                    record.Write(paths.Record);
                }

                ToolCacheRecord.WriteOwner(paths.Owner(project), project, now);
            }

            return new ToolCacheLease(this, paths, held, now, measure: use.QuotaBytes is not null);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    // Others may share the store but not these folders: what a tool puts there it also executes.
    private void CreateRoot()
    {
        if (Directory.Exists(_root))
        {
            return;
        }

        var user = Path.GetDirectoryName(_root)!;
        var tools = Path.GetDirectoryName(user)!;
        var store = Path.GetDirectoryName(tools)!;
        if (!Directory.Exists(tools))
        {
            Directory.CreateDirectory(tools);
            const UnixFileMode Write = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
            if ((File.GetUnixFileMode(store) & Write) is not UnixFileMode.None and var shared)
            {
                // The sticky bit keeps users from removing each other's.
                File.SetUnixFileMode(tools, File.GetUnixFileMode(tools) | shared | UnixFileMode.StickyBit);
            }
        }

        Directory.CreateDirectory(user, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(_root);
    }

    private long Trim(EntryPaths paths, DateTimeOffset now)
    {
        if (!Directory.Exists(paths.Files))
        {
            return 0;
        }

        var removed = ToolCacheQuota.Trim(paths.Files, ToolCacheRecord.TryRead(paths.Record)?.QuotaBytes ?? _options.QuotaBytes);
        File.WriteAllBytes(paths.Measured, []);
        File.SetLastWriteTimeUtc(paths.Measured, now.UtcDateTime);
        return removed;
    }

    // True where the cache has no owner: it is gone then, or will go when the steps that use it have ended.
    private bool RemoveUnowned(EntryPaths paths, Removal removal)
    {
        if (HasOwner(paths))
        {
            return false;
        }

        var info = Look(paths);
        string gone;
        using (var alone = SharedLock.TryAcquireAlone(paths.Lock))
        {
            // Whoever had the lock before this process may have become an owner.
            if (alone is null || HasOwner(paths))
            {
                removal.InUse.Add(info.Name);
                return true;
            }

            gone = $"{RemovedPrefix}{Environment.ProcessId}-{Interlocked.Increment(ref _removals)}-{paths.Key}";
            try
            {
                Directory.Move(paths.Root, Path.Combine(_root, gone));
            }
            catch (DirectoryNotFoundException)
            {
                // Another process was faster.
                return true;
            }

            File.Delete(paths.Lock);
        }

        using var root = DirectoryHandle.Open(_root);
        root.RemoveTree(gone);
        removal.Removed.Add(info);
        return true;
    }

    // What a process that was killed had begun to remove.
    private void RemoveLeftovers()
    {
        if (!Directory.Exists(_root))
        {
            return;
        }

        using var root = DirectoryHandle.Open(_root);
        foreach (var entry in root.List())
        {
            if (entry.IsUtf8 && entry.Name.StartsWith(RemovedPrefix, StringComparison.Ordinal))
            {
                root.RemoveTree(entry.Name);
            }
        }
    }

    private ToolCacheInfo Look(EntryPaths paths)
    {
        var record = ToolCacheRecord.TryRead(paths.Record);
        var owners = new List<ToolCacheOwner>();
        foreach (var (_, owner) in Owners(paths))
        {
            owners.Add(owner);
        }

        owners.Sort(static (a, b) => b.LastUsed.CompareTo(a.LastUsed));
        bool inUse;
        using (var alone = SharedLock.TryAcquireAlone(paths.Lock))
        {
            inUse = alone is null;
        }

        var use = Directory.Exists(paths.Files) ? ToolCacheQuota.Measure(paths.Files) : default;
        return new ToolCacheInfo(
            paths.Key, record?.Name ?? paths.Key, record?.Shared ?? paths.Key.StartsWith("shared-", StringComparison.Ordinal), paths.Files, use.Bytes, use.Files,
            record?.QuotaBytes ?? _options.QuotaBytes, inUse, [.. owners]);
    }

    private static bool HasOwner(EntryPaths paths)
    {
        foreach (var _ in Owners(paths))
        {
            return true;
        }

        return false;
    }

    private static IEnumerable<(string Path, ToolCacheOwner Owner)> Owners(EntryPaths paths)
    {
        if (!Directory.Exists(paths.Owners))
        {
            yield break;
        }

        foreach (var path in Directory.GetFiles(paths.Owners))
        {
            if (!path.EndsWith(".tmp", StringComparison.Ordinal))
            {
                yield return (path, ToolCacheRecord.ReadOwner(path));
            }
        }
    }

    private List<EntryPaths> Entries()
    {
        var entries = new List<EntryPaths>();
        if (Directory.Exists(_root))
        {
            foreach (var path in Directory.GetDirectories(_root))
            {
                var key = Path.GetFileName(path);
                if (!key.StartsWith(RemovedPrefix, StringComparison.Ordinal))
                {
                    entries.Add(new EntryPaths(_root, key));
                }
            }
        }

        return entries;
    }

    /// <summary>Where the parts of a cache stand.</summary>
    internal sealed class EntryPaths(string root, string key)
    {
        public const string FilesSuffix = "/files";

        public string Key { get; } = key;

        public string Root { get; } = Path.Combine(root, key);

        public string Lock => Path.Combine(root, Key + LockSuffix);

        public string Record => Path.Combine(Root, "cache");

        public string Measured => Path.Combine(Root, "measured");

        public string Owners => Path.Combine(Root, "owners");

        public string Files => Root + FilesSuffix;

        public string Owner(string project) => Path.Combine(Owners, ToolCacheRecord.Hash(project));
    }

    private sealed class Removal
    {
        public int Owners { get; set; }

        public long TrimmedBytes { get; set; }

        public ImmutableArray<ToolCacheInfo>.Builder Removed { get; } = ImmutableArray.CreateBuilder<ToolCacheInfo>();

        public ImmutableArray<string>.Builder InUse { get; } = ImmutableArray.CreateBuilder<string>();

        public ToolCacheRemoval Result() => new(Owners, Removed.ToImmutable(), TrimmedBytes, InUse.ToImmutable());
    }
}
