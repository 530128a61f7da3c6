using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

using static Cairn.Tests.Expressions.Evaluating;

namespace Cairn.Tests.Expressions;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("plain $HOME ${x} {{ }}", "plain $HOME ${x} {{ }}")]
    [InlineData("", "")]
    [InlineData("a ${{ params.count }}-${{params.text}}!", "a 3-a b!")]
    [InlineData("${{ '}}' }}}}", "}}}}")]
    [InlineData("${{ \"}}\" }}", "}}")]
    [InlineData("$${{ x }} ${{ 1 }}", "${{ x }} 1")]
    [InlineData("$$${{ x }}", "$${{ x }}")]
    [InlineData("${{ '$' }}${{ '{{' }}", "${{")]
    [InlineData("[${{ params.missing }}${{ true }}${{ 1.50 }}]", "[true1.5]")]
    [InlineData("line\n${{\n  params.count\n}}\n", "line\n3\n")]
    public void EvaluateText_Substitutes(string text, string expected)
    {
        var diagnostics = new DiagnosticBag();
        Assert.Equal(expected, Template.Parse(Scalar(text), diagnostics)!.EvaluateText(Context, diagnostics));
        Assert.Empty(Lines(diagnostics));
    }

    [Theory]
    [InlineData("a ${{ params.list }}", "0212 7-18 A text cannot hold a list (Use join(list, ' ') or toJson(list))")]
    [InlineData("${{ params.map }}", "0212 5-15 A text cannot hold a map (Use toJson(map), or name one of its members)")]
    [InlineData("echo ${{ params.text", "0201 6-9 `${{` is not closed (Close it with `}}`; for a literal `${{` write `$${{`)")]
    [InlineData("echo ${{", "0201 6-9 `${{` is not closed (Close it with `}}`; for a literal `${{` write `$${{`)")]
    [InlineData("echo ${{ }} b", "0200 6-12 The expression is empty (Name a value, such as `params.x`)")]
    public void EvaluateText_Reports(string text, string mistake) => Assert.Equal([mistake], TemplateMistakes(text));

    [Fact]
    public void Parse_Goes_On_After_A_Mistake() =>
        Assert.Equal(["0200 9-11", "0200 18-19", "0203 27-29"], TemplateMistakes("${{ 1 + }} ${{ 1 2 }} ${{ no() }} ${{ 1 }}").Select(m => m[..m.IndexOf(' ', 6)]));

    [Fact]
    public void EvaluateText_Reports_All_Expressions() =>
        Assert.Equal(["0205 5-6", "0205 15-16"], TemplateMistakes("${{ x }} ${{  y }}").Select(m => m[..m.IndexOf(' ', 6)]));

    [Fact]
    public void Evaluate_Keeps_The_Type_Of_A_Single_Expression()
    {
        var diagnostics = new DiagnosticBag();
        var single = Template.Parse(Scalar("${{ params.list }}"), diagnostics)!;
        Assert.True(single.IsSingleExpression);
        Assert.Equal(Evaluate("params.list"), single.Evaluate(Context, diagnostics));
        foreach (var text in (string[])["${{ 3 }} ", "a${{ 3 }}", "${{ 1 }}${{ 2 }}", "3", "$${{"])
        {
            var template = Template.Parse(Scalar(text), diagnostics)!;
            Assert.False(template.IsSingleExpression);
            Assert.IsType<Value.String>(template.Evaluate(Context, diagnostics));
        }

        Assert.Empty(Lines(diagnostics));
    }

    [Theory]
    [InlineData("plain", true, 0)]
    [InlineData("$${{ x }}", true, 0)]
    [InlineData("${{ 1 }} ${{ 2 }}", false, 2)]
    public void Parse_Finds_Expressions(string text, bool literal, int expressions)
    {
        var template = Template.Parse(Scalar(text), new DiagnosticBag())!;
        Assert.Equal((literal, expressions), (template.IsLiteral, template.Expressions.Length));
    }

    [Fact]
    public void Literal_Takes_Braces_As_They_Are()
    {
        var template = Template.Literal("${{ x");
        Assert.True(template.IsLiteral);
        Assert.Equal("${{ x", template.EvaluateText(Context, new DiagnosticBag()));
    }

    [Fact]
    public void Parse_Of_A_Literal_Allocates_Only_The_Template()
    {
        var node = Scalar("make -C build");
        var diagnostics = new DiagnosticBag();
        Template.Parse(node, diagnostics);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Template.Parse(node, diagnostics);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 80);
    }

    [Fact]
    public void EvaluateText_Bounds_The_Whole_Text()
    {
        var big = Context with { Roots = Context.Roots.SetItem("env", Value.Of(new string('x', (Limits.ExpressionResultCharsMax / 2) + 100))) };
        var diagnostics = new DiagnosticBag();
        Assert.Null(Template.Parse(Scalar("${{ env }} ${{ env }}"), diagnostics)!.EvaluateText(big, diagnostics));
        Assert.Equal("CAIRN0208", Assert.Single(diagnostics.ToSorted()).Code);
    }
}
