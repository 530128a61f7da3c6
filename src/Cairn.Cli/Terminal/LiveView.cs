using System.Text;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>
/// The view on a terminal: finished jobs scroll away as permanent lines; below them one line for each running job and an overall bar
/// are painted over. The cursor rests in the line after the bar, so that up by the painted rows is always the frame's first line.
/// </summary>
internal sealed class LiveView(ViewOptions options) : IRunView
{
    private const int IdColumnsMax = 32;
    private const int BarColumnsMax = 30;
    private const int LastLineBytesMax = 2048;
    private const int FoldedShownMax = 10;
    private static readonly TimeSpan SpinnerStep = TimeSpan.FromMilliseconds(100);

    private readonly RunModel _model = new(options.Expected);
    private readonly ByteText _permanent = new();
    private readonly ByteText _frame = new();
    private readonly Stack<TailBuffer> _spareTails = new();
    private readonly JobFold _fold = new();
    private RunEstimate? _estimate;
    private byte[] _painted = [];
    private int[] _paintedWidths = [];
    private bool _cursorHidden;
    private int _idColumns;

    private Style Style => options.Style;

    /// <inheritdoc/>
    public int PendingBytes => _permanent.Length;

    /// <inheritdoc/>
    public void OnEvent(RunEvent runEvent, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(runEvent);
        _model.Apply(runEvent, now);
        switch (runEvent)
        {
            case PipelineStarted started:
                _estimate = new RunEstimate(_model);
                Style.Write(_permanent, Ink.Bold, started.Pipeline);
                Style.Write(_permanent, Ink.Dim, $"  run {started.Run}, {started.Jobs.Length} {(started.Jobs.Length == 1 ? "job" : "jobs")}{Source(started)}").Line();
                MeasureIds();
                break;
            case PipelineExtended extended:
                Note($"{extended.Job} added {extended.Jobs.Length} {(extended.Jobs.Length == 1 ? "job" : "jobs")}");
                MeasureIds();
                break;
            case StepFinished finished:
                Finish(finished, now);
                break;
            case StepRetrying retrying:
                FlushFold();
                Style.Write(_permanent, Ink.Warning, $"{Style.Again} {Padded(retrying.Job)}").Append("  ");
                _permanent.Append(AnsiText.Clean($"{retrying.Reason}, attempt {retrying.Attempt + 1} in {Words.Duration(retrying.WaitMs)}")).Line();
                break;
            case ServiceReady ready:
                Note($"service {ready.Service} ready after {Words.Duration(ready.AfterMs)}");
                break;
            case ServiceStopped { Reason: { } reason } stopped:
                FlushFold();
                Style.Write(_permanent, Ink.Bad, $"{Style.Bad} service {stopped.Service}").Append("  ").Append(AnsiText.Clean(reason)).Line();
                break;
            case WarningRaised warning:
                FlushFold();
                Style.Write(_permanent, Ink.Warning, $"warning[{warning.Code}]: ").Append(AnsiText.Clean(warning.Job is { } job ? $"{job}: {warning.Message}" : warning.Message)).Line();
                break;
            case PipelineFinished:
                // The last line says the same of all.
                if (_model.IsAllCached && _fold.Jobs.Count == _model.CachedCount)
                {
                    _fold.Jobs.Clear();
                }

                FlushFold();
                RunReport.AppendSummary(_permanent, _model, options);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes, DateTimeOffset time)
    {
        if (_model.Find(job.Value) is { Finished: null } known)
        {
            known.Tail ??= _spareTails.TryPop(out var spare) ? spare : new TailBuffer(RunReport.TailBytesMax);
            known.Tail.Append(bytes);
        }
    }

    /// <inheritdoc/>
    public void OnNotice(string text)
    {
        FlushFold();
        Style.Write(_permanent, Ink.Warning, text).Line();
    }

    /// <inheritdoc/>
    public void Render(ByteText output, TimeSpan now, TerminalSize size)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_fold.IsDue(now))
        {
            FlushFold();
        }

