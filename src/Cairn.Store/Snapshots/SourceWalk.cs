using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>
/// Finds the sources that are not named one by one: the default inputs by walking the project less what is ignored, globs by walking from their roots. Folders are
/// dealt out to several threads; each folder's names are sorted by themselves, so that the whole need not be.
/// </summary>
internal sealed partial class SourceWalk(DirectoryHandle root, SnapshotRequest request, StatIndex index, SourceProblems problems, CancellationToken cancellationToken)
{
    /// <summary>Folders found before a second thread is worth starting.</summary>
    private const int FoldersForThreads = 8;

    private static readonly PathPatterns[] NoPatterns = [];

    private readonly DirectoryHandle _root = root;
    private readonly SnapshotRequest _request = request;
    private readonly StatIndex _index = index;
    private readonly SourceProblems _problems = problems;
    private readonly CancellationToken _cancellationToken = cancellationToken;
    private readonly Stack<Folder> _pending = new();
    private readonly Folder _top = new("", 0);
    private int _busy;
    private bool _failed;

    /// <summary>Walks.</summary>
    /// <param name="literalFolders">Folders that a glob without a wildcard names.</param>
    /// <param name="unhashed">Takes the files whose digests the index does not know.</param>
    public void Take(HashSet<string> literalFolders, List<UnhashedFile> unhashed)
    {
        var roots = new RootNode();
        foreach (var patterns in _request.Globs)
        {
            AddRoots(roots, patterns, literalFolders);
        }

        if (!_request.All && roots.IsEmpty)
        {
            return;
        }

        _top.All = _request.All;
        _top.Node = roots;
        _top.Patterns = roots.Patterns?.ToArray() ?? NoPatterns;
        _top.Scope = _request.All ? IgnoreFiles.OfRepository(_request, _problems) : null;
        _top.OuterBytes = _request.PathInRepository.Length == 0 ? 0 : Encoding.UTF8.GetByteCount(_request.PathInRepository) + 1;
        _pending.Push(_top);

        // A small tree is done before a thread has started.
        var first = new FolderScanner(this);
        while (_pending.Count is > 0 and < FoldersForThreads && _pending.TryPop(out var folder))
        {
            _cancellationToken.ThrowIfCancellationRequested();
            first.Scan(folder);
            Queue(folder);
        }

        unhashed.AddRange(first.Unhashed);

        if (_pending.Count > 0)
        {
            WorkerThreads.Run(WorkerThreads.Count, _ => Work(unhashed));
        }
    }

    /// <summary>What was found and is still there, sorted.</summary>
    public List<SnapshotEntry> Collect()
    {
        var entries = new List<SnapshotEntry>();
        Collect(_top, entries);
        return entries;
    }

    /// <summary>A folder's path with its slash sorts among its siblings as all paths below it do, so that the order of the whole falls out.</summary>
    private static void Collect(Folder folder, List<SnapshotEntry> entries)
    {
        var next = 0;
        foreach (var entry in folder.Entries)
        {
            // Gone since it was found: its place among the folders no longer matters.
            if (entry is null)
            {
                continue;
            }

            while (next < folder.Folders.Length && string.CompareOrdinal(folder.Folders[next].Prefix, entry.Path) < 0)
            {
                Collect(folder.Folders[next++], entries);
            }

            entries.Add(entry);
        }

        while (next < folder.Folders.Length)
        {
            Collect(folder.Folders[next++], entries);
        }
    }

    private static void AddRoots(RootNode top, PathPatterns patterns, HashSet<string> literalFolders)
    {
        if (patterns.IsEmpty)
        {
            return;
        }

        HashSet<string>? literals = null;
        foreach (var path in patterns.LiteralPaths)
        {
            (literals ??= new(StringComparer.Ordinal)).Add(path);
        }

        foreach (var root in patterns.Roots)
        {
            // A file that is named was looked at already.
            if (root.Length > 0 && literals?.Contains(root) == true && !literalFolders.Contains(root))
            {
                continue;
            }

            RootNode? node = top;
            foreach (var segment in root.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                // Never entered, not even by name.
                if (segment is ".git" || (node == top && segment is ".cairn"))
                {
                    node = null;
                    break;
                }

                node = node.Child(segment);
            }

            if (node is not null)
            {
                (node.Patterns ??= []).Add(patterns);
            }
        }
    }

    private void Work(List<UnhashedFile> unhashed)
    {
        var scanner = new FolderScanner(this);
        while (true)
        {
            Folder? folder;
            lock (_pending)
            {
                while (!_pending.TryPop(out folder) && _busy > 0 && !_failed)
                {
                    Monitor.Wait(_pending);
                }

                if (folder is null || _failed)
                {
                    break;
                }

                _busy++;
            }

            var done = false;
            try
            {
                _cancellationToken.ThrowIfCancellationRequested();
                scanner.Scan(folder);
                done = true;
            }
            finally
            {
                lock (_pending)
                {
                    _busy--;
                    _failed |= !done;
                    Queue(folder);
                    Monitor.PulseAll(_pending);
                }
            }
        }

        lock (unhashed)
        {
            unhashed.AddRange(scanner.Unhashed);
        }
    }

    private void Queue(Folder folder)
    {
        for (var i = folder.Folders.Length - 1; i >= 0; i--)
        {
            _pending.Push(folder.Folders[i]);
        }
    }

    /// <summary>The roots of globs as a tree.</summary>
    private sealed class RootNode
    {
        private Dictionary<string, RootNode>? _children;

        public List<PathPatterns>? Patterns { get; set; }

        public bool IsEmpty => _children is null && Patterns is null;

        public IReadOnlyCollection<KeyValuePair<string, RootNode>> Children => _children ?? (IReadOnlyCollection<KeyValuePair<string, RootNode>>)[];

        public RootNode Child(string name)
        {
            _children ??= new(StringComparer.Ordinal);
            if (!_children.TryGetValue(name, out var child))
            {
                _children.Add(name, child = new RootNode());
            }

            return child;
        }

        public RootNode? TryChild(string name) => _children is null ? null : _children.GetValueOrDefault(name);
    }

    /// <summary>A folder to look into, and then what was found in it.</summary>
    private sealed class Folder(string path, int depth)
    {
        public string Path { get; } = path;

        /// <summary>What stands before the names in it; also its place in the order.</summary>
        public string Prefix { get; } = path.Length == 0 ? "" : path + "/";

        public int Depth { get; } = depth;

        /// <summary>Whether default inputs are wanted here.</summary>
        public bool All { get; set; }

        /// <summary>Whether git ignores the folder, so that only tracked files count.</summary>
        public bool TrackedOnly { get; set; }

        public IgnoreScope? Scope { get; set; }

        /// <summary>Bytes of the project's path in the repository, with a slash: rules of the repository see it before paths.</summary>
        public int OuterBytes { get; set; }

        public PathPatterns[] Patterns { get; set; } = NoPatterns;

        public RootNode? Node { get; set; }

        public SnapshotEntry?[] Entries { get; set; } = [];

        public Folder[] Folders { get; set; } = [];
    }
}
