using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>The names of Linux's signals, by their numbers on x86-64 and arm64.</summary>
internal static class Signals
{
    private const int FirstRealTime = 34;

    private static readonly string[] Names =
    [
        "SIG0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2",
        "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
        "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    /// <summary><c>SIGSEGV</c> of 11.</summary>
    public static string NameOf(int signal) =>
        signal >= 0 && signal < Names.Length ? Names[signal] : signal >= FirstRealTime ? $"SIGRTMIN+{signal - FirstRealTime}" : $"signal {signal}";
}

/// <summary>How processes ended, in words.</summary>
internal static class ProcessEnds
{
    /// <summary><c>exit 2</c>, <c>killed by SIGKILL</c>, or why it did not start.</summary>
    public static string Describe(ProcessResult result) => result switch
    {
        { StartError: { } reason } => reason,
        { Signal: { } signal } => $"killed by {Signals.NameOf(signal)}",
        { ExitCode: { } code } => $"exit {code}",
        _ => "ended in an unknown way",
    };
}
