using System.Text;

using Cairn.Trust.Keys;
using Cairn.Trust.Notes;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Trust.Notes;

public sealed class SignedNoteTests
{
    // The worked example of C2SP signed-note.
    private const string ExampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    private const string Example = "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    // The note of Go's package note, and the seed of its key.
    private const string PeterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private const string PeterTypeAndSeed = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private const string PeterText = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    private const string PeterLine = "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    // The example of C2SP tlog-checkpoint is a tree head of Go's checksum database under another origin: with its own one, the signature holds.
    private const string GoSumKey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    private const string GoSumLine = "\u2014 sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    private const string SofaRest = "\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    // Rekor's key: the id is that of the key alone.
    private const string RekorKey =
        "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_679_315_147);

    [Theory]
    [InlineData(ExampleKey, Example)]
    [InlineData(PeterKey, PeterText + "\n" + PeterLine)]
    [InlineData(GoSumKey, "go.sum database tree" + SofaRest + "\n" + GoSumLine)]
    public void Check_FindsTheSignaturesOfOthers(string key, string text)
    {
        var note = Parse(text);

        Assert.Equal(NoteVerdict.Signed, Verifier(key).Check(note));
        Assert.Equal(NoteVerdict.Forged, Verifier(key).Check(note with { Text = note.Text + "x\n" }));
        Assert.Equal(text, note.ToString());
    }

    [Fact]
    public void Sign_MakesTheNoteOfGo()
    {
        using var key = SigningKey.FromSeed(Convert.FromBase64String(PeterTypeAndSeed).AsSpan(1));
        var signer = NoteSigner.Of("PeterNeumann", key);

        Assert.Equal(PeterKey, signer.Verifier.ToString());
        Assert.Equal(PeterLine, signer.Sign(PeterText, Now) + "\n");
    }

    [Theory]
    [InlineData(ExampleKey, NoteAlgorithm.Ed25519)]
    [InlineData(PeterKey, NoteAlgorithm.Ed25519)]
    [InlineData(GoSumKey, NoteAlgorithm.Ed25519)]
    [InlineData(RekorKey, NoteAlgorithm.EcdsaP256)]
    public void Verifier_IsWrittenAsItWasRead(string text, NoteAlgorithm algorithm)
    {
        Assert.Equal(text, Verifier(text).ToString());
        Assert.Equal(algorithm, Verifier(text).Algorithm);
    }

