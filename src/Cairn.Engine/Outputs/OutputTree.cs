using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core;
using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Engine.Outputs;

/// <summary>What a job's declared outputs turned out to be.</summary>
/// <param name="Files">Files and links, sorted by path.</param>
/// <param name="Failure">Why they do not count, or null.</param>
/// <param name="Warnings">What a person should know.</param>
internal sealed record CollectedOutputs(List<TreeFile> Files, string? Failure, List<string> Warnings);

/// <summary>What stands in place of an execution.</summary>
/// <param name="Files">Files and links, sorted by path.</param>
/// <param name="Failure">Why they do not count, or null.</param>
/// <param name="Moved">How many files of other origin were moved to the trash.</param>
internal sealed record RestoredOutputs(List<TreeFile> Files, string? Failure, int Moved);

/// <summary>The outputs of steps in the working tree: cleared before an attempt, collected after it, each path written by one job only.</summary>
internal sealed class OutputTree : IDisposable
{
    private readonly DirectoryHandle _root;
    private readonly OutputIndex _index;
    private readonly string _indexPath;
    private readonly string _trash;
    private readonly ConcurrentDictionary<string, JobId> _owners = new(StringComparer.Ordinal);

    public OutputTree(string projectDirectory, RunId run)
    {
        _root = DirectoryHandle.Open(projectDirectory);
        _indexPath = Path.Combine(projectDirectory, ".cairn", "outputs");
        _index = OutputIndex.Load(_indexPath);
        _trash = $".cairn/trash/{run}";
    }

    /// <summary>Makes room: files that match the job's outputs and that a step wrote are removed, others are moved to the trash. Says how many were moved.</summary>
    public int Clear(Job job)
    {
        var moved = 0;
        foreach (var file in TreeWalker.Walk(_root, job.Outputs).Entries)
        {
            var (folder, name) = Split(file.Path);
            using var parent = _root.TryOpenPath(folder);
            if (parent is null)
            {
                continue;
            }

            moved += Remove(file, parent, folder, name);
        }

        return moved;
    }

    /// <summary>The job's outputs where the working tree holds exactly what an action made, of all that matches them; else null. Changes nothing.</summary>
    public RestoredOutputs? FindInPlace(Job job, ImmutableArray<OutputFile> wanted, OutputStorage storage)
    {
        var files = TreeWalker.Walk(_root, job.Outputs).Entries;
        if (files.Count != wanted.Length)
        {
            return null;
        }

        for (var i = 0; i < wanted.Length; i++)
        {
            // Both are sorted, though by bytes and by UTF-16: where these differ the job is looked up as any other.
            if (!string.Equals(files[i].Path, wanted[i].Path, StringComparison.Ordinal) || !storage.IsInPlace(files[i], wanted[i]))
            {
                return null;
            }
        }

        return new RestoredOutputs(files, Claim(job, files), Moved: 0);
    }

    /// <summary>
    /// Makes the working tree hold exactly what an action made, of all that matches the job's outputs: what is right already is not touched, what is missing is laid
    /// out, the rest is cleared as before an attempt.
    /// </summary>
    /// <returns>What stands there now, sorted by path; null where the store no longer has a blob.</returns>
    public RestoredOutputs? Restore(Job job, ImmutableArray<OutputFile> wanted, OutputStorage storage, Func<ContentStore> store)
    {
        var missing = new Dictionary<string, OutputFile>(wanted.Length, StringComparer.Ordinal);
        foreach (var file in wanted)
        {
            missing[file.Path] = file;
        }

        var entries = new List<TreeFile>(wanted.Length);
        var moved = 0;
        foreach (var file in TreeWalker.Walk(_root, job.Outputs).Entries)
        {
            if (missing.TryGetValue(file.Path, out var expected) && storage.IsInPlace(file, expected))
            {
                missing.Remove(file.Path);
                entries.Add(file);
                continue;
            }

            var (folder, name) = Split(file.Path);
            using var parent = _root.TryOpenPath(folder);
            if (parent is not null)
            {
                moved += Remove(file, parent, folder, name);
            }
        }

        if (missing.Count > 0)
        {
            var restored = storage.Restore([.. missing.Values], store());
            if (restored is null)
            {
                return null;
            }

            entries.AddRange(restored);
            entries.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
            _index.Record(restored);
        }

        return new RestoredOutputs(entries, Claim(job, entries), moved);
    }

    /// <summary>Finds what the job wrote.</summary>
    public CollectedOutputs Collect(Job job)
    {
        var collected = CollectFrom(_root, job, _index.Record);
        return collected.Failure is null ? collected with { Failure = Claim(job, collected.Files) } : collected;
    }

    /// <summary>Finds what a job wrote in another tree.</summary>
    public static CollectedOutputs CollectFrom(DirectoryHandle root, Job job, Action<List<TreeFile>>? record = null)
    {
        var walk = TreeWalker.Walk(root, job.Outputs);
        var warnings = new List<string>();
        record?.Invoke(walk.Entries);
        if (walk.Problems.Count > 0)
        {
            return new CollectedOutputs(walk.Entries, $"{walk.Problems[0]}, which cannot be an output", warnings);
        }

        foreach (var pattern in job.Outputs.Patterns)
        {
            if (pattern.Exclude || walk.Entries.Exists(e => pattern.Glob.IsMatch(e.Path)))
            {
                continue;
            }

            if (pattern.Glob.IsLiteral && root.TryStatPath(pattern.Glob.LiteralPath!) is not { Kind: FileKind.Directory })
            {
                return new CollectedOutputs(walk.Entries, $"declared output `{pattern.Glob.Text}` was not made", warnings);
            }

            if (!pattern.Glob.IsLiteral)
            {
                warnings.Add($"no file matches the declared output `{pattern.Glob.Text}`");
            }
        }

        return new CollectedOutputs(walk.Entries, null, warnings);
    }

