using Cairn.Core.Actions;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Actions;

public sealed class LineDifferenceTests
{
    [Fact]
    public void Between_Of_The_Same_Is_Nothing() => Assert.Empty(LineDifference.Between("a\nb\n", "a\nb\n", 2));

    [Theory]
    [InlineData("a\nb\nc", "a\nx\nc", "@1,1 a|-b|+x| c")]
    [InlineData("a\nb", "a\nb\n", "@2,2 b|+")]
    [InlineData("a\nb\n", "a\nc\n", "@1,1 a|-b|+c")]
    [InlineData("", "a", "@1,1-|+a")]
    [InlineData("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\nx\n5\n6\n7\n8\n9\n10", "@3,3 3|-4|+x| 5@9,9 9|+10")]
    [InlineData("1\n2\n3\n4\n5", "1\nx\n3\n4\ny", "@1,1 1|-2|+x| 3| 4|-5|+y")]
    [InlineData("a\nb\nc\nd", "b\nc\nx\nd", "@1,1-a| b| c|+x| d")]
    public void Between_Shows_Changes_With_What_Stands_Around_Them(string before, string after, string expected) =>
        Assert.Equal(expected, string.Concat(LineDifference.Between(before, after, 1).Select(h => $"@{h.Before},{h.After}{string.Join('|', h.Lines.Select(Show))}")));

    [Fact]
    public void Between_Gives_Up_On_Large_Texts_Without_Anything_In_Common()
    {
        var hunk = Assert.Single(LineDifference.Between(Numbers("a"), Numbers("b"), 3));
        Assert.Equal(20_000, hunk.Lines.Length);
        static string Numbers(string prefix) => string.Join('\n', Enumerable.Range(0, 10_000).Select(i => $"{prefix}{i}"));
    }

    [Fact]
    public void Between_Leads_From_One_To_The_Other() => Prop.ForAll(
        Texts(), Texts(), ArbMap.Default.ArbFor<byte>(), static (before, after, context) => Apply(before, LineDifference.Between(before, after, context % 4)) == after).QuickCheckThrowOnFailure();

    private static Arbitrary<string> Texts() => Arb.From(Gen.Elements("a", "b", "c", "").ListOf().Select(lines => string.Join('\n', lines)));

    private static string Show(LineChange line) => $"{(line.Kind == LineChangeKind.Added ? '+' : line.Kind == LineChangeKind.Removed ? '-' : ' ')}{line.Text}";

    private static string Apply(string before, IEnumerable<LineHunk> hunks)
    {
        // Where both texts end with LF, what is left of either is its last line's end.
        var old = before.Split('\n');
        var result = new List<string>();
        var at = 0;
        foreach (var hunk in hunks)
        {
            while (at < hunk.Before - 1)
            {
                result.Add(old[at++]);
            }

            Assert.Equal(hunk.After - 1, result.Count);
            foreach (var line in hunk.Lines)
            {
                if (line.Kind != LineChangeKind.Added)
                {
                    Assert.Equal(line.Text, old[at++]);
                }

                if (line.Kind != LineChangeKind.Removed)
                {
                    result.Add(line.Text);
                }
            }
        }

        return string.Join('\n', result.Concat(old[at..]));
    }
}
