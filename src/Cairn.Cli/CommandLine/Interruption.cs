using System.Runtime.InteropServices;

namespace Cairn.Cli.CommandLine;

/// <summary>While it is there, a signal that asks the process to end cancels what a command does, so that it clears away what it began and puts the terminal right; a second one ends the process as it is.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly PosixSignalRegistration[] _signals;

    public Interruption(CancellationToken cancellationToken)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take), PosixSignalRegistration.Create(PosixSignal.SIGHUP, Take), PosixSignalRegistration.Create(PosixSignal.SIGINT, Take)];
    }

    /// <summary>Cancelled by the signal, and with the token that it was made with.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _source.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = !_source.IsCancellationRequested;
        _source.Cancel();
    }
}
