using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Execution.Toolchains;

namespace Cairn.Cli.Commands;

/// <summary>
/// Shows how far a toolchain has come: on a terminal one line that is painted over, with bar, rate and rest; elsewhere a whole line now and then, for what takes long. Thread-safe.
/// </summary>
internal sealed class ToolchainProgressView(TextWriter error, TerminalInfo terminal, TimeProvider time)
{
    private const int BarCells = 24;
    private static readonly TimeSpan FrameInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);

    // By how much a second counts for the rate, beside those before.
    private const double NewestPart = 0.4;

    private readonly Lock _gate = new();
    private readonly bool _paints = terminal is { ErrorIsTerminal: true, IsDumb: false, IsContinuousIntegration: false };
    private readonly long _start = time.GetTimestamp();
    private string _what = "";
    private long _shownAt;
    private bool _isShown;
    private bool _isEnded;
    private long _rateAt;
    private long _rateFrom;
    private double _bytesPerSecond;

    /// <summary>Takes what there is to say; shows it when it is time.</summary>
    public void Show(ToolchainProgress progress)
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            var now = time.GetTimestamp();
            var isNew = progress.What != _what;
            if (isNew)
            {
                (_what, _rateAt, _rateFrom, _bytesPerSecond) = (progress.What, now, progress.Done, 0);
            }

            Measure(progress, now);
            if (_paints)
            {
                if (isNew || time.GetElapsedTime(_shownAt, now) >= FrameInterval)
                {
                    (_shownAt, _isShown) = (now, true);
                    error.Write($"\r\e[K{Fit(Line(progress))}");
                }
            }
            else if (time.GetElapsedTime(_shownAt == 0 ? _start : _shownAt, now) >= LineInterval)
            {
                _shownAt = now;
                error.Write(Line(progress) + "\n");
            }
        }
    }

    /// <summary>Leaves the terminal as it was; nothing is shown from now on.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            if (_isShown)
            {
                _isShown = false;
                error.Write("\r\e[K");
            }
        }
    }

    private void Measure(ToolchainProgress progress, long now)
    {
        var since = time.GetElapsedTime(_rateAt, now);
        if (progress.InBytes && since >= TimeSpan.FromSeconds(1))
        {
            var rate = Math.Max(0, progress.Done - _rateFrom) / since.TotalSeconds;
            _bytesPerSecond = _bytesPerSecond == 0 ? rate : (NewestPart * rate) + ((1 - NewestPart) * _bytesPerSecond);
            (_rateAt, _rateFrom) = (now, progress.Done);
        }
    }

    private string Line(ToolchainProgress progress)
    {
        if (progress.Total <= 0)
        {
            return $"{progress.What}{(terminal.IsUnicode ? "…" : "...")}{(progress.Done > 0 ? " " + Words.Bytes(progress.Done) : "")}";
        }

        var part = Math.Clamp((double)progress.Done / progress.Total, 0, 1);
        var text = progress.What + (_paints ? $" {Bar(part)}" : ":");
        if (!progress.InBytes)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{text} {progress.Done} of {progress.Total}");
        }

        text += $" {Words.Bytes(Math.Clamp(progress.Done, 0, progress.Total))} of {Words.Bytes(progress.Total)}";
        text += progress.FilesTotal > 0 ? string.Create(CultureInfo.InvariantCulture, $", {progress.Files} of {progress.FilesTotal} packages") : "";
        return _bytesPerSecond < 1 ? text : $"{text}, {Words.Bytes(_bytesPerSecond)}/s{(part < 1 ? $", {Words.Elapsed(TimeSpan.FromSeconds(Math.Min(1e6, Math.Ceiling((progress.Total - progress.Done) / _bytesPerSecond))))} left" : "")}";
    }

    private string Bar(double part)
    {
        var full = (int)Math.Round(part * BarCells);
        return string.Concat(new string(terminal.IsUnicode ? '█' : '#', full), new string(terminal.IsUnicode ? '░' : '.', BarCells - full));
    }

    // A line that wraps could not be painted over. All that is in it takes one column.
    private string Fit(string line)
    {
        var columns = Math.Max(1, terminal.Size.Columns - 1);
        return line.Length <= columns ? line : line[..columns];
    }
}
