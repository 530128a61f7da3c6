using System.Text;
using System.Text.Json.Nodes;

using Cairn.Tests.Logs;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Trust.Notes;

public sealed class SigstoreWriterTests : IDisposable
{
    private readonly P256SigningKey _logKey = P256SigningKey.Create();
    private readonly SigningKey _key = TestLog.KeyOf(61);
    private readonly TestLog _log = new TestLog().Add(6);
    private readonly Envelope _envelope;
    private readonly LogEntry _entry;

    public SigstoreWriterTests()
    {
        _envelope = Envelope.Sign(Envelope.InTotoType, [.. "{}"u8], _key);
        _entry = LogEntry.TryMake(_envelope, _key.PublicKey, out _)!;
        _log.Leaves.Add(_entry.Encode());
        _log.Add(3);
    }

    private LogTrust Trust => new([new TrustedLog(TestLog.Origin, [TestLog.Signer.Verifier, NoteVerifier.Of(TestLog.Name, _logKey.PublicKey)])], []);

    public void Dispose()
    {
        _logKey.Dispose();
        _key.Dispose();
    }

    private byte[] Bundle(long index = 6) =>
        SigstoreWriter.Bundle(_envelope, _key.PublicKey.Id, _entry.Encode(), TestLog.Now, TlogProof.Of(_log.ProveLeaf(index), _log.Note()), TestLog.Name, _logKey);

    private static FoundAttestation? Read(byte[] bundle, out string? problem)
    {
        var file = AttestationFile.Read("b", bundle);
        problem = file.Refused is [var refused, ..] ? refused.Problem : null;
        return file.Found is [var found] ? found : null;
    }

    private string? ProblemOf(byte[] bundle) => Read(bundle, out var problem) is not { } found ? problem : Assert.Single(found.Bundle!.LogEntries).Judge(Trust, TestLog.Now, out problem) is null ? problem : null;

    [Fact]
    public void Bundle_IsReadAndProved()
    {
        var found = Read(Bundle(), out _)!;
        var entry = Assert.Single(found.Bundle!.LogEntries);
        var judged = entry.Judge(Trust, TestLog.Now, out var problem);

        Assert.Null(problem);
        Assert.Equal((TestLog.Origin, 10L), (judged!.Checkpoint.Origin, judged.Checkpoint.Size));
        Assert.Equal((6L, TestLog.Now.ToUnixTimeSeconds()), (entry.Index, entry.IntegratedTime));
        Assert.NotNull(found.Envelope!.FindSignatureOf(_key.PublicKey));
        Assert.Equal("", found.Envelope.Signatures[0].KeyId);

        // As foreign verifiers want it: one signature line, and the name of the key in the origin.
        Assert.Equal(TestLog.Name, Assert.Single(entry.Checkpoint!.Signatures).Name);
    }

    [Fact]
    public void Bundle_OfTheFirstEntryIsNone() => Assert.Throws<ArgumentException>(() => Bundle(0));

    [Fact]
    public void Bundle_IsRefusedWhereAnythingIsForged()
    {
        using var otherLog = P256SigningKey.Create();
        var other = _log.Fork(2);
        Assert.Null(ProblemOf(Bundle()));
        Assert.Equal("the promise of the log is not its signature", Forged(static e => Flip(e["inclusionPromise"]!.AsObject(), "signedEntryTimestamp", 40)));
        Assert.Equal("the promise of the log is not its signature", Forged(static e => e["integratedTime"] = "1"));
        Assert.Equal("the promise of the log is not its signature", Forged(static e => e["logIndex"] = "7"));
        Assert.Equal("its promise is of a key that the log does not have", Forged(static e => Flip(e["logId"]!.AsObject(), "keyId", 0)));
        Assert.Equal("its proof is of another tree than its checkpoint", Forged(static e => Flip(e["inclusionProof"]!.AsObject(), "rootHash", 0)));
        Assert.Equal("its proof is of another tree than its checkpoint", Forged(static e => e["inclusionProof"]!["treeSize"] = "9"));
        Assert.Equal("its proof does not lead to the root", Forged(static e => e["inclusionProof"]!["logIndex"] = "5"));
        Assert.Equal("its proof does not lead to the root", Forged(static e => e["inclusionProof"]!["hashes"]!.AsArray().RemoveAt(0)));
        Assert.Contains("no key of the log", Forged(e => e["inclusionProof"]!["checkpoint"]!["envelope"] = other.Note(signer: NoteSigner.Of(TestLog.Name, otherLog)).ToString()), StringComparison.Ordinal);
        Assert.Contains("of what was signed", Forged(e => e["canonicalizedBody"] = Convert.ToBase64String(TestLog.Entry('a', 'b'))), StringComparison.Ordinal);
        Assert.Equal("it has no proof of inclusion with a checkpoint", Forged(static e => e.Remove("inclusionProof")));

        // Another's log is not believed, whatever it proves.
        Assert.Null(Assert.Single(Read(Bundle(), out _)!.Bundle!.LogEntries).Judge(TestLog.Trust, TestLog.Now, out var problem));
        Assert.Contains("no key of the log", problem, StringComparison.Ordinal);

        string? Forged(Action<JsonObject> change)
        {
            var bundle = JsonNode.Parse(Bundle())!;
            change(bundle["verificationMaterial"]!["tlogEntries"]![0]!.AsObject());
            return ProblemOf(Encoding.UTF8.GetBytes(bundle.ToJsonString()));
        }

        static void Flip(JsonObject parent, string name, int at)
        {
            var bytes = Convert.FromBase64String(parent[name]!.GetValue<string>());
            bytes[at] ^= 1;
            parent[name] = Convert.ToBase64String(bytes);
        }
    }

    [Fact]
    public void TrustedRoot_NamesTheLogAndItsKey()
    {
        var root = JsonNode.Parse(SigstoreWriter.TrustedRoot(TestLog.Name, _logKey.PublicKey, DateTimeOffset.UnixEpoch))!;
        var log = root["tlogs"]![0]!;

        Assert.Equal("application/vnd.dev.sigstore.trustedroot+json;version=0.1", root["mediaType"]!.GetValue<string>());
        Assert.Equal(("https://log.example", "1970-01-01T00:00:00Z"), (log["baseUrl"]!.GetValue<string>(), log["publicKey"]!["validFor"]!["start"]!.GetValue<string>()));
        Assert.Equal(Convert.ToBase64String(_logKey.PublicKey.Spki.AsSpan()), log["publicKey"]!["rawBytes"]!.GetValue<string>());
    }
}
