using System.Collections.Immutable;

using Cairn.Store.Log;
using Cairn.Trust.Bundles;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Engine.Bundles;

/// <summary>The proofs that the machine's log has envelopes, as a bundle takes them along: all to one checkpoint.</summary>
internal static class LoggedProofs
{
    /// <summary>The proofs of those that it has. Where it cannot say, there are none: <c>cairn log fsck</c> tells what is wrong with it.</summary>
    /// <param name="documents">Envelopes, and the documents that they are in the bundle.</param>
    /// <param name="log">The log; null where there is none.</param>
    public static ImmutableArray<BundleEvidence> Of(IReadOnlyList<(Envelope Envelope, BundleEvidence Document)> documents, LogFolder? log)
    {
        if (log is not { Exists: true })
        {
            return [];
        }

        try
        {
            var (note, checkpoint) = log.ReadCheckpoint();
            var proofs = ImmutableArray.CreateBuilder<BundleEvidence>(documents.Count);
            foreach (var (index, hash) in Find(documents, log, checkpoint))
            {
                proofs.Add(new BundleEvidence(EvidenceKind.LogProof, [.. TlogProof.Of(InclusionProof.Make(new TileTree(log.Tiles, checkpoint.Size), index), note).ToBytes()], hash));
            }

            return proofs.DrainToImmutable();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }

    /// <summary>Where envelopes stand. An entry is made anew of an envelope and its key, and found at once: mostly all are of one key, which the first tells. What is left is looked for in one pass over the listing.</summary>
    private static IEnumerable<(long Index, string Document)> Find(IReadOnlyList<(Envelope Envelope, BundleEvidence Document)> documents, LogFolder log, Checkpoint checkpoint)
    {
        var keys = new List<PublicKey>();
        var open = documents.GroupBy(static d => d.Envelope.PayloadHash, StringComparer.Ordinal).ToDictionary(static g => g.Key, static g => g.ToList(), StringComparer.Ordinal);
        foreach (var row in log.Search(LogColumn.Attestation, "", checkpoint.Size))
        {
            if (open.Count == 0)
            {
                yield break;
            }

            if (!open.TryGetValue(row.Attestation!, out var named) || LogEntry.TryRead(log.ReadLeaf(row.Sequence, checkpoint.Size), out _) is not { } entry || named.FindIndex(d => entry.IsBoundTo(d.Envelope)) is not (>= 0 and var at))
            {
                continue;
            }

            yield return (row.Sequence, named[at].Document.Digest.Hash);
            Close(named[at]);
            if (entry.KeyOf() is not { } key || keys.Exists(k => k.Id == key.Id))
            {
                continue;
            }

            keys.Add(key);
            foreach (var document in open.Values.SelectMany(static d => d).ToArray())
            {
                if (LogEntry.TryMake(document.Envelope, key, out _) is { } made && log.Find(MerkleHash.Leaf(made.Encode()), checkpoint.Size) is { } index)
                {
                    yield return (index, document.Document.Digest.Hash);
                    Close(document);
                }
            }
        }

        void Close((Envelope Envelope, BundleEvidence Document) found)
        {
            var same = open[found.Envelope.PayloadHash];
            _ = same.Remove(found);
            if (same.Count == 0)
            {
                _ = open.Remove(found.Envelope.PayloadHash);
            }
        }
    }
}
