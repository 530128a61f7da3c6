using System.Diagnostics;
using System.Text;

using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Tests.Syntax;

public sealed class YamlMistakeTests
{
    [Theory]
    [InlineData("steps:\n\tbuild: x\n", "2:1-2:2", "A tab cannot indent a line")]
    [InlineData("steps:\n  a:\n  \t\tb: x\n", "3:3-3:5", "A tab cannot indent a line")]
    [InlineData("a:\n  run: |\n\techo\n", "3:1-3:2", "A tab cannot indent a line")]
    [InlineData("name: \"zlib\nsteps: x\n", "1:7-1:8", "The quote `\"` is not closed")]
    [InlineData("name: 'zlib\nsteps: x\n", "1:7-1:8", "The quote `'` is not closed")]
    [InlineData("name: 'zlib\nsteps: 'x'\n", "1:7-1:8", "The quote `'` is not closed on its line")]
    [InlineData("name: 'it's'\n", "1:11-1:13", "Text goes on after the closing quote")]
    [InlineData("a: \"\\d\"\n", "1:5-1:7", "`\\d` is no escape")]
    [InlineData("a: \"\\u12\"\n", "1:5-1:7", "This escape is incomplete")]
    [InlineData("a: @x\n", "1:4-1:6", "A value cannot begin with `@` unless it is quoted")]
    [InlineData("a: `x`\n", "1:4-1:7", "A value cannot begin with a backtick unless it is quoted")]
    [InlineData("a: %x\n", "1:4-1:6", "A value cannot begin with `%` unless it is quoted")]
    [InlineData("run: echo a: b\n", "1:12-1:13", "A value without quotes cannot contain `: `")]
    [InlineData("a: b\n  c: d\n", "2:3-2:5", "A key begins here, but the value above it is not yet over")]
    [InlineData("version: 1\nname:zlib\nsteps: {}\n", "2:5-2:6", "A space is missing after the colon")]
    [InlineData("version: 1\nname zlib\nsteps: {}\n", "2:1-2:10", "A colon is missing: this line is no `key: value`")]
    [InlineData("a:\n  b: 1\n c: 2\n", "3:2-3:6", "This line fits no level of indentation above it")]
    [InlineData("a: |\n  b\n c\n", "3:2-3:3", "This line fits no level of indentation above it")]
    [InlineData("a: [1, 2\nb: 3\n", "2:1-2:2", "Expected `,` or `]` here")]
    [InlineData("a: {x: 1\n", "1:4-1:5", "The `{` is not closed")]
    [InlineData("a: [1, 2}\n", "1:9-1:10", "`}` does not close `[`")]
    [InlineData("a: [1]]\n", "1:7-1:8", "This `]` closes nothing")]
    [InlineData("- [a\n- [b\n", "1:3-1:4", "The `[` is not closed")]
    [InlineData("[], a\n", "1:3-1:6", "Text goes on after the end of the document")]
    [InlineData("a: ,\n", "1:4-1:5", "A value is missing here")]
    [InlineData("a: - b\n", "1:4-1:5", "A list item cannot begin here")]
    [InlineData("a:\n  - x\n  y: 1\n", "3:3-3:7", "A `-` is missing: the lines above are a list")]
    [InlineData("a: 1\n- b\n", "2:1-2:2", "A list item stands among the keys of a mapping")]
    [InlineData("a: |x\n  b\n", "1:4-1:6", "The text block is not well indented")]
    [InlineData("a: *\n", "1:4-1:5", "A value that begins with `*` is an alias of an anchor")]
    [InlineData("- *.{c,h}\n", "1:3-1:10", "A value that begins with `*` is an alias of an anchor")]
    [InlineData("a: !x/{a,b}\n", "1:4-1:12", "A value that begins with `!` is a YAML tag")]
    [InlineData("a: [!x/**, b]\n", "1:5-1:10", "A value that begins with `!` is a YAML tag")]
    [InlineData("a: & b\n", "1:4-1:5", "A value that begins with `&` is a YAML anchor")]
    [InlineData("%YAML 3.0\n---\na: b\n", "1:1-1:10", "This version of YAML is not known")]
    public void Read_Explains_SyntaxErrors(string text, string place, string message) =>
        Assert.Equal([$"CAIRN0005 {place} {message}"], Yaml.Mistakes(text));

