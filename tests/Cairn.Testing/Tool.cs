using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

#pragma warning disable RS0030 // Process: what tests start programs with must not depend on the spawning under test.

namespace Cairn.Testing;

/// <summary>What a program did.</summary>
public sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <inheritdoc/>
    public override string ToString() => $"exit {ExitCode}\n--- stdout\n{Output}\n--- stderr\n{Error}";
}

/// <summary>A program to run with an environment of its own and no standard input: the tests' own way to start one, which owes nothing to the code under test.</summary>
public sealed record Tool(string Program, params ImmutableArray<string> Arguments)
{
    /// <summary>The folder to start in; the tests' own by default.</summary>
    public string? Folder { get; init; }

    /// <summary>The whole environment; null inherits.</summary>
    public ImmutableDictionary<string, string>? Environment { get; init; }

    /// <summary>After this time the program and all that it started are killed, and the test fails.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same program, started by another that takes it with its arguments at the end.</summary>
    public Tool Under(string program, params ImmutableArray<string> options) => this with { Program = program, Arguments = [.. options, Program, .. Arguments] };

    /// <summary>Runs to the end.</summary>
    public async Task<ToolResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var running = Start();
        return await running.WaitAsync(cancellationToken);
    }

    /// <summary>Starts it.</summary>
    public RunningTool Start() => new(this);
}

/// <summary>A program that runs; disposing kills it with all that it started.</summary>
public sealed partial class RunningTool : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Tool _tool;
    private readonly Capture _output = new();
    private readonly Capture _error = new();

    internal RunningTool(Tool tool)
    {
        _tool = tool;
        var start = new ProcessStartInfo(tool.Program, tool.Arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = tool.Folder ?? string.Empty,
        };
        if (tool.Environment is { } environment)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }
        }

        _process = new Process { StartInfo = start };
        try
        {
            _process.Start();
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"`{tool.Program}` does not start", exception);
        }

        Id = _process.Id;
        _output.Reading = _output.ReadAsync(_process.StandardOutput);
        _error.Reading = _error.ReadAsync(_process.StandardError);
        _process.StandardInput.Close();
    }
    /// <summary>The process.</summary>
    public int Id { get; }

    /// <summary>What it has written so far.</summary>
    public string Output => _output.Text;

    /// <summary>What it has written to standard error so far.</summary>
    public string Error => _error.Text;

    /// <summary>Sends a signal to the process alone.</summary>
    public void Signal(PosixSignalNumber signal)
    {
        if (SendSignal(Id, (int)signal) != 0)
        {
            throw new InvalidOperationException($"Cannot send {signal} to process {Id}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Waits until it has written a text.</summary>
    public Task WaitForAsync(string text, CancellationToken cancellationToken) =>
        Wait.UntilAsync(() => Output.Contains(text, StringComparison.Ordinal), () => $"`{text}` in\n{Output}\n--- stderr\n{Error}", _tool.Timeout, cancellationToken);

    /// <summary>Waits for its end and the end of its output.</summary>
    public async Task<ToolResult> WaitAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_tool.Timeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            await Task.WhenAll(_output.Reading, _error.Reading).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"`{_tool.Program} {string.Join(' ', _tool.Arguments)}` did not end in {_tool.Timeout.TotalSeconds} s\n{Output}\n--- stderr\n{Error}", exception);
        }

        return new ToolResult(_process.ExitCode, Output, Error);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        _process.Dispose();
        return ValueTask.CompletedTask;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);

    private sealed class Capture
    {
        private readonly StringBuilder _text = new();

        public Task Reading { get; set; } = Task.CompletedTask;

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        public async Task ReadAsync(StreamReader reader)
        {
            var buffer = new char[4096];
            int count;
            while ((count = await reader.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                lock (_text)
                {
                    _text.Append(buffer, 0, count);
                }
            }
        }
    }
}

/// <summary>Signals by their numbers on Linux.</summary>
public enum PosixSignalNumber
{
    HangUp = 1,
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
}
