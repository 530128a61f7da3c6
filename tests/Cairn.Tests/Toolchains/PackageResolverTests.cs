using System.Text;

using Cairn.Core.Toolchains.Debian;

namespace Cairn.Tests.Toolchains;

public sealed class PackageResolverTests
{
    [Fact]
    public void Resolve_TakesWhatIsNeeded()
    {
        var index = Index("""
            Package: gcc
            Depends: cpp (= 1), libc6 (>= 2)

            Package: cpp
            Pre-Depends: base

            Package: libc6
            Version: 2.36

            Package: base

            Package: other
            """);

        Assert.Equal(["base", "cpp", "gcc", "libc6"], Names(PackageResolver.Resolve([index], ["gcc"], essential: false)));
    }

    [Fact]
    public void Resolve_AddsEssentialPackages()
    {
        var index = Index("""
            Package: gcc

            Package: bash
            Essential: yes
            Depends: base

            Package: base
            """);

        Assert.Equal(["base", "bash", "gcc"], Names(PackageResolver.Resolve([index], ["gcc"], essential: true)));
        Assert.Equal(["gcc"], Names(PackageResolver.Resolve([index], ["gcc"], essential: false)));
    }

    [Fact]
    public void Resolve_PrefersOfAlternativesWhatIsThereAnyway()
    {
        var index = Index("""
            Package: app
            Depends: first | second, uses

            Package: uses
            Depends: second

            Package: first

            Package: second
            """);

        Assert.Equal(["app", "second", "uses"], Names(PackageResolver.Resolve([index], ["app"], essential: false)));
    }

    [Fact]
    public void Resolve_TakesTheFirstAlternativeThatCanBeHad()
    {
        var index = Index("""
            Package: app
            Depends: missing | old (>= 5) | good | other

            Package: old

            Package: good

            Package: other
            """);

        Assert.Equal(["app", "good"], Names(PackageResolver.Resolve([index], ["app"], essential: false)));
    }

    [Fact]
    public void Resolve_ChoosesTheMostImportantProvider()
    {
        var index = Index("""
            Package: base
            Depends: awk

            Package: gawk
            Provides: awk

            Package: mawk
            Priority: required
            Provides: awk
            """);

        Assert.Equal(["base", "mawk"], Names(PackageResolver.Resolve([index], ["base"], essential: false)));
    }

    [Fact]
    public void Resolve_TakesNoProviderWithoutVersionForABound()
    {
        var index = Index("""
            Package: app
            Depends: api (>= 2)

            Package: loose
            Provides: api

            Package: exact
            Provides: api (= 3)
            """);

        Assert.Equal(["app", "exact"], Names(PackageResolver.Resolve([index], ["app"], essential: false)));
    }

    [Fact]
    public void Resolve_TakesTheLatestOfAllSuites()
    {
        var main = Index("Package: ssl\nVersion: 3.0-1\n");
        var security = Index("Package: ssl\nVersion: 3.0-1+deb12u1\n", "bookworm-security");

        var package = Assert.Single(PackageResolver.Resolve([main, security], ["ssl"], essential: false).Packages);
        Assert.Equal("bookworm-security", package.Suite);
        Assert.Equal(package, Assert.Single(PackageResolver.Resolve([security, main], ["ssl"], essential: false).Packages));
    }

    [Fact]
    public void Resolve_AvoidsWhatConflicts()
    {
        var index = Index("""
            Package: app
            Depends: base, one | two

            Package: base

            Package: one
            Conflicts: base

            Package: two
            """);

        Assert.Equal(["app", "base", "two"], Names(PackageResolver.Resolve([index], ["app"], essential: false)));
    }

    [Fact]
    public void Resolve_PassesOverConflictsWithAnotherArchitecture()
    {
        var index = Index("""
            Package: app
            Depends: base
            Conflicts: base:i386

            Package: base
            Conflicts: app:x32
            """);

        Assert.Equal(["app", "base"], Names(PackageResolver.Resolve([index], ["app"], essential: false)));
    }

    [Fact]
    public void Resolve_TellsWhatConflicts()
    {
        var index = Index("""
            Package: one
            Breaks: two (<< 2)

            Package: two
            """);

        Assert.Contains("`one` cannot be with `two 1`", Assert.Single(PackageResolver.Resolve([index], ["one", "two"], essential: false).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_TellsTheChainToWhatIsMissing()
    {
        var index = Index("""
            Package: app
            Depends: library

            Package: library
            Depends: gone (>= 3)

            Package: gone
            """);

        Assert.Equal("`library` needs `gone (>= 3)`, which is there only as 1, needed by `app`", Assert.Single(PackageResolver.Resolve([index], ["app"], essential: false).Problems));
    }

    [Theory]
    [InlineData("gccc", "There is no package `gccc` in bookworm; did you mean `gcc`?")]
    [InlineData("compiler", "`compiler` is no package but a name that `gcc` stand for: ask for one of these")]
    public void Resolve_RefusesWhatIsNoPackage(string name, string message)
    {
        var index = Index("Package: gcc\nProvides: compiler\n");

        Assert.Equal(message, Assert.Single(PackageResolver.Resolve([index], [name], essential: false).Problems));
    }

    [Fact]
    public void Resolve_IgnoresOtherArchitectures()
    {
        var index = Index("""
            Package: app
            Depends: python:any, tool:i386 | tool

            Package: python

            Package: tool
            Architecture: i386
            """);

        Assert.Contains("`app` needs", Assert.Single(PackageResolver.Resolve([index], ["app"], essential: false).Problems), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(PackageResolution resolution)
    {
        Assert.Empty(resolution.Problems);
        return resolution.Packages.Select(static p => p.Name);
    }

    /// <summary>An index whose paragraphs need to say only what matters.</summary>
    private static PackageIndex Index(string paragraphs, string suite = "bookworm")
    {
        var text = new StringBuilder();
        foreach (var paragraph in paragraphs.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            text.Append(paragraph.Trim()).Append('\n');
            foreach (var (field, value) in new[] { ("Version", "1"), ("Architecture", "amd64"), ("Filename", "pool/x.deb"), ("Size", "1"), ("SHA256", new string('0', 64)) })
            {
                if (!paragraph.Contains(field + ":", StringComparison.Ordinal))
                {
                    text.Append($"{field}: {value}\n");
                }
            }

            text.Append('\n');
        }

        return PackageIndex.Read(Encoding.UTF8.GetBytes(text.ToString()), suite, "amd64");
    }
}
