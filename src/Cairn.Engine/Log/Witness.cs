using System.Text;

using Cairn.Core.Http;
using Cairn.Engine.Serving;
using Cairn.Store.Files;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>
/// A witness (C2SP tlog-witness): cosigns checkpoints of logs that it knows, each only if it has grown out of the last one that it cosigned, so that nobody is shown another history. What it cosigned is
/// durable before anybody gets a cosignature. One process at a time has a witness's state.
/// </summary>
public sealed class Witness : IHttpSite, IDisposable
{
    /// <summary>The name of its folder in a user's state.</summary>
    public const string FolderName = "witness";

    private readonly LogMemory _memory;
    private readonly LogTrust _logs;
    private readonly NoteSigner _signer;
    private readonly TimeProvider _time;
    private readonly Action<WitnessEvent> _tell;
    private readonly FileLock _held;

    private Witness(LogMemory memory, LogTrust logs, NoteSigner signer, TimeProvider time, Action<WitnessEvent> tell, FileLock held)
    {
        (_memory, _logs, _signer, _time, _tell, _held) = (memory, logs, signer, time, tell, held);
    }

    /// <summary>Opens a witness's state; null where another process has it. Throws <see cref="IOException"/>.</summary>
    /// <param name="folder">The state.</param>
    /// <param name="logs">The logs that it knows.</param>
    /// <param name="signer">Its key.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Hears of what was asked and answered.</param>
    public static Witness? TryOpen(string folder, LogTrust logs, NoteSigner signer, TimeProvider time, Action<WitnessEvent> tell)
    {
        ArgumentNullException.ThrowIfNull(signer);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return FileLock.TryAcquire(Path.Combine(folder, "lock"), $"witness {signer.Verifier.Name}") is { } held ? new Witness(new LogMemory(folder), logs, signer, time, tell, held) : null;
    }

    /// <inheritdoc/>
    public HttpResponse? RefusalOf(HttpHead head, string path, long length) => length > Cairn.Trust.Limits.NoteBytesMax + 4096 ? HttpResponse.Text(413, "A checkpoint is smaller") : null;

    /// <inheritdoc/>
    public async ValueTask<HttpResponse> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Path != "/" + AddCheckpoint.Path)
        {
            return HttpResponse.Text(404, "There is no such thing");
        }

        return request.Method != "POST" ? HttpResponse.Text(405, "Checkpoints are sent with POST").With("Allow", "POST")
            : AddCheckpoint.TryRead(request.Body.Span, out var problem) is { } add ? await AddAsync(add, cancellationToken).ConfigureAwait(false)
            : HttpResponse.Text(400, $"This is no request: {problem}");
    }

    /// <inheritdoc/>
    public void Dispose() => _held.Dispose();

    private async ValueTask<HttpResponse> AddAsync(AddCheckpoint add, CancellationToken cancellationToken)
    {
        if (WitnessAnswer.RefusalOf(add, _logs, out var log, out var checkpoint) is { } refusal)
        {
            // What strangers send about logs that nobody knows is not worth a line.
            if (log is not null)
            {
                _tell(new WitnessEvent(log.Origin, checkpoint!.Size, refusal));
            }

            return HttpResponse.Text(refusal.Status, refusal.Reason);
        }

        // From the look at the last checkpoint until the new one is durable nobody else asks for this log.
        using var held = await _memory.LockAsync(log!.Origin, _time, cancellationToken).ConfigureAwait(false);
        var last = _memory.Last(log.Origin) is { } note ? Checkpoint.TryParse(note.Text, out _) : null;
        var answer = WitnessAnswer.Judge(add, checkpoint!, last);
        var response = answer switch
        {
            WitnessAnswer.Cosigns => Cosign(log, add),
            WitnessAnswer.OtherSize other => HttpResponse.OfBytes(409, AddCheckpoint.SizeMediaType, Encoding.ASCII.GetBytes($"{other.Size}\n")),
            WitnessAnswer.Refuses refuses => HttpResponse.Text(refuses.Status, refuses.Reason),
            _ => throw new InvalidOperationException("There is no other answer"),
        };
        if (answer is WitnessAnswer.Refuses && last is not null)
        {
            // Signed by the log, and not a continuation: proof that it shows two histories, or that somebody made a bad proof.
            _ = _memory.KeepEvidence(log.Origin, _memory.Last(log.Origin)!, Own(log, add.Note));
        }

        _tell(new WitnessEvent(log.Origin, checkpoint!.Size, answer));
        return response;
    }

    private HttpResponse Cosign(TrustedLog log, AddCheckpoint add)
    {
        var cosignature = _signer.Sign(add.Note.Text, _time.GetUtcNow());
        _memory.Remember(log.Origin, Own(log, add.Note).With(cosignature));
        return HttpResponse.OfBytes(200, SignedNote.MediaType, Encoding.UTF8.GetBytes($"{cosignature}\n"));
    }

    // Only what the log signed is kept: other lines would be carried along unchecked, as many as anybody likes.
    private static SignedNote Own(TrustedLog log, SignedNote note) => note with { Signatures = [.. note.Signatures.Where(s => log.Keys.Any(k => k.IsNamedBy(s))).Distinct()] };
}

/// <summary>What a witness was asked, and what it answered.</summary>
/// <param name="Origin">The log.</param>
/// <param name="Size">The size of the tree.</param>
/// <param name="Answer">The answer.</param>
public sealed record WitnessEvent(string Origin, long Size, WitnessAnswer Answer);
