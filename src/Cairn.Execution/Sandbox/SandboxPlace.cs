using System.Globalization;

using Cairn.Store.Files;

namespace Cairn.Execution.Sandbox;

/// <summary>A mounted root in which processes can be started, and from which their results can be read after they have ended.</summary>
public sealed class SandboxPlace : IDisposable
{
    private const int OwnProcesses = 2;

    private readonly SandboxClient _client;
    private readonly Action? _left;
    private bool _disposed;

    internal SandboxPlace(SandboxClient client, SandboxSpec spec, DirectoryHandle root, bool isInMemory, Action? left)
    {
        IsInMemory = isInMemory;
        _left = left;
        _client = client;
        Spec = spec;
        Root = root;
    }

    /// <summary>What it was made from; without an upper folder where memory takes what is written.</summary>
    public SandboxSpec Spec { get; }

    /// <summary>The root as processes see it, but for what is mounted over it. What they wrote is hostile until it is looked at.</summary>
    public DirectoryHandle Root { get; }

    /// <summary>Whether memory takes what is written, and not <see cref="SandboxSpec.Upper"/>.</summary>
    public bool IsInMemory { get; }

    internal SandboxClient Client => _client;

    /// <summary>Bubblewrap's arguments for a process in this place. Secrets may be among them: they go through a descriptor.</summary>
    internal string[] Arguments(ProcessSpec process)
    {
        var user = Spec.UserId.ToString(CultureInfo.InvariantCulture);
        var home = $"{_client.Greeting.MountRoot}/{Spec.Place.ToString(CultureInfo.InvariantCulture)}";
        List<string> arguments =
        [
            "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--uid", user, "--gid", user, "--hostname", Spec.Hostname,
            "--bind", $"{home}/view", "/", "--dev", "/dev", "--proc", "/proc",
        ];
        if (Spec is { Network: SandboxNetwork.None, Namespace: null })
        {
            arguments.Add("--unshare-net");
        }

        if (Spec.Limits.DiskBytes is { } bytes)
        {
            // What is in memory takes no more than the step may write.
            arguments.AddRange(["--size", bytes.ToString(CultureInfo.InvariantCulture), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
        }

        foreach (var mount in Spec.Mounts)
        {
            arguments.AddRange([mount.Writable ? "--bind" : "--ro-bind", mount.HostPath, mount.Target]);
        }

        for (var i = 0; i < Spec.Binds.Length; i++)
        {
            arguments.AddRange([Spec.Binds[i].Writable ? "--bind" : "--ro-bind", WorkerMounts.Bind(home, i), Spec.Binds[i].Target]);
        }

        arguments.AddRange(["--chdir", process.WorkingDirectory, "--clearenv"]);
        foreach (var (name, value) in process.Environment)
        {
            arguments.AddRange(["--setenv", name, value]);
        }

        return [.. arguments];
    }

    internal ProcessRequest Request(ProcessSpec process)
    {
        var cpus = Spec.Limits.VisibleCpus ?? 0;
        // Places take turns with the processors: they would all wait for the first one otherwise.
        var first = (int)((long)Spec.Place * cpus % int.MaxValue);
        // Bubblewrap itself and the sandbox's first process count, too.
        var user = long.Max(SandboxLimits.UserProcesses, (Spec.Limits.Processes ?? 0) + OwnProcesses);
        var own = Spec.GroupsBoundProcesses ? 0 : Spec.Limits.Processes ?? 0;
        return new ProcessRequest(Arguments(process), [.. process.Arguments], Spec.Limits.OpenFiles, user, own, Spec.Umask, cpus, first, Seccomp: true, [.. Spec.Groups], Spec.Interactive, Spec.Namespace?.Number ?? 0);
    }

    /// <summary>The blocks that what was written takes on the disk, in bytes, counted until there are more than <paramref name="enough"/>, folders that the step forbade to its user among it. Throws <see cref="IOException"/>.</summary>
    public long Measure(long enough) => _client.Measure(Spec.Upper ?? throw new InvalidOperationException("Memory takes what is written"), enough);

    /// <summary>Unmounts it and waits until nothing is mounted any more.</summary>
    public void Close()
    {
        Dispose();
        try
        {
            _client.Settle();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // With the worker its mounts are gone.
        }
    }

    /// <summary>Unmounts it; all its processes have ended. Nothing can be entered or started before it is.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Root.Dispose();
            try
            {
                _client.Leave(Spec.Place);
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // With the worker its mounts are gone.
            }
            finally
            {
                _left?.Invoke();
            }
        }
    }
}
