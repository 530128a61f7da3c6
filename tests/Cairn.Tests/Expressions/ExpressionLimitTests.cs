using Cairn.Core;
using Cairn.Core.Expressions;

using static Cairn.Tests.Expressions.Evaluating;

namespace Cairn.Tests.Expressions;

public sealed class ExpressionLimitTests
{
    [Theory]
    [InlineData("(", "1", ")")]
    [InlineData("[", "1", "]")]
    [InlineData("!", "1", "")]
    [InlineData("- ", "1", "")]
    [InlineData("lower(", "'a'", ")")]
    [InlineData("params[", "'a'", "]")]
    [InlineData("1 ? 2 : ", "3", "")]
    public void Parse_Bounds_Nesting(string open, string middle, string close)
    {
        static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
        const int Deep = Limits.ExpressionDepthMax - 1;
        Assert.DoesNotContain(Mistakes(Repeat(open, Deep) + middle + Repeat(close, Deep)), m => m.StartsWith("0202", StringComparison.Ordinal));
        var mistake = Assert.Single(Mistakes(Repeat(open, 1_500) + middle + Repeat(close, 1_500)));
        Assert.StartsWith("0202", mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" && 1")]
    [InlineData(" + 1")]
    [InlineData(" == true")]
    public void Evaluate_Takes_Long_Chains(string link) =>
        Assert.NotNull(Evaluate("params.count" + string.Concat(Enumerable.Repeat(link, 2_000))));

    [Fact]
    public void Evaluate_Takes_Long_Paths() =>
        Assert.Equal(Value.Null.Instance, Evaluate("params" + string.Concat(Enumerable.Repeat(".a", 8_000))));

    [Fact]
    public void Parse_Bounds_Length()
    {
        var fits = "1" + new string(' ', Limits.ExpressionCharsMax - 1);
        Assert.Equal(Value.Of(1), Evaluate(fits));
        Assert.Equal([$"0202 {Limits.ExpressionCharsMax + 1}-{Limits.ExpressionCharsMax + 1} The expression is longer than {Limits.ExpressionCharsMax} characters (Move the work into a script)"], Mistakes(fits + " "));
    }

    [Fact]
    public void Evaluate_Bounds_What_Format_Makes()
    {
        var bomb = "'" + new string('x', 100) + "'";
        for (var i = 0; i < 12; i++)
        {
            bomb = $"format('{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}', {bomb})";
        }

        Assert.StartsWith("0208", Assert.Single(Mistakes(bomb)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("replace(params.big, 'x', params.big)")]
    [InlineData("join(split(params.big, 'x'), params.big)")]
    [InlineData("format('{0}{0}{0}{0}{0}', params.big)")]
    [InlineData("toJson([params.big, params.big, params.big, params.big, params.big])")]
    [InlineData("lower(params.big) && lower(params.big) && lower(params.big) && lower(params.big) && lower(params.big)")]
    [InlineData("contains(params.big, params.half)")]
    [InlineData("split(params.big, 'x') && split(params.big, 'x') && split(params.big, 'x')")]
    public void Evaluate_Bounds_Work(string text)
    {
        var context = Context with
        {
            Roots = Context.Roots.SetItem("params", new Value.Map(
            [
                new("big", Value.Of(new string('x', Limits.ExpressionResultCharsMax / 4))),
                new("half", Value.Of(new string('x', Limits.ExpressionResultCharsMax / 8) + "y")),
            ])),
        };
        Assert.StartsWith("0208", Assert.Single(Mistakes(text, context)), StringComparison.Ordinal);
    }

    [Fact]
    public void FromJson_Bounds_Depth() => Assert.StartsWith("0209", Assert.Single(Mistakes($"fromJson('{new string('[', 65)}{new string(']', 65)}')")), StringComparison.Ordinal);
}