    [Theory]
    [InlineData("", "CAIRN0004 1:1-1:1 There is nothing in this file")]
    [InlineData("# nothing\n---\n", "CAIRN0004 1:1-1:1 There is nothing in this file")]
    [InlineData("a: 1\nb: 2\na: 3\n", "CAIRN0006 3:1-3:2 The key `a` is given twice")]
    [InlineData("{\"a\": 1, \"a\": 2}", "CAIRN0006 1:10-1:13 The key `a` is given twice")]
    [InlineData("<<: {a: 1}\n<<: {b: 1}\n", "CAIRN0006 2:1-2:3 The key `<<` is given twice")]
    [InlineData("? [a]\n: b\n", "CAIRN0007 1:3-1:6 A key is a string, not a list")]
    [InlineData(": b\n", "CAIRN0007 1:1-1:1 A key is missing before the `:`")]
    [InlineData("a: 1\n---\nb: 2\n", "CAIRN0008 2:1-2:4 A second document begins here, but a file holds one")]
    [InlineData("- !build/**\n", "CAIRN0009 1:3-1:12 `!build/**` is a YAML tag, and this one has no meaning here")]
    [InlineData("- !!set {a, b}\n", "CAIRN0009 1:3-1:8 `!!set` is a YAML tag, and this one has no meaning here")]
    [InlineData("- !!int x\n", "CAIRN0010 1:9-1:10 The tag `!!int` does not fit `x`")]
    [InlineData("- !!map [x]\n", "CAIRN0010 1:3-1:8 The tag `!!map` does not fit a list")]
    [InlineData("- *.h\n", "CAIRN0011 1:3-1:6 No anchor `&.h` stands above `*.h`")]
    [InlineData("a: &a [*a]\n", "CAIRN0012 1:8-1:10 `*a` stands inside the value that `&a` names")]
    [InlineData("<<: 3\n", "CAIRN0015 1:5-1:6 `<<` merges a mapping or a list of mappings, not a number")]
    [InlineData("a: \"x\\ud83dy\"\n", "CAIRN0016 1:6-1:12 `\\ud83d` is half of a surrogate pair")]
    [InlineData("a: \"\0\"\n", "CAIRN0003 1:5-1:6 A NUL byte is not allowed here")]
    [InlineData("a: \u001b[0m\n", "CAIRN0003 1:4-1:5 The control character U+001B is not allowed here")]
    public void Read_Explains_OtherMistakes(string text, string expected) => Assert.Equal([expected], Yaml.Mistakes(text));

    [Fact]
    public void Read_Keeps_SuggestionsShort() => Assert.InRange(Yaml.Mistake("a: b: " + new string('x', 100_000)).Suggestion!.Length, 1, 200);

    [Fact]
    public void Read_Notes_TheFirstOfEqualKeys()
    {
        var note = Assert.Single(Yaml.Mistake("a: 1\nb: 2\na: 3\n").Notes);

        Assert.Equal("1:1-1:2", Yaml.Place(note.Span));
    }

    [Theory]
    [InlineData("- *.h\n", "If this is a glob, quote it: `\"*.h\"`")]
    [InlineData("- **/*.c\n", "If this is a glob, quote it: `\"**/*.c\"`")]
    [InlineData("- !build/**\n", "If it is a glob or a text, quote it: `\"!build/**\"`; otherwise remove it")]
    [InlineData("- &base 1\n- *bsae\n", "Did you mean `*base`?")]
    [InlineData("run: it's: 1 # x\n", "Quote the value: `'it''s: 1'`")]
    [InlineData("a: 1\nname:zlib\n", "Write `name: zlib`")]
    public void Read_Suggests_WhatToWrite(string text, string expected) => Assert.Equal(expected, Yaml.Mistake(text).Suggestion);

