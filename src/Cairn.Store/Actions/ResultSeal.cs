using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Log;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Store.Actions;

/// <summary>A result cannot be signed, or not so that it would count.</summary>
public sealed class SealException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>A result that may be used.</summary>
/// <param name="Result">It.</param>
/// <param name="Attestation">The payload hash of its attestation, 64 lower-case hex digits.</param>
public sealed record AttestedResult(ActionResult Result, string Attestation);

/// <summary>What was executed, by whom, and what came of it: all that an attestation says.</summary>
/// <param name="Action">The action.</param>
/// <param name="Result">Its result.</param>
/// <param name="Dependencies">What the action's digest does not name by itself.</param>
/// <param name="Details">Who executed it.</param>
public sealed record AttestedWork(ActionDescription Action, ActionResult Result, IReadOnlyList<ResolvedDependency> Dependencies, ExecutionDetails Details);

/// <summary>
/// Turns results into the entries that the action cache keeps, and entries into results that may be used: the one place where trust in an entry is decided. What the store holds is
/// evidence only by the signature of a trusted key. Thread-safe.
/// </summary>
/// <param name="verifier">Whom to believe.</param>
/// <param name="signer">Signs new entries; null where there is no key, so that nothing new is kept.</param>
/// <param name="verdicts">What was verified before; null to verify each time.</param>
/// <param name="time">Tells whether keys are valid.</param>
public sealed class ResultSeal(HitVerifier verifier, ISigner? signer, VerdictMemo? verdicts, TimeProvider time)
{
    // Below it a statement cannot exceed what readers take, but for its subjects.
    private const int ReadBackBytesMin = 1 << 20;

    private int _verified;
    private int _remembered;
    private int _refused;

    /// <summary>The id of the key that signs; null where there is none.</summary>
    public string? KeyId => signer?.PublicKey.Id;

    /// <summary>How many entries were opened because their signature is good, because it was found good before, and how many did not open.</summary>
    public (int Verified, int Remembered, int Refused) Counts => (Volatile.Read(ref _verified), Volatile.Read(ref _remembered), Volatile.Read(ref _refused));

    /// <summary>Which results count no more although their signatures are good.</summary>
    public Demotions Demotions { get; init; } = Demotions.None;

    /// <summary>Why there is nothing to sign with; looked at only where there is no signer.</summary>
    public string? WhyUnsigned { get; init; }

    /// <summary>Takes note of what is signed, for a log; null where none is kept.</summary>
    public SealedEntries? Entries { get; init; }

    /// <summary>Attests a result. Throws <see cref="SealException"/> where it cannot be attested, or where what is signed would not count here.</summary>
    public (byte[] Entry, string Attestation) Seal(AttestedWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (signer is null)
        {
            throw new SealException(WhyUnsigned ?? "there is no key to sign results with");
        }

        var message = ActionResultEncoder.Encode(work.Result);
        var subjects = ActionProvenance.SubjectsOf(work.Result);
        var problem = Statement.ProblemOf(subjects);
        var payload = ActionProvenance.WriteJson(work.Action, work.Result, Digest.Of(message), subjects, work.Dependencies, work.Details);
        if (problem is not null || (payload.Length > ReadBackBytesMin && Statement.TryRead(payload, out problem) is null))
        {
            throw new SealException($"it cannot be attested: {problem}");
        }

        if (verifier.ProblemOf(signer.PublicKey, work.Action, work.Details.BuilderId, work.Details.Tier, time.GetUtcNow()) is { } refusal)
        {
            throw new SealException($"what is signed here would not count here: {refusal}");
        }

        var envelope = Sign(ImmutableCollectionsMarshal.AsImmutableArray(payload), signer);
        var attestation = Digest.Of(payload);
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        attestation.CopyHashTo(hash);
        var json = envelope.ToJson();
        var name = attestation.Hash;
        Entries?.Add(envelope, json, name, signer.PublicKey, work.Result.Action.Hash, subjects[0].Sha256);
        var entry = AttestedEntry.Write(hash, json, message);
        verdicts?.Add(AttestedEntry.ChecksumOf(entry));
        return (entry, name);
    }

