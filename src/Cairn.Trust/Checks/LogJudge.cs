using System.Collections.Immutable;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Policies;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Checks;

/// <summary>A proof that was found in a file or in a bundle.</summary>
/// <param name="Where">The file.</param>
/// <param name="Proof">It; null where it cannot be read.</param>
/// <param name="Problem">Why it cannot.</param>
public sealed record FoundProof(string Where, TlogProof? Proof, string? Problem)
{
    /// <summary>The SHA-256 of the envelope that it says it is of; null where it says nothing, and may be of any.</summary>
    public string? Envelope { get; init; }
}

/// <summary>What a log answers when it is asked for a leaf.</summary>
/// <param name="Proof">That it has it; null where it has not.</param>
/// <param name="Problem">Why it does not answer; null where it does.</param>
public sealed record LogAnswer(TlogProof? Proof, string? Problem = null);

/// <summary>
/// Judges whether what is signed stands in a log: by proofs that were given, by those that a bundle brings along, by the machine's own log. Whoever makes the entry anew from the envelope need not believe one.
/// A proof that somebody took along and that does not hold is a fault, whatever the machine's own log says: it was made to be believed elsewhere.
/// </summary>
/// <param name="Trust">Which logs are believed.</param>
/// <param name="Now">The time.</param>
public sealed record LogJudge(LogTrust Trust, DateTimeOffset Now)
{
    /// <summary>Proofs in files.</summary>
    public ImmutableArray<FoundProof> Proofs { get; init; } = [];

    /// <summary>Asks the machine's own log for a leaf; null where there is none.</summary>
    public Func<MerkleHash, LogAnswer>? Own { get; init; }

    /// <summary>Judges; null where no log is known and no proof was given, so that nothing can be said.</summary>
    /// <param name="copies">What has the payload, with different signatures.</param>
    /// <param name="all">Everything that was found, of which proofs may be, too.</param>
    public LogEvidence? Judge(ImmutableArray<JudgedAttestation> copies, ImmutableArray<JudgedAttestation> all)
    {
        // Faults tell more than that there is another way; what only nobody here can judge does not.
        var (faults, notes, found) = (new List<string>(), new List<string>(), new List<LogEvidence>());
        var others = 0;
        foreach (var copy in copies)
        {
            // Of what nobody who counts signed an entry says nothing.
            if (copy.Counts)
            {
                JudgeBundle(copy, found, faults, notes);
            }
        }

        // To make the leaves takes each signature once more, which a bundle that brings its entry along need not.
        var known = Proofs.IsEmpty ? null : Leaves.Of(all, copies);
        foreach (var proof in Proofs)
        {
            others += JudgeProof(proof, known!, found, faults, notes) ? 1 : 0;
        }

        if (faults.Count > 0)
        {
            return Unproved(faults[0]) with { IsFault = true };
        }

        return found.MaxBy(static f => f.Cosigners.Length) is { } carried ? carried with { Others = others }
            : ByOwn((known ?? Leaves.Of(copies, copies)).OfCopies, notes) is { } own ? own with { Others = others }
            : notes.Count == 0 ? null
            : Unproved(notes[0]) with { IsFault = Proofs.Any(static p => p.Envelope is null) };
    }

    private void JudgeBundle(JudgedAttestation copy, List<LogEvidence> found, List<string> faults, List<string> notes)
    {
        foreach (var entry in copy.Found.Bundle?.LogEntries ?? [])
        {
            if (entry.Judge(Trust, Now, out var problem) is { } judged)
            {
                found.Add(Of(judged, entry.Inclusion!.Index));
                continue;
            }

            var isOfKnown = entry.Checkpoint is { } note && Checkpoint.TryParse(note.Text, out _) is { } checkpoint && Trust.Find(checkpoint.Origin) is not null;
            (isOfKnown ? faults : notes).Add($"The entry of a log that it brings along does not count: {problem}");
        }
    }

