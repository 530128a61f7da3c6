using Cairn.Store.Log;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Log;

/// <summary>Has the newest checkpoint of a log cosigned, and publishes it with the cosignatures.</summary>
/// <param name="log">The log, opened to write.</param>
/// <param name="witnesses">Whom to ask.</param>
/// <param name="client">What asks.</param>
public sealed class LogCosigner(LogFolder log, IReadOnlyList<TrustedWitness> witnesses, WitnessClient client)
{
    /// <summary>The witnesses with an address that have not cosigned the newest checkpoint yet.</summary>
    public IReadOnlyList<TrustedWitness> Missing()
    {
        var (note, _) = log.ReadCheckpoint();
        return [.. witnesses.Where(w => w.Url is not null && w.Key.Check(note) != NoteVerdict.Signed)];
    }

    /// <summary>Asks for the cosignatures that are missing, and publishes what comes; what each witness said. Throws <see cref="LogException"/>.</summary>
    public async Task<IReadOnlyList<WitnessResult>> CosignAsync(CancellationToken cancellationToken)
    {
        var missing = Missing();
        if (missing.Count == 0)
        {
            return [];
        }

        var (note, checkpoint) = log.ReadCheckpoint();
        var own = note with { Signatures = [.. note.Signatures.Where(s => !witnesses.Any(w => w.Key.IsNamedBy(s)))] };
        var results = await client.CosignAsync(missing, own, size => ConsistencyProof.Make(new TileTree(log.Tiles, checkpoint.Size), size), cancellationToken).ConfigureAwait(false);
        var cosigned = note;
        foreach (var result in results)
        {
            cosigned = result.Cosignature is { } line ? cosigned.With(line) : cosigned;
        }

        // Where somebody appended meanwhile there is a newer checkpoint, which is asked for next.
        if (!ReferenceEquals(cosigned, note))
        {
            _ = log.TryPublish(cosigned, cancellationToken);
        }

        return results;
    }
}
