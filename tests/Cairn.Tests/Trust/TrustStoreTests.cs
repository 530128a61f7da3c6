using Cairn.Tests.Actions;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Verification;

using static Cairn.Tests.Trust.TrustTesting;

namespace Cairn.Tests.Trust;

public sealed class TrustStoreTests
{
    private static readonly DateTimeOffset Now = TestSeal.Now;

    private static TrustedKey Key(byte number) => new() { Key = Public(number), Name = $"key{number}" };

    private static Envelope Signed(params byte[] numbers)
    {
        Envelope? envelope = null;
        foreach (var number in numbers)
        {
            using var key = TestSeal.Key(number);
            var one = Envelope.Sign("text/plain", [.. "what is said"u8], key);
            envelope = envelope is null ? one : envelope with { Signatures = [.. envelope.Signatures, .. one.Signatures] };
        }

        return envelope!;
    }

    [Fact]
    public void SignersOf_CountsEachPublicKeyOnce()
    {
        var store = new TrustStore([Key(1), Key(2), Key(3)], [new Threshold(2)]);
        Assert.Equal(["key1", "key2"], store.SignersOf(Signed(2, 1, 9)).Select(static k => k.Name));

        // One key, twice: by two signatures, by two envelopes, under another key's id.
        var twice = Signed(1, 1);
        var renamed = twice with { Signatures = [twice.Signatures[0], twice.Signatures[1] with { KeyId = Public(2).Id }] };
        Assert.Equal("2 keys must sign it, and one did", store.ThresholdProblem(store.SignersOf(renamed), "web", "release"));
        Assert.NotNull(store.ThresholdProblem([.. store.SignersOf(Signed(1)), .. store.SignersOf(Signed(1))], "web", "release"));
        Assert.Null(store.ThresholdProblem([.. store.SignersOf(Signed(1)), .. store.SignersOf(Signed(3))], "web", "release"));
        Assert.Equal("no trusted key signed it", store.ThresholdProblem(store.SignersOf(Signed(9)), "web", "release"));
    }

    [Fact]
    public void Threshold_ByOwner_CountsPeople()
    {
        var store = new TrustStore([Key(1) with { Owner = "anna" }, Key(2) with { Owner = "anna" }, Key(3) with { Owner = "bert" }, Key(4), Key(5)], [new Threshold(2) { ByOwner = true }]);
        Assert.NotNull(store.ThresholdProblem(store.SignersOf(Signed(1, 2)), null, null));
        Assert.Null(store.ThresholdProblem(store.SignersOf(Signed(1, 3)), null, null));
        Assert.Null(store.ThresholdProblem(store.SignersOf(Signed(4, 5)), null, null));
    }

    [Fact]
    public void Thresholds_AllHold_WhereSeveralFit()
    {
        var store = new TrustStore(
            [Key(1), Key(2), Key(3)],
            [new Threshold(2) { Projects = [RolePattern.Parse("web*")] }, new Threshold(1) { Pipelines = [RolePattern.Parse("release")], Of = ["key3"] }]);
        Assert.Equal((2, 1, 2), (store.ThresholdFor("web", "ci"), store.ThresholdFor("api", "release"), store.ThresholdFor(null, null)));
        Assert.Null(store.ThresholdProblem(store.SignersOf(Signed(1)), "api", "ci"));
        Assert.Contains("of `key3`", store.ThresholdProblem(store.SignersOf(Signed(1, 2)), "web", "release"), StringComparison.Ordinal);
        Assert.Null(store.ThresholdProblem(store.SignersOf(Signed(1, 3)), "web", "release"));
        Assert.NotNull(store.ThresholdProblem(store.SignersOf(Signed(1)), null, null));
    }

