using System.Buffers.Text;

using Cairn.Execution.Native;

namespace Cairn.Execution;

/// <summary>
/// Finds and kills what a process leaves behind. Orphans are adopted by one known process, the adopter (the guardian of the namespace, or cairn as subreaper), so one
/// small read tells that there are none. Used by the I/O thread alone, and under cairn's own <c>/proc</c>.
/// </summary>
internal sealed unsafe class ProcessTree
{
    private readonly int _adopterChildrenFd;
    private readonly int _guardian;
    private readonly HashSet<int> _exempt = [];
    private readonly List<int> _adopted = [];
    private readonly Predicate<int> _isExempt;
    private byte[] _buffer = new byte[4 << 10];

    private ProcessTree(int adopterChildrenFd, int guardian)
    {
        _adopterChildrenFd = adopterChildrenFd;
        _guardian = guardian;
        _isExempt = _exempt.Contains;
    }

    private enum Life
    {
        Gone,
        Zombie,
        Alive,
    }

    private bool ReapsOrphans => _guardian == 0;

    /// <summary>True where the kernel lists a process's children, so that strays outside the group can be found.</summary>
    public bool CanFindStrays => _adopterChildrenFd >= 0;

    /// <summary>The tree under a namespace's first process, which reaps orphans by itself.</summary>
    public static ProcessTree UnderGuardian(int procFd, int guardian) => new(OpenChildren(procFd, guardian), guardian);

    /// <summary>
    /// The tree under cairn, to whose first thread the kernel gives orphans, while those it spawned belong to the spawner's thread.
    /// Children that it has already (it may have been exec'ed by a shell with jobs) are none of ours.
    /// </summary>
    public static ProcessTree UnderCairn(int procFd)
    {
        var tree = new ProcessTree(OpenChildren(procFd, Environment.ProcessId), guardian: 0);
        tree.ReadAdopted();
        tree._exempt.UnionWith(tree._adopted);
        return tree;
    }

    /// <summary>Kills a process that runs, with all descendants and its group.</summary>
    public void KillTree(int pid)
    {
        foreach (var member in StopTree(pid))
        {
            _ = Libc.kill(member, Libc.SIGKILL);
        }

        _ = Libc.kill(-pid, Libc.SIGKILL);
    }

    /// <summary>
    /// Kills what an exited process left behind: orphans of its session or with its token in their environment, with their descendants, and, where
    /// <paramref name="nothingElseRuns"/> says so after the look, every other orphan. Returns whether any of them was still alive, so that another look is due.
    /// </summary>
    public bool KillStrays(RunningProcess process, Func<bool> nothingElseRuns)
    {
        if (!CanFindStrays)
        {
            _ = Libc.kill(-process.ProcessId, Libc.SIGKILL);
            return false;
        }

        if (!ReadAdopted())
        {
            return false;
        }

        var all = nothingElseRuns();
        var (any, again) = (false, false);
        foreach (var orphan in _adopted)
        {
            var life = ReadStat(orphan, out var session);
            if (life == Life.Zombie && ReapsOrphans)
            {
                Reap(orphan);
            }

            if (life == Life.Alive && !ReapsOrphans && session == _guardian)
            {
                // The guardian's own child: the one it has now need not be looked at again.
                _exempt.Clear();
                _exempt.Add(orphan);
                continue;
            }

            if (life != Life.Alive)
            {
                continue;
            }

            if (!(all || session == process.ProcessId || HasToken(orphan, process.JobVariable)))
            {
                // A process in the middle of exec shows neither arguments nor environment: whose it is, the next look tells.
                again |= IsBetweenPrograms(orphan);
                continue;
            }

            any = true;
            foreach (var stray in StopTree(orphan))
            {
                if (Libc.kill(stray, Libc.SIGKILL) == 0)
                {
                    process.AddStray(stray);
                }
            }
        }

        if (any)
        {
            _ = Libc.kill(-process.ProcessId, Libc.SIGKILL);
        }

        return any || again;
    }

    /// <summary>Reaps orphans that ended while others run; only cairn as subreaper has to.</summary>
    public void ReapOrphans()
    {
        if (ReapsOrphans && CanFindStrays && ReadAdopted())
        {
            foreach (var orphan in _adopted)
            {
                if (ReadStat(orphan, out _) == Life.Zombie)
                {
                    Reap(orphan);
                }
            }
        }
    }

