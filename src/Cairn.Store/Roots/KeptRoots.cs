using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Store.Files;

namespace Cairn.Store.Roots;

/// <summary>A kept root on the disk.</summary>
/// <param name="Run">The run.</param>
/// <param name="Name">The job's name in file names.</param>
/// <param name="Path">Its folder, absolute.</param>
/// <param name="Time">When it was kept.</param>
/// <param name="Bytes">What it takes.</param>
public sealed record KeptRootFolder(string Run, string Name, string Path, DateTimeOffset Time, long Bytes);

/// <summary>What a collection of kept roots removed.</summary>
/// <param name="Removed">Roots that went, or would.</param>
/// <param name="BytesBefore">What all took before.</param>
/// <param name="BytesAfter">What the rest takes.</param>
public sealed record RootRemoval(int Removed, long BytesBefore, long BytesAfter);

/// <summary>
/// The roots of failed attempts that a store keeps: <c>roots/RUN/JOB/</c>, each run's folder for its owner alone: in a store that several users share, those of others are as if
/// they were not there. One that somebody is in, which holds the lock beside it, is not collected.
/// </summary>
public sealed class KeptRoots
{
    /// <summary>The folder in a store.</summary>
    public const string Folder = "roots";

    /// <summary>The description in a root's folder.</summary>
    public const string DescriptionFile = "root.json";

    /// <summary>What a step wrote.</summary>
    public const string Upper = "upper";

    /// <summary>The layer that was only in memory.</summary>
    public const string Small = "small";

    /// <summary>What the folder of a root that is not whole yet has at its end, as no job's has.</summary>
    public const string NewSuffix = "~new";

    private const string SizeFile = "size";
    private const string LockFile = "lock";
    private const int DescriptionBytesMax = 16 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // What was begun and is as old belongs to a run that was killed.
    private static readonly TimeSpan UnfinishedMax = TimeSpan.FromDays(1);

    private readonly string _store;
    private readonly string _path;
    private readonly TimeProvider _time;