    private static Envelope Sign(ImmutableArray<byte> payload, ISigner signer)
    {
        try
        {
            return Envelope.Sign(Envelope.InTotoType, payload, signer);
        }
        catch (CryptographicException exception)
        {
            throw new SealException(exception.Message, exception);
        }
    }

    /// <summary>Opens an entry for the action that was asked for; null, with the reason, where it does not count.</summary>
    public AttestedResult? TryOpen(ReadOnlySpan<byte> entry, Digest action, out string? reason)
    {
        var opened = TryOpen(entry, action, out var isRemembered, out reason);
        _ = Interlocked.Increment(ref opened is null ? ref _refused : ref isRemembered ? ref _remembered : ref _verified);
        return opened;
    }

    private AttestedResult? TryOpen(ReadOnlySpan<byte> entry, Digest action, out bool isRemembered, out string? reason)
    {
        isRemembered = false;
        if (!AttestedEntry.TryRead(entry, out var parts, out reason) || ActionResultDecoder.TryDecode(parts.Message, out reason) is not { } result)
        {
            return null;
        }

        // By the name that it gives itself: below it is refused where that is not its own.
        if (Demotions.Find(parts.Attestation) is { } demotion)
        {
            reason = $"It was demoted: a replay was {demotion.Verdict}";
            return null;
        }

        if (verdicts?.Contains(parts.Checksum) is true)
        {
            // An entry that was good for its action is not good for another one.
            isRemembered = true;
            reason = result.Action == action ? null : $"It is the result of another action, `{result.Action}`";
            return reason is null ? new AttestedResult(result, parts.Attestation) : null;
        }

        if (verifier.TryVerify(parts.Envelope, action, result, parts.Message, time.GetUtcNow(), out reason) is not { } attestation)
        {
            return null;
        }

        if (!string.Equals(attestation, parts.Attestation, StringComparison.Ordinal))
        {
            reason = "It names another attestation than it holds";
            return null;
        }

        verdicts?.Add(parts.Checksum);
        return new AttestedResult(result, attestation);
    }

    /// <summary>Opens an entry that stands under an action's hash, for whoever knows no more of the action.</summary>
    public AttestedResult? TryOpen(ReadOnlySpan<byte> entry, string actionHash, out string? reason)
    {
        if (!AttestedEntry.TryRead(entry, out var parts, out reason) || ActionResultDecoder.TryDecode(parts.Message, out reason) is not { } result)
        {
            return null;
        }

        reason = string.Equals(result.Action.Hash, actionHash, StringComparison.Ordinal) ? null : $"It is the result of another action, `{result.Action}`";
        return reason is null ? TryOpen(entry, result.Action, out reason) : null;
    }

    /// <summary>The blobs that an entry names: what it keeps alive, whoever made it. Null where it is damaged.</summary>
    public static IReadOnlyCollection<Digest>? BlobsOf(string actionHash, ReadOnlySpan<byte> entry)
    {
        if (!AttestedEntry.TryRead(entry, out var parts, out _) || ActionResultDecoder.TryDecode(parts.Message, out _) is not { } result || !string.Equals(result.Action.Hash, actionHash, StringComparison.Ordinal))
        {
            return null;
        }

        var blobs = new List<Digest>(result.Outputs.Length + 3);
        foreach (var output in result.Outputs)
        {
            if (output.Target is null)
            {
                blobs.Add(output.Digest);
            }
        }

        foreach (var digest in (ReadOnlySpan<Digest?>)[result.Log, result.LogIndex, result.Summary])
        {
            if (digest is { } named)
            {
                blobs.Add(named);
            }
        }

        return blobs;
    }
}
