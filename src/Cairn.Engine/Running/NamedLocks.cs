using System.Collections.Immutable;

using Cairn.Core.Language.Model;
using Cairn.Execution.Files;

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
internal sealed class NamedLocks(string stateDirectory, TimeProvider time)
{
    private readonly string _folder = Path.Combine(stateDirectory, "locks");

    /// <summary>Takes all of them, in the order of their names so that no two runs wait for each other.</summary>
    /// <param name="names">The locks, sorted.</param>
    /// <param name="holder">Who takes them, for those who wait.</param>
    /// <param name="waiting">Called for each that is not free, with who has it.</param>
    /// <param name="acquired">Called for each that was waited for.</param>
    /// <param name="cancellationToken">Gives up; what was taken is given back.</param>
    public async Task<HeldLocks> AcquireAsync(
        ImmutableArray<LockName> names, string holder, Action<LockName, string?> waiting, Action<LockName, TimeSpan> acquired, CancellationToken cancellationToken)
    {
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
                    holder,
                    other =>
                    {
                        waited = true;
                        waiting(name, other);
                    },
                    time,
                    cancellationToken));
                if (waited)
                {
                    acquired(name, time.GetElapsedTime(start));
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
