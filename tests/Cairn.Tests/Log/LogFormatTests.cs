using System.Text;

using Cairn.Core.Actions;
using Cairn.Store.Log;
using Cairn.Tests.Actions;
using Cairn.Tests.Logs;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Log;

public sealed class LogFormatTests
{
    [Fact]
    public void LogSettings_AreRead_AsTheyAreWritten_AndAsOthersSpellThem()
    {
        var settings = new LogSettings("ci.example/log of \"ours\"", [new LogKey("log-2", "ci.example/log+00000002+AAAA"), new LogKey("log", "ci.example/log+00000001+AAAA")]);
        Assert.Equal(Describe(settings), Describe(LogSettings.TryRead(settings.ToJson(), out _)));
        Assert.Equal(Describe(settings with { Origin = "ci.example/log" }), Describe(LogSettings.TryRead((settings with { Origin = "ci.example/log" }).ToJson(), out _)));
        Assert.Equal("a: k v", Describe(LogSettings.TryRead("""{ "version": 1, "origin": "a", "keys": [ { "key": "v", "file": "k" } ] }"""u8, out _)));
        Assert.Equal("Ä: k v", Describe(LogSettings.TryRead("""{"keys":[{"file":"k","key":"v"}],"origin":"Ä","version":1}"""u8, out _)));
    }

    [Theory]
    [InlineData("""{"keys":[],"origin":"a","version":1}""")]
    [InlineData("""{"keys":[{"file":"k","key":"v"}],"origin":"","version":1}""")]
    [InlineData("""{"keys":[{"file":"k","key":"v"}],"origin":"a","version":2}""")]
    [InlineData("""{"keys":[{"file":"k","key":"v"}],"origin":"a","version":1}{}""")]
    [InlineData("""{"keys":[{"file":"k","key":"v"},],"origin":"a","version":1}""")]
    [InlineData("""{"keys":[{"file":"k","key":"v"}],"origin":"a""")]
    [InlineData("")]
    public void LogSettings_AreRefused_WhereTheyAreNone(string json)
    {
        Assert.Null(LogSettings.TryRead(Encoding.UTF8.GetBytes(json + "\n"), out var problem));
        Assert.NotNull(problem);
    }

    private static string? Describe(LogSettings? settings) => settings is null ? null : $"{settings.Origin}: {string.Join(", ", settings.Keys.Select(static k => $"{k.File} {k.Text}"))}";

    // The worked example of C2SP tlog-tiles, and sizes around a group of digits.
    [Theory]
    [InlineData(0, 1_234_067, 256, "tile/0/x001/x234/067")]
    [InlineData(0, 273, 112, "tile/0/273.p/112")]
    [InlineData(1, 1, 17, "tile/1/001.p/17")]
    [InlineData(2, 0, 1, "tile/2/000.p/1")]
    [InlineData(63, 999, 256, "tile/63/999")]
    [InlineData(0, 1_000, 256, "tile/0/x001/000")]
    [InlineData(-1, 1_000_000, 255, "tile/entries/x001/x000/000.p/255")]
    public void TilePath_IsThatOfTlogTiles(int level, long index, int width, string path)
    {
        var tile = new TilePath(level, index, width);
        Assert.Equal(path, tile.ToString());
        Assert.True(TilePath.TryParse(path, out var read));
        Assert.Equal(tile, read);
    }

