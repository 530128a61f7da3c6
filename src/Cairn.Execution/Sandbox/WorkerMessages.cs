using System.Text;

namespace Cairn.Execution.Sandbox;

/// <summary>What is asked of the worker.</summary>
internal enum WorkerRequest : byte
{
    /// <summary>Mounts a place and starts a process in it; or another process, where the place is mounted.</summary>
    Start = 1,

    /// <summary>Waits for an ended process and what it left behind.</summary>
    Reap,

    /// <summary>Sends a signal to the processes in a sandbox.</summary>
    Signal,

    /// <summary>Unmounts a place. The only request without an answer.</summary>
    Leave,

    /// <summary>Mounts a place without starting anything.</summary>
    Enter,

    /// <summary>Makes a network namespace.</summary>
    OpenNetwork,

    /// <summary>Ends what connects a namespace, and forgets it.</summary>
    CloseNetwork,

    /// <summary>Opens a socket in a namespace.</summary>
    OpenSocket,

    /// <summary>Counts what a folder takes on the disk.</summary>
    Measure,

    /// <summary>Answers when all is done that was asked before.</summary>
    Settle,
}

/// <summary>The request to make a network namespace.</summary>
/// <param name="Uplink">The program that connects it to the internet; null for one that is not connected.</param>
/// <param name="Refused">Addresses that are not reached from it, as text, beside those that never are.</param>
internal sealed record NetworkRequest(string? Uplink, string[] Refused)
{
    public void Write(BinaryWriter writer)
    {
        writer.Write(Uplink ?? "");
        Texts.Write(writer, Refused);
    }

    public static NetworkRequest Read(BinaryReader reader) => new(Texts.OrNull(reader.ReadString()), Texts.Read(reader));
}

/// <summary>The request to mount a place: an overlay of <paramref name="Layers"/> under <paramref name="Upper"/>, and beside it the folders <paramref name="Binds"/>.</summary>
internal sealed record PlaceRequest(int Place, string[] Layers, string? Upper, string? Work, long SizedBytes, string[] Binds)
{
    public void Write(BinaryWriter writer)
    {
        writer.Write(Place);
        Texts.Write(writer, Layers);
        writer.Write(Upper ?? "");
        writer.Write(Work ?? "");
        writer.Write(SizedBytes);
        Texts.Write(writer, Binds);
    }

    public static PlaceRequest Read(BinaryReader reader) =>
        new(reader.ReadInt32(), Texts.Read(reader), Texts.OrNull(reader.ReadString()), Texts.OrNull(reader.ReadString()), reader.ReadInt64(), Texts.Read(reader));
}

/// <summary>The request to start a process. The descriptors that travel with it are its standard input, output and error.</summary>
/// <param name="Sandbox">Arguments of bubblewrap, which it reads from a descriptor, as they may hold secrets.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="OpenFiles">Open files of one process.</param>
/// <param name="Processes">Processes of the user at once.</param>
/// <param name="OwnProcesses">Processes of the sandbox at once; 0 for no bound but <paramref name="Processes"/>.</param>
/// <param name="Umask">The file mode creation mask.</param>
/// <param name="VisibleCpus">How many processors it runs on; 0 for all.</param>
/// <param name="FirstCpu">From which of those that there are; beyond the last it begins anew.</param>
/// <param name="Seccomp">Whether system calls are filtered.</param>
/// <param name="Groups">The <c>cgroup.procs</c> files that it joins.</param>
/// <param name="Terminal">Whether its standard input is a terminal that it is to own.</param>
/// <param name="Network">The number of the network namespace that it runs in; 0 for the worker's own, which is the machine's.</param>
internal sealed record ProcessRequest(
    string[] Sandbox, string[] Command, long OpenFiles, long Processes, long OwnProcesses, int Umask, int VisibleCpus, int FirstCpu, bool Seccomp, string[] Groups, bool Terminal, int Network)
{
    public void Write(BinaryWriter writer)
    {
        Texts.Write(writer, Sandbox);
        Texts.Write(writer, Command);
        writer.Write(OpenFiles);
        writer.Write(Processes);
        writer.Write(OwnProcesses);
        writer.Write(Umask);
        writer.Write(VisibleCpus);
        writer.Write(FirstCpu);
        writer.Write(Seccomp);
        Texts.Write(writer, Groups);
        writer.Write(Terminal);
        writer.Write(Network);
    }

    public static ProcessRequest Read(BinaryReader reader) =>
        new(
            Texts.Read(reader), Texts.Read(reader), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadBoolean(), Texts.Read(reader), reader.ReadBoolean(),
            reader.ReadInt32());
}

/// <summary>How a sandboxed process ended.</summary>
/// <param name="Status">As <c>wait</c> has it.</param>
/// <param name="Began">Whether the process was reached at all; otherwise the sandbox could not be set up.</param>
/// <param name="Strays">Processes that outlived it and were killed.</param>
/// <param name="UserMicroseconds">CPU time of all its processes.</param>
/// <param name="SystemMicroseconds">The kernel's time for them.</param>
/// <param name="MaxRssKib">The memory of the largest one.</param>
/// <param name="ReadBlocks">Blocks read, of 512 bytes.</param>
/// <param name="WriteBlocks">Blocks written.</param>
internal readonly record struct SandboxEnd(
    int Status, bool Began, int Strays, long UserMicroseconds, long SystemMicroseconds, long MaxRssKib, long ReadBlocks, long WriteBlocks)
{
    public void Write(BinaryWriter writer)
    {
        writer.Write(Status);
        writer.Write(Began);
        writer.Write(Strays);
        writer.Write(UserMicroseconds);
        writer.Write(SystemMicroseconds);
        writer.Write(MaxRssKib);
        writer.Write(ReadBlocks);
        writer.Write(WriteBlocks);
    }

    public static SandboxEnd Read(BinaryReader reader) =>
        new(reader.ReadInt32(), reader.ReadBoolean(), reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
}

/// <summary>What the worker found when it came up.</summary>
/// <param name="MountRoot">The folder below which places are mounted, as the worker sees it.</param>
/// <param name="UpperProblem">Why the store's file system cannot take what steps write, or null; then memory takes it.</param>
/// <param name="MemoryProblem">Why memory takes it only where nothing else does, or null.</param>
/// <param name="IsUserNamespace">Whether it works in a user namespace, as an ordinary user's does.</param>
internal sealed record WorkerGreeting(string MountRoot, string? UpperProblem, string? MemoryProblem, bool IsUserNamespace)
{
    public void Write(BinaryWriter writer)
    {
        writer.Write(MountRoot);
        writer.Write(UpperProblem ?? "");
        writer.Write(MemoryProblem ?? "");
        writer.Write(IsUserNamespace);
    }

    public static WorkerGreeting Read(BinaryReader reader) => new(reader.ReadString(), Texts.OrNull(reader.ReadString()), Texts.OrNull(reader.ReadString()), reader.ReadBoolean());
}

/// <summary>Lists of texts in messages.</summary>
internal static class Texts
{
    public static void Write(BinaryWriter writer, string[] texts)
    {
        writer.Write(texts.Length);
        foreach (var text in texts)
        {
            writer.Write(text);
        }
    }

    public static string[] Read(BinaryReader reader)
    {
        var texts = new string[reader.ReadInt32()];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = reader.ReadString();
        }

        return texts;
    }

    public static string? OrNull(string text) => text.Length == 0 ? null : text;

    public static BinaryReader Reader(byte[] message) => new(new MemoryStream(message), Encoding.UTF8);
}