    [Fact]
    public void Read_Finds_SeveralMistakesAtOnce() => Assert.Equal(3, Yaml.Mistakes("a: [*.h, *.c]\nb: 1\nb: 2\n").Length);

    [Fact]
    public void Read_Refuses_DeepNesting()
    {
        Assert.Equal([], Yaml.Mistakes(new string('[', Limits.NodeDepthMax) + new string(']', Limits.NodeDepthMax)));
        foreach (var open in new[] { "[", "{\"a\":", "{a: ", "- ", "? " })
        {
            var text = string.Concat(Enumerable.Repeat(open, 500_000));
            Assert.Contains("CAIRN0014", Assert.Single(Yaml.Mistakes(text)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_Refuses_DepthMadeOfAliases()
    {
        var text = new StringBuilder("- &a0 [x]\n");
        for (var i = 1; i < 70; i++)
        {
            text.Append($"- &a{i} [*a{i - 1}]\n");
        }

        Assert.StartsWith("CAIRN0014", Yaml.Mistakes(text.ToString())[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Stops_AYamlBomb_Early()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 30; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        Yaml.Mistakes("warm: [up]");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var mistake = Assert.Single(Yaml.Mistakes(text.ToString()));

        Assert.StartsWith("CAIRN0013", mistake, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Read_Stops_AMergeBomb_Early()
    {
        var keys = string.Join(", ", Enumerable.Range(0, 1_000).Select(i => $"k{i}: 1"));
        var merges = string.Join(", ", Enumerable.Repeat("*a", 100_000));
        var started = Stopwatch.GetTimestamp();

        Assert.StartsWith("CAIRN0013", Assert.Single(Yaml.Mistakes($"a: &a {{{keys}}}\nb: {{<<: [{merges}]}}\n")), StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', (byte)'b', 0xFF }, "CAIRN0002 2:2-2:2 Byte 0xFF is not UTF-8")]
    [InlineData(new byte[] { 0xC3, 0xA9, 0xC3 }, "CAIRN0002 1:2-1:2 Byte 0xC3 is not UTF-8")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, "CAIRN0002 1:1-1:1 Byte 0xED is not UTF-8")]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a', 0 }, "CAIRN0002 1:1-1:1 The file is UTF-16LE, not UTF-8")]
    [InlineData(new byte[] { 0xFE, 0xFF, 0, (byte)'a' }, "CAIRN0002 1:1-1:1 The file is UTF-16BE, not UTF-8")]
    [InlineData(new byte[] { (byte)'a', 0, (byte)':', 0 }, "CAIRN0002 1:1-1:1 The file is UTF-16LE, not UTF-8")]
    [InlineData(new byte[] { (byte)'a', 0, 0, 1 }, "CAIRN0003 1:2-1:3 A NUL byte is not allowed here")]
    public void Decode_Refuses_WhatIsNotText(byte[] bytes, string expected)
    {
        var diagnostics = new DiagnosticBag();

        Assert.Null(YamlReader.Decode("t.yaml", bytes, diagnostics));
        var diagnostic = Assert.Single(diagnostics.ToSorted());
        Assert.Equal(expected, $"{diagnostic.Code} {Yaml.Place(diagnostic.Span)} {diagnostic.Message}");
    }

    [Fact]
    public void Decode_Refuses_LargeFiles()
    {
        var diagnostics = new DiagnosticBag();

        Assert.Null(YamlReader.Decode("t.yaml", new byte[Limits.PipelineFileBytesMax + 1], diagnostics));
        Assert.Equal(DiagnosticCodes.FileTooLarge, Assert.Single(diagnostics.ToSorted()).Code);
    }

    [Fact]
    public void Decode_Drops_TheByteOrderMark()
    {
        var source = YamlReader.Decode("t.yaml", [0xEF, 0xBB, 0xBF, (byte)'a', 0xC3, 0xA9], new DiagnosticBag());

        Assert.Equal("aé", source?.Text);
    }
}
