using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Tests.Diagnostics;

public sealed class DiagnosticRendererTests
{
    [Fact]
    public void Render_Shows_PlaceNotesAndHelp()
    {
        var diagnostic = Error(new SourceSpan("cairn.yaml", 12, 5, 12, 8), "The key `run` is given twice", "Remove one of them") with
        {
            Notes = [new DiagnosticNote("It is first given here", new SourceSpan("cairn.yaml", 2, 5, 2, 8))],
        };
        var source = new SourceText("cairn.yaml", "a:\n    run: x\n" + new string('\n', 9) + "    run: y\n");

        Assert.Equal(
            """
            error[CAIRN0006]: The key `run` is given twice
              --> cairn.yaml:12:5
               |
            12 |     run: y
               |     ^^^
            note: It is first given here
              --> cairn.yaml:2:5
               |
             2 |     run: x
               |     ---
            help: Remove one of them

            """,
            Render(diagnostic, source));
    }

    [Fact]
    public void Render_Draws_WithUnicode()
    {
        var shown = Render(Error(new SourceSpan("a.yaml", 1, 1, 1, 2), "M"), new SourceText("a.yaml", "x"), new RenderOptions { Unicode = true });

        Assert.Equal(
            """
            error[CAIRN0006]: M
              ╭─▸ a.yaml:1:1
              │
            1 │ x
              │ ^

            """,
            shown);
    }

    [Theory]
    [InlineData("\tkey: x", 2, 5, "    key: x", "    ^^^")]
    [InlineData("a\tb", 3, 4, "a   b", "    ^")]
    [InlineData("表示: x", 5, 6, "表示: x", "      ^")]
    [InlineData("表示: x", 1, 3, "表示: x", "^^^^")]
    [InlineData("😀: x", 5, 6, "😀: x", "    ^")]
    [InlineData("e\u0301: x", 5, 6, "e\u0301: x", "   ^")]
    [InlineData("a\u001b[31mb", 7, 8, "a\\x1b[31mb", "         ^")]
    [InlineData("a\u202eb", 3, 4, "a\\u202eb", "       ^")]
    [InlineData("abc", 4, 4, "abc", "   ^")]
    [InlineData("", 1, 1, "", "^")]
    public void Render_Aligns_TheUnderline(string line, int column, int endColumn, string shown, string underline)
    {
        var lines = Render(Error(new SourceSpan("a", 1, column, 1, endColumn), "M"), new SourceText("a", line)).Split('\n');

        Assert.Equal($"1 | {shown}".TrimEnd(' '), lines[3].TrimEnd(' '));
        Assert.Equal($"  | {underline}", lines[4]);
    }

    [Fact]
    public void Render_Underlines_AMultiLinePlaceToTheEndOfItsLine()
    {
        var lines = Render(Error(new SourceSpan("a", 1, 3, 2, 2), "M"), new SourceText("a", "x: yy\nz")).Split('\n');

        Assert.Equal("  |   ^^^", lines[4]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(500)]
    [InlineData(997)]
    public void Render_Crops_LongLinesAroundThePlace(int column)
    {
        var text = string.Concat(Enumerable.Range(0, 1_000).Select(i => (char)('a' + (i % 26))));
        var lines = Render(Error(new SourceSpan("a", 1, column, 1, column + 3), "M"), new SourceText("a", text), new RenderOptions { Width = 44 }).Split('\n');

        Assert.True(lines[3].Length <= 44, lines[3]);
        var at = lines[4].IndexOf('^', StringComparison.Ordinal);
        Assert.Equal("^^^", lines[4][at..]);
        Assert.Equal(text[(column - 1)..(column + 2)], lines[3][at..(at + 3)]);
    }

    [Fact]
    public void Render_Crops_WideCharactersToo()
    {
        var text = string.Concat(Enumerable.Repeat("表", 200)) + "MARK" + string.Concat(Enumerable.Repeat("示", 200));
        var lines = Render(Error(new SourceSpan("a", 1, 201, 1, 205), "M"), new SourceText("a", text), new RenderOptions { Width = 44, Unicode = true }).Split('\n');

        var mark = lines[3].IndexOf("MARK", StringComparison.Ordinal);
        Assert.Equal(lines[4].IndexOf('^', StringComparison.Ordinal), lines[3][..mark].EnumerateRunes().Sum(DisplayText.WidthOf));
        Assert.True(lines[3].EnumerateRunes().Sum(DisplayText.WidthOf) <= 44, lines[3]);
    }

    [Fact]
    public void Render_Colors_WhenAsked()
    {
        var shown = Render(Error(new SourceSpan("a", 1, 1, 1, 2), "M", "H"), new SourceText("a", "x"), new RenderOptions { Color = true });

        Assert.Contains("\e[1;31merror[CAIRN0006]\e[0m", shown, StringComparison.Ordinal);
        Assert.Contains("\e[1;32mhelp\e[0m: H", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_Manages_WithoutPlaceOrFile()
    {
        Assert.Equal("error[CAIRN0006]: M\n", Render(Error(SourceSpan.None, "M"), new SourceText("a", "x")));
        Assert.Equal("error[CAIRN0006]: M\n --> b:3:1\n", Render(Error(new SourceSpan("b", 3, 1, 3, 2), "M"), new SourceText("a", "x")));
    }

    [Fact]
    public void Render_Escapes_ControlCharactersOfMessages() =>
        Assert.Equal("error[CAIRN0006]: a\\x1b[31mb\\x0ac\nhelp: one\n      two\n", Render(Error(SourceSpan.None, "a\u001b[31mb\nc", "one\ntwo"), new SourceText("a", "")));

    [Fact]
    public void RenderAll_Sorts_AndCounts()
    {
        var source = new SourceText("a", "x\ny\n");
        var shown = DiagnosticRenderer.RenderAll(
            [
                Error(new SourceSpan("a", 2, 1, 2, 2), "Second"),
                Error(new SourceSpan("a", 1, 1, 1, 2), "First"),
                Error(SourceSpan.None, "Careful") with { Severity = DiagnosticSeverity.Warning },
            ],
            new Dictionary<string, SourceText>(StringComparer.Ordinal) { ["a"] = source },
            new RenderOptions());

        Assert.Equal(
            """
            warning[CAIRN0006]: Careful

            error[CAIRN0006]: First
             --> a:1:1
              |
            1 | x
              | ^

            error[CAIRN0006]: Second
             --> a:2:1
              |
            2 | y
              | ^

            2 errors, 1 warning

            """,
            shown);
    }

    [Fact]
    public void RenderAll_Says_Nothing_WhereNothingIsWrong() => Assert.Equal("", DiagnosticRenderer.RenderAll([], new Dictionary<string, SourceText>(StringComparer.Ordinal), new RenderOptions()));

    private static Diagnostic Error(SourceSpan span, string message, string? help = null) =>
        new(DiagnosticCodes.DuplicateKey, DiagnosticSeverity.Error, message, span, help);

    private static string Render(Diagnostic diagnostic, SourceText source, RenderOptions? options = null) =>
        DiagnosticRenderer.Render(diagnostic, new Dictionary<string, SourceText>(StringComparer.Ordinal) { [source.Name] = source }, options ?? new RenderOptions());
}
