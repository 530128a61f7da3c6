using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Execution.Toolchains;

namespace Cairn.Tests.Cli;

public sealed class ToolchainProgressViewTests : IDisposable
{
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly Clock _clock = new();

    [Fact]
    public void Show_PaintsOneLineOver_WithRateAndRest()
    {
        var view = View(isTerminal: true);
        view.Show(Bytes(0));
        _clock.Pass(1000);
        view.Show(Bytes(10));
        _clock.Pass(1000);
        view.Show(Bytes(20, files: 7));

        Assert.Equal("\r\e[Kfetching packages ████░░░░░░░░░░░░░░░░░░░░ 20.0 MiB of 120.0 MiB, 7 of 30 packages, 10.0 MiB/s, 10s left", "\r" + _error.ToString().Split('\r')[^1]);
        view.End();
        Assert.EndsWith("\r\e[K", _error.ToString(), StringComparison.Ordinal);
        view.Show(Bytes(30));
        Assert.EndsWith("\r\e[K", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Show_FitsTheTerminal_AndPaintsAtMostTenTimesASecond()
    {
        var view = View(isTerminal: true, columns: 40);
        for (var i = 0; i < 100; i++)
        {
            view.Show(Bytes(i));
            _clock.Pass(10);
        }

        var frames = _error.ToString().Split("\r\e[K", StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(frames.Length, 9, 11);
        Assert.All(frames, static f => Assert.InRange(f.Length, 1, 39));
    }

    [Fact]
    public void Show_WritesAPlainLineNowAndThen_WhereThereIsNoTerminal()
    {
        var view = View(isTerminal: false);
        for (var i = 0; i <= 12; i++)
        {
            view.Show(Bytes(i * 10));
            _clock.Pass(1000);
        }

        view.End();
        Assert.Equal("fetching packages: 50.0 MiB of 120.0 MiB, 0 of 30 packages, 10.0 MiB/s, 7s left\nfetching packages: 100.0 MiB of 120.0 MiB, 0 of 30 packages, 10.0 MiB/s, 2s left\n", _error.ToString());
    }

    [Fact]
    public void Show_SaysNothing_WhereThereIsNoTerminalAndItIsQuick()
    {
        var view = View(isTerminal: false);
        view.Show(Bytes(0));
        view.Show(Bytes(120));
        view.End();

        Assert.Equal("", _error.ToString());
    }

    public void Dispose() => _error.Dispose();

    private static ToolchainProgress Bytes(int mebibytes, int files = 0) => new("fetching packages", (long)mebibytes << 20, 120L << 20, InBytes: true, files, 30);

    private ToolchainProgressView View(bool isTerminal, int columns = 200)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["LANG"] = "C.UTF-8", ["TERM"] = "xterm" };
        return new ToolchainProgressView(_error, new TerminalInfo(environment, isTerminal, isTerminal, () => new TerminalSize(columns, 24)), _clock);
    }

    private sealed class Clock : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _now;

        public void Pass(int milliseconds) => _now += milliseconds;
    }
}
