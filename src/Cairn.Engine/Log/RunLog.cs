using System.Security.Cryptography;

using Cairn.Engine.Trust;
using Cairn.Store;
using Cairn.Store.Log;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Engine.Log;

/// <summary>
/// Logs what a run signed: opens the log beside the steps, and appends beside the writing of the receipt. That it cannot be logged is a warning: what was built is none the worse, and <c>cairn log append</c>
/// makes up for it.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly RunRequest _request;
    private readonly RunTrust _trust;
    private readonly SealedEntries _entries;
    private readonly TimeProvider _time;
    private readonly LogFolder? _own;
    private readonly Task _opening;
    private readonly CancellationTokenSource _needed = new();

    private RunLog(RunRequest request, RunTrust trust, SealedEntries entries, TimeProvider time)
    {
        (_request, _trust, _entries, _time) = (request, trust, entries, time);
        _own = request.Log is LogTarget.Remote ? null : LogFolder.OfMachine(request.StateDirectory, TrustFiles.KeysFolderOf(request.KeysDirectory, request.StateDirectory), time);
        _opening = Blocking.BeginAsync(Open);
    }

    /// <summary>Begins to open the log and the key that signs; null where no log is kept. To dispose of it is to wait for that.</summary>
    public static RunLog? Open(RunRequest request, RunTrust trust, TimeProvider time) => trust.Entries is { } entries ? new RunLog(request, trust, entries, time) : null;

    /// <summary>Logs a receipt, and everything that was signed before it; says why it cannot be, or null. Nothing ends it: what was signed is to be found.</summary>
    /// <param name="receipt">The receipt.</param>
    /// <param name="json">The same as JSON.</param>
    /// <param name="statement">The hash of its payload.</param>
    /// <param name="key">The key that signed all of it.</param>
    public Task<string?> AppendAsync(Envelope receipt, byte[] json, string statement, PublicKey key) => Blocking.BeginAsync(() =>
    {
        _entries.Add(receipt, json, statement, key, action: null, outputs: null);
        var (all, envelopes) = _entries.Take();
        WaitForOpening();
        _ = _own is null
            ? LogAppending.TryAppend((LogTarget.Remote)_request.Log, envelopes, key, _trust.Store.Logs, _time, out var problem, CancellationToken.None)
            : LogAppending.TryAppend(_own, all, out problem);
        return problem;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        WaitForOpening();
        _own?.Dispose();
        _needed.Dispose();
    }

    private void WaitForOpening()
    {
        // Whoever waits for another writer there would begin to wait anew here.
        _needed.Cancel();
        Blocking.Wait(_opening);
    }

    private void Open()
    {
        try
        {
            // A run that finds everything done needs the key at its end only, to sign the receipt.
            _ = _trust.TryGetSigner(out _);
            _own?.Create(name: null, _needed.Token);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or OperationCanceledException)
        {
            // It comes again when there is something to sign or to append, and is told then.
        }
    }
}
