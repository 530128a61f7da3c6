using System.Text;

using Cairn.Core.Content;

namespace Cairn.Tests.Content;

public sealed class IgnoreRulesTests
{
    [Theory]
    [InlineData("*.o", "a.o", true)]
    [InlineData("*.o", "deep/er/a.o", true)]
    [InlineData("*.o", ".o", true)]
    [InlineData("/a.o", "deep/a.o", false)]
    [InlineData("deep/a.o", "x/deep/a.o", false)]
    [InlineData("**/a.o", "x/deep/a.o", true)]
    [InlineData("**/a.o", "a.o", true)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**", "a", false)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**/b", "a/xb", false)]
    [InlineData("a/*/b", "a/b", false)]
    [InlineData("a/x**y/b", "a/xzy/b", true)]
    [InlineData("a/x**/b", "a/xb", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a/?c", "a//", false)]
    [InlineData("?", "é", false)]
    [InlineData("??", "é", true)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData("[^a-c]x", "dx", true)]
    [InlineData("[]a]x", "]x", true)]
    [InlineData("[[:digit:]]", "7", true)]
    [InlineData("[[:nonsense:]]", "7", false)]
    [InlineData("[a", "[a", false)]
    [InlineData("\\[a", "[a", true)]
    [InlineData("a\\", "a\\", false)]
    [InlineData("\\#x", "#x", true)]
    [InlineData("#x", "#x", false)]
    [InlineData("\\!x", "!x", true)]
    [InlineData("trail   ", "trail", true)]
    [InlineData("trail\\ ", "trail ", true)]
    [InlineData("trail\t", "trail", false)]
    [InlineData("crlf\r", "crlf", true)]
    [InlineData("\ufeffbom", "bom", true)]
    [InlineData("", "x", false)]
    [InlineData("/", "x", false)]
    [InlineData("!", "x", false)]
    public void Match_Understands_OneRule(string rule, string path, bool ignored) => Assert.Equal(ignored, Verdict(rule, path) == IgnoreVerdict.Ignored);

    [Fact]
    public void Match_Lets_TheLastRuleDecide()
    {
        Assert.Equal(IgnoreVerdict.Included, Verdict("*.o\n!keep.o", "keep.o"));
        Assert.Equal(IgnoreVerdict.Ignored, Verdict("!keep.o\n*.o", "keep.o"));
        Assert.Equal(IgnoreVerdict.None, Verdict("!keep.o\n*.o", "keep.c"));
    }

    [Fact]
    public void Match_Takes_FoldersOnly_ForASlashAtTheEnd()
    {
        Assert.Equal(IgnoreVerdict.None, Verdict("build/", "build"));
        Assert.Equal(IgnoreVerdict.Ignored, Verdict("build/", "sub/build", isFolder: true));
    }

    [Fact]
    public void Match_Stays_Fast_OnPatternsMadeToBeSlow()
    {
        var rules = IgnoreRules.Parse(Encoding.UTF8.GetBytes($"{string.Concat(Enumerable.Repeat("**/a*", 200))}/b\n{string.Concat(Enumerable.Repeat("*a", 500))}b\n{string.Concat(Enumerable.Repeat("a/**/", 200))}b"));
        var path = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aaa/", 1_000)) + "c");
        var name = Encoding.UTF8.GetBytes(new string('a', 4_000));
        Assert.Equal(IgnoreVerdict.None, rules.Match(path, isFolder: false));
        Assert.Equal(IgnoreVerdict.None, rules.Match(name, isFolder: false));
    }

    private static IgnoreVerdict Verdict(string rules, string path, bool isFolder = false) => IgnoreRules.Parse(Encoding.UTF8.GetBytes(rules)).Match(Encoding.UTF8.GetBytes(path), isFolder);
}
