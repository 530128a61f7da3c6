using System.Globalization;

using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;

namespace Cairn.Engine.Isolation;

/// <summary>
/// The limits of one attempt: its control groups, which tell afterwards what became of it, and the size of what it writes where no file system of that size takes it. Then the
/// folder is looked through again and again, and what writes more is killed: a bound on mistakes and floods, late by the time of one look.
/// </summary>
internal sealed class LimitWatch : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly SandboxPlace _place;
    private readonly ControlGroup? _group;
    private readonly TimeProvider _time;
    private readonly string _upper;
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private RunningProcess? _process;
    private long _overBytes;

    public LimitWatch(SandboxPlace place, SandboxIsolation.Ready shared, string scratch, ControlGroup? group, TimeProvider time)
    {
        _time = time;
        _place = place;
        _group = group;
        _upper = $"{shared.Store.Directory}/{scratch}/upper";
    }

    /// <summary>The process began.</summary>
    public void Began(RunningProcess process)
    {
        if (_place.Spec.Limits.DiskBytes is not null && !_place.IsInMemory)
        {
            _process = process;
            _timer = _time.CreateTimer(static state => ((LimitWatch)state!).Look(), this, LookEvery, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The process and all that it started have ended.</summary>
    public LimitHit? Ended(bool succeeded)
    {
        StopLooking();
        if (_overBytes > 0)
        {
            return new LimitHit($"it wrote {Size(_overBytes)}, limit {Size(_place.Spec.Limits.DiskBytes!.Value)} (`limits: disk`)", IsFatal: true);
        }

        if (_group is { OutOfMemoryKills: > 0 and var kills })
        {
            var peak = _group.MemoryPeakBytes is { } bytes ? $", peak {Size(bytes)}" : "";
            return new LimitHit($"out of memory, limit {Size(_group.MemoryBytes!.Value)}{peak}{(kills == 1 ? "" : $", {kills} processes")} (`limits: memory`)", IsFatal: true);
        }

        if (!succeeded && _place is { IsInMemory: true, Spec.Limits.DiskBytes: { } disk } && _place.Root.IsFull())
        {
            return new LimitHit($"it wrote all that it may, limit {Size(disk)} (`limits: disk`)", IsFatal: false);
        }

        return _group is { RefusedProcesses: > 0 and var times }
            ? new LimitHit($"there were as many processes as may be, limit {_group.ProcessesMax}, reached {times} {(times == 1 ? "time" : "times")} (`limits: pids`)", IsFatal: false)
            : null;
    }

    public void Dispose() => StopLooking();

    private void StopLooking()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_timer is null)
            {
                return;
            }

            try
            {
                var limit = _place.Spec.Limits.DiskBytes!.Value;
                using var upper = DirectoryHandle.Open(_upper);
                var written = upper.AllocatedBytes(limit, out var isWhole);
                if (!isWhole && written <= limit)
                {
                    // An ordinary user's step may forbid folders to itself, and so to this process, while it writes in them.
                    written = _place.Measure(limit);
                }

                if (written > limit)
                {
                    _overBytes = written;
                    _process!.Kill();
                    return;
                }
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // It has ended, and its folder is gone.
            }

            _ = _timer.Change(LookEvery, Timeout.InfiniteTimeSpan);
        }
    }

    private static string Size(long bytes)
    {
        var (factor, unit) = bytes >= 1L << 30 ? (1L << 30, "GiB") : bytes >= 1 << 20 ? (1L << 20, "MiB") : (1L << 10, "KiB");
        return $"{((double)bytes / factor).ToString("0.#", CultureInfo.InvariantCulture)} {unit}";
    }
}
