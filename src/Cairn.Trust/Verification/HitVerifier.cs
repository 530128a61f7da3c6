using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Verification;

/// <summary>Decides whether an attestation makes a result a cache hit. What is not signed is never evidence: the result must be the one that the statement's subjects are.</summary>
/// <param name="Trust">Whom to believe.</param>
/// <param name="Tier">The tier of the run: entries of lower ones do not count.</param>
public sealed record HitVerifier(TrustSet Trust, Tier Tier)
{
    /// <summary>Changes whenever the same bytes would be judged differently.</summary>
    public const int Version = 2;

    /// <summary>What verdicts depend on besides the entry and the time.</summary>
    public string Fingerprint => $"{Version} {Trust.Fingerprint} {TierWords.Of(Tier)}";

    /// <summary>
    /// Verifies an attestation for an action that was asked for, and the result that came with it. Gives the payload hash, which names the attestation; null, with the reason, where it is no
    /// evidence.
    /// </summary>
    /// <param name="json">The envelope.</param>
    /// <param name="action">The action that was asked for, whose digest was computed here.</param>
    /// <param name="result">The result.</param>
    /// <param name="message">The bytes that <paramref name="result"/> was decoded from.</param>
    /// <param name="now">The time.</param>
    /// <param name="problem">Why it is no evidence.</param>
    public string? TryVerify(ReadOnlySpan<byte> json, Digest action, ActionResult result, ReadOnlySpan<byte> message, DateTimeOffset now, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (Envelope.TryReadOwn(json, out problem) is not { } envelope)
        {
            return Refuse($"Its envelope is wrong: {problem}", out problem);
        }

        if (envelope.PayloadType != Envelope.InTotoType)
        {
            return Refuse($"Its payload is no `{Envelope.InTotoType}`", out problem);
        }

        if (Trust.FindSigner(envelope, out problem) is not { } signer)
        {
            return Refuse($"It does not count: {problem}", out problem);
        }

        if (envelope.Signatures[0].KeyId != signer.Key.Id)
        {
            return Refuse("It does not count: it names another key than the one that signed it", out problem);
        }

        if (Statement.TryRead(envelope.Payload.AsSpan(), out problem) is not { } statement || ActionProvenance.TryReadAction(statement, out problem) is not { } described)
        {
            return Refuse($"Its statement is wrong: {problem}", out problem);
        }

        if (!envelope.Payload.AsSpan().SequenceEqual(statement.ToJson()))
        {
            return Refuse("Its statement is wrong: it is not in canonical form", out problem);
        }

        if (ActionEncoder.Encode(described).Digest is var computed && computed != action)
        {
            return Refuse($"It is the result of another action, `{computed}`", out problem);
        }

        if (result.Action != action || !HasSubjectsOf(statement, result) || ActionProvenance.ResultHashOf(statement) != Digest.Of(message).Hash)
        {
            return Refuse("Its result is not the one that was attested", out problem);
        }

        var details = statement.Predicate["runDetails"] as JsonValue.Object;
        var builder = (details?["builder"] as JsonValue.Object)?.TextOf("id");
        var tier = (details?["metadata"] as JsonValue.Object)?.TextOf(ActionProvenance.TierMember);
        problem = signer.ProblemAt(now) ?? RoleProblem(signer, described, builder, tier);
        return problem is null ? envelope.PayloadHash : Refuse($"It does not count: {problem}", out problem);
    }

    /// <summary>Why the attestation of an action would be no evidence if this key signed it; null where it would be.</summary>
    public string? ProblemOf(PublicKey signer, ActionDescription action, string builder, string tier, DateTimeOffset now) =>
        Trust.Find(signer) is { } key ? key.ProblemAt(now) ?? RoleProblem(key, action, builder, tier) : "its key is not trusted";

    private static string? Refuse(string reason, out string? problem)
    {
        problem = reason;
        return null;
    }

    private static bool HasSubjectsOf(Statement statement, ActionResult result)
    {
        var subjects = ActionProvenance.SubjectsOf(result);
        return statement.Subjects.AsSpan().SequenceEqual(subjects.AsSpan());
    }

    private string? RoleProblem(TrustedKey signer, ActionDescription action, string? builder, string? claim)
    {
        if (builder is null || !signer.MaySpeakFor(builder))
        {
            return $"its key `{signer.Name}` may not speak for the builder `{builder}`";
        }

        if (TierWords.TryRead(claim) is not { } claimed)
        {
            return "it claims no tier";
        }

        var tier = claimed < signer.Tier ? claimed : signer.Tier;
        if (tier < Tier)
        {
            return $"it is of the tier `{TierWords.Of(tier)}`, and this run accepts `{TierWords.Of(Tier)}` or higher";
        }

        return !signer.IsOwn && LocalityOf(action) is { } why ? $"{why}, so that it counts on the machine that made it only" : null;
    }

    /// <summary>Why a result is a matter of the machine that made it; null where it is not. Changing what can share a result is changing <see cref="Version"/>.</summary>
    public static string? LocalityOf(ActionDescription action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var isPinned = false;
        foreach (var (name, value) in action.Platform)
        {
            var why = name switch
            {
                "isolation" when value == "process" => "it ran without isolation",
                "network" when value != "none" => "it could reach the network",
                "host" => "it used programs of the machine",
                _ when name.StartsWith("host-path:", StringComparison.Ordinal) => "it used programs of the machine",
                _ when name.StartsWith("tool-cache:", StringComparison.Ordinal) => "it used a tool cache",
                _ when name.StartsWith("secret:", StringComparison.Ordinal) => "it was given secrets",
                _ => null,
            };
            if (why is not null)
            {
                return why;
            }

            isPinned |= name == "isolation";
        }

        return isPinned ? null : "it does not say how it was isolated";
    }
}
