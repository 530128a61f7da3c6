using System.Numerics;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// Bounds that a child inherits, held by the worker itself for the instant of a spawn: nothing else can set them between the fork and the program.
/// </summary>
internal unsafe ref struct ProcessBounds
{
    private const int CpuMaskBytes = 128;

    private readonly ResourceLimit _files;
    private readonly ResourceLimit _processes;
    private readonly uint _umask;
    private fixed byte _cpus[CpuMaskBytes];
    private readonly bool _hasCpus;

    public ProcessBounds(ProcessRequest request)
    {
        _files = Lower(Libc.RLIMIT_NOFILE, request.OpenFiles);
        _processes = Lower(Libc.RLIMIT_NPROC, request.Processes);
        _umask = Libc.umask((uint)request.Umask);
        if (request.VisibleCpus > 0)
        {
            var all = stackalloc byte[CpuMaskBytes];
            new Span<byte>(all, CpuMaskBytes).Clear();
            if (Libc.sched_getaffinity(0, CpuMaskBytes, all) == 0)
            {
                _hasCpus = true;
                fixed (byte* saved = _cpus)
                {
                    new Span<byte>(all, CpuMaskBytes).CopyTo(new Span<byte>(saved, CpuMaskBytes));
                }

                Keep(new Span<byte>(all, CpuMaskBytes), request.VisibleCpus, request.FirstCpu);
                _ = Libc.sched_setaffinity(0, CpuMaskBytes, all);
            }
        }
    }

    /// <summary>Makes the bounds final: until bubblewrap starts anything, about a millisecond after its own start, only the soft ones hold.</summary>
    public static void Fix(int pid, ProcessRequest request)
    {
        foreach (var (resource, bound) in (ReadOnlySpan<(int, long)>)[(Libc.RLIMIT_NOFILE, request.OpenFiles), (Libc.RLIMIT_NPROC, request.Processes), (Libc.RLIMIT_CORE, 0)])
        {
            ResourceLimit limit;
            if (Libc.prlimit(pid, resource, null, &limit) == 0)
            {
                limit.Hard = ulong.Min(limit.Hard, (ulong)bound);
                limit.Soft = ulong.Min(limit.Soft, limit.Hard);
                _ = Libc.prlimit(pid, resource, &limit, null);
            }
        }
    }

    /// <summary>Throws <see cref="IOException"/> where what is started now may have less processes than its limits say. Asked of the worker: the child may be in a namespace already where nobody is told.</summary>
    public static void Verify(ProcessRequest request)
    {
        ResourceLimit limit;
        if (request.Processes > SandboxLimits.UserProcesses && Libc.getrlimit(Libc.RLIMIT_NPROC, &limit) == 0 && limit.Soft < (ulong)request.Processes)
        {
            throw new IOException($"This machine cannot hold `limits: pids`: a user may have {limit.Soft:N0} processes (`ulimit -Hu`), and with those of bubblewrap {request.Processes:N0} are needed; write less, or raise the user's limit");
        }
    }

    /// <summary>Bounds how many processes there may be of one user in a sandbox's own user namespace.</summary>
    public static void FixProcesses(int pid, long bound)
    {
        var limit = new ResourceLimit { Soft = (ulong)bound, Hard = (ulong)bound };
        if (Libc.prlimit(pid, Libc.RLIMIT_NPROC, &limit, null) != 0)
        {
            throw new IOException($"The number of processes cannot be limited: {Libc.Message(System.Runtime.InteropServices.Marshal.GetLastPInvokeError())}");
        }
    }

    public void Dispose()
    {
        Restore(Libc.RLIMIT_NOFILE, _files);
        Restore(Libc.RLIMIT_NPROC, _processes);
        _ = Libc.umask(_umask);
        if (_hasCpus)
        {
            fixed (byte* saved = _cpus)
            {
                _ = Libc.sched_setaffinity(0, CpuMaskBytes, saved);
            }
        }
    }

    // The soft and the hard limit of the child; of the worker only the soft one, as it could not raise the hard one again in a user namespace. Root may have more than its own.
    private static ResourceLimit Lower(int resource, long bound)
    {
        ResourceLimit before;
        _ = Libc.getrlimit(resource, &before);
        var raised = new ResourceLimit { Soft = (ulong)bound, Hard = ulong.Max(before.Hard, (ulong)bound) };
        if ((ulong)bound <= before.Hard || Libc.setrlimit(resource, &raised) != 0)
        {
            var lowered = before with { Soft = ulong.Min(before.Hard, (ulong)bound) };
            _ = Libc.setrlimit(resource, &lowered);
        }

        return before;
    }

    private static void Restore(int resource, ResourceLimit before) => _ = Libc.setrlimit(resource, &before);

    /// <summary>Keeps some of the processors of a mask, from the one at a place in their order.</summary>
    internal static void Keep(Span<byte> mask, int count, int first)
    {
        var all = 0;
        foreach (var bits in mask)
        {
            all += BitOperations.PopCount(bits);
        }

        var order = 0;
        for (var i = 0; i < mask.Length * 8; i++)
        {
            var bit = (byte)(1 << (i % 8));
            if ((mask[i / 8] & bit) != 0 && (order++ - (first % all) + all) % all >= count)
            {
                mask[i / 8] &= (byte)~bit;
            }
        }
    }
}
