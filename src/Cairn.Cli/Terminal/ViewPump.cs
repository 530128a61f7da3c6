using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>
/// Feeds a view with a run and writes what it shows: one timer, one write for each frame. Once nobody reads any more it goes on silently. A run that has nothing to
/// do is over before the first frame.
/// </summary>
internal sealed class ViewPump : IRunObserver, IAsyncDisposable
{
    private const int PendingBytesMax = 256 * 1024;

    // Where results are only looked up, nothing is shown before; and nothing later, whatever the run waits for.
    private static readonly TimeSpan LookUpsShownAfter = TimeSpan.FromMilliseconds(100);

    private readonly IRunView _view;
    private readonly Stream _output;
    private readonly TerminalInfo _terminal;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Lock _viewGate = new();
    private readonly Lock _writeGate = new();
    private readonly ByteText _frame = new();
    private readonly TimeSpan _interval;
    private ITimer? _timer;
    private bool _showing;
    private volatile bool _closed;

    /// <summary>Starts to show.</summary>
    /// <param name="view">What is shown.</param>
    /// <param name="output">Where.</param>
    /// <param name="terminal">Its size.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interval">From frame to frame.</param>
    public ViewPump(IRunView view, Stream output, TerminalInfo terminal, TimeProvider time, TimeSpan interval)
    {
        _view = view;
        _output = output;
        _terminal = terminal;
        _time = time;
        _began = time.GetTimestamp();
        _interval = interval;
    }

    /// <inheritdoc/>
    public void OnEvent(RunEvent runEvent)
    {
        int pending;
        lock (_viewGate)
        {
            var now = _time.GetElapsedTime(_began);
            if (!_showing && runEvent is not (PipelineStarted or StepFinished or WarningRaised or VerificationCompleted or PipelineFinished))
            {
                _showing = true;
                StartTimer(_interval);
            }
            else if (_timer is null)
            {
                StartTimer(LookUpsShownAfter);
            }

            _view.OnEvent(runEvent, now);
            pending = _view.PendingBytes;
        }

        FlushIfLarge(pending);
    }

    /// <inheritdoc/>
    public void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes)
    {
        int pending;
        lock (_viewGate)
        {
            _view.OnOutput(job, source, bytes, _time.GetUtcNow());
            pending = _view.PendingBytes;
        }

        FlushIfLarge(pending);
    }

    /// <summary>Says something to the person now.</summary>
    public void Notice(string text)
    {
        lock (_viewGate)
        {
            _view.OnNotice(text);
        }

        Flush();
    }

    /// <summary>Leaves the terminal as it should be; what is still pending is shown.</summary>
    public void Restore()
    {
        lock (_writeGate)
        {
            _frame.Clear();
            lock (_viewGate)
            {
                _view.Close(_frame, _terminal.Size);
            }

            Write();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        Flush();
        Restore();
    }

    private void StartTimer(TimeSpan first)
    {
        if (_timer is null)
        {
            _timer = _time.CreateTimer(static pump => ((ViewPump)pump!).Tick(), this, first, _interval);
        }
        else
        {
            _timer.Change(first, _interval);
        }
    }

    // A frame that takes longer than the interval (a slow terminal) is not queued behind.
    private void Tick()
    {
        if (_writeGate.TryEnter())
        {
            try
            {
                Flush();
            }
            finally
            {
                _writeGate.Exit();
            }
        }
    }

    // Whoever writes faster than the reader reads has to wait here: memory stays bounded.
    private void FlushIfLarge(int pending)
    {
        if (pending > PendingBytesMax)
        {
            Flush();
        }
    }

    private void Flush()
    {
        lock (_writeGate)
        {
            _frame.Clear();
            lock (_viewGate)
            {
                _view.Render(_frame, _time.GetElapsedTime(_began), _terminal.Size);
            }

            Write();
        }
    }

    private void Write()
    {
        if (_frame.Length == 0 || _closed)
        {
            return;
        }

        try
        {
            _output.Write(_frame.Span);
        }
        catch (IOException)
        {
            // The run's record is complete without its picture.
            _closed = true;
        }
    }
}
