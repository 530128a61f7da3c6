using System.Text;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Store.Actions;
using Cairn.Testing;
using Cairn.Tests.Actions;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Trust;

/// <summary>Whoever can write the whole store cannot get one wrong byte accepted.</summary>
public sealed class AttestedCacheTests
{
    internal static readonly ActionDescription Hermetic = Sample.Description with { Platform = [new("arch", "x86_64"), new("isolation", "sandbox"), new("network", "none"), new("os", "linux"), new("toolchain", Digest.Of("tree"u8).ToString())] };

    private static Digest Action => Sample.Result.Action;

    private static byte[] Entry => TestSeal.New().Seal(TestSeal.Sample).Entry;

    [Fact]
    public void TryOpen_OpensWhatWasSealed()
    {
        var (entry, attestation) = TestSeal.New().Seal(TestSeal.Sample);
        var opened = TestSeal.New().TryOpen(entry, Action, out var reason);
        Assert.Null(reason);
        Assert.Equal(attestation, opened!.Attestation);
        Assert.Equal(ActionResultEncoder.Encode(Sample.Result), ActionResultEncoder.Encode(opened.Result));
    }

    [Fact]
    public void TryOpen_RefusesEveryFlippedBit_WhateverItsChecksum()
    {
        var entry = Entry;
        for (var i = 0; i < entry.Length; i++)
        {
            var changed = (byte[])entry.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            Assert.Null(TestSeal.New().TryOpen(changed, Action, out var reason));
            Assert.NotNull(reason);

            // Who can write can also compute: what follows the checksum must not count by itself.
            if (i is < 8 or >= 40 && Parts(changed) is var (envelope, message, hash))
            {
                Assert.Null(TestSeal.New().TryOpen(AttestedEntry.Write(hash, envelope, message), Action, out _));
            }
        }

        for (var length = 0; length < entry.Length; length += 7)
        {
            Assert.Null(TestSeal.New().TryOpen(entry.AsSpan(0, length), Action, out _));
        }
    }

    public static TheoryData<string> Forgeries => [.. Forged.Keys];

