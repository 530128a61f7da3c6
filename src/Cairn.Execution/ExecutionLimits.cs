namespace Cairn.Execution;

/// <summary>Every limit of process execution. Units come last in the names.</summary>
public static class ExecutionLimits
{
    /// <summary>How long the pipes are read after the process has ended, where a stray still holds them.</summary>
    public const int DrainMs = 1_000;

    /// <summary>How long a spawn waits for a program that somebody has open for writing: a child of another thread has a copy of each descriptor until it executes.</summary>
    public const int ProgramBusyMs = 200;

    /// <summary>How long the guardian may take to mount <c>/proc</c> and report.</summary>
    public const int GuardianStartMs = 5_000;

    /// <summary>How long the worker of a sandbox may take to come up.</summary>
    public const int WorkerStartMs = 10_000;

    /// <summary>How long disposal waits for killed processes to end.</summary>
    public const int DisposeMs = 5_000;

    /// <summary>Bytes of one read from a pipe: what a pipe holds.</summary>
    public const int ReadBytes = 64 << 10;

    /// <summary>Consecutive reads from one stream within this time share an index record.</summary>
    public const int IndexCoalesceMicroseconds = 1_000;

    /// <summary>How long an index record may wait in memory.</summary>
    public const int IndexFlushMs = 100;

    /// <summary>Shorter secrets are not masked: they would mask half of the log.</summary>
    public const int SecretBytesMin = 4;

    /// <summary>The kernel's limit for one argument or variable, its terminating zero included.</summary>
    public const int ArgumentBytesMax = 128 << 10;

    /// <summary>Processes that one walk of a process tree visits.</summary>
    public const int TreeProcessesMax = 100_000;
}
