using System.Collections.Immutable;

namespace Cairn.Execution.Sandbox;

/// <summary>What of the network a sandboxed process reaches.</summary>
public enum SandboxNetwork
{
    /// <summary>A loopback device of its own, or of the <see cref="NetworkNamespace"/> that it shares, and nothing else.</summary>
    None,

    /// <summary>The internet through a <see cref="NetworkNamespace"/>, but neither the machine itself nor private networks.</summary>
    Wan,

    /// <summary>The host's network.</summary>
    Host,
}

/// <summary>Something of the host that a sandbox shows.</summary>
/// <param name="HostPath">Absolute.</param>
/// <param name="Target">Where the process sees it, absolute.</param>
/// <param name="Writable">Whether the process may change it.</param>
public readonly record struct SandboxMount(string HostPath, string Target, bool Writable);

/// <summary>Bounds of a sandboxed process and all its descendants; null for none but the machine's.</summary>
public sealed record SandboxLimits
{
    /// <summary>Bounds that every step has: a fork bomb or a leak of descriptors ends itself, and no core files are written.</summary>
    public static SandboxLimits Default { get; } = new();

    /// <summary>Open files of one process.</summary>
    public long OpenFiles { get; init; } = 65_536;

    /// <summary>Processes and threads at once of the user that all sandboxes of the machine, or of an ordinary user, run as; more where a place may have more.</summary>
    public const long UserProcesses = 8_192;

    /// <summary>Processes and threads at once of this place; null for no bound of its own.</summary>
    public long? Processes { get; init; }

    /// <summary>Bytes of memory of all its processes together, by cgroup.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Processors at once, by cgroup: 1.5 is one and a half.</summary>
    public double? Cpus { get; init; }

    /// <summary>Bytes that it may write beside what it was given: held by the kernel where memory takes it, else whoever made the place has to look.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>How many processors it sees and runs on; null for all.</summary>
    public int? VisibleCpus { get; init; }
}

/// <summary>The place in which a sandboxed process runs.</summary>
public sealed record SandboxSpec
{
    /// <summary>The number of the place, unique in the run.</summary>
    public required int Place { get; init; }

    /// <summary>Read-only folders that make up the root, the uppermost first, relative to <see cref="SandboxOptions.Folder"/>; one that begins with <c>/</c> is absolute.</summary>
    public required ImmutableArray<string> Layers { get; init; }

    /// <summary>The folder that takes what is written, relative as the layers are; null for memory.</summary>
    public required string? Upper { get; init; }

    /// <summary>An empty folder on the same file system as <see cref="Upper"/>, for the kernel.</summary>
    public required string? Work { get; init; }

    /// <summary>Folders of the host, mounted over the root in this order.</summary>
    public ImmutableArray<SandboxMount> Mounts { get; init; } = [];

    /// <summary>Folders of the host that only the sandboxes' worker may be able to reach, mounted after <see cref="Mounts"/>; as whom steps run owns what is to be written.</summary>
    public ImmutableArray<SandboxMount> Binds { get; init; } = [];

    /// <summary>The network.</summary>
    public SandboxNetwork Network { get; init; }

    /// <summary>The network that it shares with others; null for one of its own, or the host's.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>The name that the process sees as the machine's.</summary>
    public string Hostname { get; init; } = "cairn";

    /// <summary>The number that the process sees as its user's and its group's.</summary>
    public int UserId { get; init; } = 1000;

    /// <summary>Its file mode creation mask.</summary>
    public int Umask { get; init; } = 0x12;

    /// <summary>Bounds.</summary>
    public SandboxLimits Limits { get; init; } = SandboxLimits.Default;

    /// <summary>The <c>cgroup.procs</c> files that its processes join: see <see cref="ControlGroup.Joins"/>.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>Whether one of the groups bounds how many processes there are, so that nothing else need.</summary>
    public bool GroupsBoundProcesses { get; init; }

    /// <summary>Whether the process may use the terminal on cairn's standard input, as a shell that a person works in does.</summary>
    public bool Interactive { get; init; }
}

/// <summary>What sandboxes of a run have in common.</summary>
public sealed record SandboxOptions
{
    /// <summary>The folder to which layers are relative, absolute. It is made where it is missing.</summary>
    public required string Folder { get; init; }

    /// <summary>A folder below it that is this run's own, to try in what the file system can do; it exists.</summary>
    public string Scratch { get; init; } = ".";

    /// <summary>The executable <c>cairn</c>, which the worker is.</summary>
    public required string Program { get; init; }

    /// <summary>As whom steps run where cairn is root; it owns all layers, and nothing else on the machine.</summary>
    public uint Owner { get; init; } = 60_999;
}
