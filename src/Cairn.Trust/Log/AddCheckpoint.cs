using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Log;

/// <summary>What a witness is asked (C2SP tlog-witness): to cosign a checkpoint that has grown out of the one that it cosigned last.</summary>
/// <param name="OldSize">The size of that.</param>
/// <param name="Proof">That the new one has grown out of it.</param>
/// <param name="Note">The new one.</param>
public sealed record AddCheckpoint(long OldSize, ImmutableArray<MerkleHash> Proof, SignedNote Note)
{
    /// <summary>The path, below the witness's address.</summary>
    public const string Path = "add-checkpoint";

    /// <summary>The media type of a size, with which a witness answers that it knows another one.</summary>
    public const string SizeMediaType = "text/x.tlog.size";

    /// <summary>The hashes that a proof may have.</summary>
    public const int HashesMax = 63;

    private const string OldHead = "old ";

    /// <summary>Reads a request; null, with the reason, where it is none.</summary>
    public static AddCheckpoint? TryRead(ReadOnlySpan<byte> body, out string? problem)
    {
        var end = body.IndexOf("\n\n"u8);
        if (end < 0)
        {
            problem = "no empty line divides the proof and the checkpoint";
            return null;
        }

        var lines = Encoding.UTF8.GetString(body[..end]).Split('\n');
        if (!lines[0].StartsWith(OldHead, StringComparison.Ordinal) || Checkpoint.TryParseSize(lines[0][OldHead.Length..]) is not { } old)
        {
            problem = "its first line is not `old` and a size";
            return null;
        }

        if (lines.Length - 1 > HashesMax)
        {
            problem = $"its proof has more than {HashesMax} hashes";
            return null;
        }

        var proof = ImmutableArray.CreateBuilder<MerkleHash>(lines.Length - 1);
        foreach (var line in lines.AsSpan(1))
        {
            if (MerkleHash.TryRead(line) is not { } hash)
            {
                problem = "a line of its proof is no hash in base64";
                return null;
            }

            proof.Add(hash);
        }

        return SignedNote.TryParse(body[(end + 2)..], out problem) is { } note ? new AddCheckpoint(old, proof.DrainToImmutable(), note) : null;
    }

    /// <summary>As it is sent.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{OldHead}{OldSize}\n");
        foreach (var hash in Proof)
        {
            text.Append(hash.ToBase64()).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.Append('\n').Append(Note).ToString());
    }
}

/// <summary>What a witness answers, and why. Pure: what it saw last is told, and what it sees now is kept by whoever asks, before anybody is answered.</summary>
public abstract record WitnessAnswer
{
    private WitnessAnswer()
    {
    }

    /// <summary>It cosigns.</summary>
    /// <param name="Checkpoint">The checkpoint.</param>
    public sealed record Cosigns(Checkpoint Checkpoint) : WitnessAnswer;

    /// <summary>It has cosigned a tree of another size.</summary>
    /// <param name="Size">That size.</param>
    public sealed record OtherSize(long Size) : WitnessAnswer;

    /// <summary>It refuses.</summary>
    /// <param name="Status">The status of HTTP that says so.</param>
    /// <param name="Reason">In words.</param>
    public sealed record Refuses(int Status, string Reason) : WitnessAnswer;

    /// <summary>Whether a checkpoint is of a log that the witness knows, and signed by it.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="logs">The logs that it knows.</param>
    /// <param name="log">The log.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <returns>Null where it is; then <see cref="Judge"/> decides.</returns>
    public static Refuses? RefusalOf(AddCheckpoint request, LogTrust logs, out TrustedLog? log, out Checkpoint? checkpoint)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(logs);
        log = null;
        checkpoint = Checkpoint.TryParse(request.Note.Text, out var problem);
        if (checkpoint is null)
        {
            return new Refuses(400, $"This is no checkpoint: {problem}");
        }

        log = logs.Find(checkpoint.Origin);
        return log is null ? new Refuses(404, "This log is not known here") : LogTrust.SignatureProblem(request.Note, log) is null ? null : new Refuses(403, "No key of this log signed this");
    }

    /// <summary>Decides about a checkpoint that the log has signed.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="checkpoint">The checkpoint in it.</param>
    /// <param name="last">The one of this log that was cosigned last; null for none.</param>
    public static WitnessAnswer Judge(AddCheckpoint request, Checkpoint checkpoint, Checkpoint? last)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (request.OldSize > checkpoint.Size)
        {
            return new Refuses(400, "The old size is larger than the new one");
        }

        if (request.OldSize != (last?.Size ?? 0))
        {
            return new OtherSize(last?.Size ?? 0);
        }

        var root = MerkleHash.Read(checkpoint.Root.AsSpan());
        var known = last is null ? MerkleHash.Empty : MerkleHash.Read(last.Root.AsSpan());
        if (request.OldSize == checkpoint.Size)
        {
            // The same tree again gets a new time; an empty proof says that it is the same.
            return root != known ? new Refuses(409, "This is another tree of the same size")
                : request.Proof.IsEmpty ? new Cosigns(checkpoint)
                : new Refuses(422, "The proof does not hold");
        }

        var holds = request.OldSize == 0 ? request.Proof.IsEmpty : new ConsistencyProof(request.OldSize, checkpoint.Size, request.Proof).Verifies(known, root);
        return holds ? new Cosigns(checkpoint) : new Refuses(422, "The proof does not hold");
    }
}
