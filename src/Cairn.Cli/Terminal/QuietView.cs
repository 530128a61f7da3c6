using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>Says nothing but failures, and in one line how the run ended.</summary>
internal sealed class QuietView(ViewOptions options) : IRunView
{
    private readonly RunModel _model = new(options.Expected);
    private readonly ByteText _pending = new();

    /// <inheritdoc/>
    public int PendingBytes => _pending.Length;

    /// <inheritdoc/>
    public void OnEvent(RunEvent runEvent, TimeSpan now)
    {
        _model.Apply(runEvent, now);
        switch (runEvent)
        {
            case StepFinished finished:
                var job = _model.Find(finished.Job);
                if (finished is StepFailed { Allowed: false } && job is not null)
                {
                    options.Style.Write(_pending, Ink.Bad, $"{options.Style.Bad} {finished.Job}").Append(": ").Append(AnsiText.Clean(Words.Failure(finished))).Line();
                    RunReport.AppendTail(_pending, _model, job, options);
                }

                if (job is not null)
                {
                    job.Tail = null;
                }

                break;
            case ServiceStopped { Reason: { } reason } stopped:
                options.Style.Write(_pending, Ink.Bad, $"{options.Style.Bad} service {stopped.Service}").Append(": ").Append(AnsiText.Clean(reason)).Line();
                break;
            case PipelineFinished:
                RunReport.AppendHeadline(_pending, _model, options.Style);
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
            (known.Tail ??= new TailBuffer(RunReport.TailBytesMax)).Append(bytes);
        }
    }

    /// <inheritdoc/>
    public void OnNotice(string text) => _pending.Append(text).Line();

    /// <inheritdoc/>
    public void Render(ByteText output, TimeSpan now, TerminalSize size)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Append(_pending.Span);
        _pending.Clear();
    }

    /// <inheritdoc/>
    public void Close(ByteText output, TerminalSize size) => Render(output, TimeSpan.Zero, size);
}
