using Cairn.Core.Actions;
using Cairn.Core.Toolchains;
using Cairn.Engine.Caching;
using Cairn.Engine.Receipts;
using Cairn.Engine.Toolchains;
using Cairn.Engine.Trust;
using Cairn.Engine.Verification;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Replay;

/// <summary>
/// What a builder says of its own replay: the ordinary provenance of an execution, with what it was compared with and what came of that. So it counts wherever an execution by another builder counts.
/// </summary>
public static class ReplayAttestation
{
    private const int ShortKeyChars = 12;

    /// <summary>Makes the statement; null, with the reason, where nothing was made that could be attested.</summary>
    /// <param name="replay">What came of it.</param>
    /// <param name="request">The project, whose lock knows what the toolchains were made from, and the version.</param>
    /// <param name="problem">Why there is nothing to attest.</param>
    public static Statement? TryMake(ActionReplay replay, RunRequest request, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(replay);
        ArgumentNullException.ThrowIfNull(request);
        var attested = replay.Action;
        if (replay.Made is not { } made || attested is not { Action: { } action, Attestation: { } attestation })
        {
            problem = replay.Reason ?? "it failed here";
            return null;
        }

        // What the other builder says of its toolchains is its word; this one says what its own lock has for the same trees.
        var toolchains = new ProjectLock(request.ProjectDirectory).TryReadToolchains(out _) ?? ToolchainLock.Empty;
        var ended = made.Origin.Time;
        var result = made with
        {
            Origin = new ActionOrigin($"replay-{attestation[..ShortKeyChars]}", attested.Job.Length > 0 ? attested.Job : attested.Digest.Hash[..ShortKeyChars], ended, HostFingerprint.MachineName, request.ProjectDirectory),
        };
        var statement = ActionProvenance.Write(action, result, ProjectToolchains.DependenciesOf(toolchains, action.Platform), new ExecutionDetails
        {
            BuilderId = BuilderIds.OfLocal(action.Platform),
            Version = request.Version,
            Started = ended.AddMilliseconds(-result.Resources.WallMs),
            Tier = RunTrust.TierWord,
            Replayed = new ReplayedAttestation(attestation, ReplayVerdicts.Of(replay.Verdict)),
        });
        problem = Statement.ProblemOf(statement.Subjects);
        return problem is null ? statement : null;
    }

    /// <summary>Where the envelope belongs, so that <c>cairn verify</c> finds it: with the receipt of the run in the project, or beside the file that was named.</summary>
    public static string PathOf(AttestedTarget target, AttestedAction action, string keyId)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(keyId);
        var name = action.Job.Length > 0 ? RunReceipts.FileStem(new Core.JobId(action.Job)) : action.Digest.Hash[..ShortKeyChars];
        var file = $"{name}.{keyId[..ShortKeyChars]}{AttestationFinder.ReplayEnding}";
        return target.Stored is { } stored ? Path.Combine(Path.GetDirectoryName(stored.Path)!, AttestationFinder.ReplaysFolder, file)
            : Directory.Exists(target.Path) ? Path.Combine(target.Path, file)
            : $"{target.Path}.{file}";
    }
}
