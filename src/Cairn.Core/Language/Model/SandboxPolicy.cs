namespace Cairn.Core.Language.Model;

/// <summary>Where a step runs.</summary>
public enum IsolationLevel
{
    /// <summary>In the working tree as the user; promises nothing.</summary>
    Process,

    /// <summary>In namespaces of its own, over a copy of its declared inputs.</summary>
    Sandbox,
}

/// <summary>What of the network a step reaches.</summary>
public enum NetworkAccess
{
    /// <summary>Nothing but itself and the services it uses.</summary>
    None,

    /// <summary>The internet, but neither the machine itself nor private networks.</summary>
    Wan,

    /// <summary>What the machine reaches.</summary>
    Host,

    /// <summary>The hosts that a fetch step names.</summary>
    Hosts,
}

/// <summary>Bounds of one attempt: <c>limits</c>. Null for none of its own.</summary>
public sealed record StepLimits
{
    /// <summary>Bytes of memory of all its processes together.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Processors at once; 1.5 is one and a half.</summary>
    public double? Cpus { get; init; }

    /// <summary>Processes and threads at once.</summary>
    public int? Processes { get; init; }

    /// <summary>Bytes that it may write.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Open files of one process.</summary>
    public int? OpenFiles { get; init; }
}
