using Cairn.Testing;
using Cairn.Tests.Actions;
using Cairn.Trust.Keys;
using Cairn.Trust.Notes;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;
using Cairn.Trust.Verification.Reading;

using static Cairn.Tests.Trust.TrustTesting;

namespace Cairn.Tests.Trust;

public sealed class TrustFileReaderTests
{
    private static DateTimeOffset Day(int day) => new(2026, 3, day, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Read_ReadsAllThatAKeyCanSay()
    {
        var file = Good($$"""
            # Whom we believe.
            version: 1
            sign_with: laptop
            keys:
              anna:
                public: |
            {{Indent(KeyPem.WritePublic(Public(1)), 6)}}
                owner: Anna
                tier: protected
                builders: [https://example.org/ci, "urn:example:builder"]
                projects: [web, "tools/**"]
                pipelines: release
                steps: ["test*"]
                from: 2026-03-01
                until: 2026-03-20T12:30Z
              bert: { public: {{Base64(2)}}, revoked: { since: 2026-03-05T00:00:00+01:00, reason: lost } }
              token: { public: "{{Convert.ToBase64String(Public(3).Raw.AsSpan())}}", signer: [sign-with-token, --slot, 0], own: false }
              file: { public: file:keys/file.pub, own: true }
            thresholds:
              - { projects: [web], signatures: 2, of: [anna, token, file] }
              - { signatures: 2, by: owner }
            """, path => path == "keys/file.pub" ? Bytes(KeyPem.WritePublic(Public(4))) : null);

        Assert.Equal("laptop", file.SignWith);
        var (anna, bert, token, own) = (file.Store.Keys[0], file.Store.Keys[1], file.Store.Keys[2], file.Store.Keys[3]);
        Assert.Equal(Public(1), anna.Key);
        Assert.Equal(("anna", "Anna", Tier.Protected, Day(1), new DateTimeOffset(2026, 3, 20, 12, 30, 0, TimeSpan.Zero)), (anna.Name, anna.Owner, anna.Tier, anna.From, anna.Until));
        Assert.Equal(["https://example.org/ci", "urn:example:builder"], anna.Builders);
        Assert.Equal(["web", "tools/**", "release", "test*"], anna.Projects.Concat(anna.Pipelines).Concat(anna.Steps).Select(static p => p.Text));
        Assert.Equal((new DateTimeOffset(2026, 3, 4, 23, 0, 0, TimeSpan.Zero), "lost", Tier.Branch), (bert.Revoked, bert.RevokedFor, bert.Tier));
        Assert.Equal(["sign-with-token", "--slot", "0"], token.Signer);
        Assert.True(token is { IsOwn: false, IsShared: true });
        Assert.True(own is { IsOwn: true, IsShared: false });
        Assert.Equal(Public(4), own.Key);
        Assert.Equal([2, 2], file.Store.Thresholds.Select(static t => t.Signatures));
        Assert.Equal(["anna", "token", "file"], file.Store.Thresholds[0].Of);
        Assert.True(file.Store.Thresholds[1].ByOwner);
    }

    [Theory]
    [InlineData("version: 1")]
    [InlineData("version: 1\nkeys:\nthresholds:\nrotations:\n")]
    [InlineData("{ version: 1, keys: {} }")]
    [InlineData("""{"version": 1, "keys": {}, "thresholds": [], "rotations": []}""")]
    public void Read_TakesWhatTrustsNobody(string yaml) => Assert.Empty(Good(yaml).Store.Keys);

    [Fact]
    public void Read_ReadsLogsAndWitnesses()
    {
        var (log, witness) = (NoteVerifier.Of("ci.example.com", Public(1)), NoteVerifier.OfCosigner("witness.example.com/w1", Public(2)));
        var logs = Good($$"""
            version: 1
            logs:
              - { origin: ci.example.com - 1, keys: ["{{log}}"], url: https://log.example.com/x }
            witnesses:
              - { key: "{{witness}}", url: "http://127.0.0.1:8781" }
              - { key: "{{NoteVerifier.OfCosigner("w2", Public(3))}}" }
            """).Store.Logs;

        Assert.Equal(("ci.example.com - 1", "https://log.example.com/x"), (logs.Logs[0].Origin, logs.Logs[0].Url!.ToString()));
        Assert.Equal([log], logs.Logs[0].Keys);
        Assert.Equal(["witness.example.com/w1", "w2"], logs.Witnesses.Select(static w => w.Key.Name));
    }

    [Fact]
    public void Read_ReportsEveryMistakeOfLogs()
    {
        var (log, witness) = (NoteVerifier.Of("ci", Public(1)), NoteVerifier.OfCosigner("w", Public(1)));
        var (_, mistakes) = Read($$"""
            version: 1
            keys: { anna: { public: {{Base64(2)}} } }
            logs:
              - { origin: a - 1, keys: ["{{witness}}"] }
              - { origin: a - 2, keys: ["{{log}}", "{{NoteVerifier.Of("ci", Public(2))}}"], url: ftp://x }
              - { keys: [x] }
              - 5
            witnesses:
              - { key: "{{log}}" }
              - { key: "{{witness}}" }
            """);
        Assert.Equal(
            ["CAIRN0604", "CAIRN0605", "CAIRN0602", "CAIRN0603", "CAIRN0604", "CAIRN0602", "CAIRN0604", "CAIRN0605"],
            mistakes.Select(static m => m[..9]));
    }

    [Fact]
    public void Read_ReportsEveryMistakeAtOnce()
    {
        var (file, mistakes) = Read($$"""
            verison: 1
            keys:
              anna: { public: {{Base64(1)}}, tier: protectd, ower: Anna, from: yesterday, until: 5 }
              bert: { public: {{Base64(1)}} }
              carla: { public: AAAA }
              dora: { owner: dora }
              "no name": { public: {{Base64(2)}} }
              emil: 5
              fritz: { public: file:keys/nowhere.pub, builders: [ci], steps: [""], signer: [./sign] }
              gerd: { public: {{Base64(3)}}, from: 2026-02-01, until: 2026-01-01, revoked: { reason: lost }, own: maybe }
            thresholds:
              - { signatures: 0, of: [ana] }
              - { projects: web }
              - { by: person, signatures: 1 }
            rotations: [file:keys/x.json, QUJD, 5]
            """);
        Assert.Null(file);
        Assert.Equal(
            [
                "CAIRN0601 1:1 `verison` is not a key of a trust store / Did you mean `version`?",
                "CAIRN0603 1:1 A trust store needs the key `version` / Begin it with `version: 1`",
                "CAIRN0602 3:87 There is no tier `protectd` / Did you mean `protected`?",
                "CAIRN0601 3:97 `ower` is not a key of a key / Did you mean `owner`?",
                "CAIRN0602 3:115 `from` takes a time, and `yesterday` is none / Write a day, `2026-11-21` (from its beginning in UTC), or a moment, `2026-11-21T18:00Z`",
                "CAIRN0602 3:133 `until` takes a time, and `5` is none / Write a day, `2026-11-21` (from its beginning in UTC), or a moment, `2026-11-21T18:00Z`",
                "CAIRN0605 4:3 The key `bert` stands here already under another name / Remove one of them: a key has one set of roles, and counts once",
                "CAIRN0604 5:20 This public key cannot be used: It is neither an Ed25519 key nor one on P-256 / `cairn keys show NAME` prints one as it is written here",
                "CAIRN0603 6:3 The key `dora` needs `public` / Add `public: MCowBQYDK2VwAyEA…`, the public key in base64 or as PEM, or `public: file:keys/dora.pub`",
                "CAIRN0602 7:3 `no name` cannot be the name of a key / Use letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
                "CAIRN0602 8:9 `emil` takes a mapping, but this is a number / For example `emil: { public: MCowBQYDK2VwAyEA… }`",
                "CAIRN0602 9:20 The file `keys/nowhere.pub` cannot be read, or is too large / Paths are relative to the folder of the trust store",
                "CAIRN0602 9:54 `ci` is no URI, and builders are named by one / For example `builders: https://example.org/builders/ci`",
                "CAIRN0602 9:67 `steps` takes patterns, but this is a string / For example `steps: [build, \"test*\"]`",
                "CAIRN0602 9:81 `./sign` is a path that depends on where Cairn is started / Write the name of a program in `PATH`, or an absolute path",
                "CAIRN0602 10:106 The key `gerd` would never be valid: `until` is not after `from` / Write the later time as `until`",
                "CAIRN0603 10:118 A revocation needs `since` / Add `since: 2026-11-21`, the first day on which somebody else may have had the key",
                "CAIRN0602 10:150 `own` takes `true` or `false`, but this is a string / For example `own: true`",
                "CAIRN0602 12:19 `signatures` is from 1 to 1000; `0` is not / For example `signatures: 2`",
                "CAIRN0606 12:27 There is no key `ana` in this trust store / Did you mean `anna`?",
                "CAIRN0603 13:7 A threshold needs `signatures` / Add `signatures: 2`",
                "CAIRN0602 14:11 `by` takes `key` or `owner`, not `person` / With `owner`, keys of one owner count once",
                "CAIRN0602 15:13 The file `keys/x.json` cannot be read, or is too large / Paths are relative to the folder of the trust store",
                "CAIRN0608 15:31 This rotation statement is not valid: it is no JSON: line 1, byte 1 / Ask for it again: `cairn keys rotate` writes it as `keys/NAME.rotation.json`",
                "CAIRN0602 15:37 A rotation is a text, but this is a number / For example `file:keys/anna.rotation.json`",
            ],
            mistakes);
    }

    [Fact]
    public void Read_RefusesThresholdsThatNobodyCanMeet()
    {
        var (file, mistakes) = Read($$"""
            version: 1
            keys: { anna: { public: {{Base64(1)}}, owner: A }, desk: { public: {{Base64(2)}}, owner: A } }
            thresholds: [{ signatures: 2 }, { signatures: 2, by: owner }, { signatures: 2, of: [anna] }]
            """);
        Assert.Null(file);
        Assert.Equal(["CAIRN0607 3:35 This threshold asks for 2 owners, and only 1 can meet it / Lower `signatures`, or add keys"], mistakes);
    }

    [Fact]
    public void Read_RefusesSmallOrderKeysAndOtherAlgorithms()
    {
        var small = Convert.ToBase64String(new byte[32]);
        Assert.Contains("small order", Assert.Single(Read($"version: 1\nkeys: {{ a: {{ public: \"{small}\" }} }}").Mistakes), StringComparison.Ordinal);
        using var p384 = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        Assert.Contains("neither an Ed25519 key nor one on P-256", Assert.Single(Read($"version: 1\nkeys: {{ a: {{ public: {Convert.ToBase64String(p384.ExportSubjectPublicKeyInfo())} }} }}").Mistakes), StringComparison.Ordinal);
        using var own = TestSeal.Key(1);
        Assert.Contains("private key", Assert.Single(Read($"version: 1\nkeys:\n  a:\n    public: |\n{Indent(KeyPem.WritePrivate(own), 6)}").Mistakes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version: 1\nkeys: { a: { public: \"f\\x69le:keys/a.pub\" } }", "without escapes")]
    [InlineData("version: 1\nkeys: { a: { public: \"file:keys/a b.pub\" } }", "without escapes")]
    [InlineData("[]", "is a mapping")]
    [InlineData("version: 2", "from 1 to 1")]
    [InlineData("version: 1\nversion: 1", "twice")]
    public void Read_Refuses(string yaml, string why)
    {
        var (file, mistakes) = Read(yaml, static _ => Bytes(KeyPem.WritePublic(Public(1))));
        Assert.Null(file);
        Assert.Contains(mistakes, m => m.Contains(why, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_ReadsTheExampleOfItsPage()
    {
        var page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/formats/trust.md"));
        var start = page.IndexOf("```yaml\n", StringComparison.Ordinal) + 8;
        var yaml = page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
        Assert.Contains("rotations:", yaml, StringComparison.Ordinal);
        yaml = yaml[..yaml.IndexOf("rotations:", StringComparison.Ordinal)];
        Assert.Equal(["anna", "ci", "old-laptop"], Good(yaml, static _ => Bytes(KeyPem.WritePublic(Public(4)))).Store.Keys.Select(static k => k.Name));
    }

    [Fact]
    public void References_AreFoundWithoutReadingYaml() =>
        Assert.Equal(["keys/a.pub", "b"], TrustFileReferences.Find("keys: { a: { public: file:keys/a.pub }, b: { public: 'file:b' } } # file:keys/a.pub, file: "u8));

    [Fact]
    public void Rotation_LetsTheNewKeyTakeTheOldOnesPlace()
    {
        var rotated = Good(Rotated());
        var (old, next) = (rotated.Store.Keys[0], rotated.Store.Keys[2]);
        Assert.Equal((Public(9), "anna-20260310", "Anna", Tier.Protected, Day(10)), (next.Key, next.Name, next.Owner, next.Tier, next.From));
        Assert.Equal(Day(12), old.Until);
        Assert.Null(old.ProblemAt(Day(11)));
        Assert.NotNull(next.ProblemAt(Day(9)));
        Assert.Null(TrustStore.RoleProblem(next, "b", "web", "release", null, Day(20)));
        Assert.NotNull(TrustStore.RoleProblem(next, "b", "other", "release", null, Day(20)));

        // Both of them are one, and the new one counts where the old one is named.
        Assert.NotNull(rotated.Store.ThresholdProblem([old, next], "web", "release"));
        Assert.Null(rotated.Store.ThresholdProblem([next, rotated.Store.Keys[1]], "web", "release"));
    }

    [Theory]
    [InlineData("revoked: 2026-03-10", "was revoked since before it")]
    [InlineData("until: 2026-03-10", "was not valid any more")]
    [InlineData("from: 2026-03-11", "was not valid yet")]
    public void Rotation_ByAKeyThatDidNotCountThen_HasNoEffect(string member, string why)
    {
        var (file, mistakes) = Read(Rotated(member));
        Assert.Contains(why, Assert.Single(mistakes), StringComparison.Ordinal);
        Assert.StartsWith("CAIRN0609", mistakes[0], StringComparison.Ordinal);
        Assert.Equal(2, file!.Store.Keys.Length);
    }

    [Fact]
    public void Rotation_OfALaterRevokedKeyStays_AndOfAStrangerIsRefused()
    {
        Assert.Equal(3, Good(Rotated("revoked: 2026-03-11")).Store.Keys.Length);
        var (_, mistakes) = Read($"version: 1\nkeys: {{ a: {{ public: {Base64(5)} }} }}\nrotations: [{Statement(1, 9)}]");
        Assert.Contains("not among `keys`", Assert.Single(mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void Rotation_GoesOnFromKeyToKey()
    {
        var file = Good($"version: 1\nkeys: {{ a: {{ public: {Base64(1)} }}, b: {{ public: {Base64(2)} }} }}\nrotations: [{Statement(1, 9, 10)}, {Statement(9, 8, 11)}]");
        Assert.Equal(["a", "b", "a-20260310", "a-20260311"], file.Store.Keys.Select(static k => k.Name));
        Assert.Equal(Public(1).Id, file.Store.Keys[3].Lineage);
        Assert.Equal(1, new Threshold(2).Count([file.Store.Keys[0], file.Store.Keys[2], file.Store.Keys[3]]));
        var (_, mistakes) = Read($"version: 1\nkeys: {{ a: {{ public: {Base64(1)} }}, b: {{ public: {Base64(2)} }} }}\nrotations: [{Statement(1, 9)}, {Statement(2, 9)}]");
        Assert.Contains("took the place of another key already", Assert.Single(mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void KeyRotation_RefusesEveryChange()
    {
        var json = Convert.FromBase64String(Statement(1, 9));
        Assert.NotNull(KeyRotation.TryRead(json, out _));
        for (var i = 0; i < json.Length; i++)
        {
            var changed = (byte[])json.Clone();
            changed[i] ^= 1;
            var read = KeyRotation.TryRead(changed, out var problem);
            // A changed key id is a changed hint: nothing depends on it.
            Assert.True(read is null ? problem is not null : read.New.Equals(Public(9)) && read.Old.Equals(Public(1)));
        }

        using var keys = new Keys(TestSeal.Key(1), TestSeal.Key(9), TestSeal.Key(7));
        var (old, next, thief) = keys;
        var forged = KeyRotation.Sign(old, next, Day(10), Day(10), "anna");
        Assert.Null(KeyRotation.TryRead((forged with { Signatures = [forged.Signatures[0]] }).ToJson(), out var missing));
        Assert.Equal("the new key did not sign it", missing);
        Assert.Null(KeyRotation.TryRead((forged with { Signatures = [forged.Signatures[1], forged.Signatures[1]] }).ToJson(), out missing));
        Assert.Equal("the old key did not sign it", missing);
        Assert.Throws<ArgumentException>(() => KeyRotation.Sign(old, old, Day(10), Day(10), "anna"));
        Assert.Throws<ArgumentException>(() => KeyRotation.Sign(old, thief, Day(10), Day(9), "anna"));
    }

    private static string Rotated(string? member = null) => $$"""
        version: 1
        keys:
          anna:
            public: {{Base64(1)}}
            owner: Anna
            tier: protected
            projects: [web]
            {{member}}
          bert:
            public: {{Base64(2)}}
        thresholds: [{ signatures: 2, of: [anna, bert] }]
        rotations:
          - {{Statement(1, 9, 10, 12)}}
        """;

    private static string Statement(byte from, byte to, int day = 10, int? until = null)
    {
        using var keys = new Keys(TestSeal.Key(from), TestSeal.Key(to), TestSeal.Key(7));
        return Convert.ToBase64String(KeyRotation.Sign(keys.Old, keys.Next, Day(day), Day(until ?? day), "anna").ToJson());
    }

    private static string Indent(string text, int columns) => string.Concat(text.TrimEnd('\n').Split('\n').Select(line => new string(' ', columns) + line + "\n")).TrimEnd('\n');

    private sealed record Keys(SigningKey Old, SigningKey Next, SigningKey Thief) : IDisposable
    {
        public void Dispose()
        {
            Old.Dispose();
            Next.Dispose();
            Thief.Dispose();
        }
    }
}
