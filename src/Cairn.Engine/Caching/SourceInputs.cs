using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Caching;

/// <summary>The source files that one job reads.</summary>
/// <param name="Tree">As a tree.</param>
/// <param name="Entries">As they stood when the run began.</param>
internal sealed record JobSources(MerkleTree Tree, ImmutableArray<SnapshotEntry> Entries);

/// <summary>Which files of the snapshot are the inputs of which job. Thread-safe.</summary>
internal sealed class SourceInputs
{
    private readonly SourceSnapshot _snapshot;
    private readonly Lazy<JobSources> _default;

    public SourceInputs(SourceSnapshot snapshot, ImmutableArray<string> pipelineFiles)
    {
        _snapshot = snapshot;
        _default = new Lazy<JobSources>(() => Select(snapshot.Entries, entry => !IsPipelineFile(entry.Path, pipelineFiles)));
    }

    /// <summary>What a snapshot must hold for these jobs.</summary>
    public static SnapshotRequest Request(ImmutableArray<Job> jobs, Func<string, bool>? isTracked)
    {
        var literals = new HashSet<string>(StringComparer.Ordinal);
        var globs = new List<PathPatterns>();
        var all = false;
        PathPatterns? last = null;
        foreach (var job in jobs)
        {
            if (job.Inputs is not { } inputs)
            {
                all = true;
            }
            else if (!ReferenceEquals(inputs, last))
            {
                last = inputs;
                AddInputs(inputs, literals, globs);
            }
        }

        return new SnapshotRequest { All = all, Literals = literals, Globs = globs, Exclude = NoSource(jobs), IsTracked = isTracked };
    }

    /// <summary>The files that a job reads: those it declares, or all but the pipeline's own.</summary>
    public JobSources Of(Job job)
    {
        if (job.Inputs is not { } inputs)
        {
            return _default.Value;
        }

        var entries = _snapshot.Entries;
        var selected = ImmutableArray.CreateBuilder<SnapshotEntry>();
        foreach (var root in inputs.Roots)
        {
            if (root.Length > 0 && TryFind(root, out var at) && inputs.IsMatch(root))
            {
                selected.Add(entries[at]);
            }

            // All that stands below `a` sorts from `a/` on and before `a0`.
            var from = root.Length == 0 ? 0 : LowerBound(root + '/');
            var to = root.Length == 0 ? entries.Length : LowerBound(root + (char)('/' + 1));
            for (var i = from; i < to; i++)
            {
                if (inputs.IsMatch(entries[i].Path))
                {
                    selected.Add(entries[i]);
                }
            }
        }

        var sources = selected.DrainToImmutable();
        return new JobSources(TreeOf(sources), sources);
    }

    /// <summary>The files that both have.</summary>
    public static JobSources Common(JobSources one, JobSources other)
    {
        if (one.Tree.Digest == other.Tree.Digest)
        {
            return one;
        }

        var common = one.Entries.RemoveAll(entry => other.Tree.TryGet(entry.Path) is null);
        return new JobSources(TreeOf(common), common);
    }

    private static void AddInputs(PathPatterns inputs, HashSet<string> literals, List<PathPatterns> globs)
    {
        foreach (var pattern in inputs.Patterns)
        {
            if (!pattern.Exclude && !pattern.Glob.IsLiteral)
            {
                globs.Add(inputs);
                return;
            }
        }

        foreach (var pattern in inputs.Patterns)
        {
            if (!pattern.Exclude)
            {
                literals.Add(pattern.Glob.LiteralPath!);
            }
        }
    }

    /// <summary>What steps make, and where their tool caches stand: a run that was killed leaves the links to these behind.</summary>
    private static Func<string, bool> NoSource(ImmutableArray<Job> jobs)
    {
        var literals = new HashSet<string>(StringComparer.Ordinal);
        var globs = new List<PathPatterns>();
        PathPatterns? last = null;
        foreach (var job in jobs)
        {
            foreach (var cache in job.Step.Cache.Paths)
            {
                if (cache.IsInProject)
                {
                    literals.Add(cache.Path);
                }
            }

            if (ReferenceEquals(job.Outputs, last))
            {
                continue;
            }

            last = job.Outputs;
            var plain = true;
            foreach (var pattern in job.Outputs.Patterns)
            {
                plain &= !pattern.Exclude && pattern.Glob.IsLiteral;
            }

            if (!plain)
            {
                globs.Add(job.Outputs);
                continue;
            }

            foreach (var pattern in job.Outputs.Patterns)
            {
                literals.Add(pattern.Glob.LiteralPath!);
            }
        }

        var lookup = literals.GetAlternateLookup<ReadOnlySpan<char>>();
        return path =>
        {
            // A literal stands for the path and for all below it.
            for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
            {
                if (lookup.Contains(path.AsSpan(0, end)))
                {
                    return true;
                }
            }

            foreach (var glob in globs)
            {
                if (glob.IsMatch(path))
                {
                    return true;
                }
            }

            return false;
        };
    }

    private static bool IsPipelineFile(string path, ImmutableArray<string> pipelineFiles) =>
        string.Equals(path, "cairn.lock", StringComparison.Ordinal) || pipelineFiles.Contains(path, StringComparer.Ordinal);

    private static JobSources Select(ImmutableArray<SnapshotEntry> entries, Func<SnapshotEntry, bool> wanted)
    {
        var selected = ImmutableArray.CreateBuilder<SnapshotEntry>(entries.Length);
        foreach (var entry in entries)
        {
            if (wanted(entry))
            {
                selected.Add(entry);
            }
        }

        var sources = selected.DrainToImmutable();
        return new JobSources(TreeOf(sources), sources);
    }

    /// <summary>The tree of sources.</summary>
    public static MerkleTree TreeOf(ImmutableArray<SnapshotEntry> entries)
    {
        var leaves = new KeyValuePair<string, TreeLeaf>[entries.Length];
        for (var i = 0; i < leaves.Length; i++)
        {
            var entry = entries[i];
            leaves[i] = new(entry.Path, new TreeLeaf(entry.Digest, entry.Stat.Executable && entry.Target is null, entry.Target));
        }

        return MerkleTree.Of(leaves);
    }

    private bool TryFind(string path, out int index)
    {
        index = LowerBound(path);
        return index < _snapshot.Entries.Length && string.Equals(_snapshot.Entries[index].Path, path, StringComparison.Ordinal);
    }

    private int LowerBound(string path)
    {
        var (low, high) = (0, _snapshot.Entries.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(_snapshot.Entries[middle].Path, path) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
