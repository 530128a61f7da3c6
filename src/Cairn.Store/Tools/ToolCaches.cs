using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Language.Model;
using Cairn.Store.Files;

namespace Cairn.Store.Tools;

/// <summary>
/// Named folders that outlive steps, for package managers and compilers: <c>tools/UID/TIER/KEY/</c> of the store, with <c>files/</c>, which a
/// step sees, <c>cache</c> and <c>owners/</c> beside it. A cache stays while a project owns it: one that used it lately, still exists and did not
/// release it. The tier is there so that steps of less trust never write what steps of more trust read; all of it is <c>local</c> so far. For the same reason
/// sandboxed steps have caches of their own, <c>KEY+sandbox</c>, beside those of steps that may do all that the user may.
/// Any number of processes may work with it at once.
/// </summary>
public sealed class ToolCaches
{
    private const string LocalTier = "local";
    private const string RemovedPrefix = "removed-";
    private const string CollectedFile = "collected";

    // Temporary files are named by the process, so one process writes one at a time.
    private static readonly Lock WriteGate = new();
    private static int Removals;

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
    public ToolCacheLease Open(ToolCacheUse use, string projectDirectory, DateTimeOffset now) => Open(use, projectDirectory, now, sandboxed: false, owner: null);

    /// <summary>The same for a sandboxed step: another cache, whose folder belongs to whom the step runs as. <paramref name="owner"/> is null where that is the caller.</summary>
    public ToolCacheLease OpenSandboxed(ToolCacheUse use, string projectDirectory, uint? owner, DateTimeOffset now) => Open(use, projectDirectory, now, sandboxed: true, owner);

    private ToolCacheLease Open(ToolCacheUse use, string projectDirectory, DateTimeOffset now, bool sandboxed, uint? owner)
    {
        ArgumentNullException.ThrowIfNull(use);
        ArgumentException.ThrowIfNullOrEmpty(projectDirectory);
        try
        {
            return OpenEntry(use, projectDirectory, now, sandboxed, owner);
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
                // A use that is still to come was noted when the clock was ahead, or it is behind now: neither is a reason to remove anything.
                if ((owner.Project is { } project && !Directory.Exists(project)) || now - owner.LastUsed > _options.KeepUnused)
                {
                    File.Delete(path);
                    removal.Owners++;
                }
            }

            if (!RemoveUnowned(paths, removal))
            {
                removal.TrimmedBytes += TryTrim(paths, now);
            }
        }