    [Fact]
    public void Verifier_RefusesEachPartAndEachChange()
    {
        for (var i = 0; i < PeterKey.Length; i++)
        {
            Assert.Null(NoteVerifier.TryParse(PeterKey[..i], out var problem));
            Assert.NotNull(problem);
            Assert.Null(NoteVerifier.TryParse(PeterKey[(i + 1)..], out _));
            Assert.Null(NoteVerifier.TryParse(PeterKey[..i] + (char)(PeterKey[i] + 1) + PeterKey[(i + 1)..], out _));
        }

        // A key too long and an algorithm that nobody knows, each with the id that belongs to it.
        Assert.Null(NoteVerifier.TryParse("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", out _));
        Assert.Null(NoteVerifier.TryParse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", out _));
        Assert.Null(NoteVerifier.TryParse(PeterKey.Replace("c74f20a3", "C74F20A3", StringComparison.Ordinal), out _));
    }

    [Fact]
    public void Check_IgnoresLinesOfOtherKeys_AndRefusesAForgedOneOfItsOwn()
    {
        using var key = SigningKey.FromSeed([.. Enumerable.Repeat((byte)7, SigningKey.SeedBytes)]);
        var other = NoteSigner.Of("other.example", key);
        var peter = Verifier(PeterKey);
        var note = Parse(PeterText + "\n" + PeterLine);
        var both = note.With(other.Sign(PeterText, Now));

        Assert.Equal(NoteVerdict.Signed, peter.Check(both));
        Assert.Equal(NoteVerdict.Signed, other.Verifier.Check(both));
        Assert.Equal(NoteVerdict.Absent, other.Verifier.Check(note));

        // The right name with another id is another key's; with the right id it must hold, even beside a line that does.
        var wrong = note.Signatures[0] with { Bytes = other.Sign(PeterText, Now).Bytes };
        Assert.Equal(NoteVerdict.Signed, peter.Check(note.With(wrong with { KeyId = 1 })));
        Assert.Equal(NoteVerdict.Signed, peter.Check(note.With(wrong with { Name = "Peter" })));
        Assert.Equal(NoteVerdict.Forged, peter.Check(note.With(wrong)));
    }

    [Fact]
    public void TryParse_TakesSixteenSignatures_AndUnknownKinds()
    {
        var lines = string.Concat(Enumerable.Range(0, 16).Select(static i => $"\u2014 unknown{i} {Convert.ToBase64String(new byte[2432])}\n"));

        Assert.Equal(17, Parse(PeterText + "\n" + lines + PeterLine).Signatures.Length);
    }

    [Fact]
    public void TryParse_DividesAtTheLastEmptyLine()
    {
        var note = Parse("a\n\n\nb\n\n" + PeterLine);

        Assert.Equal("a\n\n\nb\n", note.Text);
    }

    [Theory]
    [InlineData("", "divides")]
    [InlineData("text\n", "divides")]
    [InlineData("text\n\n", "no signature")]
    [InlineData("text\n\n\u2014 name\n", "is none")]
    [InlineData("text\n\n\u2014  AAAAAAA=\n", "is none")]
    [InlineData("text\n\n\u2014 na\u00A0me AAAAAAA=\n", "is none")]
    [InlineData("text\n\n\u2014 na+me AAAAAAA=\n", "is none")]
    [InlineData("text\n\n\u2014 name AAAAAA==\n", "is none")]
    [InlineData("text\n\n\u2014 name AAAAAAB=\n", "is none")]
    [InlineData("text\n\n\u2014 name AAAAAAA=", "is none")]
    [InlineData("text\n\n- name AAAAAAA=\n", "is none")]
    [InlineData("text\n\n\u2014 name AAAAAAA= x\n", "is none")]
    [InlineData("te\txt\n\n\u2014 name AAAAAAA=\n", "control")]
    [InlineData("text\r\n\n\u2014 name AAAAAAA=\n", "control")]
    public void TryParse_SaysWhy(string text, string why)
    {
        Assert.Null(SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_RefusesWhatIsNotUtf8_AndTooMuch()
    {
        Assert.Null(SignedNote.TryParse([.. "te"u8, 0xFF, .. "\n\n\u2014 name AAAAAAA=\n"u8], out var problem));
        Assert.Equal("it is not UTF-8", problem);
        Assert.Null(SignedNote.TryParse(new byte[Cairn.Trust.Limits.NoteBytesMax + 1], out problem));
        Assert.Contains("KiB", problem, StringComparison.Ordinal);
        Assert.Null(SignedNote.TryParse(Encoding.UTF8.GetBytes("t\n\n" + string.Concat(Enumerable.Repeat("\u2014 name AAAAAAA=\n", Cairn.Trust.Limits.NoteSignaturesMax + 1))), out problem));
        Assert.Contains("signatures", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_AreReadAsTheyWereWritten()
    {
        using var ed25519 = SigningKey.FromSeed([.. Enumerable.Repeat((byte)9, SigningKey.SeedBytes)]);
        using var p256 = P256SigningKey.Create();
        NoteSigner[] signers = [NoteSigner.Of("log.example", ed25519), NoteSigner.Of("log.example", p256), NoteSigner.OfCosigner("witness.example/w1", ed25519)];
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), input =>
        {
            var text = new string([.. input.Get.Where(static c => (c >= ' ' || c == '\n') && !char.IsSurrogate(c))]) + "\n";
            var note = new SignedNote(text, [.. signers.Select(signer => signer.Sign(text, Now))]);
            var read = SignedNote.TryParse(note.ToBytes(), out _);
            Assert.NotNull(read);
            Assert.Equal(text, read.Text);
            Assert.All(signers, signer => Assert.Equal(NoteVerdict.Signed, signer.Verifier.Check(read)));
            Assert.All(signers, signer => Assert.Equal(signer.Verifier, Verifier(signer.Verifier.ToString())));
            Assert.All(signers, signer => Assert.Equal(NoteVerdict.Forged, signer.Verifier.Check(read with { Text = "x" + text })));
        }).QuickCheckThrowOnFailure();
    }

    private static SignedNote Parse(string text) => SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out var problem) ?? throw new ArgumentException(problem, nameof(text));

    private static NoteVerifier Verifier(string text) => NoteVerifier.TryParse(text, out var problem) ?? throw new ArgumentException(problem, nameof(text));
}
