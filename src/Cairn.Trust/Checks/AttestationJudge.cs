using System.Collections.Immutable;
using System.Text;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Checks;

/// <summary>Judges attestations one by one: what they are, who signed them, whether those may.</summary>
/// <param name="Believed">Whom to believe.</param>
/// <param name="Now">The time.</param>
public sealed record AttestationJudge(TrustStore Believed, DateTimeOffset Now)
{
    /// <summary>Judges one.</summary>
    /// <param name="found">It.</param>
    /// <param name="contentOf">Gives an artifact by its SHA-256: Ed25519 signs bytes, not hashes. Null where it is not to be had.</param>
    public JudgedAttestation Judge(FoundAttestation found, Func<string, byte[]?> contentOf)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(contentOf);
        if (found.Envelope is not { } envelope)
        {
            return JudgeMessage(found, found.Message!, contentOf);
        }

        if (envelope.PayloadType != Envelope.InTotoType)
        {
            return new JudgedAttestation { Found = found, Problem = $"its payload is no in-toto statement but `{Shown(envelope.PayloadType)}`" };
        }

        if (Statement.TryRead(envelope.Payload.AsSpan(), out var problem) is not { } statement)
        {
            return new JudgedAttestation { Found = found, Problem = $"its statement is wrong: {problem}" };
        }

        var isReceipt = RunProvenance.IsReceipt(statement);
        var receipt = isReceipt ? RunProvenance.TryRead(statement, out problem) : null;
        var isApproval = statement.PredicateType == Approval.PredicateType;
        var approval = isApproval ? Approval.TryRead(statement, out problem) : null;
        if ((isReceipt && receipt is null) || (isApproval && approval is null))
        {
            return new JudgedAttestation { Found = found, Problem = $"its {(isReceipt ? "receipt" : "approval")} is wrong: {problem}" };
        }

        var claims = receipt is not null ? Claims.Of(receipt) : Claims.Of(statement);
        return new JudgedAttestation
        {
            Found = found,
            Statement = statement,
            Receipt = receipt,
            Approval = approval,
            Claims = claims,
            Signers = [.. Believed.SignersOf(envelope).Select(k => Judge(k, claims, isApproval))],
            ForgedName = Forged(envelope),
        };
    }

    /// <summary>Judges the signers of an approval again, when it is known what was approved.</summary>
    public JudgedAttestation JudgeApproval(JudgedAttestation approval, Claims approved)
    {
        ArgumentNullException.ThrowIfNull(approval);
        ArgumentNullException.ThrowIfNull(approved);
        return approval with
        {
            Signers = [.. approval.Signers.Select(s => s.ValidityProblem is null
                ? s with { RoleProblem = TrustStore.RoleProblem(s.Key with { Builders = [] }, "", approved.Project, approved.Pipeline, step: null, s.IsByClaimedTime ? approval.Claims.Time!.Value : Now) }
                : s)],
        };
    }

    private JudgedAttestation JudgeMessage(FoundAttestation found, MessageSignature message, Func<string, byte[]?> contentOf)
    {
        var signers = ImmutableArray.CreateBuilder<JudgedSigner>();
        var content = contentOf(message.Sha256);
        var hash = Convert.FromHexString(message.Sha256);
        foreach (var key in Believed.Keys)
        {
            // ECDSA signs a hash, Ed25519 bytes.
            var hasSigned = key.Key is P256Key p256 ? p256.VerifyHash(hash, message.Signature.AsSpan()) : content is not null && key.Key.Verify(content, message.Signature.AsSpan());
            if (hasSigned)
            {
                signers.Add(Judge(key, Claims.None, isApproval: false));
            }
        }

        return new JudgedAttestation { Found = found, Signers = signers.DrainToImmutable() };
    }

    private JudgedSigner Judge(TrustedKey key, Claims claims, bool isApproval)
    {
        var signer = new JudgedSigner(new SignerEvidence(key.Key.Id, key.Name, key.OwnerOrId), key);
        var time = Now;
        if (key.ProblemAt(Now) is { } problem)
        {
            // A key that ran out did no wrong: what it signed before counts, as far as its own word goes. A revoked one may say what it likes.
            if (key.Revoked is not null || key.Until is null || key.Until > Now || claims.Time is not { } claimed || key.ProblemAt(claimed) is not null)
            {
                return signer with { ValidityProblem = problem };
            }

            time = claimed;
            signer = signer with { IsByClaimedTime = true };
        }

        if (isApproval)
        {
            return signer;
        }

        // What names no builder speaks for none; what is provenance and names none is nobody's.
        var spoken = claims.Builder is null ? key with { Builders = [] } : key;
        return signer with { RoleProblem = TrustStore.RoleProblem(spoken, claims.Builder ?? "", claims.Project, claims.Pipeline, step: null, time) };
    }

    private string? Forged(Envelope envelope)
    {
        foreach (var signature in envelope.Signatures)
        {
            if (Believed.Keys.FirstOrDefault(k => k.Key.Id == signature.KeyId) is { } named && envelope.FindSignatureOf(named.Key) is null)
            {
                return named.Name;
            }
        }

        return null;
    }

    private static string Shown(string text)
    {
        const int ShownMax = 80;
        var clean = new StringBuilder();
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, ShownMax)))
        {
            clean.Append(char.IsControl(c) ? '?' : c);
        }

        return clean.ToString();
    }
}
