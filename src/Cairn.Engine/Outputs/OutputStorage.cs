using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Outputs;

/// <summary>Names the files of the working tree by their content, and keeps and brings back that content.</summary>
internal sealed class OutputStorage(DirectoryHandle root, StatIndex index) : IDisposable
{
    // Below this a second thread costs more than it saves.
    private const int ParallelFilesMin = 32;

    // Files of one folder mostly stand together, and are laid out by one thread that keeps the folder open.
    private const int FilesAtOnce = 32;

    private readonly FileNursery _nursery = new(root, ".cairn/tmp");

    /// <summary>Digests files and stores what is not stored yet. Throws <see cref="IOException"/> where a file vanished or the store is full.</summary>
    /// <param name="files">Files and links.</param>
    /// <param name="store">Where to; null to digest only.</param>
    public ImmutableArray<OutputFile> Take(IReadOnlyList<TreeFile> files, ContentStore? store)
    {
        var outputs = new OutputFile[files.Count];
        ForEach(files.Count, i => outputs[i] = Take(files[i], store));
        return ImmutableArray.Create(outputs);
    }

    /// <summary>Whether a file or link of the tree is what an action made.</summary>
    public bool IsInPlace(TreeFile file, in OutputFile wanted)
    {
        if (file.Stat.Kind == FileKind.Symlink)
        {
            return wanted.Target is not null && string.Equals(LinkTarget(file.Path), wanted.Target, StringComparison.Ordinal);
        }

        return file.Stat.Kind == FileKind.Regular && wanted.Target is null && file.Stat.Executable == wanted.Executable && file.Stat.SizeBytes == wanted.Digest.SizeBytes
            && DigestOf(file.Path, file.Stat) == wanted.Digest;
    }

    /// <summary>Lays out files that are not there. Null where a blob is missing; what was laid out until then stays.</summary>
    public IReadOnlyList<TreeFile>? Restore(IReadOnlyList<OutputFile> wanted, ContentStore store)
    {
        var entries = new TreeFile[wanted.Count];
        var missing = false;
        ForEach((wanted.Count + FilesAtOnce - 1) / FilesAtOnce, part =>
        {
            using var folders = new OpenFolder(root);
            for (var i = part * FilesAtOnce; i < Math.Min(wanted.Count, (part + 1) * FilesAtOnce) && !Volatile.Read(ref missing); i++)
            {
                if (Restore(wanted[i], folders, store) is { } stat)
                {
                    entries[i] = new TreeFile(wanted[i].Path, stat);
                }
                else
                {
                    Volatile.Write(ref missing, true);
                }
            }
        }, parallelMin: 2);
        return missing ? null : entries;
    }

    /// <summary>The digest of a file, from the index where it stands as it stood then.</summary>
    public Digest DigestOf(string path, in FileStat stat)
    {
        if (index.TryGet(path, stat, out var known))
        {
            return known;
        }

        using var file = root.TryOpenFilePath(path) ?? throw Vanished(path);
        using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
        var hash = SHA256.HashData(stream);
        var digest = new Digest(hash, stream.Position);
        Note(path, stat, digest);
        return digest;
    }

    /// <summary>Where a link leads.</summary>
    public string LinkTarget(string path)
    {
        var (folder, name) = OutputTree.Split(path);
        using var parent = root.TryOpenPath(folder) ?? throw Vanished(path);
        return parent.ReadLink(name);
    }

    /// <inheritdoc/>
    public void Dispose() => _nursery.Dispose();

    private OutputFile Take(TreeFile file, ContentStore? store)
    {
        if (file.Stat.Kind == FileKind.Symlink)
        {
            return new OutputFile(file.Path, Digest.Empty, Executable: false, LinkTarget(file.Path));
        }

        if (store is null || (index.TryGet(file.Path, file.Stat, out var known) && store.Contains(known)))
        {
            return new OutputFile(file.Path, DigestOf(file.Path, file.Stat), file.Stat.Executable);
        }

        using var handle = root.TryOpenFilePath(file.Path) ?? throw Vanished(file.Path);
        var digest = store.PutFile(handle);
        Note(file.Path, file.Stat, digest);
        return new OutputFile(file.Path, digest, file.Stat.Executable);
    }

    // A file that changed while it was read keeps no digest.
    private void Note(string path, in FileStat before, Digest digest)
    {
        if (digest.SizeBytes == before.SizeBytes && root.HasStat(path, before))
        {
            index.Set(path, before, digest);
        }
    }

    private FileStat? Restore(in OutputFile file, OpenFolder folders, ContentStore store)
    {
        var (folder, name) = OutputTree.Split(file.Path);
        var parent = folders.TryEnter(folder) ?? throw new IOException($"`{file.Path}` cannot be laid out: a part of its folder is no folder");
        bool restored;
        try
        {
            restored = TryLayOut(file, parent, name, store);
        }
        catch (IOException exception) when (parent.TryStat(name) is { Kind: FileKind.Directory })
        {
            // Whatever stood in that folder and matches an output was cleared before; what is left may go if it is empty.
            if (!RemoveEmptyFolders(parent, name))
            {
                throw new IOException($"`{file.Path}` is an output, but a folder with other files stands there: move it away", exception);
            }

            restored = TryLayOut(file, parent, name, store);
        }

        if (!restored)
        {
            return null;
        }

        var stat = parent.TryStat(name) ?? throw Vanished(file.Path);
        if (file.Target is null)
        {
            index.Set(file.Path, stat, file.Digest);
        }

        return stat;
    }

    private bool TryLayOut(in OutputFile file, DirectoryHandle parent, string name, ContentStore store)
    {
        if (file.Target is not { } target)
        {
            return store.TryRestore(file.Digest, parent, name, file.Executable, _nursery);
        }

        parent.ReplaceSymlink(name, target);
        return true;
    }

    private static bool RemoveEmptyFolders(DirectoryHandle parent, string name)
    {
        using (var folder = parent.TryOpen(name))
        {
            foreach (var entry in folder?.List() ?? [])
            {
                if (!entry.IsUtf8 || !RemoveEmptyFolders(folder!, entry.Name))
                {
                    return false;
                }
            }
        }

        return parent.RemoveEmptyDirectory(name);
    }

    private static void ForEach(int count, Action<int> body, int parallelMin = ParallelFilesMin)
    {
        if (count < parallelMin)
        {
            for (var i = 0; i < count; i++)
            {
                body(i);
            }

            return;
        }

        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException exception)
        {
            // The first says what is wrong; the others say it of other files.
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    private static IOException Vanished(string path) => new($"`{path}` vanished while it was read");

    /// <summary>The folder of the last path, still open. For one thread.</summary>
    private sealed class OpenFolder(DirectoryHandle root) : IDisposable
    {
        private DirectoryHandle? _folder;
        private string _path = "";

        /// <summary>Opens a folder, made where it is missing; null where something else stands in the way. Valid until the next call.</summary>
        public DirectoryHandle? TryEnter(string path)
        {
            if (_folder is null || !string.Equals(path, _path, StringComparison.Ordinal))
            {
                Dispose();
                (_folder, _path) = (root.TryCreatePath(path), path);
            }

            return _folder;
        }

        public void Dispose()
        {
            _folder?.Dispose();
            _folder = null;
        }
    }
}
