using System.Text;

using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>One JSON object a line: the run's events, and what steps write as <see cref="StepOutput"/>.</summary>
internal sealed class JsonView : IRunView
{
    private readonly ByteText _pending = new();
    private readonly Dictionary<(string Job, OutputSource Source), LineJoiner> _lines = [];
    private DateTimeOffset _lastTime;

    /// <inheritdoc/>
    public int PendingBytes => _pending.Length;

    /// <inheritdoc/>
    public void OnEvent(RunEvent runEvent, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(runEvent);
        _lastTime = runEvent.Time;
        switch (runEvent)
        {
            case StepRetrying retrying:
                EndLines(retrying.Job);
                break;
            case StepFinished finished:
                EndLines(finished.Job);
                break;
            case ServiceStopped stopped:
                EndLines($"service:{stopped.Service}");
                break;
            case PipelineFinished:
                EndAllLines();
                break;
            default:
                break;
        }

        Write(runEvent);
    }

    /// <inheritdoc/>
    public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes, DateTimeOffset time)
    {
        _lastTime = time;
        if (!_lines.TryGetValue((job.Value, source), out var joiner))
        {
            _lines[(job.Value, source)] = joiner = new LineJoiner();
        }

        while (joiner.Next(ref bytes, out var line, out var continues))
        {
            WriteOutput(job.Value, source, line, continues);
        }
    }

    /// <inheritdoc/>
    public void OnNotice(string text)
    {
        // The reader is a program: it learns of a cancellation from the events.
    }

    /// <inheritdoc/>
    public void Render(ByteText output, TimeSpan now, TerminalSize size)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Append(_pending.Span);
        _pending.Clear();
    }

    /// <inheritdoc/>
    public void Close(ByteText output, TerminalSize size)
    {
        EndAllLines();
        Render(output, TimeSpan.Zero, size);
    }

    private void Write(RunEvent runEvent) => _pending.Append(RunEventJson.Serialize(runEvent)).Append((byte)'\n');

    private void WriteOutput(string job, OutputSource source, ReadOnlySpan<byte> line, bool continues) => Write(new StepOutput
    {
        Time = _lastTime,
        Job = job,
        Source = source == OutputSource.Stdout ? "stdout" : "stderr",
        Text = Encoding.UTF8.GetString(line),
        Continues = continues ? true : null,
    });

    private void EndLines(string job)
    {
        foreach (var source in (ReadOnlySpan<OutputSource>)[OutputSource.Stdout, OutputSource.Stderr])
        {
            if (_lines.Remove((job, source), out var joiner) && joiner.Rest(out var line))
            {
                WriteOutput(job, source, line, continues: false);
            }
        }
    }

    private void EndAllLines()
    {
        foreach (var (job, source) in _lines.Keys.ToArray())
        {
            EndLines(job);
        }
    }
}