    /// <summary>Of a store's folder.</summary>
    public KeptRoots(string storeDirectory, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeDirectory);
        _store = Path.GetFullPath(storeDirectory);
        _path = $"{_store}/{Folder}";
        _time = time;
    }

    /// <summary>The folder of a root, relative to the store.</summary>
    public static string PathOf(string run, string name) => $"{Folder}/{run}/{name}";

    /// <summary>Begins to keep a root: an empty folder, which <see cref="Finish"/> gives its name; relative to the store. Throws <see cref="IOException"/>.</summary>
    public string Begin(string run, string name)
    {
        var path = PathOf(run, name) + NewSuffix;
        try
        {
            Directory.CreateDirectory(_path);
            Directory.CreateDirectory($"{_path}/{run}", OwnerOnly);
            Remove(run, name + NewSuffix);
            Directory.CreateDirectory($"{_store}/{path}", OwnerOnly);
            return path;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    /// <summary>Gives a whole root its name, in place of that of an earlier attempt. Throws <see cref="IOException"/>.</summary>
    public void Finish(string run, string name)
    {
        Remove(run, name);
        Directory.Move($"{_path}/{run}/{name}{NewSuffix}", $"{_path}/{run}/{name}");
    }

    /// <summary>Gives up what was begun.</summary>
    public void GiveUp(string run, string name)
    {
        Remove(run, name + NewSuffix);
        RemoveIfEmpty(run);
    }

    /// <summary>Reads the description in a root's folder; null where there is none that can be used.</summary>
    public static KeptRoot? TryRead(string rootDirectory)
    {
        var file = new FileInfo(Path.Combine(rootDirectory, DescriptionFile));
        try
        {
            return file.Exists && file.Length <= DescriptionBytesMax ? KeptRoot.TryParse(File.ReadAllBytes(file.FullName)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Takes a root for as long as the lock is held; null where somebody else has it.</summary>
    public static FileLock? TryTake(string rootDirectory, string holder) => FileLock.TryAcquire(Path.Combine(rootDirectory, LockFile), holder);

    /// <summary>Who has a root; null for nobody.</summary>
    public static string? HolderOf(string rootDirectory) => FileLock.ReadHolder(Path.Combine(rootDirectory, LockFile));

    /// <summary>
    /// The layers that kept roots are made of, relative to the store, as <see cref="Layers.LayerStore"/> names them: whoever collects layers must leave these. Roots that
    /// were begun and not finished count.
    /// </summary>
    public static HashSet<string> ReferencedLayers(string storeDirectory)
    {
        var layers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, _, path) in Folders($"{Path.GetFullPath(storeDirectory)}/{Folder}"))
        {
            foreach (var layer in TryRead(path)?.Layers ?? [])
            {
                layers.Add(layer);
            }
        }

        return layers;
    }

    /// <summary>The roots that are whole, newest first.</summary>
    public ImmutableArray<KeptRootFolder> List()
    {
        var roots = ImmutableArray.CreateBuilder<KeptRootFolder>();
        foreach (var (run, name, path) in Folders(_path))
        {
            if (name.EndsWith(NewSuffix, StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                roots.Add(new KeptRootFolder(run, name, path, new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(path, DescriptionFile))), SizeOf(run, name)));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It went meanwhile, or is somebody else's.
            }
        }

        roots.Sort(static (a, b) => b.Time.CompareTo(a.Time));
        return roots.DrainToImmutable();
    }

    /// <summary>
    /// Removes roots that are too old, then the oldest until the rest is below a quota. The newest, of which a person has just read that it is kept, stays however much it is,
    /// unless the quota is nothing at all.
    /// </summary>
    public RootRemoval Collect(long quotaBytes, int keepDays, bool dryRun = false)
    {
        if (!dryRun)
        {
            RemoveUnfinished();
        }

        var roots = List();
        long before = 0;
        foreach (var root in roots)
        {
            before += root.Bytes;
        }

        var after = before;
        var removed = 0;
        var oldest = _time.GetUtcNow().AddDays(-keepDays);
        for (var i = roots.Length - 1; i >= 0; i--)
        {
            var root = roots[i];
            if ((root.Time < oldest || (after > quotaBytes && (i > 0 || quotaBytes == 0))) && (dryRun || TryRemove(root)))
            {
                removed++;
                after -= root.Bytes;
            }
        }

        return new RootRemoval(removed, before, after);
    }

    private static IEnumerable<(string Run, string Name, string Path)> Folders(string roots)
    {
        if (!Directory.Exists(roots))
        {
            yield break;
        }

        foreach (var run in FoldersIn(roots))
        {
            foreach (var path in FoldersIn(run))
            {
                yield return (Path.GetFileName(run), Path.GetFileName(path), path);
            }
        }
    }

    // Another user's, or one that goes at this moment, has none.
    private static string[] FoldersIn(string path)
    {
        try
        {
            return Directory.GetDirectories(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void RemoveUnfinished()
    {
        var oldest = _time.GetUtcNow() - UnfinishedMax;
        foreach (var (run, name, path) in Folders(_path))
        {
            try
            {
                if (name.EndsWith(NewSuffix, StringComparison.Ordinal) && Directory.GetLastWriteTimeUtc(path) < oldest.UtcDateTime)
                {
                    Remove(run, name);
                    RemoveIfEmpty(run);
                }
            }
            catch (IOException)
            {
                // It comes again.
            }
        }
    }

    private bool TryRemove(KeptRootFolder root)
    {
        try
        {
            using var taken = TryTake(root.Path, "collection");
            if (taken is null)
            {
                return false;
            }

            Remove(root.Run, root.Name);
            RemoveIfEmpty(root.Run);
            return true;
        }
        catch (IOException)
        {
            return !Directory.Exists(root.Path);
        }
    }

    // Other jobs of the run may be kept still.
    private void RemoveIfEmpty(string run)
    {
        if (Directory.Exists(_path))
        {
            using var folder = DirectoryHandle.Open(_path);
            _ = folder.RemoveEmptyDirectory(run);
        }
    }

    private void Remove(string run, string name)
    {
        if (Directory.Exists($"{_path}/{run}"))
        {
            using var folder = DirectoryHandle.Open($"{_path}/{run}");
            folder.RemoveTree(name);
        }
    }

    /// <summary>What the root takes, counted once: only a session adds to it later, and those are small.</summary>
    private long SizeOf(string run, string name)
    {
        var path = $"{_path}/{run}/{name}/{SizeFile}";
        if (File.Exists(path) && long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var known))
        {
            return known;
        }

        using var folder = DirectoryHandle.Open($"{_path}/{run}");
        var bytes = folder.Measure(new RawEntry([.. Encoding.UTF8.GetBytes(name), 0], IsDirectory: true)).Bytes;
        File.WriteAllText(path, bytes.ToString(CultureInfo.InvariantCulture));
        return bytes;
    }
}
