using System.Globalization;
using System.Runtime.InteropServices;

using Cairn.Execution.Native;
using Cairn.Execution.Sandbox;

namespace Cairn.Execution;

/// <content>Sandboxes: the worker that this thread starts once for a run, and processes that the worker starts.</content>
internal sealed unsafe partial class Spawner
{
    private readonly List<SandboxClient> _workers = [];

    /// <summary>An order for a worker; what comes of it is set under the lock.</summary>
    private sealed class WorkerOrder(SandboxOptions options)
    {
        public SandboxOptions Options { get; } = options;

        public SandboxClient? Client { get; set; }

        public string? Problem { get; set; }
    }

    private void Fulfil(WorkerOrder order)
    {
        SandboxClient? client = null;
        var problem = "";
        try
        {
            client = Launch(order.Options);
            client.Owner = Libc.geteuid() == 0 ? order.Options.Owner : null;
            _workers.Add(client);
        }
        catch (IOException exception)
        {
            problem = exception.Message;
        }

        lock (_gate)
        {
            (order.Client, order.Problem) = (client, client is null ? problem : null);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Starts <c>unshare</c>, which becomes the worker in its namespaces. Throws <see cref="IOException"/>.</summary>
    private SandboxClient Launch(SandboxOptions options)
    {
        var bubblewrap = Find("bwrap") ?? throw new IOException("bubblewrap is not installed (`bwrap` is not in PATH): install the package `bubblewrap`");
        var unshare = Find("unshare") ?? throw new IOException("`unshare` of util-linux is not in PATH");
        Directory.CreateDirectory(options.Folder);
        var asRoot = Libc.geteuid() == 0;
        // In the run's pid namespace all ends with the run; otherwise with the worker, as the first process of one of its own.
        string[] pids = asRoot && _runPidNamespace >= 0 ? [] : ["--pid", "--fork", "--kill-child"];
        string[] kind = asRoot ? ["--mount", "--propagation", "slave"] : ["--user", "--map-root-user", "--mount"];
        var (ours, theirs) = DescriptorChannel.Pair();
        var errors = stackalloc int[2];
        if (Libc.pipe2(errors, Libc.O_CLOEXEC) != 0)
        {
            var message = Libc.Message(Marshal.GetLastPInvokeError());
            _ = Libc.close(ours);
            _ = Libc.close(theirs);
            throw new IOException($"pipe: {message}");
        }

        var spec = new ProcessSpec
        {
            Arguments = [unshare, .. kind, .. pids, options.Program, "__sandbox", bubblewrap, options.Folder, (asRoot ? options.Owner : 0).ToString(CultureInfo.InvariantCulture), options.Scratch],
            Environment = [new("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), new("LC_ALL", "C"), new("DOTNET_TieredCompilation", "1"), new("DOTNET_GCHeapHardLimit", "4000000"), new("HOME", "/")],
            WorkingDirectory = "/",
        };
        _memory.Fill(spec, "CAIRN_SANDBOX=1", _runVariable);
        var error = _attributes.Begin(_memory.Folder, theirs, _devNull, errors[1]);
        var pid = 0;
        error = error != 0 ? error : SpawnFile(unshare, out pid);
        _attributes.End();
        _ = Libc.close(theirs);
        _ = Libc.close(errors[1]);
        try
        {
            return error == 0 ? SandboxClient.Greet(ours, pid) : throw new IOException($"`{unshare}`: {Libc.Message(error)}");
        }
        catch (IOException exception) when (error == 0)
        {
            var said = ReadToEnd(errors[0]);
            Discard(pid);
            throw new IOException(said.Length > 0 ? said : exception.Message, exception);
        }
        finally
        {
            _ = Libc.close(errors[0]);
        }
    }

    private string? SpawnIn(SandboxPlace place, RunningProcess process, int* pipes, long startedAt)
    {
        _loop.CountLive(1);
        try
        {
            var (pid, pidFd) = place.Client.Start(place.Request(process.Spec), _devNull, pipes[1], pipes[3]);
            process.Sandboxed = (place.Client, pid);
            process.PidFd = pidFd;
            (process.PipeFds[0], process.PipeFds[1]) = (pipes[0], pipes[2]);
            var stopped = process.Started(pid, startedAt);
            if (!_loop.Watch(process))
            {
                Libc.PidFdSignal(pidFd, Libc.SIGKILL);
                throw new IOException(SpawnFailure.Resource(Libc.ENOMEM, process.Spec));
            }

            if (stopped)
            {
                _loop.Post(process);
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            _loop.CountLive(-1);
            return exception.Message;
        }
    }

    // The end of its socket is the end of a worker.
    private void EndWorkers()
    {
        foreach (var worker in _workers)
        {
            worker.Dispose();
            var poll = new PollFd { Fd = Libc.PidFdOpen(worker.ProcessId), Events = 1 };
            if (Libc.poll(&poll, 1, ExecutionLimits.DisposeMs) != 1)
            {
                _ = Libc.kill(worker.ProcessId, Libc.SIGKILL);
            }

            int status;
            ResourceUsage usage;
            _ = Libc.wait4(worker.ProcessId, &status, 0, &usage);
            _ = Libc.close(poll.Fd);
        }
    }

    /// <summary>A program of the machine; null where it has none of the name.</summary>
    internal static string? Find(string program)
    {
        foreach (var folder in (ReadOnlySpan<string>)["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin"])
        {
            var path = $"{folder}/{program}";
            if (Libc.access(path, Libc.X_OK) == 0)
            {
                return path;
            }
        }

        return null;
    }

    private static string ReadToEnd(int pipe)
    {
        var text = new System.Text.StringBuilder();
        var buffer = stackalloc byte[1024];
        while (text.Length < 4096 && Libc.read(pipe, buffer, 1024) is > 0 and var count)
        {
            text.Append(System.Text.Encoding.UTF8.GetString(buffer, (int)count));
        }

        return text.ToString().Trim();
    }
}