    [Fact]
    public void RoleProblem_SaysWhatAKeyMayNot()
    {
        var key = Key(1) with
        {
            Builders = ["https://b"],
            Projects = [RolePattern.Parse("web"), RolePattern.Parse("tools/**")],
            Pipelines = [RolePattern.Parse("release")],
            Steps = [RolePattern.Parse("test*")],
            From = Now.AddDays(-1),
            Until = Now.AddDays(1),
        };
        Assert.Null(TrustStore.RoleProblem(key, "https://b", "tools/a/b", "release", "test-unit", Now));
        Assert.Null(TrustStore.RoleProblem(key, "https://b", "web", "release", null, Now));
        Assert.Equal("its key `key1` may not speak for the builder `https://c`", TrustStore.RoleProblem(key, "https://c", "web", "release", null, Now));
        Assert.Equal("its key `key1` may not sign for the project `api`", TrustStore.RoleProblem(key, "https://b", "api", "release", null, Now));
        Assert.Equal("its key `key1` signs for some projects only, and it names none", TrustStore.RoleProblem(key, "https://b", null, "release", null, Now));
        Assert.Equal("its key `key1` may not sign for the pipeline `ci`", TrustStore.RoleProblem(key, "https://b", "web", "ci", null, Now));
        Assert.Equal("its key `key1` may not sign for the step `build`", TrustStore.RoleProblem(key, "https://b", "web", "release", "build", Now));
        Assert.Contains("was valid until", TrustStore.RoleProblem(key, "https://b", "web", "release", null, Now.AddDays(1)), StringComparison.Ordinal);
        Assert.Contains("not valid before", TrustStore.RoleProblem(key, "https://b", "web", "release", null, Now.AddDays(-2)), StringComparison.Ordinal);
        Assert.Equal("its key `key1` is revoked since 2026-01-02 00:00 UTC (stolen)", TrustStore.RoleProblem(key with { Revoked = Now.AddDays(1), RevokedFor = "stolen" }, "https://b", "web", "release", null, Now));
    }

    [Fact]
    public void WithSigner_MakesItOwn_UnlessItIsShared()
    {
        var store = new TrustStore([Key(1) with { Tier = Tier.Release }, Key(2) with { IsShared = true }], []);
        Assert.Equal((true, Tier.Release), (store.WithSigner("x", Public(1)).Keys[0].IsOwn, store.WithSigner("x", Public(1)).Keys[0].Tier));
        Assert.Same(store, store.WithSigner("x", Public(2)));
        var added = store.WithSigner("key1", Public(3)).Keys[0];
        Assert.Equal(("key1-2", true, Tier.Branch), (added.Name, added.IsOwn, added.Tier));
    }

    [Fact]
    public void Fingerprint_ChangesWithEverything()
    {
        TrustStore[] all =
        [
            TrustStore.Empty,
            new([Key(1)], []),
            new([Key(2)], []),
            new([Key(1) with { Revoked = Now }], []),
            new([Key(1) with { Revoked = Now.AddDays(1) }], []),
            new([Key(1) with { Until = Now }], []),
            new([Key(1) with { Tier = Tier.Release }], []),
            new([Key(1) with { IsOwn = true }], []),
            new([Key(1) with { Builders = ["b"] }], []),
            new([Key(1) with { Projects = [RolePattern.Parse("b")] }], []),
            new([Key(1) with { Pipelines = [RolePattern.Parse("b")] }], []),
            new([Key(1) with { Steps = [RolePattern.Parse("b")] }], []),
            new([Key(1) with { Name = "other" }], []),
            new([Key(1) with { Lineage = Public(2).Id }], []),
            new([Key(1)], [new Threshold(1)]),
            new([Key(1)], [new Threshold(1) { ByOwner = true }]),
            new([Key(1)], [new Threshold(1) { Of = ["key1"] }]),
        ];
        Assert.Equal(all.Length, all.Select(static s => s.Fingerprint).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(new TrustStore([Key(1)], []).Fingerprint, all[1].Fingerprint);
    }

    [Theory]
    [InlineData("web", "web", true)]
    [InlineData("web", "webs", false)]
    [InlineData("w*b", "wb", true)]
    [InlineData("w*b", "w/b", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("tools/**", "tools/", true)]
    [InlineData("tools/**", "tools", false)]
    [InlineData("https://example.org/**/web", "https://example.org/a/b/web", true)]
    [InlineData("?eb", "web", true)]
    [InlineData("?eb", "/eb", false)]
    [InlineData("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("Web", "web", false)]
    [InlineData("[ab]", "a", false)]
    public void RolePattern_Matches(string pattern, string name, bool fits) => Assert.Equal(fits, RolePattern.Parse(pattern).IsMatch(name));
}
