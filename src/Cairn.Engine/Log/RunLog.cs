using Cairn.Core.Diagnostics;
using Cairn.Engine.Running;
using Cairn.Engine.Trust;
using Cairn.Store;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Engine.Log;

/// <summary>Logs what a run signed, beside the writing of its receipt. That it cannot be logged is a warning: what was built is none the worse, and <c>cairn log append</c> makes up for it.</summary>
internal sealed class RunLog : IDisposable
{
    private readonly Task _appending;
    private readonly RunReporter _reporter;
    private string? _problem;

    private RunLog(Task appending, RunReporter reporter) => (_appending, _reporter) = (appending, reporter);

    /// <summary>Begins to log a receipt, and everything that was signed before it; null where no log is kept. To dispose of it is to wait for it.</summary>
    public static RunLog? Begin(RunRequest request, RunTrust trust, Envelope receipt, byte[] json, string statement, PublicKey key, TimeProvider time, RunReporter reporter)
    {
        if (trust.Entries is not { } entries)
        {
            return null;
        }

        RunLog? log = null;
        var appending = new Task(() =>
        {
            entries.Add(receipt, json, statement, key, action: null, outputs: null);
            var (all, envelopes) = entries.Take();
            _ = request.Log is LogTarget.Remote remote
                ? LogAppending.TryAppend(remote, envelopes, key, trust.Store.Logs, time, out log!._problem, CancellationToken.None)
                : LogAppending.TryAppend(request.StateDirectory, TrustFiles.KeysFolderOf(request.KeysDirectory, request.StateDirectory), all, time, out log!._problem);
        });
        log = new RunLog(appending, reporter);
        appending.Start(TaskScheduler.Default);
        return log;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Blocking.Wait(_appending);
        if (_problem is not null)
        {
            _reporter.Warn(DiagnosticCodes.RunNotLogged, $"What this run signed is not in the log: {_problem}");
        }
    }
}
