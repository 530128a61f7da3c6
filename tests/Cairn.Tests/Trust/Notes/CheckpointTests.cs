using System.Text;

using Cairn.Trust.Keys;
using Cairn.Trust.Notes;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Trust.Notes;

public sealed class CheckpointTests
{
    // The worked example of C2SP tlog-cosignature.
    private const string Text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    private const string WitnessLine = "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";

    [Fact]
    public void TryParse_ReadsTheExampleOfTheSpecification()
    {
        var checkpoint = Checkpoint.TryParse(Text, out var problem);

        Assert.Null(problem);
        Assert.Equal(("example.com/behind-the-sofa", 20852163L), (checkpoint!.Origin, checkpoint.Size));
        Assert.Equal("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", Convert.ToBase64String(checkpoint.Root.AsSpan()));
        Assert.Empty(checkpoint.Extensions);
        Assert.Equal(Text, checkpoint.ToText());
    }

    [Fact]
    public void Cosignature_OfTheExampleHasItsTime()
    {
        var line = NoteSignature.TryParse(WitnessLine)!;
        var cosignature = Cosignature.TryRead(line)!;

        Assert.Equal(1679315147, cosignature.UnixSeconds);
        Assert.Equal("cosignature/v1\ntime 1679315147\n" + Text, Encoding.UTF8.GetString(Cosignature.Message(Text, cosignature.UnixSeconds)));
        Assert.Equal(WitnessLine, line.ToString());
    }

    [Fact]
    public void Cosignature_IsOfItsTimeAndTextAlone()
    {
        using var key = SigningKey.FromSeed([.. Enumerable.Repeat((byte)3, SigningKey.SeedBytes)]);
        var signer = NoteSigner.OfCosigner("witness.example.com/w1", key);
        var line = signer.Sign(Text, DateTimeOffset.FromUnixTimeSeconds(1679315147));
        var cosignature = Cosignature.TryRead(line)!;

        Assert.True(signer.Verifier.IsSignature(Text, line));
        Assert.False(signer.Verifier.IsSignature(Text, (cosignature with { UnixSeconds = 1679315148 }).ToLine(signer.Verifier)));
        Assert.False(signer.Verifier.IsSignature(Text.Replace("63", "64", StringComparison.Ordinal), line));

        // The same key that signs as a log has another id, and its signature is none of a witness.
        var log = NoteSigner.Of("witness.example.com/w1", key);
        Assert.NotEqual(log.Verifier.KeyId, signer.Verifier.KeyId);
        Assert.Null(Cosignature.TryRead(log.Sign(Text, DateTimeOffset.UnixEpoch)));
        Assert.Null(Cosignature.TryRead(line with { Bytes = [0x80, .. line.Bytes.AsSpan()[1..]] }));
    }

    [Theory]
    [InlineData("o\n1\n", "lines")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "lines")]
    [InlineData("\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "empty")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n", "empty")]
    [InlineData("o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "size")]
    [InlineData("o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "size")]
    [InlineData("o\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "size")]
    [InlineData("o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "size")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "root")]
    [InlineData("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", "root")]
    public void TryParse_SaysWhy(string text, string why)
    {
        Assert.Null(Checkpoint.TryParse(text, out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Checkpoints_AreReadAsTheyWereWritten() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<byte[]>(), (size, bytes) =>
        {
            var checkpoint = new Checkpoint("log.example - 1", size.Get, [.. System.Security.Cryptography.SHA256.HashData(bytes ?? [])]) { Extensions = bytes is { Length: > 3 } ? ["extension"] : [] };
            Assert.Equal(checkpoint, Checkpoint.TryParse(checkpoint.ToText(), out _));
        }).QuickCheckThrowOnFailure();
}