        _frame.Clear();
        var widths = _model.Finished is null && (_model.Jobs.Count > 0 || _model.WaitsFor is not null) ? Paint(_frame, now, size) : [];
        if (_permanent.Length == 0 && _frame.Span.SequenceEqual(_painted))
        {
            return;
        }

        // Synchronized output: a terminal that knows it shows the frame at once, others ignore it.
        output.Append("\e[?2026h"u8);
        if (!_cursorHidden && widths.Length > 0)
        {
            output.Append("\e[?25l"u8);
            _cursorHidden = true;
        }

        MoveToFrame(output, size.Columns);
        if (_permanent.Length > 0)
        {
            output.Append("\e[J"u8).Append(_permanent.Span);
            _permanent.Clear();
        }

        output.Append(_frame.Span).Append("\e[J"u8);
        if (_cursorHidden && widths.Length == 0)
        {
            output.Append("\e[?25h"u8);
            _cursorHidden = false;
        }

        output.Append("\e[?2026l"u8);
        _painted = _frame.Span.ToArray();
        _paintedWidths = widths;
    }

    /// <inheritdoc/>
    public void Close(ByteText output, TerminalSize size)
    {
        ArgumentNullException.ThrowIfNull(output);
        FlushFold();
        if (_paintedWidths.Length > 0 || _permanent.Length > 0)
        {
            MoveToFrame(output, size.Columns);
            output.Append("\e[J"u8).Append(_permanent.Span);
        }

        if (_cursorHidden)
        {
            output.Append("\e[?25h"u8);
        }

        _permanent.Clear();
        _painted = [];
        _paintedWidths = [];
        _cursorHidden = false;
    }

    private static string Source(PipelineStarted started)
    {
        var commit = started.Commit is { Length: > 8 } full ? full[..8] : started.Commit;
        return commit is null ? "" : $", {(started.Branch is { } branch ? branch + " " : "")}{commit}{(started.Dirty == true ? " with changes" : "")}";
    }

    // Where the terminal became narrower, it wrapped the lines that no longer fit: they take more rows now.
    private void MoveToFrame(ByteText output, int columns)
    {
        output.Append((byte)'\r');
        var rows = 0;
        foreach (var width in _paintedWidths)
        {
            rows += Math.Max(1, (width + columns - 1) / columns);
        }

        if (rows > 0)
        {
            output.Append("\e["u8).Append(rows).Append((byte)'A');
        }
    }

    private void Finish(StepFinished finished, TimeSpan now)
    {
        if (finished.IsCached || finished is StepSkipped or StepCancelled { Attempts: 0 })
        {
            _fold.Add(finished, now);
            KeepTail(_model.Find(finished.Job));
            return;
        }

        FlushFold();
        var (sign, ink) = finished switch
        {
            StepCompleted => (Style.Good, Ink.Good),
            StepCancelled => (Style.Bad, Ink.Warning),
            { Allowed: true } => (Style.Bad, Ink.Warning),
            _ => (Style.Bad, Ink.Bad),
        };
        Style.Write(_permanent, ink, sign).Append(" ").Append(Padded(finished.Job)).Append("  ");
        if (finished is StepCompleted)
        {
            _permanent.Append(Words.Duration(finished.DurationMs));
            if (finished.Attempts > 1)
            {
                Style.Write(_permanent, Ink.Warning, $"  at attempt {finished.Attempts}");
            }
        }
        else
        {
            Style.Write(_permanent, ink, Words.Failure(finished)).Append("  ").Append(Words.Duration(finished.DurationMs));
            Style.Write(_permanent, Ink.Dim, finished.Allowed ? "  (allowed)" : "");
        }

        _permanent.Line();
        if (_model.Find(finished.Job) is { } job)
        {
            if (finished is StepFailed)
            {
                RunReport.AppendTail(_permanent, _model, job, options);
            }

            KeepTail(job);
        }
    }

    private void KeepTail(JobView? job)
    {
        if (job?.Tail is { } tail)
        {
            tail.Clear();
            _spareTails.Push(tail);
            job.Tail = null;
        }
    }

    private void FlushFold()
    {
        for (var i = 0; i < _fold.Jobs.Count;)
        {
            var end = _fold.EndOfGroup(i);
            var step = end - i > FoldedShownMax ? end - i : 1;
            for (; i < end; i += step)
            {
                WriteFolded(i, i + step);
            }
        }

        _fold.Jobs.Clear();
    }

    private void WriteFolded(int start, int end)
    {
        var first = _fold.Jobs[start];
        var subject = end - start > 1 ? $"{end - start} jobs" : Padded(first.Job);
        if (first.IsCached)
        {
            Style.Write(_permanent, Ink.Good, Style.Good).Append(" ").Append(subject).Append("  ").Append(Words.Cached);
            Style.Write(_permanent, Ink.Dim, Words.Saved(_fold.SavedMs(start, end)) is { } saved ? $", {saved}" : "").Line();
        }
        else
        {
            Style.Write(_permanent, Ink.Dim, $"{Style.Skip} {subject}  {first.Reason ?? Words.Status(first.Status)}").Line();
        }
    }

    private void Note(string text)
    {
        FlushFold();
        Style.Write(_permanent, Ink.Dim, $"{Style.Note} {text}").Line();
    }

    private void MeasureIds()
    {
        foreach (var job in _model.Jobs)
        {
            _idColumns = Math.Max(_idColumns, Math.Min(IdColumnsMax, job.Id.Length));
        }
    }

    private string Padded(string id) => AnsiText.Clean(id).PadRight(_idColumns);

    // The painted lines; returns the columns that each takes.
    private int[] Paint(ByteText frame, TimeSpan now, TerminalSize size)
    {
        // The last column stays free: a full line would leave terminals to differ on where the cursor is.
        var columns = Math.Max(1, size.Columns - 1);
        var rows = Math.Max(1, size.Rows - 2);
        var jobs = _model.Active.Count + 1 <= rows ? _model.Active.Count : Math.Max(0, rows - 2);
        var more = _model.Active.Count - jobs;
        var widths = new List<int>(jobs + 2);
        for (var i = 0; i < jobs; i++)
        {
            widths.Add(PaintJob(frame, _model.Active[i], now, columns));
        }

        if (more > 0 && rows > 1)
        {
            widths.Add(PaintText(frame, $"{Style.Ellipsis} and {more} more running", Ink.Dim, columns));
        }

        widths.Add(PaintBar(frame, now, columns));
        return [.. widths];
    }

    private int PaintText(ByteText frame, string text, Ink ink, int columns)
    {
        Style.Begin(frame, ink);
        var width = TextWidth.AppendCropped(frame, text, columns, Style.Unicode);
        Style.End(frame, ink);
        frame.Append("\e[K\n"u8);
        return width;
    }

    private int PaintJob(ByteText frame, JobView job, TimeSpan now, int columns)
    {
        var elapsed = now - job.StartedAt;
        var sign = job.WaitsFor is null ? Style.Spinner((long)(now / SpinnerStep)) : Style.Again;
        Style.Begin(frame, Ink.Accent);
        var width = TextWidth.AppendCropped(frame, sign, columns, Style.Unicode);
        Style.End(frame, Ink.Accent);
        var idColumns = Math.Min(_idColumns, Math.Max(4, columns / 2));
        width += Separate(frame, 1, columns - width);
        var id = TextWidth.AppendCropped(frame, AnsiText.Clean(job.Id), Math.Min(columns - width, Math.Max(idColumns, columns / 2)), Style.Unicode);
        width += id + Separate(frame, Math.Max(0, idColumns - id) + 2, columns - width - id);
        var time = Words.Elapsed(elapsed);
        width += TextWidth.AppendCropped(frame, time, columns - width, Style.Unicode);
        var rest = job.WaitsFor ?? LastLine(job);
        if (rest.Length > 0)
        {
            width += Separate(frame, Math.Max(2, 7 - time.Length), columns - width);
            if (columns - width >= 4)
            {
                Style.Begin(frame, Ink.Dim);
                width += TextWidth.AppendCropped(frame, AnsiText.Clean(rest), columns - width, Style.Unicode);
                Style.End(frame, Ink.Dim);
            }
        }

        frame.Append("\e[K\n"u8);
        return width;
    }

    private static int Separate(ByteText frame, int count, int columns)
    {
        var spaces = Math.Clamp(count, 0, Math.Max(0, columns));
        frame.Spaces(spaces);
        return spaces;
    }

    private int PaintBar(ByteText frame, TimeSpan now, int columns)
    {
        var total = _model.Jobs.Count;
        var counts = $"{_model.FinishedCount}/{total} ";
        var time = $" {Words.Elapsed(now - _model.StartedAt)}";
        var extra = _model.WaitsFor is { } waits ? $", {AnsiText.Clean(waits)}"
            : _estimate?.Left(now) is { } left ? $", about {About(left)} left" : "";
        var failed = _model.FailedCount > 0 ? $", {_model.FailedCount} failed" : "";
        extra = _model.CachedCount > 0 ? $", {_model.CachedCount} {Words.Cached}{extra}" : extra;
        var bar = Math.Min(BarColumnsMax, columns - counts.Length - time.Length - TextWidth.Of(extra) - failed.Length - 2);
        if (bar < 5)
        {
            return PaintText(frame, $"{_model.FinishedCount}/{total}{failed}{time}{extra}", Ink.Plain, columns);
        }

        var filled = total == 0 ? 0 : (int)((long)bar * _model.FinishedCount / total);
        frame.Append(counts).Append(Style.Unicode ? "▕" : "[");
        Style.Write(frame, _model.FailedCount > 0 ? Ink.Bad : Ink.Good, new string(Style.Unicode ? '█' : '#', filled));
        Style.Write(frame, Ink.Dim, new string(Style.Unicode ? '░' : '.', bar - filled));
        frame.Append(Style.Unicode ? "▏" : "]").Append(time);
        Style.Write(frame, Ink.Bad, failed);
        var width = counts.Length + bar + 2 + time.Length + failed.Length;
        width += TextWidth.AppendCropped(frame, extra, columns - width, Style.Unicode);
        frame.Append("\e[K\n"u8);
        return width;
    }

    // A guess is not exact, and need not look so.
    private static string About(TimeSpan left)
    {
        var seconds = Math.Ceiling(left.TotalSeconds);
        var step = seconds < 20 ? 1 : seconds < 120 ? 5 : seconds < 3600 ? 30 : 300;
        return Words.Elapsed(TimeSpan.FromSeconds(Math.Ceiling(seconds / step) * step));
    }

    private static string LastLine(JobView job)
    {
        if (job.Tail is not { Length: > 0 } tail)
        {
            return "";
        }

        Span<byte> scratch = stackalloc byte[LastLineBytesMax];
        var bytes = scratch[..tail.CopyLast(scratch)];
        var clean = new ByteText();
        while (!bytes.IsEmpty)
        {
            var newline = bytes.LastIndexOf((byte)'\n');
            AnsiText.AppendClean(clean, bytes[(newline + 1)..], keepColors: false);
            if (!clean.Span.Trim((byte)' ').IsEmpty)
            {
                return Encoding.UTF8.GetString(clean.Span.Trim((byte)' '));
            }

            clean.Clear();
            bytes = newline < 0 ? default : bytes[..newline];
        }

        return "";
    }
}