    /// <summary>Closes what it holds open.</summary>
    public void Close()
    {
        if (_adopterChildrenFd >= 0)
        {
            _ = Libc.close(_adopterChildrenFd);
        }
    }

    private static int OpenChildren(int procFd, int pid) => Libc.openat(procFd, $"{pid}/task/{pid}/children", Libc.O_RDONLY | Libc.O_CLOEXEC, 0);

    private static void Reap(int pid)
    {
        int status;
        ResourceUsage usage;
        _ = Libc.wait4(pid, &status, Libc.WNOHANG, &usage);
    }

    private bool ReadAdopted()
    {
        _adopted.Clear();
        ParsePids(ReadAll(_adopterChildrenFd), _adopted);
        if (_exempt.Count > 0)
        {
            _ = _adopted.RemoveAll(_isExempt);
        }

        return _adopted.Count > 0;
    }

    /// <summary>
    /// Stops a process and all its descendants, parents first, so that none can fork away or lose its parent before all are known.
    /// </summary>
    private List<int> StopTree(int root)
    {
        var members = new List<int> { root };
        var children = new List<int>();
        for (var i = 0; i < members.Count && members.Count < ExecutionLimits.TreeProcessesMax; i++)
        {
            _ = Libc.kill(members[i], Libc.SIGSTOP);
            children.Clear();
            ReadChildren(members[i], children);
            members.AddRange(children);
        }

        return members;
    }

    private void ReadChildren(int pid, List<int> children)
    {
        try
        {
            foreach (var thread in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                ParsePids(ReadFile($"{thread}/children"), children);
            }
        }
        catch (IOException)
        {
            // It ended meanwhile, and its children are the adopter's now: the next look finds them.
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's process, which could not be signalled either.
        }
    }

    private Life ReadStat(int pid, out int session)
    {
        session = 0;
        var stat = ReadFile($"/proc/{pid}/stat");
        var name = stat.LastIndexOf((byte)')');
        if (name < 0 || stat.Length < name + 3)
        {
            return Life.Gone;
        }

        // After the name: state, parent, group, session.
        var rest = stat[(name + 2)..];
        var field = 0;
        foreach (var range in rest.Split((byte)' '))
        {
            if (field++ == 3)
            {
                _ = Utf8Parser.TryParse(rest[range], out session, out _);
                break;
            }
        }

        return rest[0] is (byte)'Z' or (byte)'X' ? Life.Zombie : Life.Alive;
    }

    private bool HasToken(int pid, string token)
    {
        Span<byte> wanted = new byte[token.Length + 2];
        var environment = ReadFile($"/proc/{pid}/environ");
        for (var i = 0; i < token.Length; i++)
        {
            wanted[i + 1] = (byte)token[i];
        }

        // A variable stands between two zeros, the first one excepted.
        return environment.IndexOf(wanted) >= 0 || environment.StartsWith(wanted[1..]);
    }

    // Also true of a process that wiped both: it is looked at until the pipes' time is over, and then left alone.
    private bool IsBetweenPrograms(int pid) => ReadFile($"/proc/{pid}/cmdline").IsEmpty && ReadFile($"/proc/{pid}/environ").IsEmpty && ReadStat(pid, out _) == Life.Alive;

    private ReadOnlySpan<byte> ReadFile(string path)
    {
        var fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return [];
        }

        var content = ReadAll(fd);
        _ = Libc.close(fd);
        return content;
    }

    private ReadOnlySpan<byte> ReadAll(int fd)
    {
        var length = 0;
        while (true)
        {
            if (length == _buffer.Length)
            {
                Array.Resize(ref _buffer, length * 2);
            }

            nint n;
            fixed (byte* start = _buffer)
            {
                n = Libc.pread(fd, start + length, _buffer.Length - length, length);
            }

            if (n <= 0)
            {
                return _buffer.AsSpan(0, length);
            }

            length += (int)n;
        }
    }

    private static void ParsePids(ReadOnlySpan<byte> text, List<int> pids)
    {
        while (Utf8Parser.TryParse(text, out int pid, out var used))
        {
            pids.Add(pid);
            text = text[Math.Min(used + 1, text.Length)..];
        }
    }
}
