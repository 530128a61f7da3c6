using Cairn.Core.Content;

namespace Cairn.Tests.Content;

public sealed class PathPatternsTests
{
    [Theory]
    [InlineData("**/*.c !gen", "gen/a.c", false)]
    [InlineData("**/*.c !gen", "src/a.c", true)]
    [InlineData("!gen **/*.c", "gen/a.c", true)]
    [InlineData("build !build/tmp build/tmp/keep", "build/tmp/x", false)]
    [InlineData("build !build/tmp build/tmp/keep", "build/tmp/keep/y", true)]
    [InlineData("!a", "b", false)]
    [InlineData("\\!a", "!a", true)]
    [InlineData("", "a", false)]
    public void IsMatch_Lets_The_Last_Win(string globs, string path, bool expected) => Assert.Equal(expected, Of(globs).IsMatch(path));

    [Theory]
    [InlineData("src build", "src", true)]
    [InlineData("src build", "docs", false)]
    [InlineData("src !src/gen", "src/gen", false)]
    [InlineData("src !src/gen/**", "src/gen", false)]
    [InlineData("src !src/gen/*.c", "src/gen", true)]
    [InlineData("src !src/gen src/gen/keep", "src/gen", true)]
    [InlineData("src !src/gen src/gen/keep", "src/gen/other", false)]
    [InlineData("!**", "a", false)]
    public void CouldMatchBelow_Prunes(string globs, string folder, bool expected) => Assert.Equal(expected, Of(globs).CouldMatchBelow(folder));

    [Theory]
    [InlineData("a b/c b/** a", "a;b/c")]
    [InlineData("{a,b,c*} !b", "a")]
    [InlineData("a\\*", "a*")]
    [InlineData("*.c", "")]
    public void LiteralPaths_Are_Those_Without_Wildcard(string globs, string expected) => Assert.Equal(expected, string.Join(';', Of(globs).LiteralPaths));

    [Theory]
    [InlineData("build/**/*.o build/x src/a.c !other", "build;src/a.c")]
    [InlineData("a/b a/b-c a a/b/d", "a")]
    [InlineData("a-b a/c a", "a;a-b")]
    [InlineData("src **/*.c", "")]
    [InlineData("{a,b/*}/c", "a/c;b")]
    [InlineData("!x", null)]
    public void Roots_Cover_All_Matches(string globs, string? expected) => Assert.Equal(expected, Of(globs).Roots is { IsEmpty: false } roots ? string.Join(';', roots) : null);

    [Fact]
    public void TryParse_Says_What_Is_Wrong()
    {
        Assert.False(PathPatterns.TryParse(["a", "!/b"], out var patterns, out var error));
        Assert.Null(patterns);
        Assert.Equal("Glob `/b` is absolute; write it relative to the project", error);
    }

    [Fact]
    public void MayOverlap_Does_Not_Look_At_Exclusions()
    {
        Assert.True(PathPatterns.MayOverlap(Of("a b/*"), Of("c b/x")));
        Assert.False(PathPatterns.MayOverlap(Of("a b/*"), Of("c d !a")));
        Assert.True(PathPatterns.MayOverlap(Of("b !b/x"), Of("b/x")));
    }

    [Theory]
    [InlineData("a b/**", "")]
    [InlineData("a/** !a/b !c/**", "a/b, c/**")]
    public void Excluded_Is_What_Exclusions_Name(string globs, string expected) => Assert.Equal(expected, Of(globs).Excluded.ToString());

    [Fact]
    public void ToString_Shows_The_Globs() => Assert.Equal("a, !b", Of("a !b").ToString());

    private static PathPatterns Of(string globs) => PathPatterns.Parse(globs.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