    [Theory]
    [InlineData("tile/0/1")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/001/002")]
    [InlineData("tile/0/x001")]
    [InlineData("tile/64/000")]
    [InlineData("tile/00/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/0/../000")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/entries/x999/x999/x999/x999/x999/x999/x999/999")]
    [InlineData("")]
    public void TilePath_RefusesOtherNames(string path) => Assert.False(TilePath.TryParse(path, out _));

    // C2SP tlog-tiles says of 70,000 leaves: 273 full tiles of level 0 and one of 112, one full and one of 17 of level 1, one of 1 of level 2.
    [Theory]
    [InlineData(70_000, 0, 273, 112)]
    [InlineData(70_000, 1, 1, 17)]
    [InlineData(70_000, 2, 0, 1)]
    [InlineData(256, 1, 0, 1)]
    public void Holding_GivesTheWidthsOfTheExample(long size, int level, long index, int width) =>
        Assert.Equal(new TilePath(level, index, width), TilePath.Holding(level, TilePath.HashesOf(level, size) - 1, size));

    [Fact]
    public void LogEntry_OfAnAttestation_IsRekorsBody_WithActionAndOutputs()
    {
        using var key = TestSeal.Key(1);
        var (envelope, entry) = Attested(key);
        var leaf = entry.Encode();
        Assert.Equal(
            $$$"""{"apiVersion":"0.0.1","cairn":{"action":"{{{entry.Action}}}","outputs":"{{{entry.Outputs}}}"},"kind":"dsse","spec":{"envelopeHash":{"algorithm":"sha256","value":"{{{entry.EnvelopeHash}}}"},"payloadHash":{"algorithm":"sha256","value":"{{{envelope.PayloadHash}}}"},"signatures":[{"signature":"{{{Convert.ToBase64String(envelope.Signatures[0].Bytes.AsSpan())}}}","verifier":"{{{Convert.ToBase64String(Encoding.ASCII.GetBytes(KeyPem.WritePublic(key.PublicKey)))}}}"}]}}""",
            Encoding.UTF8.GetString(leaf));
        Assert.Equal(ActionEncoder.Encode(Sample.Description).Digest.Hash, entry.Action);
        Assert.InRange(leaf.Length, 650, 850);
        Assert.Equal(entry, LogEntry.TryRead(leaf, out _));
        Assert.True(entry.IsBoundTo(envelope));
        Assert.Null(LogEntryBody.ProblemOf(leaf, envelope, null, ""));
        Assert.Equal(key.PublicKey, entry.KeyOf());
    }

    [Fact]
    public void LogEntry_DoesNotDependOnKeyIds()
    {
        using var key = TestSeal.Key(1);
        var (envelope, entry) = Attested(key);
        var renamed = envelope with { Signatures = [envelope.Signatures[0] with { KeyId = "somebody" }] };
        Assert.Equal(entry, LogEntry.TryMake(renamed, key.PublicKey, out _));
        Assert.True(entry.IsBoundTo(renamed with { Signatures = [envelope.Signatures[0] with { KeyId = "" }] }));
    }

    [Fact]
    public void LogEntry_OfAnotherEnvelope_IsNotBound()
    {
        using var key = TestSeal.Key(1);
        using var other = TestSeal.Key(2);
        var (envelope, entry) = Attested(key);
        var twice = Envelope.Sign(envelope.PayloadType, envelope.Payload, other);
        var hash = new string('0', 64);
        Assert.Equal("it is of another signature", entry.ProblemWith(twice));
        Assert.Equal("it is of another payload", entry.ProblemWith(Envelope.Sign(envelope.PayloadType, [.. "{}"u8], key)));
        Assert.Equal("it has the hash of another envelope", (entry with { EnvelopeHash = hash }).ProblemWith(envelope));
        Assert.Equal("it names another action, or other outputs, than the statement", (entry with { Action = hash }).ProblemWith(envelope));
        Assert.Equal("it names another action, or other outputs, than the statement", (entry with { Action = null, Outputs = null }).ProblemWith(envelope));
        Assert.Equal("its key did not make the signature", TestLog.EntryOf(envelope, other.PublicKey, entry.Action, entry.Outputs).ProblemWith(envelope));
        Assert.Equal("it is of another signature", entry.ProblemWith(envelope with { Signatures = [envelope.Signatures[0], twice.Signatures[0]] }));
    }

    [Fact]
    public void TryMake_RefusesWhatTheKeyDidNotSign()
    {
        using var key = TestSeal.Key(1);
        using var other = TestSeal.Key(2);
        var (envelope, _) = Attested(key);
        Assert.Null(LogEntry.TryMake(envelope, other.PublicKey, out var problem));
        Assert.EndsWith("did not sign it", problem, StringComparison.Ordinal);
        Assert.Null(LogEntry.TryMake(envelope with { Signatures = [envelope.Signatures[0], envelope.Signatures[0]] }, key.PublicKey, out problem));
        Assert.Equal("it has 2 signatures, and an entry is of one", problem);
    }

    [Fact]
    public void TryRead_RefusesALeafWithAnyByteChangedInItsFrame()
    {
        using var key = TestSeal.Key(1);
        var (_, entry) = Attested(key);
        var leaf = entry.Encode();
        Assert.Null(LogEntry.TryRead(leaf.AsSpan(1), out _));
        Assert.Null(LogEntry.TryRead(leaf.AsSpan(0, leaf.Length - 1), out _));
        Assert.Null(LogEntry.TryRead([.. leaf, (byte)' '], out _));
        for (var i = 0; i < leaf.Length; i++)
        {
            byte[] changed = [.. leaf];
            changed[i] ^= 0x40;
            Assert.True(LogEntry.TryRead(changed, out _) is not { } read || !read.Equals(entry), $"byte {i}");
        }
    }

    [Fact]
    public void LeafHashes_TakeNoOtherCharacter_AtAnyPlaceOfAValue()
    {
        using var key = TestSeal.Key(1);
        var leaf = Attested(key).Entry.Encode();
        Assert.True(LeafHashes.TryRead(leaf, out var values));
        foreach (var (place, isHex) in ((Range, bool)[])[(values.Envelope, true), (values.Payload, true), (values.Action, true), (values.Outputs, true), (values.Signature, false), (values.Verifier, false)])
        {
            for (var at = place.Start.Value; at < place.End.Value; at++)
            {
                var before = leaf[at];
                for (var b = 0; b < 256; b++)
                {
                    leaf[at] = (byte)b;
                    var expected = isHex ? char.IsAsciiHexDigitLower((char)b) : char.IsAsciiLetterOrDigit((char)b) || (char)b is '+' or '/' or '=';
                    Assert.True(expected == LeafHashes.TryRead(leaf, out _), $"{b:x2} at {at}");
                }

                leaf[at] = before;
            }
        }
    }

    [Fact]
    public void LogMarks_AreReadAsTheyWereWritten()
    {
        using var key = TestSeal.Key(1);
        var verifier = NoteVerifier.Of("log.example", key.PublicKey);
        LogMark[] marks =
        [
            new LogMark.Genesis(TestSeal.Now, "log.example - 12", verifier, null), new LogMark.Genesis(TestSeal.Now, "log.example - 12", verifier, "log.example - 11"),
            new LogMark.Rotation(TestSeal.Now, verifier, [.. "{}"u8]), new LogMark.Freeze(TestSeal.Now, "log.example - 13", verifier), new LogMark.Freeze(TestSeal.Now, null, null),
        ];
        foreach (var mark in marks)
        {
            var leaf = mark.Encode();
            Assert.Equal(leaf, LogMark.TryRead(leaf)?.Encode());
            Assert.Null(LogMark.TryRead([.. leaf, (byte)' ']));
            Assert.Null(LogEntry.TryRead(leaf, out _));
        }
    }

    [Fact]
    public void TlogProof_IsTheFileOfTheSpecification()
    {
        using var key = TestSeal.Key(1);
        var tiles = MemoryTiles.OfNumbers(5);
        var note = new Checkpoint("log.example - 12", 5, [.. tiles.Edge.Root().ToArray()]).Sign([NoteSigner.Of("log.example", key)], TestSeal.Now);
        var proof = TlogProof.Of(InclusionProof.Make(tiles.Tree(), 3), note);
        var path = proof.Inclusion.Path.Select(static h => h.ToBase64()).ToArray();
        var text = $"c2sp.org/tlog-proof@v1\nindex 3\n{path[0]}\n{path[1]}\n{path[2]}\n\nlog.example - 12\n5\n{tiles.Edge.Root().ToBase64()}\n\n{note.Signatures[0]}\n";
        Assert.Equal(text, Encoding.UTF8.GetString(proof.ToBytes()));
        var read = TlogProof.TryRead(Encoding.UTF8.GetBytes(text), out var problem);
        Assert.True(read is not null, problem);
        Assert.Equal(text, Encoding.UTF8.GetString(read.ToBytes()));
        var verifier = NoteVerifier.Of("log.example", key.PublicKey);
        var leaf = tiles.Tree().Leaf(3);
        Assert.Null(read.ProblemFor(leaf, "log.example - 12", verifier));
        Assert.Equal("it is of another log, `log.example - 12`", read.ProblemFor(leaf, "log.example - 13", verifier));
        Assert.Equal("the way from the leaf does not lead to the root of its checkpoint", read.ProblemFor(tiles.Tree().Leaf(2), null, verifier));
        using var other = TestSeal.Key(2);
        Assert.Equal("the key `log.example` did not sign its checkpoint", read.ProblemFor(leaf, null, NoteVerifier.Of("log.example", other.PublicKey)));
        var extra = TlogProof.TryRead(Encoding.UTF8.GetBytes(text.Replace("index", "extra YQ==\nindex", StringComparison.Ordinal)), out _);
        Assert.Equal("a"u8, extra!.Extra.AsSpan());
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v2\nindex 0\n\n", "first line")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 00\n\n", "no `index`")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex -1\n\n", "no `index`")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra QR==\nindex 0\n\n", "extra")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nQQ==\n\n", "line 1")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\n\nlog\n1\n", "checkpoint")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 1\n\nlog\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n\n— log AAAAAAA=\n", "beyond the size")]
    public void TlogProof_RefusesOthers(string text, string why)
    {
        var read = TlogProof.TryRead(Encoding.UTF8.GetBytes(text), out var problem);
        Assert.Null(read);
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    /// <summary>The attestation of the sample action, and its entry.</summary>
    internal static (Envelope Envelope, LogEntry Entry) Attested(SigningKey key)
    {
        var work = TestSeal.Sample;
        var statement = ActionProvenance.Write(work.Action, work.Result, [], TestSeal.Details);
        var envelope = Envelope.Sign(Envelope.InTotoType, [.. statement.ToJson()], key);
        var entry = LogEntry.TryMake(envelope, key.PublicKey, out var problem);
        Assert.True(entry is not null, problem);
        return (envelope, entry);
    }
}
