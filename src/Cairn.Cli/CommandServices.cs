using Cairn.Cli.Terminal;

namespace Cairn.Cli;

/// <summary>What commands take from the world; tests give their own.</summary>
internal sealed record CommandServices
{
    /// <summary>Standard output as text. Every write reaches the descriptor at once, so write whole blocks.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard output as bytes; what was written to <see cref="Out"/> stands before.</summary>
    public required Stream OutBytes { get; init; }

    /// <summary>Standard error as text.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>What the terminal can do.</summary>
    public required TerminalInfo Terminal { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The folder that relative paths and the default project mean, absolute.</summary>
    public required string CurrentDirectory { get; init; }

    /// <summary>The caller's environment.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Asks for a passphrase at the terminal without showing it; null where there is no terminal.</summary>
    public Func<string, char[]?> AskSecret { get; init; } = static _ => null;

    /// <summary>The folder of apt's configuration.</summary>
    public string AptFolder { get; init; } = Execution.Toolchains.Debian.AptConfiguration.DefaultFolder;

    /// <summary>Cancelled when the command shall end; <c>run</c> handles signals itself.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>A variable of the caller, or null where it is unset or empty.</summary>
    public string? Variable(string name) => Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>The services of this process. Does not initialize <see cref="Console"/>, which would take over terminal settings and SIGCHLD.</summary>
    public static CommandServices OfProcess(CancellationToken cancellationToken)
    {
        var environment = new ProcessVariables();
        var outBytes = new DescriptorStream(DescriptorStream.StandardOutput);
        return new CommandServices
        {
            Out = new DescriptorText(outBytes) { NewLine = "\n" },
            OutBytes = outBytes,
            Error = new DescriptorText(new DescriptorStream(DescriptorStream.StandardError)) { NewLine = "\n" },
            Terminal = TerminalInfo.OfProcess(environment),
            Time = TimeProvider.System,
            CurrentDirectory = System.Environment.CurrentDirectory,
            AskSecret = SecretPrompt.Ask,
            Environment = environment,
            CancellationToken = cancellationToken,
        };
    }
}
