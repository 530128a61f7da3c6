using System.Text;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>A running <see cref="Uplink"/>. It ends with its worker, however that ends: it waits for the end of a pipe.</summary>
internal sealed unsafe class WorkerUplink : IDisposable
{
    // Descriptors as the program gets them.
    private const int ExitNumber = 10;
    private const int ReadyNumber = 11;
    private const int NamespaceNumber = 12;

    private const int ErrorBytesMax = 4096;

    private readonly WorkerProcesses _processes;
    private readonly int _pid;
    private int _exit;

    private WorkerUplink(WorkerProcesses processes, int pid, int exit)
    {
        _processes = processes;
        _pid = pid;
        _exit = exit;
    }

    /// <summary>Starts it, and waits until the namespace has its device. Throws <see cref="IOException"/> with what the program says.</summary>
    public static WorkerUplink Start(string program, WorkerNetwork network, WorkerProcesses processes)
    {
        var exit = stackalloc int[2] { -1, -1 };
        var ready = stackalloc int[2] { -1, -1 };
        var (inside, errors, nothing) = (-1, -1, -1);
        try
        {
            inside = network.Open();
            errors = SandboxWorker.MemoryFile("uplink", []);
            nothing = Libc.open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0);
            SandboxWorker.Pipe(exit);
            SandboxWorker.Pipe(ready);
            var pid = Spawn(program, nothing, errors, [(exit[0], ExitNumber), (ready[1], ReadyNumber), (inside, NamespaceNumber)]);
            Close(ref ready[1]);
            var uplink = new WorkerUplink(processes, pid, exit[1]);
            exit[1] = -1;
            if (!IsReady(ready[0]))
            {
                uplink.Dispose();
                throw new IOException($"No way to the internet can be made: {program}: {Said(errors)}");
            }

            return uplink;
        }
        finally
        {
            Close(ref exit[0]);
            Close(ref exit[1]);
            Close(ref ready[0]);
            Close(ref ready[1]);
            Close(ref inside);
            Close(ref errors);
            Close(ref nothing);
        }
    }

    public void Dispose()
    {
        if (_exit >= 0)
        {
            Close(ref _exit);
            _ = Libc.kill(_pid, Libc.SIGKILL);
            _processes.Forget(_pid);
        }
    }

    private static int Spawn(string program, int nothing, int errors, ReadOnlySpan<(int Descriptor, int Number)> descriptors)
    {
        var attributes = new SpawnAttributes();
        var memory = new SpawnMemory();
        try
        {
            string[] command =
            [
                program, "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp", $"--exit-fd={ExitNumber}", $"--ready-fd={ReadyNumber}",
                "--netns-type=path", $"/proc/self/fd/{NamespaceNumber}", "tap0",
            ];
            memory.Fill(new ProcessSpec { Arguments = [.. command], Environment = [], WorkingDirectory = "/" }, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C");
            var error = attributes.Begin(memory.Folder, nothing, nothing, errors);
            foreach (var (descriptor, number) in descriptors)
            {
                error = error != 0 ? error : attributes.Also(descriptor, number);
            }

            var pid = 0;
            error = error != 0 ? error : attributes.Spawn(memory.Path(program), memory.Arguments, memory.Environment, out pid);
            attributes.End();
            return error == 0 ? pid : throw new IOException($"`{program}` could not start: {Libc.Message(error)}");
        }
        finally
        {
            attributes.Free();
            memory.Free();
        }
    }

    // One byte when the device is there; nothing but the end where the program gave up.
    private static bool IsReady(int pipe)
    {
        var poll = new PollFd { Fd = pipe, Events = 1 };
        byte one;
        return Libc.poll(&poll, 1, ExecutionLimits.WorkerStartMs) == 1 && Libc.read(pipe, &one, 1) == 1;
    }

    private static string Said(int errors)
    {
        var buffer = stackalloc byte[ErrorBytesMax];
        var count = Libc.pread(errors, buffer, ErrorBytesMax, 0);
        var text = Encoding.UTF8.GetString(buffer, int.Max((int)count, 0)).Trim();
        return text.Length > 0 ? text.ReplaceLineEndings("; ") : "it gave no reason";
    }

    private static void Close(ref int descriptor)
    {
        if (descriptor >= 0)
        {
            _ = Libc.close(descriptor);
            descriptor = -1;
        }
    }
}