    /// <summary>Judges a proof; true where it proves that something else that was found stands in a log.</summary>
    private bool JudgeProof(FoundProof found, Leaves known, List<LogEvidence> evidence, List<string> faults, List<string> notes)
    {
        if (found.Proof is not { } proof)
        {
            faults.Add($"`{found.Where}` is no proof: {found.Problem}");
            return false;
        }

        if (Trust.Judge(proof.Note, Now, out var problem) is not { } judged)
        {
            (Trust.Find(proof.Checkpoint.Origin) is null ? notes : faults).Add($"`{found.Where}` does not count: {problem}");
            return false;
        }

        var root = MerkleHash.Read(proof.Checkpoint.Root.AsSpan());
        foreach (var (leaf, envelope, isCopy) in known.All)
        {
            if ((found.Envelope is null || found.Envelope == envelope) && proof.Inclusion.Verifies(leaf, root))
            {
                if (isCopy)
                {
                    evidence.Add(Of(judged, proof.Inclusion.Index));
                }

                return !isCopy;
            }
        }

        // It may be of what nobody who is known here signed, or of what is not here at all.
        if (found.Envelope is null || known.Has(found.Envelope))
        {
            (known.IsUnknown(found.Envelope) ? notes : faults).Add($"`{found.Where}` does not prove it: its way does not lead from this entry to the root of the checkpoint");
        }

        return false;
    }

    private LogEvidence? ByOwn(IEnumerable<MerkleHash> leaves, List<string> problems)
    {
        foreach (var leaf in leaves)
        {
            if (Own?.Invoke(leaf) is not { } answer)
            {
                continue;
            }

            if (answer.Proof is not { } proof)
            {
                problems.Add(answer.Problem ?? "It does not stand in the machine's log");
            }
            else if (Trust.Judge(proof.Note, Now, out var problem) is { } judged && proof.Inclusion.Verifies(leaf, MerkleHash.Read(proof.Checkpoint.Root.AsSpan())))
            {
                return Of(judged, proof.Inclusion.Index);
            }
            else
            {
                problems.Add($"The machine's log does not prove it: {problem ?? "its tiles do not lead to the root of its checkpoint"}");
            }
        }

        return null;
    }

    private static LogEvidence Unproved(string problem) => new(null, 0, 0, []) { Problem = problem };

    private static LogEvidence Of(JudgedCheckpoint judged, long index) => new(judged.Log.Origin, index, judged.Checkpoint.Size, [.. judged.Cosigners.Select(static c => c.Witness.Key.Name)]);

    /// <summary>The leaves that attestations have in any log that has them.</summary>
    private sealed class Leaves
    {
        private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

        public List<(MerkleHash Leaf, string Envelope, bool IsCopy)> All { get; } = [];

        public IEnumerable<MerkleHash> OfCopies => All.Where(static l => l.IsCopy).Select(static l => l.Leaf);

        public static Leaves Of(ImmutableArray<JudgedAttestation> all, ImmutableArray<JudgedAttestation> copies)
        {
            var leaves = new Leaves();
            foreach (var attestation in all)
            {
                if (attestation.Found.Envelope is { } envelope)
                {
                    leaves.Add(attestation, envelope, copies.Any(c => ReferenceEquals(c, attestation)));
                }
            }

            return leaves;
        }

        /// <summary>Whether an envelope was found.</summary>
        public bool Has(string envelope) => _unknown.Contains(envelope) || All.Exists(l => l.Envelope == envelope);

        /// <summary>Whether an envelope, or any where none is named, was found whose leaf nobody here can make.</summary>
        public bool IsUnknown(string? envelope) => envelope is null ? _unknown.Count > 0 : _unknown.Contains(envelope);

        private void Add(JudgedAttestation attestation, Envelope envelope, bool isCopy)
        {
            var (hash, before) = (Core.Content.Digest.Of(envelope.ToJson()).Hash, All.Count);
            foreach (var signer in attestation.Signers)
            {
                if (signer is { Counts: true, Key.Key: Keys.PublicKey key } && envelope.FindSignatureOf(key) is { } signature && LogEntry.TryMake(envelope with { Signatures = [signature] }, key, out _) is { } entry)
                {
                    All.Add((MerkleHash.Leaf(entry.Encode()), hash, isCopy));
                }
            }

            if (All.Count == before)
            {
                _unknown.Add(hash);
            }
        }
    }
}
