using System.Collections.Immutable;

using Cairn.Store.Files;
using Cairn.Store.Log;
using Cairn.Trust.Checks;
using Cairn.Trust.Log;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Verification;

/// <summary>Finds what can prove that something stands in a log: files that are given, files beside attestations, the machine's own log.</summary>
internal static class ProofFinder
{
    /// <summary>What judges by it.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="attestations">The files with attestations.</param>
    /// <param name="full">The absolute path of a relative one.</param>
    /// <param name="shown">What a path is called.</param>
    /// <param name="bundled">Proofs that a bundle brings along.</param>
    public static LogJudge JudgeOf(VerifyRequest request, IReadOnlyCollection<string> attestations, Func<string, string> full, Func<string, string> shown, IEnumerable<FoundProof> bundled)
    {
        var proofs = ImmutableArray.CreateBuilder<FoundProof>();
        foreach (var path in request.Proofs)
        {
            proofs.Add(Read(full(path), path));
        }

        foreach (var path in attestations.Select(static a => a + TlogProof.Ending).Where(p => !request.Proofs.Any(given => full(given) == p) && File.Exists(p)))
        {
            proofs.Add(Read(path, shown(path)));
        }

        // One of a log that nobody here knows was not asked for: it proves nothing, and is no fault.
        proofs.AddRange(bundled.Where(p => p.Proof is not { } read || !request.LogKeys.IsEmpty || request.Logs.Find(read.Checkpoint.Origin) is not null));
        var logs = request.Logs;
        foreach (var proof in proofs)
        {
            if (proof.Proof is { } read && !request.LogKeys.IsEmpty)
            {
                var others = logs.Find(read.Checkpoint.Origin) is { } known ? known.Keys : [];
                logs = logs with { Logs = [.. logs.Logs.Where(l => l.Origin != read.Checkpoint.Origin), new TrustedLog(read.Checkpoint.Origin, [.. others, .. request.LogKeys])] };
            }
        }

        return new LogJudge(logs, request.Now) { Proofs = proofs.DrainToImmutable(), Own = request.OwnLog is { } own ? leaf => Ask(own, leaf) : null };
    }

    private static LogAnswer Ask(LogFolder log, MerkleHash leaf)
    {
        try
        {
            return new LogAnswer(log.Prove(leaf));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new LogAnswer(null, $"The machine's log cannot be read: {exception.Message}");
        }
    }

    private static FoundProof Read(string path, string name)
    {
        string? problem;
        var proof = NamedFile.TryRead(path, Cairn.Trust.Limits.TlogProofBytesMax, out problem) is { } bytes ? TlogProof.TryRead(bytes, out problem) : null;
        return new FoundProof(name, proof, problem);
    }
}
