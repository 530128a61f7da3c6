using System.Runtime.InteropServices;
using System.Security.Cryptography;

using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine.Log;
using Cairn.Engine.Running;
using Cairn.Store;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Receipts;

/// <summary>A receipt on its way to the disk and the log.</summary>
internal sealed class PendingReceipt
{
    private readonly Task<Written> _writing;

    private PendingReceipt(Task<Written> writing) => _writing = writing;

    private sealed record Written(string? Statement, string? Key, string? Problem, string? LogProblem);

    /// <summary>One that cannot be.</summary>
    public static PendingReceipt Refused(string? problem) => new(Task.FromResult(new Written(null, null, problem, null)));

    /// <summary>Begins to sign and to write, durably.</summary>
    /// <param name="receipt">What it says.</param>
    /// <param name="signer">Who signs it.</param>
    /// <param name="path">The receipt's file.</param>
    /// <param name="log">Where it is logged, with everything that was signed before it; null for nowhere.</param>
    public static PendingReceipt Write(RunReceipt receipt, ISigner signer, string path, RunLog? log) =>
        new(Blocking.BeginAsync(() => SignAndWrite(receipt, signer, path, log)));

    /// <summary>Waits for it, and tells what came of it. That there is no receipt lets the run be.</summary>
    public void Conclude(RunReporter reporter)
    {
        var written = Blocking.Wait(_writing);
        if (written is not { Statement: { } statement, Key: { } key })
        {
            reporter.Warn(DiagnosticCodes.ReceiptNotWritten, $"This run has no receipt: {written.Problem}");
            return;
        }

        if (written.LogProblem is { } problem)
        {
            reporter.Warn(DiagnosticCodes.RunNotLogged, $"What this run signed is not in the log: {problem}");
        }

        reporter.Emit(new SignatureCreated { Time = reporter.Now, Subject = SignedSubject.Receipt, Statement = statement, Key = key });
    }

    /// <summary>Whether an exception says that there can be no receipt.</summary>
    public static bool IsRefusal(Exception exception) => exception is IOException or UnauthorizedAccessException or CryptographicException;

    // Without awaits: what each run does once at its end is slower compiled than waited for.
    private static Written SignAndWrite(RunReceipt receipt, ISigner signer, string path, RunLog? log)
    {
        try
        {
            if (RunProvenance.TryWriteJson(receipt, out var problem) is not { } payload)
            {
                return new Written(null, null, problem, null);
            }

            var envelope = Envelope.Sign(Envelope.InTotoType, ImmutableCollectionsMarshal.AsImmutableArray(payload), signer);
            var (json, statement) = (envelope.ToJson(), envelope.PayloadHash);

            // Both wait for the disk, and do so together.
            var logging = log?.AppendAsync(envelope, json, statement, signer.PublicKey);
            DurableFile.Replace(path, json);
            return new Written(statement, signer.PublicKey.Id, null, logging is null ? null : Blocking.Wait(logging));
        }
        catch (Exception exception) when (IsRefusal(exception))
        {
            return new Written(null, null, exception.Message, null);
        }
    }
}
