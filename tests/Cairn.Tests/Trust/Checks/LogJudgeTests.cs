using System.Text;

using Cairn.Core.Content;
using Cairn.Tests.Logs;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Policies;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Trust.Checks;

/// <summary>Whether something stands in a log: what was taken along, and what the machine's own log says.</summary>
public sealed class LogJudgeTests : IDisposable
{
    private readonly SigningKey _key = TestLog.KeyOf(31);
    private readonly TestLog _log = new TestLog().Add(5);
    private readonly JudgedAttestation _main;
    private readonly JudgedAttestation _other;

    public LogJudgeTests()
    {
        _main = Signed("main");
        _other = Signed("other");
        _log.Leaves.Add(LeafOf(_main));
        _log.Leaves.Add(LeafOf(_other));
        _log.Add(3);
    }

    public void Dispose() => _key.Dispose();

    private JudgedAttestation Signed(string text)
    {
        var envelope = Envelope.Sign("text/plain", [.. Encoding.UTF8.GetBytes(text)], _key);
        var key = new TrustedKey { Key = _key.PublicKey, Name = "ci" };
        return new JudgedAttestation { Found = new FoundAttestation(text, envelope, null), Signers = [new JudgedSigner(new SignerEvidence(key.Key.Id, key.Name, "me"), key)] };
    }

    private byte[] LeafOf(JudgedAttestation attestation) => LogEntry.TryMake(attestation.Found.Envelope!, _key.PublicKey, out _)!.Encode();

    private TlogProof ProofOf(int index) => TlogProof.Of(_log.ProveLeaf(index), _log.Note());

    private static string HashOf(JudgedAttestation attestation) => Digest.Of(attestation.Found.Envelope!.ToJson()).Hash;

    private static TlogProof Forged(TlogProof proof) => proof with { Inclusion = proof.Inclusion with { Path = [MerkleHash.Leaf("nothing"u8), .. proof.Inclusion.Path[1..]] } };

    /// <summary>A judge whose own log has the main attestation.</summary>
    private LogJudge Judge(params FoundProof[] proofs) => new(TestLog.Trust, TestLog.Now)
    {
        Proofs = [.. proofs],
        Own = leaf => new LogAnswer(leaf == MerkleHash.Leaf(LeafOf(_main)) ? ProofOf(5) : null),
    };

    private JudgedAttestation Carrying(TlogProof proof, SignedNote? note = null) => _main with
    {
        Found = new FoundAttestation("bundle", _main.Found.Envelope, new SigstoreBundle
        {
            Envelope = _main.Found.Envelope,
            Key = BundleKey.Hint,
            LogEntries = [new BundleLogEntry { Body = [.. LeafOf(_main)], Index = proof.Inclusion.Index, Inclusion = proof.Inclusion, Root = MerkleHash.Read(proof.Checkpoint.Root.AsSpan()), Checkpoint = note ?? proof.Note }],
        }),
    };

    private static LogEvidence Of(LogJudge judge, params JudgedAttestation[] all) => judge.Judge([all[0]], [.. all])!;

    [Fact]
    public void WhatTheMachinesLogHas_IsThere() => Assert.Equal((null, 5L), (Of(Judge(), _main).Problem, Of(Judge(), _main).Index));

    [Fact]
    public void ABundle_ThatCarriesAForgedProof_IsAtFault_WhateverTheMachinesLogSays()
    {
        Assert.Null(Of(Judge(), Carrying(ProofOf(5))).Problem);

        var forged = Of(Judge(), Carrying(Forged(ProofOf(5))));
        Assert.True(forged.IsFault);
        Assert.Contains("does not lead to the root", forged.Problem, StringComparison.Ordinal);

        // The checkpoint of a key that is not the log's, under the log's name.
        using var thief = TestLog.KeyOf(32);
        Assert.True(Of(Judge(), Carrying(ProofOf(5), _log.Note(signer: NoteSigner.Of(TestLog.Name, thief)))).IsFault);
        Assert.True(Of(Judge(), Carrying(ProofOf(5), _log.Note() with { Signatures = _log.Note(7).Signatures })).IsFault);
    }