    private static readonly Dictionary<string, Func<ActionResult, ActionResult>> Forged = new(StringComparer.Ordinal)
    {
        ["outputs swapped"] = r => r with { Outputs = [r.Outputs[0] with { Digest = r.Outputs[2].Digest }, r.Outputs[1], r.Outputs[2] with { Digest = r.Outputs[0].Digest }] },
        ["executable"] = r => r with { Outputs = [r.Outputs[0] with { Executable = false }, r.Outputs[1], r.Outputs[2]] },
        ["link elsewhere"] = r => r with { Outputs = [r.Outputs[0], r.Outputs[1] with { Target = "empty" }, r.Outputs[2]] },
        ["output omitted"] = r => r with { Outputs = [r.Outputs[0], r.Outputs[1]] },
        ["output added"] = r => r with { Outputs = [.. r.Outputs, new OutputFile("build/more", Digest.Of("more"u8), Executable: false)] },
        ["output renamed"] = r => r with { Outputs = [r.Outputs[0] with { Path = "build/aqq" }, r.Outputs[1], r.Outputs[2]] },
        ["log"] = r => r with { Log = Digest.Of("other"u8) },
        ["no log"] = r => r with { Log = null },
        ["log index"] = r => r with { LogIndex = null },
        ["summary"] = r => r with { Summary = null },
        ["step output"] = r => r with { StepOutputs = r.StepOutputs.SetItem("version", "6.6.6") },
        ["tests"] = r => r with { Tests = new TestCounts(5, 0, 0, 0) },
        ["another host"] = r => r with { Origin = r.Origin with { Host = "build-server" } },
        ["another time"] = r => r with { Origin = r.Origin with { Time = r.Origin.Time.AddDays(1) } },
        ["resources"] = r => r with { Resources = new ResourceUse(0, 0, 0, 0, 0, 0) },
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void TryOpen_RefusesAResultThatIsNotTheAttestedOne(string forgery)
    {
        var (envelope, _, hash) = Parts(Entry)!.Value;
        var forged = ActionResultEncoder.Encode(Forged[forgery](Sample.Result));
        Assert.Null(TestSeal.New().TryOpen(AttestedEntry.Write(hash, envelope, forged), Action, out var reason));
        Assert.Equal("Its result is not the one that was attested", reason);
    }

    [Fact]
    public void TryOpen_RefusesAReplayForAnotherAction()
    {
        var other = TestSeal.Of(Sample.Description with { WorkingDirectory = "other" }, Sample.Result);
        Assert.Null(TestSeal.New().TryOpen(Entry, other.Result.Action, out var reason));
        Assert.Contains("another action", reason, StringComparison.Ordinal);

        // The envelope of one, with a result that claims the other.
        var (envelope, _, hash) = Parts(Entry)!.Value;
        Assert.Null(TestSeal.New().TryOpen(AttestedEntry.Write(hash, envelope, ActionResultEncoder.Encode(other.Result)), other.Result.Action, out _));
    }

    [Fact]
    public void TryOpen_RefusesKeysThatAreNotTrusted()
    {
        Assert.Contains("is not trusted", Refusal(TestSeal.New(TestSeal.Own(2))), StringComparison.Ordinal);
        Assert.Contains("no trusted key", Refusal(TestSeal.New(), e => e with { Signatures = [e.Signatures[0] with { KeyId = "", Bytes = [.. new byte[64]] }] }), StringComparison.Ordinal);

        // A key id is a hint: naming a trusted key helps nobody.
        using var stranger = TestSeal.Key(9);
        Assert.Contains("is not that of the key", Refusal(TestSeal.New(), e => Envelope.Sign(e.PayloadType, e.Payload, stranger) is var signed ? signed with { Signatures = [signed.Signatures[0] with { KeyId = e.Signatures[0].KeyId }] } : e), StringComparison.Ordinal);
        Assert.Contains("2 signatures", Refusal(TestSeal.New(), e => e with { Signatures = [e.Signatures[0], e.Signatures[0]] }), StringComparison.Ordinal);
    }

    [Fact]
    public void TryOpen_RefusesKeysThatDoNotCountNow()
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.Contains("revoked", Refusal(TestSeal.New(TestSeal.Own(1) with { Revoked = now.AddYears(-1) })), StringComparison.Ordinal);
        Assert.Contains("revoked", Refusal(TestSeal.New(TestSeal.Own(1) with { Revoked = now.AddYears(1) })), StringComparison.Ordinal);
        Assert.Contains("was valid until", Refusal(TestSeal.New(TestSeal.Own(1) with { Until = now.AddDays(-1) })), StringComparison.Ordinal);
        Assert.Contains("not valid before", Refusal(TestSeal.New(TestSeal.Own(1) with { From = now.AddDays(1) })), StringComparison.Ordinal);
        Assert.Null(Refusal(TestSeal.New(TestSeal.Own(1) with { From = now.AddDays(-1), Until = now.AddDays(1) })));
        Assert.Contains("may not speak for", Refusal(TestSeal.New(TestSeal.Own(1) with { Builders = ["https://example.org/other"] })), StringComparison.Ordinal);
    }

    [Fact]
    public void TryOpen_RefusesLowerTiers()
    {
        Assert.Contains("tier", Refusal(TestSeal.New(Tier.Protected, TestSeal.Own(1) with { Tier = Tier.Release })), StringComparison.Ordinal);
        Assert.Contains("tier", Refusal(TestSeal.New(TestSeal.Own(1) with { Tier = Tier.Untrusted })), StringComparison.Ordinal);

        // What an entry claims is worth no more than its key.
        var claims = TestSeal.New().Seal(TestSeal.Sample with { Details = TestSeal.Details with { Tier = "release" } }).Entry;
        Assert.Null(TestSeal.New(Tier.Protected, TestSeal.Own(1)).TryOpen(claims, Action, out _));
        Assert.NotNull(TestSeal.New(Tier.Protected, TestSeal.Own(1) with { Tier = Tier.Release }).TryOpen(claims, Action, out _));
        Assert.Contains("claims no tier", Refusal(TestSeal.New(), static e => Resign(e, "\"cairn_tier\":\"branch\"", "\"cairn_tier\":\"highest\"")), StringComparison.Ordinal);
    }