    /// <summary>Files that match patterns now.</summary>
    public List<TreeFile> Find(PathPatterns patterns) => Find(_root, patterns);

    /// <summary>Files of a tree that match patterns.</summary>
    public static List<TreeFile> Find(DirectoryHandle root, PathPatterns patterns) => TreeWalker.Walk(root, patterns).Entries;

    /// <summary>The first problem with the explicit inputs of a job: a literal one that is not there. Null where all is well.</summary>
    public string? MissingInput(Job job, MerkleTree? inputs = null)
    {
        if (job.Inputs is null)
        {
            return null;
        }

        foreach (var pattern in job.Inputs.Patterns)
        {
            if (!pattern.Exclude && pattern.Glob.IsLiteral && inputs?.TryGet(pattern.Glob.LiteralPath!) is null && _root.TryStatPath(pattern.Glob.LiteralPath!) is null)
            {
                return pattern.Glob.Text;
            }
        }

        return null;
    }

    /// <summary>The digest of a tree of files: that of its canonical REAPI <c>Directory</c>.</summary>
    public Digest DigestOf(IReadOnlyList<TreeFile> files)
    {
        var tree = new TreeBuilder();
        foreach (var file in files)
        {
            var (folder, name) = Split(file.Path);
            if (file.Stat.Kind == FileKind.Symlink)
            {
                using var parent = _root.TryOpenPath(folder) ?? throw new IOException($"`{file.Path}` vanished while it was read");
                Check(tree.TryAddSymlink(file.Path, parent.ReadLink(name)), file.Path);
            }
            else
            {
                Check(tree.TryAddFile(file.Path, DigestOfFile(file.Path), file.Stat.Executable), file.Path);
            }
        }

        return tree.Build().Root;
    }

    /// <summary><c>hashFiles</c>: lower-case hex SHA-256 over the tree of matching files; the same for the same files wherever the project stands.</summary>
    public string HashFiles(IEnumerable<string> globs) => DigestOf(Find(PathPatterns.Parse(globs))).Hash;

    /// <summary>The project's folder.</summary>
    public DirectoryHandle Root => _root;

    public void Save() => _index.Save(_indexPath);

    public void Dispose() => _root.Dispose();

    /// <summary>A path into the folder and the name in it.</summary>
    internal static (string Folder, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    /// <summary>Notes whose files these are; says what is wrong where another job has one of them already.</summary>
    private string? Claim(Job job, List<TreeFile> entries)
    {
        foreach (var file in entries)
        {
            var owner = _owners.GetOrAdd(file.Path, job.Id);
            if (owner != job.Id)
            {
                return $"output `{file.Path}` was also written by `{owner}`: give each job its own path";
            }
        }

        return null;
    }

    /// <summary>Removes what a step wrote, moves anything else to the trash; says how many were moved.</summary>
    private int Remove(TreeFile file, DirectoryHandle parent, string folder, string name)
    {
        var ours = _index.IsOurs(file.Path, file.Stat);
        if (ours)
        {
            parent.Unlink(name);
        }
        else
        {
            using var target = _root.TryCreatePath(folder.Length == 0 ? _trash : $"{_trash}/{folder}")
                ?? throw new IOException($"`{_trash}` is not a folder: move what stands there away");
            MoveAside(parent, name, target, FreeName(target, name));
        }

        _index.Forget(file.Path);
        return ours ? 0 : 1;
    }

    // An earlier attempt of this run may have moved a file of that name already.
    private static string FreeName(DirectoryHandle folder, string name)
    {
        var free = name;
        for (var i = 1; folder.TryStat(free) is not null; i++)
        {
            free = $"{name}.{i}";
        }

        return free;
    }

    private static void MoveAside(DirectoryHandle parent, string name, DirectoryHandle target, string targetName)
    {
        try
        {
            parent.Move(name, target, targetName);
        }
        catch (IOException exception) when (DirectoryHandle.IsCrossDevice(exception))
        {
            // The outputs stand on a file system of their own, a mounted build folder say.
            var copy = $"{target.DisplayPath}/{targetName}";
            using (var file = parent.TryOpenFile(name))
            {
                if (file is null)
                {
                    File.CreateSymbolicLink(copy, parent.ReadLink(name));
                }
                else
                {
                    using var source = new FileStream(file, FileAccess.Read, bufferSize: 0);
                    using var destination = new FileStream(copy, FileMode.CreateNew, FileAccess.Write);
                    source.CopyTo(destination);
                    destination.Flush(flushToDisk: true);
                }
            }

            parent.Unlink(name);
        }
    }

    private static void Check(bool added, string path)
    {
        if (!added)
        {
            throw new IOException($"`{path}` is both a file and a folder: the tree changed while it was read");
        }
    }

    private Digest DigestOfFile(string path)
    {
        using var handle = _root.TryOpenFilePath(path) ?? throw new IOException($"`{path}` vanished while it was read");
        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        var hash = SHA256.HashData(stream);
        return new Digest(hash, stream.Position);
    }
}
