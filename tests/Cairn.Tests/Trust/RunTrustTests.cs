using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Testing;
using Cairn.Tests.Actions;
using Cairn.Trust.Keys;

using static Cairn.Tests.Trust.TrustTesting;

namespace Cairn.Tests.Trust;

public sealed class RunTrustTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Clock _clock = new() { Now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero) };

    public RunTrustTests()
    {
        using var key = TestSeal.Key(1);
        new KeyFolder(Keys).TryAdd(KeyFolder.DefaultName, key, passphrase: default);
    }

    private string Keys => _folder["config/keys"];

    private string TrustPath => _folder["config/trust.yaml"];

    private string NotePath => _folder["state/trust"];

    public void Dispose() => _folder.Dispose();

    private RunTrust Find(string? signWith = null) => RunTrust.Find(Keys, _folder["state"], _clock, signWith);

    private string Fingerprint()
    {
        using var trust = Find();
        Assert.Empty(trust.Diagnostics);
        return trust.Fingerprint;
    }

    private void Write(string yaml)
    {
        _folder.Write("config/trust.yaml", yaml);
        File.SetUnixFileMode(TrustPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Fingerprint_ChangesWithAllOfTheTrustStore_RevocationsAndNamedFilesIncluded()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { Fingerprint() };
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(2)} }} }}\n");
        Assert.True(seen.Add(Fingerprint()));
        Assert.False(seen.Add(Fingerprint()));
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(2)}, revoked: 2026-02-01 }} }}\n");
        Assert.True(seen.Add(Fingerprint()));
        Write("version: 1\nkeys: { ci: { public: file:keys/ci.pub } }\n");
        _folder.Write("config/keys/ci.pub", KeyPem.WritePublic(Public(3)));
        Assert.True(seen.Add(Fingerprint()));
        _folder.Write("config/keys/ci.pub", KeyPem.WritePublic(Public(4)));
        Assert.True(seen.Add(Fingerprint()));
    }

    [Fact]
    public void Fingerprint_ChangesWhenAKeyBeginsOrCeasesToCount()
    {
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(2)}, from: 2026-03-10, until: 2026-03-20 }} }}\n");
        var before = Fingerprint();
        _clock.Now = _clock.Now.AddDays(8);
        Assert.Equal(before, Fingerprint());
        _clock.Now = _clock.Now.AddDays(1);
        var during = Fingerprint();
        _clock.Now = _clock.Now.AddDays(10);
        var after = Fingerprint();
        Assert.Equal(3, new HashSet<string>([before, during, after], StringComparer.Ordinal).Count);
        _clock.Now = _clock.Now.AddDays(-19);
        Assert.Equal(before, Fingerprint());
    }

    [Fact]
    public void Look_ReadsTheStoreOnce_AndTheNoteIsNoTrust()
    {
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(2)} }} }}\n");
        var fingerprint = Fingerprint();
        var note = File.ReadAllText(NotePath);
        File.SetLastWriteTimeUtc(NotePath, DateTime.UnixEpoch);
        Assert.Equal(fingerprint, Fingerprint());
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(NotePath));

        // What a note says of a store that has mistakes is not looked at: its hash is another one.
        Write("version: 1\nkees: {}\n");
        using var broken = Find();
        Assert.Equal("CAIRN0601", broken.Refusal?.Code);
        Assert.Equal(2, broken.Refusal!.Span.Line);
        Assert.Equal(note, File.ReadAllText(NotePath));

        foreach (var damaged in (string[])["", "x", note[..^5], note.Replace('1', '2')])
        {
            Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(2)} }} }}\n");
            File.WriteAllText(NotePath, damaged);
            Assert.Equal(fingerprint, Fingerprint());
        }
    }

    [Fact]
    public void Look_RefusesAStoreThatOthersMayChange()
    {
        Write("version: 1\n");
        File.SetUnixFileMode(TrustPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        using var trust = Find();
        Assert.Equal("CAIRN0600", trust.Refusal?.Code);
        Assert.Contains("chmod 600", trust.Refusal!.Suggestion, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("revoked: { since: 2026-02-01, reason: stolen }", "is revoked since 2026-02-01 00:00 UTC (stolen)")]
    [InlineData("until: 2026-02-01", "was valid until")]
    [InlineData("from: 2026-04-01", "is not valid before")]
    public void Look_RefusesToSignWithAKeyThatDoesNotCount(string member, string why)
    {
        Write($"version: 1\nkeys: {{ me: {{ public: {Base64(1)}, {member} }} }}\n");
        using var trust = Find();
        Assert.Equal("CAIRN0611", trust.Refusal?.Code);
        Assert.Contains(why, trust.Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Signer_IsWhoIsChosen()
    {
        var folder = new KeyFolder(Keys);
        using (var other = TestSeal.Key(2))
        {
            folder.TryAdd("other", other, passphrase: default);
        }

        Assert.Equal(Public(1), Signer(null));
        Assert.Equal(Public(2), Signer("other"));
        Write("version: 1\nsign_with: other\n");
        Assert.Equal(Public(2), Signer(null));
        Assert.Equal(Public(2), Signer(null));
        Assert.Equal(Public(1), Signer("default"));
        Assert.Equal("other", TrustFiles.SignerOf(Keys, _folder["state"], null));
        using var nobody = Find("nobody");
        Assert.Equal("CAIRN0610", nobody.Refusal?.Code);
        using var evil = Find("../../etc/passwd");
        Assert.Equal("CAIRN0610", evil.Refusal?.Code);
        Write("version: 1\nsign_with: nobody\n");
        using var missing = Find();
        Assert.Contains("There is no key `nobody`", missing.Refusal?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Signer_MayBeACommand()
    {
        _folder.Write("key.pem", KeyPem.WritePrivate(TestSeal.Key(5)));
        _folder.Write("sign", $"#!/bin/sh\nexec openssl pkeyutl -sign -rawin -inkey '{_folder["key.pem"]}' -in /dev/stdin\n");
        File.SetUnixFileMode(_folder["sign"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Write($"version: 1\nsign_with: token\nkeys: {{ token: {{ public: {Base64(5)}, signer: [{_folder["sign"]}] }}, }}\n");
        for (var i = 0; i < 2; i++)
        {
            using var trust = Find();
            Assert.Empty(trust.Diagnostics);
            var sealed1 = trust.Seal.Seal(TestSeal.Sample);
            Assert.NotNull(trust.Seal.TryOpen(sealed1.Entry, TestSeal.Sample.Result.Action, out var reason));
            Assert.Null(reason);
        }
    }

    [Fact]
    public void Hits_OfOtherMachines_CountByTheStore_AndNoLongerOnceItSaysSo()
    {
        var work = TestSeal.Of(AttestedCacheTests.Hermetic, Sample.Result);
        var entry = TestSeal.New().Seal(work).Entry;
        using (var mine = TestSeal.Key(2))
        {
            new KeyFolder(Keys).TryAdd("mine", mine, passphrase: default);
        }

        Assert.Contains("is not trusted", Open(), StringComparison.Ordinal);
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(1)} }} }}\n");
        Assert.Null(Open());
        Assert.Null(Open());
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(1)}, tier: untrusted }} }}\n");
        Assert.Contains("tier `untrusted`", Open(), StringComparison.Ordinal);
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(1)}, builders: \"https://example.org/other\" }} }}\n");
        Assert.Contains("may not speak for the builder", Open(), StringComparison.Ordinal);
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(1)}, until: 2026-03-02 }} }}\n");
        Assert.Null(Open());
        _clock.Now = _clock.Now.AddDays(1);
        Assert.Contains("was valid until", Open(), StringComparison.Ordinal);

        // Revoked after it was found good and remembered.
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(1)} }} }}\n");
        Assert.Null(Open());
        Write($"version: 1\nkeys: {{ ci: {{ public: {Base64(1)}, revoked: 2026-03-01 }} }}\n");
        Assert.Contains("is revoked", Open(), StringComparison.Ordinal);

        string? Open()
        {
            using var trust = Find("mine");
            Assert.Empty(trust.Diagnostics);
            var opened = trust.Seal.TryOpen(entry, work.Result.Action, out var reason);
            trust.Save();
            Assert.Equal(reason is null, opened is not null);
            return reason;
        }
    }

    [Fact]
    public void Signer_UnderAPassphrase_SignsOnlyWhereItWasOpened()
    {
        using var key = TestSeal.Key(6);
        new KeyFolder(Keys).TryAdd("locked", key, "open sesame");
        using var closed = Find("locked");
        Assert.Null(closed.TryGetSigner(out var problem));
        Assert.Contains("encrypted", problem, StringComparison.Ordinal);
        Assert.Contains("encrypted", Assert.Throws<Cairn.Store.Actions.SealException>(() => closed.Seal.Seal(TestSeal.Sample)).Message, StringComparison.Ordinal);

        // What it signed counts all the same.
        using var open = RunTrust.Find(Keys, _folder["state"], _clock, "locked", key);
        var entry = open.Seal.Seal(TestSeal.Sample).Entry;
        using var reader = Find("locked");
        Assert.NotNull(reader.Seal.TryOpen(entry, TestSeal.Sample.Result.Action, out _));
    }

    private PublicKey? Signer(string? signWith)
    {
        using var trust = Find(signWith);
        Assert.Empty(trust.Diagnostics);
        return trust.TryGetSigner(out _)?.PublicKey;
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
