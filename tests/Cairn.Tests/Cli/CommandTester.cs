using System.Text;

using Cairn.Cli;
using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Receipts;
using Cairn.Testing;

namespace Cairn.Tests.Cli;

/// <summary>What a command line did.</summary>
internal sealed record CommandOutcome(int Exit, string Out, string Error);

/// <summary>Runs command lines in process: a folder of its own as project and home, a terminal of 80 columns, no colour.</summary>
internal sealed class CommandTester : IDisposable
{
    private readonly Dictionary<string, string> _environment;

    public CommandTester(params (string Name, string Value)[] environment)
    {
        _environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = Folder["home"],
            ["LANG"] = "C.UTF-8",
            ["TERM"] = "xterm-256color",
        };
        foreach (var (name, value) in environment)
        {
            _environment[name] = value;
        }

        Directory.CreateDirectory(Folder["home"]);
        Directory.CreateDirectory(Folder["project"]);
    }

    public TemporaryFolder Folder { get; } = new();

    public string Project => Folder["project"];

    /// <summary>Where apt is configured; null for nowhere.</summary>
    public string? AptFolder { get; set; }

    /// <summary>What a person types when asked for a passphrase, one after the other; null where there is no terminal.</summary>
    public Queue<string>? Secrets { get; set; }

    /// <summary>What a person was asked.</summary>
    public List<string> Questions { get; } = [];

    public DateTimeOffset Now { get; set; } = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);

    public void Write(string relative, string content) => Folder.Write(Path.Combine("project", relative), content);

    /// <summary>Runs the project's pipeline to its end with the keys and the store that the commands find, and reads its receipt.</summary>
    public async Task<(RunResult Result, StoredReceipt Receipt)> RunPipelineAsync()
    {
        var prepared = await RunEngine.PrepareAsync(
            new RunRequest
            {
                ProjectDirectory = Project,
                StateDirectory = Folder["home/.local/state/cairn"],
                KeysDirectory = Folder["home/.config/cairn/keys"],
                CacheDirectory = Folder["home/.cache/cairn"],
                Version = "1.2.3",
            },
            TestContext.Current.CancellationToken);
        Assert.True(prepared.Plan is not null, string.Join('\n', prepared.Diagnostics.Select(static d => d.Message)));
        using var control = new RunControl();
        var result = await RunEngine.RunAsync(prepared, new NoObserver(), control, TestContext.Current.CancellationToken);
        return (result, new RunReceipts(Project).TryRead(result.Id, out _)!);
    }

    public CommandServices Services(Stream output, TextWriter error) => new()
    {
        Out = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 1024, leaveOpen: true) { AutoFlush = true, NewLine = "\n" },
        OutBytes = output,
        Error = error,
        Terminal = new TerminalInfo(_environment, outIsTerminal: false, errorIsTerminal: false, () => new TerminalSize(80, 24)),
        Time = new FixedTime(Now),
        CurrentDirectory = Project,
        AskSecret = question =>
        {
            Questions.Add(question);
            return Secrets is null ? null : Secrets.TryDequeue(out var secret) ? secret.ToCharArray() : [];
        },
        Environment = _environment,
        // No test depends on where the machine has its packages from.
        AptFolder = AptFolder ?? Folder["etc/apt"],
        CancellationToken = TestContext.Current.CancellationToken,
    };

    public async Task<CommandOutcome> RunAsync(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var exit = await Program.RunAsync(args, Services(output, error));
        return new CommandOutcome(exit, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    public void Dispose() => Folder.Dispose();

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    private sealed class NoObserver : IRunObserver
    {
        public void OnEvent(RunEvent runEvent)
        {
        }

        public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> redactedBytes)
        {
        }
    }
}