    [Fact]
    public void Seal_SignsNothingThatWouldNotCountHere()
    {
        static string Problem(TrustedKey own) => Assert.Throws<SealException>(() => TestSeal.New(own).Seal(TestSeal.Sample)).Message;
        Assert.Contains("tier `untrusted`", Problem(TestSeal.Own(1) with { Tier = Tier.Untrusted }), StringComparison.Ordinal);
        Assert.Contains("may not speak for", Problem(TestSeal.Own(1) with { Builders = ["https://example.org/other"] }), StringComparison.Ordinal);
        Assert.Contains("revoked", Problem(TestSeal.Own(1) with { Revoked = TestSeal.Now }), StringComparison.Ordinal);
        Assert.Contains("claims no tier", Assert.Throws<SealException>(() => TestSeal.New().Seal(TestSeal.Sample with { Details = TestSeal.Details with { Tier = "highest" } })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("isolation", "process", "without isolation")]
    [InlineData("network", "wan", "network")]
    [InlineData("network", "host", "network")]
    [InlineData("host", "abc", "programs of the machine")]
    [InlineData("tool-cache:~/.npm", "npm", "tool cache")]
    [InlineData("secret:TOKEN", "token", "secrets")]
    public void TryOpen_TakesWhatIsAMatterOfAMachineFromItsOwnKeyOnly(string name, string value, string why)
    {
        var platform = Hermetic.Platform.RemoveAll(p => p.Key == name).Add(new(name, value));
        var work = TestSeal.Of(Hermetic with { Platform = platform }, Sample.Result);
        var entry = TestSeal.New().Seal(work).Entry;
        Assert.Null(TestSeal.New(TestSeal.Own(1) with { IsOwn = false }).TryOpen(entry, work.Result.Action, out var reason));
        Assert.Contains(why, reason, StringComparison.Ordinal);
        Assert.NotNull(TestSeal.New().TryOpen(entry, work.Result.Action, out _));
    }

    [Fact]
    public void TryOpen_TakesHermeticResultsOfAnyTrustedKey()
    {
        var work = TestSeal.Of(Hermetic, Sample.Result);
        Assert.NotNull(TestSeal.New(TestSeal.Own(1) with { IsOwn = false }).TryOpen(TestSeal.New().Seal(work).Entry, work.Result.Action, out var reason));
        Assert.Null(reason);
    }

    [Theory]
    [InlineData("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")]
    [InlineData("https://cairn.build/action/v1", "https://cairn.build/run/v1")]
    [InlineData("https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2")]
    [InlineData("\"workingDirectory\":\"src\"", "\"workingDirectory\":\"\"")]
    [InlineData("\"workingDirectory\":\"src\"", "\"workingDirectory\":\"src\",\"zebra\":\"1\"")]
    [InlineData("\"workingDirectory\":\"src\"", "\"workingDirectory\": \"src\"")]
    [InlineData("{\"_type\"", "{\"_type\":\"x\",\"_type\"")]
    public void TryOpen_RefusesOtherStatementsEvenFromATrustedKey(string before, string after)
    {
        using var key = TestSeal.Key(1);
        Assert.NotNull(Refusal(TestSeal.New(), e =>
        {
            var payload = Encoding.UTF8.GetString(e.Payload.AsSpan());
            Assert.Contains(before, payload, StringComparison.Ordinal);
            return Envelope.Sign(e.PayloadType, [.. Encoding.UTF8.GetBytes(payload.Replace(before, after, StringComparison.Ordinal))], key);
        }));
        Assert.NotNull(Refusal(TestSeal.New(), e => Envelope.Sign("application/json", e.Payload, key)));
    }

    [Fact]
    public void VerdictMemo_IsBoundToEverything()
    {
        using var folder = new TemporaryFolder();
        var key = new byte[32];
        var now = TestSeal.Now;
        var entry = Digest.Of("entry"u8);
        var memo = VerdictMemo.Open(folder["verdicts"], key, "trust", now, null);
        memo.Add(entry);
        memo.Save();

        Assert.True(VerdictMemo.Open(folder["verdicts"], key, "trust", now, null).Contains(entry));
        Assert.False(VerdictMemo.Open(folder["verdicts"], key, "trust", now, null).Contains(Digest.Of("other"u8)));
        Assert.False(VerdictMemo.Open(folder["verdicts"], key, "other trust", now, null).Contains(entry));
        Assert.False(VerdictMemo.Open(folder["verdicts"], [.. key.Select(static b => (byte)(b + 1))], "trust", now, null).Contains(entry));

        var ending = VerdictMemo.Open(folder["verdicts"], key, "trust", now, now.AddDays(1));
        ending.Add(entry);
        ending.Save();
        Assert.True(VerdictMemo.Open(folder["verdicts"], key, "trust", now, now.AddDays(1)).Contains(entry));
        Assert.False(VerdictMemo.Open(folder["verdicts"], key, "trust", now.AddDays(2), null).Contains(entry));

        memo = VerdictMemo.Open(folder["verdicts"], key, "trust", now, null);
        memo.Add(entry);
        memo.Save();
        var content = File.ReadAllBytes(folder["verdicts"]);
        for (var i = 0; i < content.Length; i++)
        {
            content[i] ^= 1;
            File.WriteAllBytes(folder["verdicts"], content);
            Assert.False(VerdictMemo.Open(folder["verdicts"], key, "trust", now, null).Contains(entry));
            content[i] ^= 1;
        }
    }

    [Fact]
    public void VerdictMemo_SparesTheSignature_AndNothingElse()
    {
        using var folder = new TemporaryFolder();
        var memo = VerdictMemo.Open(folder["verdicts"], new byte[32], "trust", TestSeal.Now, null);
        using var key = TestSeal.Key(1);
        var trustsNobody = new ResultSeal(new HitVerifier(new TrustSet([]), Tier.Branch), key, memo, TimeProvider.System);
        var entry = Entry;
        Assert.Null(trustsNobody.TryOpen(entry, Action, out _));
        Assert.True(AttestedEntry.TryRead(entry, out var parts, out _));
        memo.Add(parts.Checksum);
        Assert.NotNull(trustsNobody.TryOpen(entry, Action, out _));
        Assert.Null(trustsNobody.TryOpen(entry, Digest.Of("other"u8), out _));
        entry[^1] ^= 1;
        Assert.Null(trustsNobody.TryOpen(entry, Action, out _));
    }

    private static Envelope Resign(Envelope envelope, string before, string after)
    {
        using var key = TestSeal.Key(1);
        var payload = Encoding.UTF8.GetString(envelope.Payload.AsSpan());
        Assert.Contains(before, payload, StringComparison.Ordinal);
        return Envelope.Sign(envelope.PayloadType, [.. Encoding.UTF8.GetBytes(payload.Replace(before, after, StringComparison.Ordinal))], key);
    }

    private static string? Refusal(ResultSeal seal, Func<Envelope, Envelope>? change = null)
    {
        var (json, message, _) = Parts(Entry)!.Value;
        var envelope = Envelope.TryReadOwn(json, out _)!;
        envelope = change?.Invoke(envelope) ?? envelope;
        var opened = seal.TryOpen(AttestedEntry.Write(Convert.FromHexString(envelope.PayloadHash), envelope.ToJson(), message), Action, out var reason);
        Assert.Equal(reason is null, opened is not null);
        return reason;
    }

    private static (byte[] Envelope, byte[] Message, byte[] Hash)? Parts(byte[] entry)
    {
        // With the checksum made right, so that only what stands behind it decides.
        if (entry.Length < 76 || !entry.AsSpan(0, 8).SequenceEqual(Entry.AsSpan(0, 8)))
        {
            return null;
        }

        var length = BitConverter.ToInt32(entry, 72);
        return length >= 0 && length <= entry.Length - 76 ? (entry[76..(76 + length)], entry[(76 + length)..], entry[40..72]) : null;
    }
}
