using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Store.Files;

namespace Cairn.Engine.Running;

/// <summary>Locks that a holder gives back together.</summary>
internal sealed class HeldLocks(ImmutableArray<FileLock> locks) : IDisposable
{
    public void Dispose()
    {
        foreach (var held in locks)
        {
            held.Dispose();
        }
    }
}

/// <summary>The named locks of this user on this machine: files under <c>$XDG_STATE_HOME/cairn/locks</c>, gone with the process that holds them.</summary>
internal sealed class NamedLocks(string stateDirectory, RunReporter reporter, TimeProvider time)
{
    private readonly string _folder = Path.Combine(stateDirectory, "locks");

    /// <summary>Takes all of them, in the order of their names so that no two runs wait for each other; waits are told of. Null where there is none to take.</summary>
    /// <param name="names">The locks, sorted.</param>
    /// <param name="job">The job that takes them, or null for the run.</param>
    /// <param name="cancellationToken">Gives up; what was taken is given back.</param>
    public async Task<HeldLocks?> AcquireAsync(ImmutableArray<LockName> names, JobId? job, CancellationToken cancellationToken)
    {
        if (names.IsEmpty)
        {
            return null;
        }

        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var held = new List<FileLock>();
        try
        {
            foreach (var name in names)
            {
                var start = time.GetTimestamp();
                var waited = false;
                held.Add(await FileLock.AcquireAsync(
                    Path.Combine(_folder, name.Value + ".lock"),
                    $"run {reporter.Run}{(job is { } id ? $", step {id}" : "")}, process {Environment.ProcessId}",
                    other =>
                    {
                        waited = true;
                        reporter.Emit(new LockWaiting { Time = reporter.Now, Lock = name.Value, Job = job?.Value, Holder = other });
                    },
                    time,
                    cancellationToken));
                if (waited)
                {
                    reporter.Emit(new LockAcquired { Time = reporter.Now, Lock = name.Value, Job = job?.Value, WaitedMs = time.GetElapsedTime(start).TotalMilliseconds });
                }
            }

            return new HeldLocks([.. held]);
        }
        catch
        {
            foreach (var taken in held)
            {
                taken.Dispose();
            }

            throw;
        }
    }
}
