using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Toolchains;
using Cairn.Engine.Bundles;
using Cairn.Engine.Verification;
using Cairn.Trust.Bundles;
using Cairn.Trust.Checks;
using Cairn.Trust.Json;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Bundles;

/// <summary>From the packages of a toolchain over what a bundle carries to the keys of their archive.</summary>
public sealed class SeedChecksTests : IDisposable
{
    private readonly Toolchains.TestArchive _archive = new();

    public SeedChecksTests()
    {
        _archive.AddCompiler();
        _archive.Publish();
    }

    public void Dispose() => _archive.Dispose();

    private byte[] InRelease => File.ReadAllBytes(_archive.InRelease);

    private byte[] Index => File.ReadAllBytes($"{_archive.Mirror}/dists/test/main/binary-amd64/Packages.gz");

    private string PackageHash => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes($"{_archive.Mirror}/pool/cc_1.deb")));

    private ReceiptToolchain Toolchain(byte[]? inRelease = null, string? signer = null) => new()
    {
        Name = "gcc",
        Kind = "debian",
        Tree = new string('0', 64) + "/1",
        IsHermetic = true,
        Origin = "debian test",
        Suites = ["test"],
        SignedBy = [signer ?? _archive.Signer.Fingerprint],
        Sources = [new ReceiptFile("dists/test/InRelease", Convert.ToHexStringLower(SHA256.HashData(inRelease ?? InRelease)))],
    };

    private static Statement Attested(string sha256, string uri = "pkg:deb/test/cc@1?arch=amd64&distro=test") => new(
        [new Subject("outputs", new string('1', 64))], ActionProvenance.PredicateType,
        (JsonValue.Object)StrictJson.TryRead(Encoding.UTF8.GetBytes($$$"""{"buildDefinition":{"resolvedDependencies":[{"name":"pool/main/c/cc_1.deb","uri":"{{{uri}}}","digest":{"sha256":"{{{sha256}}}"}}]}}"""), out _)!);

    private static CheckLine Check(ReceiptToolchain toolchain, Statement statement, byte[][] documents, params ImmutableArray<string> keyrings)
    {
        using var checks = new SeedChecks([.. documents.Select(static d => new BundleEvidence(EvidenceKind.Seed, [.. d]))], keyrings, TestContext.Current.CancellationToken);
        return checks.Check(toolchain, [statement]);
    }

    private static void Is(Verdict verdict, string reason, CheckLine line)
    {
        Assert.Equal(CheckKind.Seed, line.Kind);
        Assert.Contains(reason, line.Reason, StringComparison.Ordinal);
        Assert.Equal(verdict, line.Verdict);
    }

    [Fact]
    public void WhatIsCarried_LeadsToAKeyThatIsTrustedHere()
    {
        Is(Verdict.Pass, $"1 package of its jobs stands in indexes of releases up to 2026-02-28 that `{_archive.Signer.Fingerprint}` signed", Check(Toolchain(), Attested(PackageHash), [InRelease, Index], _archive.Keys));
        Is(Verdict.Pass, "its builder's word", Check(Toolchain(), Attested(PackageHash), [InRelease, Index], _archive.Signer.Armoured));
    }

    [Fact]
    public void WhatIsNotCarried_IsNotChecked_AndSaysWhy()
    {
        Is(Verdict.NotChecked, "the signed release of `test` is not in the bundle, which `cairn bundle create --seeds` takes along", Check(Toolchain(), Attested(PackageHash), [], _archive.Keys));
        Is(Verdict.NotChecked, "an index that would vouch for the package `pool/main/c/cc_1.deb` is not in the bundle", Check(Toolchain(), Attested(PackageHash), [InRelease], _archive.Keys));
        Is(Verdict.NotChecked, "no keys of archives are known here", Check(Toolchain(), Attested(PackageHash), [InRelease, Index]));
        Is(Verdict.NotChecked, "name none of its packages", Check(Toolchain(), Attested(PackageHash, "pkg:deb/test/cc@1?arch=amd64&distro=other"), [InRelease, Index], _archive.Keys));
        Is(Verdict.NotChecked, "nothing is said of who vouches for that", Check(Toolchain() with { Kind = "oci", Origin = "oci x", SignedBy = [] }, Attested(PackageHash), [], _archive.Keys));
        Is(Verdict.NotChecked, "too large for a bundle", Check(Toolchain() with { Kind = "archive", Origin = "archive x" }, Attested(PackageHash), [], _archive.Keys));
        using var checks = new SeedChecks([], [], TestContext.Current.CancellationToken);
        Is(Verdict.NotChecked, "their attestations are not in the bundle", checks.Check(Toolchain(), default));
    }

    [Fact]
    public void AKeyThatIsNotKnownHere_ProvesNothing()
    {
        using var stranger = new Toolchains.TestSigner(Toolchains.TestArchive.Now - TimeSpan.FromDays(30));
        File.WriteAllBytes(_archive["stranger.gpg"], stranger.Keyring);
        Is(Verdict.NotChecked, "is not among those configured", Check(Toolchain(), Attested(PackageHash), [InRelease, Index], _archive["stranger.gpg"]));

        // Known here, and not the one that the receipt names.
        Is(Verdict.Fail, "it is signed by another key", Check(Toolchain(signer: stranger.Fingerprint), Attested(PackageHash), [InRelease, Index], _archive.Keys, _archive["stranger.gpg"]));
    }

    [Fact]
    public void WhatIsForged_Fails()
    {
        Is(Verdict.Fail, "no index of the releases that vouch for it has the package", Check(Toolchain(), Attested(new string('2', 64)), [InRelease, Index], _archive.Keys));

        var changed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(InRelease).Replace("Origin: Test", "Origin: Tess", StringComparison.Ordinal));
        Is(Verdict.Fail, "a signature is wrong", Check(Toolchain(changed), Attested(PackageHash), [changed, Index], _archive.Keys));

        var around = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(InRelease) + "Origin: Other\n");
        Is(Verdict.Fail, "it holds text that nobody signed", Check(Toolchain(around), Attested(PackageHash), [around, Index], _archive.Keys));

        // Another suite of the same archive under this one's name.
        _archive.Codename = "older";
        _archive.Publish();
        Is(Verdict.Fail, "where that of `test` was asked for", Check(Toolchain(), Attested(PackageHash), [InRelease, Index], _archive.Keys));
    }

    [Fact]
    public async Task SeedsOf_TakesReleasesAndIndexes_AndNoPackages()
    {
        await using var builder = _archive.Builder();
        var locked = await builder.LockAsync("gcc", new Core.Language.Model.ToolchainSource.Debian("test", ["cc"], Essential: true, AllowExpired: false), TestContext.Current.CancellationToken);
        ImmutableArray<ReceiptToolchain> toolchains = [Toolchain() with { Tree = locked.Tree.ToString() }];
        var seeds = RunBundle.SeedsOf(toolchains, ToolchainLock.Empty.With(locked), _archive.Store, out var missing);
        Assert.Empty(missing);
        Assert.Equal(new[] { Convert.ToHexStringLower(SHA256.HashData(InRelease)), Convert.ToHexStringLower(SHA256.HashData(Index)) }.Order(StringComparer.Ordinal), seeds.Select(static s => s.Digest.Hash).Order(StringComparer.Ordinal));
        Assert.All(seeds, static s => Assert.Equal(EvidenceKind.Seed, EvidenceReader.TryRead(s.Content.AsSpan(), out _)!.Kind));

        Assert.Empty(RunBundle.SeedsOf(toolchains, ToolchainLock.Empty, _archive.Store, out missing));
        Assert.Contains("is another one in `cairn.lock` by now", Assert.Single(missing), StringComparison.Ordinal);
        _ = RunBundle.SeedsOf(toolchains, ToolchainLock.Empty.With(locked), store: null, out missing);
        Assert.Contains("is no longer in the store", missing[0], StringComparison.Ordinal);
    }
}
