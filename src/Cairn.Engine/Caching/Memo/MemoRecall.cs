using Cairn.Core.Planning;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Caching.Memo;

/// <summary>What of the memo still holds for the sources as they stand now.</summary>
internal sealed class MemoRecall
{
    // Beyond, the jobs are looked up one by one, which is quicker than to match each of many paths against each job's globs.
    private const int ChangedPathsMax = 256;

    private readonly MemoJob[] _jobs;
    private readonly bool[] _known;
    private readonly List<string>? _changed;

    public MemoRecall(RunMemo memo, Plan plan, SourceSnapshot snapshot)
    {
        Memo = memo;
        _jobs = new MemoJob[plan.Jobs.Length];
        _known = new bool[plan.Jobs.Length];
        foreach (var job in memo.Jobs)
        {
            if ((uint)job.Index < (uint)_jobs.Length)
            {
                _jobs[job.Index] = job;
                _known[job.Index] = true;
            }
        }

        _changed = Changed(memo.Sources, snapshot);
    }

    public RunMemo Memo { get; }

    /// <summary>Whether the sources are exactly those of the memo.</summary>
    public bool IsCurrent => _changed is { Count: 0 };

    /// <summary>The memo's entry of a job, or null.</summary>
    public MemoJob? Find(int job) => (uint)job < (uint)_known.Length && _known[job] ? _jobs[job] : null;

    /// <summary>Whether a job would read the same source files with the same content.</summary>
    public bool HasSameSources(Job job)
    {
        if (_changed is null)
        {
            return false;
        }

        foreach (var path in _changed)
        {
            if (job.Inputs is null || job.Inputs.IsMatch(path))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The paths that were added, removed or altered; null where they are many.</summary>
    private static List<string>? Changed(MemoSource[] before, SourceSnapshot snapshot)
    {
        var changed = new List<string>();
        var now = snapshot.Entries;
        var (i, j) = (0, 0);
        while (i < before.Length || j < now.Length)
        {
            var order = i == before.Length ? 1 : j == now.Length ? -1 : string.CompareOrdinal(before[i].Path, now[j].Path);
            if (order < 0)
            {
                changed.Add(before[i++].Path);
            }
            else if (order > 0)
            {
                changed.Add(now[j++].Path);
            }
            else
            {
                if (!IsSame(before[i], now[j]))
                {
                    changed.Add(now[j].Path);
                }

                i++;
                j++;
            }

            if (changed.Count > ChangedPathsMax)
            {
                return null;
            }
        }

        return changed;
    }

    private static bool IsSame(in MemoSource before, SnapshotEntry now) => before == MemoOf(now);

    /// <summary>A source as a memo has it.</summary>
    public static MemoSource MemoOf(SnapshotEntry entry) => new(entry.Path, entry.Digest, entry.Stat.Executable && entry.Target is null, entry.Target);
}
