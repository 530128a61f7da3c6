using Cairn.Core.Toolchains.Debian;

namespace Cairn.Tests.Toolchains;

public sealed class SignatureStatusTests
{
    private const string Key = "1F89983E0081FDE018F3CC9673A4F27B8DD47936";
    private static readonly string Valid = $"[GNUPG:] VALIDSIG A7236886F3CCCAAD148A27F80E98404D386FA1D9 2026-07-11 1783764997 0 4 0 1 8 01 {Key}\n";

    [Fact]
    public void GoodKeys_NamesThePrimaryKey() =>
        Assert.Equal([Key], SignatureStatus.GoodKeys(SignatureStatus.Read("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 0E98404D386FA1D9 Debian\n" + Valid), acceptExpired: false));

    [Fact]
    public void GoodKeys_IsEmptyWithoutSignature() => Assert.Empty(SignatureStatus.GoodKeys(SignatureStatus.Read("[GNUPG:] NODATA 1\n"), acceptExpired: true));

    [Fact]
    public void GoodKeys_PassesOverUnknownKeys()
    {
        var status = "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 6ED0E7B82643E131 1 8 01 1783764997 9 -\n[GNUPG:] NO_PUBKEY 6ED0E7B82643E131\n[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 0E98404D386FA1D9 Debian\n" + Valid;
        Assert.Equal([Key], SignatureStatus.GoodKeys(SignatureStatus.Read(status), acceptExpired: false));
    }

    [Fact]
    public void GoodKeys_IsEmptyWhereAnySignatureIsBad()
    {
        var status = "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 0E98404D386FA1D9 Debian\n" + Valid + "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG 6ED0E7B82643E131 Debian\n";
        Assert.Empty(SignatureStatus.GoodKeys(SignatureStatus.Read(status), acceptExpired: false));
    }

    [Theory]
    [InlineData(1783764998, true)]
    [InlineData(1783764997, false)]
    public void GoodKeys_TakesAnExpiredKeyOnlyWhereItSignedBefore(long expired, bool accepted)
    {
        var signatures = SignatureStatus.Read($"[GNUPG:] NEWSIG\n[GNUPG:] KEYEXPIRED {expired}\n[GNUPG:] EXPKEYSIG 0E98404D386FA1D9 Debian\n" + Valid);
        Assert.Empty(SignatureStatus.GoodKeys(signatures, acceptExpired: false));
        Assert.Equal(accepted ? 1 : 0, SignatureStatus.GoodKeys(signatures, acceptExpired: true).Length);
    }

    [Theory]
    [InlineData("REVKEYSIG")]
    [InlineData("EXPSIG")]
    public void GoodKeys_TakesNothingElse(string state) => Assert.Empty(SignatureStatus.GoodKeys(SignatureStatus.Read($"[GNUPG:] NEWSIG\n[GNUPG:] {state} 0E98404D386FA1D9 Debian\n" + Valid), acceptExpired: true));

    [Fact]
    public void GoodKeys_TakesNoWeakHash() =>
        Assert.Empty(SignatureStatus.GoodKeys(SignatureStatus.Read("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 0E98404D386FA1D9 Debian\n" + Valid.Replace(" 1 8 01 ", " 1 2 01 ", StringComparison.Ordinal)), acceptExpired: false));

    [Fact]
    public void GoodKeys_DoesNotLendOneSignatureTheVerdictOfAnother()
    {
        // VALIDSIG is said of expired keys, too.
        var status = "[GNUPG:] NEWSIG\n[GNUPG:] KEYEXPIRED 1\n[GNUPG:] EXPKEYSIG 0E98404D386FA1D9 Debian\n" + Valid + "[GNUPG:] GOODSIG 1111111111111111 Nobody\n";
        Assert.Empty(SignatureStatus.GoodKeys(SignatureStatus.Read(status), acceptExpired: false));
    }
}