    [Fact]
    public void ABundle_WithTheEntryOfALogThatNobodyKnows_IsJudgedByOthers()
    {
        var judge = Judge() with { Trust = LogTrust.None };
        var unknown = Of(judge with { Own = null }, Carrying(ProofOf(5)));
        Assert.False(unknown.IsFault);
        Assert.Contains($"no log `{TestLog.Origin}` is trusted", unknown.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileWithAProof_ThatDoesNotHold_IsAtFault_WhateverTheMachinesLogSays()
    {
        Assert.Null(Of(Judge(new FoundProof("p", ProofOf(5), null)), _main).Problem);

        Assert.True(Of(Judge(new FoundProof("p", Forged(ProofOf(5)), null)), _main).IsFault);
        Assert.True(Of(Judge(new FoundProof("p", ProofOf(5), null), new FoundProof("q", Forged(ProofOf(5)), null)), _main).IsFault);
        Assert.True(Of(Judge(new FoundProof("p", ProofOf(6), null)), _main).IsFault);
        Assert.True(Of(Judge(new FoundProof("p", null, "its first line is wrong")), _main).IsFault);

        // That of something else that was found is no fault.
        var both = Of(Judge(new FoundProof("p", ProofOf(6), null)), _main, _other);
        Assert.Equal((null, 1), (both.Problem, both.Others));
    }

    [Fact]
    public void AProofOfSomethingThatNobodyKnownSigned_CannotBeJudged()
    {
        var stranger = _other with { Signers = [] };
        Assert.Null(Of(Judge(new FoundProof("p", ProofOf(6), null)), _main, stranger).Problem);
        Assert.Null(Of(Judge(new FoundProof("p", ProofOf(6), null) { Envelope = HashOf(stranger) }), _main, stranger).Problem);
        Assert.True(Of(Judge(new FoundProof("p", ProofOf(6), null) { Envelope = HashOf(_main) }), _main, stranger).IsFault);
    }

    [Fact]
    public void AProofThatNamesItsEnvelope_IsOfThatOne()
    {
        var named = Of(Judge(new FoundProof("p", ProofOf(5), null) { Envelope = HashOf(_main) }, new FoundProof("q", ProofOf(6), null) { Envelope = HashOf(_other) }), _main, _other);
        Assert.Equal((null, 1), (named.Problem, named.Others));

        Assert.True(Of(Judge(new FoundProof("p", ProofOf(5), null) { Envelope = HashOf(_other) }), _main, _other).IsFault);
        Assert.True(Of(Judge(new FoundProof("p", ProofOf(5), null) { Envelope = HashOf(_main) }, new FoundProof("q", Forged(ProofOf(6)), null) { Envelope = HashOf(_other) }), _main, _other).IsFault);
        Assert.Null(Of(Judge(new FoundProof("p", ProofOf(6), null) { Envelope = new string('0', 64) }), _main, _other).Problem);
    }

    [Fact]
    public void NothingKnown_SaysNothing() => Assert.Null(new LogJudge(LogTrust.None, TestLog.Now).Judge([_main], [_main]));

    [Fact]
    public void WhatWitnessesSaw_CountsBeforeWhatTheyDidNot()
    {
        using var key = TestLog.KeyOf(33);
        var witness = NoteSigner.OfCosigner("witness.example/w1", key);
        var cosigned = ProofOf(5) with { Note = _log.Note().With(witness.Sign(_log.Note().Text, TestLog.Now)) };
        var judge = Judge(new FoundProof("p", ProofOf(5), null), new FoundProof("q", cosigned, null)) with { Trust = TestLog.Trust with { Witnesses = [new TrustedWitness(witness.Verifier)] } };
        Assert.Equal<IEnumerable<string>>(["witness.example/w1"], Of(judge, _main).Cosigners);
    }

    [Fact]
    public void TheEntryOfABundle_ThatNobodyWhoCountsSigned_SaysNothing() =>
        Assert.Null((Judge() with { Own = null }).Judge([Carrying(ProofOf(5)) with { Signers = [] }], []));
}
