using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Syntax;

public sealed class TomlReaderTests
{
    [Theory]
    [InlineData("a = 1", "{a:1}")]
    [InlineData("a.b.c = true\na.d = 'x'", "{a:{b:{c:true},d:\"x\"}}")]
    [InlineData("\"a b\".'c.d' = 1.5e-3", "{a b:{c.d:1.5e-3}}")]
    [InlineData("[a.b]\nc = 1\n[a]\nd = 2", "{a:{b:{c:1},d:2}}")]
    [InlineData("[[p]]\nn = 1\n[p.q]\nr = 2\n[[p]]\nn = 3", "{p:[{n:1,q:{r:2}},{n:3}]}")]
    [InlineData("a = [ 1, # one\n [ 'x' ],\n { b = 1, c.d = 2 },\n]", "{a:[1,[\"x\"],{b:1,c:{d:2}}]}")]
    [InlineData("a = \"\"\"\nx \\\n   y\"z\\u00e9\"\"\"\"", "{a:\"x y\"zé\"\"}")]
    [InlineData("a = '''\nC:\\x'''", "{a:\"C:\\x\"}")]
    [InlineData("a = 1979-05-27T07:32:00.5-07:00\nb = 1979-05-27 07:32:00\nc = 07:32:00\nd = 1979-05-27", "{a:\"1979-05-27T07:32:00.5-07:00\",b:\"1979-05-27 07:32:00\",c:\"07:32:00\",d:\"1979-05-27\"}")]
    [InlineData("a = 0xDEAD_beef\nb = 0o17\nc = 0b01\nd = -1_000\ne = +inf\nf = -nan", "{a:0xDEAD_beef,b:0o17,c:0b01,d:-1_000,e:+inf,f:-nan}")]
    [InlineData("a = {}\r\nb = []\r\n# end", "{a:{},b:[]}")]
    public void Read_Understands(string text, string expected)
    {
        var (node, diagnostics) = Read(text);
        Assert.Empty(diagnostics);
        Assert.Equal(expected, Show(node!));
    }

    [Theory]
    [InlineData("a = 1\na = 2", 2, 1, "The key `a` is given twice")]
    [InlineData("[a]\n[a]", 2, 2, "The key `a` is given twice")]
    [InlineData("a = []\n[[a]]", 2, 3, "The key `a` is given twice")]
    [InlineData("a = { b = 1 }\n[a.c]", 2, 2, "The key `a` is given twice")]
    [InlineData("[a]\nb = 1\n[a.b]", 3, 4, "The key `b` is given twice")]
    [InlineData("[a.b]\n[a]\nb.c = 1", 3, 1, "The key `b` is given twice")]
    [InlineData("a = ", 1, 5, "The file ends where a value is wanted")]
    [InlineData("a = \nb = 1", 1, 5, "The line ends where a value is wanted")]
    [InlineData("a = x", 1, 5, "`x` is no value")]
    [InlineData("a = 01", 1, 5, "`01` is no value")]
    [InlineData("a = 1__0", 1, 5, "`1__0` is no value")]
    [InlineData("a = 1 b = 2", 1, 7, "`b` stands where the end of the line is wanted")]
    [InlineData("a = \"x", 1, 5, "The quote `\"` is not closed")]
    [InlineData("a = '''x", 1, 5, "The quote `'''` is not closed")]
    [InlineData("a = \"\\q\"", 1, 6, "This escape is none of TOML")]
    [InlineData("a = { b = 1, }", 1, 14, "`}` stands where a key is wanted")]
    [InlineData("[a", 1, 3, "The file ends where `]` is wanted")]
    [InlineData("= 1", 1, 1, "`=` stands where a key is wanted")]
    public void Read_Refuses(string text, int line, int column, string message)
    {
        var (node, diagnostics) = Read(text);
        Assert.Null(node);
        var mistake = Assert.Single(diagnostics);
        Assert.Equal((line, column), (mistake.Span.Line, mistake.Span.Column));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
        Assert.Equal("help", mistake.Suggestion);
    }

    [Fact]
    public void Read_GoesOn_AtTheNextHeader()
    {
        var (_, diagnostics) = Read("[a]\nx = \ny = ?\n[b]\nx = 1\n[c]\nz z\n");
        Assert.Equal([2, 7], diagnostics.Select(d => d.Span.Line));
    }

    [Theory]
    [InlineData("a = ", "[", 100_000)]
    [InlineData("", "a.", 100_000)]
    [InlineData("[", "a.", 100_000)]
    [InlineData("a = ", "{a=", 100_000)]
    public void Read_Refuses_Depth(string start, string part, int times)
    {
        var (_, diagnostics) = Read(start + string.Concat(Enumerable.Repeat(part, times)));
        Assert.Equal(DiagnosticCodes.TooDeep, diagnostics[0].Code);
    }

    [Fact]
    public void Read_ReadsBack_WhatIsWritten() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Tree(3).ToArbitrary(), tree =>
        {
            var (node, diagnostics) = Read($"\"k\" = {tree.Toml}\n");
            Assert.Empty(diagnostics);
            Assert.Equal($"{{k:{tree.Shown}}}", Show(node!));
        }));

    private static Gen<(string Toml, string Shown)> Tree(int depth)
    {
        var text = ArbMap.Default.GeneratorFor<string>().Select(s => new string([.. (s ?? "").Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]));
        var scalar = Gen.OneOf(
            text.Select(s => ($"\"{s.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"", $"\"{s}\"")),
            Gen.Choose(-1_000_000, 1_000_000).Select(i => ($"{i}", $"{i}")),
            Gen.Elements(("true", "true"), ("false", "false")));
        if (depth == 0)
        {
            return scalar;
        }

        var list = Gen.ListOf(Tree(depth - 1)).Resize(4).Select(items => ($"[{string.Join(",\n ", items.Select(i => i.Toml))}]", $"[{string.Join(",", items.Select(i => i.Shown))}]"));
        var table = Gen.ListOf(Tree(depth - 1)).Resize(4).Select(items => (
            $"{{ {string.Join(", ", items.Select((item, i) => $"k{i} = {item.Toml}"))} }}", $"{{{string.Join(",", items.Select((item, i) => $"k{i}:{item.Shown}"))}}}"));
        return Gen.OneOf(scalar, list, table);
    }

    private static (MappingNode? Node, IReadOnlyList<Diagnostic> Diagnostics) Read(string text)
    {
        var diagnostics = new DiagnosticBag();
        var node = new TomlReader(new SourceText("a.toml", text), diagnostics, "help").Read();
        Assert.Equal(diagnostics.HasErrors, node is null);
        return (node, diagnostics.ToSorted());
    }

    private static string Show(Node node)
    {
        var text = new StringBuilder();
        switch (node)
        {
            case MappingNode mapping:
                return text.Append('{').AppendJoin(",", mapping.Entries.Select(e => $"{e.Key.Text}:{Show(e.Value)}")).Append('}').ToString();
            case SequenceNode sequence:
                return text.Append('[').AppendJoin(",", sequence.Items.Select(Show)).Append(']').ToString();
            default:
                var scalar = (ScalarNode)node;
                return scalar.Type == ScalarType.String ? $"\"{scalar.Text}\"" : scalar.Text;
        }
    }
}
