using System.Globalization;
using System.Net;
using System.Text;

using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>What a witness that was asked said.</summary>
/// <param name="Witness">The witness.</param>
/// <param name="Cosignature">Its line; null where it gave none.</param>
/// <param name="Problem">Why it gave none.</param>
public sealed record WitnessResult(TrustedWitness Witness, NoteSignature? Cosignature, string? Problem);

/// <summary>Asks witnesses to cosign a checkpoint.</summary>
/// <param name="time">The clock of pauses.</param>
/// <param name="patience">How patient it is.</param>
public sealed class WitnessClient(TimeProvider time, LogPatience? patience = null)
{
    private const int RoundsMax = 3;

    /// <summary>Asks all of them at once; those without an address are left out.</summary>
    /// <param name="witnesses">The witnesses.</param>
    /// <param name="note">The checkpoint, signed by the log.</param>
    /// <param name="prove">Proves that its tree has grown out of one of another size.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<WitnessResult>> CosignAsync(IEnumerable<TrustedWitness> witnesses, SignedNote note, Func<long, ConsistencyProof> prove, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(witnesses);
        return await Task.WhenAll(witnesses.Where(static w => w.Url is not null).Select(w => AskAsync(w, note, prove, cancellationToken))).ConfigureAwait(false);
    }

    private async Task<WitnessResult> AskAsync(TrustedWitness witness, SignedNote note, Func<long, ConsistencyProof> prove, CancellationToken cancellationToken)
    {
        try
        {
            var (line, problem) = await TryAskAsync(witness, note, prove, cancellationToken).ConfigureAwait(false);
            return new WitnessResult(witness, line, problem);
        }
        catch (LogUnavailableException exception)
        {
            return new WitnessResult(witness, null, exception.Message);
        }
    }

    private async Task<(NoteSignature? Line, string? Problem)> TryAskAsync(TrustedWitness witness, SignedNote note, Func<long, ConsistencyProof> prove, CancellationToken cancellationToken)
    {
        var size = Checkpoint.TryParse(note.Text, out var problem)?.Size ?? throw new ArgumentException(problem, nameof(note));
        var address = LogHttp.AsFolder(witness.Url!);
        using var http = new LogHttp(address, time, patience ?? new LogPatience());
        long old = 0;
        for (var round = 0; round < RoundsMax; round++)
        {
            var proof = old == 0 || old == size ? [] : prove(old).Path;
            var (status, body) = await http.PostAsync(new Uri(address, AddCheckpoint.Path), new AddCheckpoint(old, proof, note).ToBytes(), SignedNote.MediaType, token: null, Cairn.Trust.Limits.NoteBytesMax, cancellationToken).ConfigureAwait(false);
            switch (status)
            {
                case HttpStatusCode.OK:
                    return LineOf(witness, note, body);
                case HttpStatusCode.Conflict when Encoding.UTF8.GetString(body) is [.. var text, '\n'] && Checkpoint.TryParseSize(text) is { } known && known != old:
                    if (known > size)
                    {
                        return (null, string.Create(CultureInfo.InvariantCulture, $"it has seen {known} entries of this log, which has {size}: the log was rewound, or somebody else writes under its name"));
                    }

                    // The size that it knows: asked for with 0, or newer than what it was asked with.
                    old = known;
                    break;
                default:
                    return (null, string.Create(CultureInfo.InvariantCulture, $"it answers with {(int)status}: {Shown(body)}"));
            }
        }

        return (null, "it sees other checkpoints of this log all the time");
    }

    private static (NoteSignature? Line, string? Problem) LineOf(TrustedWitness witness, SignedNote note, byte[] body)
    {
        if (SignedNote.TryParseSignatures(body, out var problem) is not { } lines)
        {
            return (null, $"its answer is no signature: {problem}");
        }

        foreach (var line in lines)
        {
            if (witness.Key.IsSignature(note.Text, line))
            {
                return (line, null);
            }
        }

        return (null, "its answer has no signature of its key");
    }

    private static string Shown(byte[] body)
    {
        const int ShownMax = 200;
        var text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, ShownMax))).Trim();
        return string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
    }
}
