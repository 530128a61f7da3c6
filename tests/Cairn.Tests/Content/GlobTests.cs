using System.Diagnostics;

using Cairn.Core;
using Cairn.Core.Content;

namespace Cairn.Tests.Content;

public sealed class GlobTests
{
    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "a/b/c", true)]
    [InlineData("a/", "a/b", true)]
    [InlineData("a", "ab", false)]
    [InlineData("a/b", "a", false)]
    [InlineData("A", "a", false)]
    [InlineData("./a//b/./c/", "a/b/c", true)]
    [InlineData(".", "anything/at/all", true)]
    [InlineData("*", "a", true)]
    [InlineData("*", ".hidden", true)]
    [InlineData("*", "a/b", true)]
    [InlineData("*.c", "x.c", true)]
    [InlineData("*.c", "src/x.c", false)]
    [InlineData("*.c", ".c", true)]
    [InlineData("a*a", "a", false)]
    [InlineData("*.c", "x.c/generated", true)]
    [InlineData("src/*.c", "src/a/b.c", false)]
    [InlineData("**", "a", true)]
    [InlineData("**", "", false)]
    [InlineData("**/*.c", "x.c", true)]
    [InlineData("**/*.c", "a/b/x.c", true)]
    [InlineData("a/**", "a/b", true)]
    [InlineData("a/**", "a", false)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b/z", true)]
    [InlineData("a/**/b", "a/x/y", false)]
    [InlineData("**/a/**/b/*.h", "x/a/a/y/b/b/q.h", true)]
    [InlineData("**/**/a", "a", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "a😀c", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData("[!a-c]x", "😀x", true)]
    [InlineData("[]a]", "]", true)]
    [InlineData("[!]a]", "b", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[\\]\\\\]", "\\", true)]
    [InlineData("[😀-😂]", "😁", true)]
    [InlineData("{a,b}.c", "b.c", true)]
    [InlineData("{a,b{1,2}}", "b2", true)]
    [InlineData("{a,b{1,2}}", "b", false)]
    [InlineData("{src,test/{unit,e2e}}/**/*.c", "test/e2e/x/y.c", true)]
    [InlineData("a{,.exe}", "a.exe", true)]
    [InlineData("a{,.exe}", "a", true)]
    [InlineData("a,b", "a,b", true)]
    [InlineData("[{]x[}]", "{x}", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "a", false)]
    [InlineData("\\{a\\,b\\}", "{a,b}", true)]
    [InlineData("build/libz.so*", "build/libz.so.1.3", true)]
    public void IsMatch_Decides(string glob, string path, bool expected) => Assert.Equal(expected, Glob.Parse(glob).IsMatch(path));

    [Theory]
    [InlineData("", "A glob is empty; write `**` for everything")]
    [InlineData("/etc", "Glob `/etc` is absolute; write it relative to the project")]
    [InlineData("a/../../b", "Glob `a/../../b` leaves the project with `..`")]
    [InlineData("{a,..}/b", "Glob `{a,..}/b` leaves the project with `..`")]
    [InlineData("\\.\\./b", "Glob `\\.\\./b` leaves the project with `..`")]
    [InlineData("a**", "Glob `a**` has `**` beside other characters; `**` stands alone between slashes, `*` goes anywhere")]
    [InlineData("a/***/b", "Glob `a/***/b` has `**` beside other characters; `**` stands alone between slashes, `*` goes anywhere")]
    [InlineData("a[b", "Glob `a[b` has a `[` without `]`; write `\\[` for a bracket")]
    [InlineData("ab]", "Glob `ab]` has a `]` without `[`; write `\\]` for a bracket")]
    [InlineData("{a,b", "Glob `{a,b` has a `{` without `}`; write `\\{` for a brace")]
    [InlineData("a}", "Glob `a}` has a `}` without `{`; write `\\}` for a brace")]
    [InlineData("a\\", "Glob `a\\` ends in a `\\` that quotes nothing")]
    [InlineData("a\\/b", "Glob `a\\/b` quotes a `/`, which always separates")]
    [InlineData("[z-a]", "Glob `[z-a]` has a range that runs backwards")]
    [InlineData("[^a]", "Glob `[^a]` has `[^`; write `[!` to negate, or `[\\^` for the character")]
    [InlineData("[[:alpha:]]x", "Glob `[[:alpha:]]x` has a `]` without `[`; write `\\]` for a bracket")]
    [InlineData("[[:alpha:]", "Glob `[[:alpha:]` has a class such as `[:alpha:]`; write the characters, `[a-z]`")]
    [InlineData("[a/b]", "Glob `[a/b]` has a `/` in brackets, which matches nothing")]
    [InlineData("{,a}", "Glob `{,a}` has an empty alternative")]
    [InlineData("a\0", "A glob holds a NUL character, which no path can")]
    public void TryParse_Says_What_Is_Wrong(string text, string expected)
    {
        Assert.False(Glob.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}")]
    [InlineData("{{{{{{{{{{{{{{{{{{{{a}}}}}}}}}}}}}}}}}}}}")]
    public void TryParse_Refuses_Brace_Bombs(string text) => Assert.False(Glob.TryParse(text, out _, out _));

    [Fact]
    public void TryParse_Refuses_Long_Globs()
    {
        Assert.True(Glob.TryParse(new string('a', Limits.GlobCharsMax), out _, out _));
        Assert.False(Glob.TryParse(new string('a', Limits.GlobCharsMax + 1), out _, out _));
    }

    [Theory]
    [InlineData("build/**/*.o", "build/**/*.o", false, "build/", null)]
    [InlineData("./a//b/c/", "a/b/c", true, "a/b/", "a/b/c")]
    [InlineData("a\\*b", "a\\*b", true, "", "a*b")]
    [InlineData("a", "a", true, "", "a")]
    [InlineData("a/*/c", "a/*/c", false, "a/", null)]
    [InlineData("a/{b,c}/d", "a/{b,c}/d", false, "a/", null)]
    [InlineData("x/y/{b*,c}", "x/y/{b*,c}", false, "x/y/", null)]
    [InlineData("{a,b}/c", "{a,b}/c", false, "", null)]
    [InlineData("./", ".", true, "", "")]
    [InlineData("./{,a}", "./{,a}", false, "", null)]
    [InlineData(".//./{/a,b*}/", "./{/a,b*}", false, "", null)]
    [InlineData("**", "**", false, "", null)]
    public void TryParse_Describes(string text, string normal, bool literal, string prefix, string? path)
    {
        var glob = Glob.Parse(text);
        Assert.Equal((normal, literal, prefix, path), (glob.Text, glob.IsLiteral, glob.LiteralPrefix, glob.LiteralPath));
    }

    [Theory]
    [InlineData("build/**/*.o", "", true)]
    [InlineData("build/**/*.o", "build", true)]
    [InlineData("build/**/*.o", "build/x/y", true)]
    [InlineData("build/**/*.o", "src", false)]
    [InlineData("a/*/c", "a/b", true)]
    [InlineData("a/*/c", "a/b/c", true)]
    [InlineData("a/*/c", "a/b/d", false)]
    [InlineData("a/b", "a/b", true)]
    [InlineData("a/b", "a/bc", false)]
    [InlineData("{a,b}/c", "b", true)]
    public void CouldMatchBelow_Prunes(string glob, string folder, bool expected) => Assert.Equal(expected, Glob.Parse(glob).CouldMatchBelow(folder));

    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "a/b", true)]
    [InlineData("a/b", "a/c", false)]
    [InlineData("a/*", "a/b", true)]
    [InlineData("*.o", "*.a", false)]
    [InlineData("*.o", "lib*", true)]
    [InlineData("a*b", "?c*d", false)]
    [InlineData("a*b?", "?c*bd", true)]
    [InlineData("[a-c]x", "[c-e]?", true)]
    [InlineData("[a-c]x", "[d-e]?", false)]
    [InlineData("[!a]", "a", false)]
    [InlineData("build/**/*.o", "**/x.o", true)]
    [InlineData("build/**/*.o", "src/**", false)]
    [InlineData("a/**/b", "a/c", true)]
    [InlineData("{a,b}/x", "{b,c}/x", true)]
    [InlineData("{a,b}/x", "{c,d}/x", false)]
    [InlineData(".", "x", true)]
    public void MayOverlap_Decides(string a, string b, bool expected)
    {
        Assert.Equal(expected, Glob.MayOverlap(Glob.Parse(a), Glob.Parse(b)));
        Assert.Equal(expected, Glob.MayOverlap(Glob.Parse(b), Glob.Parse(a)));
    }

    [Fact]
    public void IsMatch_Does_Not_Blow_Up()
    {
        var watch = Stopwatch.StartNew();
        var name = new string('a', 4_000);
        Assert.False(Glob.Parse(string.Concat(Enumerable.Repeat("a*", 200)) + "b").IsMatch(name));
        Assert.False(Glob.Parse(string.Concat(Enumerable.Repeat("**/a/", 50)) + "b").IsMatch(string.Join('/', Enumerable.Repeat("a", 4_000))));
        Assert.False(Glob.Parse(string.Concat(Enumerable.Repeat("[ab]*?", 200)) + "c").IsMatch(name));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"It took {watch.Elapsed}");
    }

    [Fact]
    public void MayOverlap_Of_Huge_Globs_Ends()
    {
        var a = Glob.Parse(string.Concat(Enumerable.Repeat("?*", 2_000)));
        var b = Glob.Parse(string.Concat(Enumerable.Repeat("*[ab]", 800)));
        Assert.True(Glob.MayOverlap(a, b));
    }
}
