using System.Collections.Immutable;
using System.Globalization;

using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary>A program on a terminal that tmux draws: what a person would see, as text.</summary>
internal sealed class TestTerminal : IAsyncDisposable
{
    // tmux itself forgets now and then how a program ended; the shell in between does not, and lets Ctrl-C pass.
    private const string Keeper = "trap : INT; \"$@\"; echo $? >\"$0.new\"; mv \"$0.new\" \"$0\"";
    private const string ExitFile = "exit";

    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    private readonly string _folder;
    private readonly Tool _tool;

    private TestTerminal(string folder, Tool tool) => (_folder, _tool) = (folder, tool);

    /// <summary>Starts a program on a terminal of a size; <paramref name="folder"/> takes the server's files.</summary>
    public static async Task<TestTerminal> StartAsync(string folder, int columns, int lines, Tool tool, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "tmux.conf"), "set -g remain-on-exit on\nset -g status off\nset -g default-terminal tmux-256color\nset -g history-limit 20000\nset -sg escape-time 0\n", cancellationToken);
        var terminal = new TestTerminal(folder, tool);
        await terminal.TmuxAsync(
            cancellationToken,
            ["new-session", "-d", "-x", Text(columns), "-y", Text(lines), "-c", tool.Folder ?? "/", "--", "sh", "-c", Keeper, Path.Combine(folder, ExitFile), "env", "TERM=tmux-256color", tool.Program, .. tool.Arguments]);
        return terminal;
    }

    /// <summary>What the screen shows, each line without the spaces at its end.</summary>
    public Task<string> ScreenAsync(CancellationToken cancellationToken) => TmuxAsync(cancellationToken, "capture-pane", "-p");

    /// <summary>The screen and what was scrolled off it.</summary>
    public Task<string> HistoryAsync(CancellationToken cancellationToken) => TmuxAsync(cancellationToken, "capture-pane", "-p", "-S", "-");

    /// <summary>The screen with its colours, as escape sequences.</summary>
    public Task<string> ColoredScreenAsync(CancellationToken cancellationToken) => TmuxAsync(cancellationToken, "capture-pane", "-p", "-e");

    /// <summary>Presses keys by tmux's names: <c>C-c</c>, <c>Enter</c>, <c>q</c>.</summary>
    public Task PressAsync(CancellationToken cancellationToken, params ImmutableArray<string> keys) => TmuxAsync(cancellationToken, ["send-keys", .. keys]);

    /// <summary>Types text.</summary>
    public Task TypeAsync(string text, CancellationToken cancellationToken) => TmuxAsync(cancellationToken, "send-keys", "-l", "--", text);

    public Task ResizeAsync(int columns, int lines, CancellationToken cancellationToken) =>
        TmuxAsync(cancellationToken, "resize-window", "-x", Text(columns), "-y", Text(lines));

    /// <summary>Waits until the screen shows a text; the screen.</summary>
    public async Task<string> WaitForAsync(string text, CancellationToken cancellationToken)
    {
        var screen = string.Empty;
        await Wait.UntilAsync(
            async () => (screen = await ScreenAsync(cancellationToken)).Contains(text, StringComparison.Ordinal),
            () => $"`{text}` on the screen\n{screen}", _tool.Timeout, cancellationToken);
        return screen;
    }

    /// <summary>Waits for the program's end and the last of its output; its exit code, 128 and the signal where one ended it.</summary>
    public async Task<int> ExitAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(_folder, ExitFile);
        try
        {
            await EndAsync(file, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message}; it shows:\n{await HistoryAsync(CancellationToken.None)}", exception);
        }

        return int.Parse(await File.ReadAllTextAsync(file, cancellationToken), CultureInfo.InvariantCulture);
    }

    private Task EndAsync(string file, CancellationToken cancellationToken) =>
        Wait.UntilAsync(
            async () => File.Exists(file) && (await TmuxAsync(cancellationToken, "list-panes", "-F", "#{pane_dead}")).StartsWith('1'),
            () => "the end of the program", _tool.Timeout, cancellationToken);

    public async ValueTask DisposeAsync() => await Tmux("kill-server").RunAsync(CancellationToken.None);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Tool Tmux(params ImmutableArray<string> arguments) =>
        new("tmux", ["-S", Path.Combine(_folder, "socket"), "-f", Path.Combine(_folder, "tmux.conf"), .. arguments]) { Environment = _tool.Environment, Timeout = CommandTimeout };

    private async Task<string> TmuxAsync(CancellationToken cancellationToken, params ImmutableArray<string> arguments)
    {
        var result = await Tmux(arguments).RunAsync(cancellationToken);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"tmux {string.Join(' ', arguments)}: {result}");
    }
}
