using Cairn.Trust.Statements;

namespace Cairn.Tests.Replay;

public sealed class DependencyChangesTests
{
    private const string One = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string Two = "2222222222222222222222222222222222222222222222222222222222222222";

    [Fact]
    public void Between_PairsPackagesByNameAndArchitecture()
    {
        var before = Package("pkg:deb/debian/gcc@12.2.0-14?arch=amd64&distro=bookworm", One);
        var after = Package("pkg:deb/debian/gcc@12.2.0-15?arch=amd64&distro=bookworm", Two);
        var foreign = Package("pkg:deb/debian/gcc@12.2.0-15?arch=arm64&distro=bookworm", Two);
        Assert.Equal([new DependencyChange("pkg:deb/debian/gcc?arch=amd64", before, after)], DependencyChanges.Between([before], [after]));
        Assert.Equal(2, DependencyChanges.Between([before], [foreign]).Length);
    }

    [Fact]
    public void Between_TellsAReplacedPackage_ANewOne_AndOneThatIsGone()
    {
        var replaced = DependencyChanges.Between([Package("pkg:deb/debian/a@1", One), Package("pkg:deb/debian/gone@1", One)], [Package("pkg:deb/debian/a@1", Two), Package("pkg:deb/debian/new@1", One)]);
        Assert.Equal(["pkg:deb/debian/a", "pkg:deb/debian/gone", "pkg:deb/debian/new"], replaced.Select(static c => c.Name));
        Assert.Equal([true, false, false], replaced.Select(static c => c.IsReplaced));
        Assert.Null(replaced[1].After);
        Assert.Null(replaced[2].Before);
    }

    [Fact]
    public void Between_IgnoresOrder_AndWhatBothHaveInSeveralVersions()
    {
        var (a, b, c) = (Package("pkg:deb/debian/x@1", One), Package("pkg:deb/debian/x@2", Two), new ResolvedDependency("layer 1", null, One));
        Assert.Empty(DependencyChanges.Between([a, b, c], [c, b, a]));
        Assert.Equal([new DependencyChange("pkg:deb/debian/x", a, null)], DependencyChanges.Between([a, b, c], [b, c]));
        Assert.Equal([new DependencyChange("layer 1", c, c with { Sha256 = Two })], DependencyChanges.Between([c], [c with { Sha256 = Two }]));
    }

    private static ResolvedDependency Package(string purl, string sha256) => new("pool/x.deb", purl, sha256);
}