        return removal.Result();
    }

    /// <summary>The same where the last time is long ago; null where it is not.</summary>
    public ToolCacheRemoval? CollectIfDue(DateTimeOffset now)
    {
        var mark = Path.Combine(_root, CollectedFile);
        if (!Directory.Exists(_root) || !IsDue(mark, now, _options.CollectInterval))
        {
            return null;
        }

        // Before, so that others who end now do not all do it.
        Mark(mark, now);
        return Collect(now);
    }

    /// <summary>Whether a link of this target leads to one of these caches.</summary>
    internal bool IsOwnTarget(string target) => target.StartsWith($"{_root}/", StringComparison.Ordinal) && target.EndsWith(ToolCachePaths.FilesSuffix, StringComparison.Ordinal);

    /// <summary>Ends a lease. The last one removes a cache that was released meanwhile, and brings one that stays below its quota.</summary>
    internal void Close(ToolCachePaths paths, SharedLock held, DateTimeOffset now, bool measure)
    {
        held.Dispose();
        try
        {
            if (!RemoveUnowned(paths, new Removal()) && (measure || IsDue(paths.Measured, now, _options.MeasureInterval)))
            {
                TryTrim(paths, now);
            }

            CollectIfDue(now);
        }
        catch (IOException)
        {
            // Too much is there for now; the next use or collection tries again.
        }
        catch (UnauthorizedAccessException)
        {
            // The same.
        }
    }

    // A time that is still to come was written when the clock was ahead.
    private static bool IsDue(string markPath, DateTimeOffset now, TimeSpan interval) =>
        !File.Exists(markPath) || now.UtcDateTime - File.GetLastWriteTimeUtc(markPath) is var age && (age < TimeSpan.Zero || age >= interval);

    private static void Mark(string markPath, DateTimeOffset now)
    {
        File.WriteAllBytes(markPath, []);
        File.SetLastWriteTimeUtc(markPath, now.UtcDateTime);
    }

    private ToolCacheLease OpenEntry(ToolCacheUse use, string projectDirectory, DateTimeOffset now, bool sandboxed, uint? owner)
    {
        var project = Path.TrimEndingDirectorySeparator(Path.GetFullPath(projectDirectory));
        var paths = new ToolCachePaths(_root, ToolCacheRecord.Key(use.Name, use.Shared, project, sandboxed));
        CreateRoot();
        var held = SharedLock.Acquire(paths.Lock);
        try
        {
            Directory.CreateDirectory(paths.Owners);
            Directory.CreateDirectory(paths.Files);
            if (owner is { } user)
            {
                using var files = DirectoryHandle.Open(paths.Files);
                if (FileNative.ChangeOwnerAt(files.Descriptor, "", user, user, FileNative.AtEmptyPath) < 0)
                {
                    throw new IOException($"The tool cache `{use.Name}` cannot be given to the user {user}, as whom sandboxed steps run");
                }
            }

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

    // Nothing is removed under a step that uses it.
    private long TryTrim(ToolCachePaths paths, DateTimeOffset now)
    {
        using var alone = Directory.Exists(paths.Root) ? SharedLock.TryAcquireAlone(paths.Lock) : null;
        if (alone is null || !Directory.Exists(paths.Files))
        {
            return 0;
        }

        var removed = ToolCacheQuota.Trim(paths.Files, ToolCacheRecord.TryRead(paths.Record)?.QuotaBytes ?? _options.QuotaBytes);
        Mark(paths.Measured, now);
        return removed;
    }

    // True where the cache has no owner: it is gone then, or will go when the steps that use it have ended.
    private bool RemoveUnowned(ToolCachePaths paths, Removal removal)
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

            gone = $"{RemovedPrefix}{Environment.ProcessId}-{Interlocked.Increment(ref Removals)}-{paths.Key}";
            try
            {
                Directory.Move(paths.Root, Path.Combine(_root, gone));
            }
            catch (DirectoryNotFoundException)
            {
                // Another process was faster.
                File.Delete(paths.Lock);
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
            else if (entry.IsUtf8 && entry.Name.StartsWith(ToolCachePaths.LockPrefix, StringComparison.Ordinal)
                && new ToolCachePaths(_root, entry.Name[ToolCachePaths.LockPrefix.Length..]) is var paths && !Directory.Exists(paths.Root))
            {
                using var alone = SharedLock.TryAcquireAlone(paths.Lock);
                if (alone is not null && !Directory.Exists(paths.Root))
                {
                    File.Delete(paths.Lock);
                }
            }
        }
    }

    private ToolCacheInfo Look(ToolCachePaths paths)
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

        var use = default(TreeUse);
        try
        {
            use = ToolCacheQuota.Measure(paths.Files);
        }
        catch (IOException)
        {
            // Removed just now.
        }

        return new ToolCacheInfo(
            paths.Key, record?.Name ?? paths.Key, record?.Shared ?? paths.Key.StartsWith("shared-", StringComparison.Ordinal), paths.Files, use.Bytes, use.Files,
            record?.QuotaBytes ?? _options.QuotaBytes, inUse, [.. owners]);
    }

    private static bool HasOwner(ToolCachePaths paths) => Owners(paths).Count > 0;

    private static List<(string Path, ToolCacheOwner Owner)> Owners(ToolCachePaths paths)
    {
        var owners = new List<(string, ToolCacheOwner)>();
        string[] files;
        try
        {
            files = Directory.GetFiles(paths.Owners);
        }
        catch (DirectoryNotFoundException)
        {
            // Not there yet, or no longer.
            return owners;
        }

        foreach (var file in files)
        {
            if (!file.EndsWith(".tmp", StringComparison.Ordinal) && ToolCacheRecord.TryReadOwner(file) is { } owner)
            {
                owners.Add((file, owner));
            }
        }

        return owners;
    }

    private List<ToolCachePaths> Entries()
    {
        var entries = new List<ToolCachePaths>();
        if (Directory.Exists(_root))
        {
            foreach (var path in Directory.GetDirectories(_root))
            {
                var key = Path.GetFileName(path);
                if (key.StartsWith("shared-", StringComparison.Ordinal) || key.StartsWith("project-", StringComparison.Ordinal))
                {
                    entries.Add(new ToolCachePaths(_root, key));
                }
            }
        }

        return entries;
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
