using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Editing;
using Cairn.Core.Syntax;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Tracing;

public sealed class StepEditorTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(1_500);

    private static readonly Gen<string> Globs = Gen.Elements("src/**", "a.c", "**/*.h", "!x", "a b", "it's", "#no", "true", "1.5", "[x]", "k: v", "é.txt", "q\"uote\\", "$${{x}}", "{a,b}", "-", "end ");

    [Theory]
    [InlineData("    inputs: [a, 'b'] # why\n", "    inputs: ['b', cd] # why\n")]
    [InlineData("    inputs: [ a, b ]\n", "    inputs: [ b, cd ]\n")]
    [InlineData("    inputs: []\n", "    inputs: [b, cd]\n")]
    [InlineData("    inputs: b\n", "    inputs: [b, cd]\n")]
    [InlineData("    inputs:\n      # all\n      - a # first\n      - b # second\n      # end\n", "    inputs:\n      # all\n      - b # second\n      - cd\n      # end\n")]
    [InlineData("    inputs:\n    - a\n", "    inputs:\n    - b\n    - cd\n")]
    [InlineData("    inputs: [\n      a,  # first\n      b,  # second\n    ]\n", "    inputs: [\n      # first\n      cd,\n      b,  # second\n    ]\n")]
    [InlineData("    inputs: [\n      b,\n      a\n    ]\n", "    inputs: [\n      cd,\n      b\n    ]\n")]
    public void Edit_Keeps_What_Stays_In_A_List(string before, string after) =>
        Assert.Equal(Around(after), Edit(Around(before), new EditedLists { Inputs = ["b", "cd"] }));

    [Theory]
    [InlineData("    inputs: [a]\n", "    inputs: []\n")]
    [InlineData("    inputs:\n      - a\n      - b\n", "    inputs: []\n")]
    [InlineData("    inputs: a\n", "    inputs: []\n")]
    public void Edit_Can_Empty_A_List(string before, string after) => Assert.Equal(Around(after), Edit(Around(before), new EditedLists { Inputs = [] }));

    [Fact]
    public void Edit_Adds_Lists_In_The_Style_Of_The_Step()
    {
        var lists = new EditedLists { Needs = ["gen"], Inputs = ["a", "*.c"], Outputs = ["b"] };
        Assert.Equal("steps:\n  s:\n    needs: [gen]\n    run: |\n      make\n    inputs: [a, \"*.c\"]\n    outputs: [b]\n\n  # next\n  t: { run: x }\n", Edit("steps:\n  s:\n    run: |\n      make\n\n  # next\n  t: { run: x }\n", lists));
        Assert.Equal("steps:\n  s:\n    # why\n    run: x\n    reports:\n      - 'r'\n    needs:\n      - gen\n    inputs:\n      - a\n      - '*.c'\n    outputs:\n      - b", Edit("steps:\n  s:\n    # why\n    run: x\n    reports:\n      - 'r'", lists));
        Assert.Equal("steps: { s: { run: x, needs: [gen], inputs: [a, \"*.c\"], outputs: [b] } }", Edit("steps: { s: { run: x } }", lists));
        Assert.Equal("{\n  \"steps\": {\n    \"s\": {\n      \"run\": \"x\",\n      \"needs\": [\"gen\"],\n      \"inputs\": [\"a\", \"*.c\"],\n      \"outputs\": [\"b\"]\n    }\n  }\n}\n", Edit("{\n  \"steps\": {\n    \"s\": {\n      \"run\": \"x\"\n    }\n  }\n}\n", lists));
        Assert.Equal("steps:\r\n  s:\r\n    needs: [gen]\r\n    run: x\r\n    inputs: [a, \"*.c\"]\r\n    outputs: [b]\r\n", Edit("steps:\r\n  s:\r\n    run: x\r\n", lists));
    }

    [Theory]
    [InlineData("steps:\n  s: &base\n    run: x\n    inputs: [a]\n  t: *base\n", "anchor")]
    [InlineData("x: &base\n  run: x\nsteps:\n  s: *base\n", "alias")]
    [InlineData("steps:\n  s:\n    run: x\n    inputs: &i [a]\n  t:\n    run: y\n    inputs: *i\n", "`inputs`")]
    [InlineData("steps:\n  s:\n    run: x\n    inputs: |\n      a\n", "`inputs`")]
    [InlineData("steps:\n  s:\n    run: x\n    inputs:\n      - &a a\n", "`inputs`")]
    public void Edit_Refuses_What_Others_Depend_On(string text, string problem)
    {
        var edit = StepEditor.Edit(new SourceText("cairn.yaml", text), Place(text), new EditedLists { Inputs = ["b"] });
        Assert.Null(edit.Text);
        Assert.Contains(problem, edit.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Edit_Overrides_What_Is_Merged()
    {
        const string Text = "x: &base\n  inputs: [a]\nsteps:\n  s:\n    <<: *base\n    run: x\n";
        Assert.Equal(Text + "    inputs: [b]\n", Edit(Text, new EditedLists { Inputs = ["b"] }));
    }

    [Fact]
    public void Edit_Replaces_Entries_In_Lines_Of_Their_Own_That_Look_Like_Comments()
    {
        const string Text = "steps:\n  s:\n    run: x\n    inputs: [\n      \"#no\",\n      \"a #b\",\n    ]\n";
        Assert.Equal("steps:\n  s:\n    run: x\n    inputs: [\n      c\n    ]\n", Edit(Text, new EditedLists { Inputs = ["c"] }));
    }

    [Fact]
    public void Edit_Keeps_All_Other_Text_Byte_For_Byte()
    {
        var lists = Gen.OneOf(Gen.Constant((List<string>?)null), from items in Gen.ListOf(Globs) select (List<string>?)items.Distinct().Where(static g => g != "!x").ToList());
        var pipelines =
            from style in Gen.Choose(0, 4)
            from eol in Gen.Elements("\n", "\r\n")
            from last in Gen.Elements(true, false)
            from seed in Gen.Choose(0, 63)
            from old in Gen.Three(lists)
            from edited in Gen.Three(lists)
            select (Text: Write(style, seed, old.Item1, old.Item2, old.Item3, last).Replace("\n", eol, StringComparison.Ordinal), Lists: new EditedLists { Needs = edited.Item1, Inputs = edited.Item2, Outputs = edited.Item3 });
        Check.One(Many, Prop.ForAll(pipelines.ToArbitrary(), pipeline =>
        {
            var edit = StepEditor.Edit(new SourceText("cairn.yaml", pipeline.Text), Place(pipeline.Text), pipeline.Lists);
            if (edit.Text is not { } text)
            {
                throw new InvalidOperationException($"{edit.Problem} in:\n{pipeline.Text}");
            }

            var step = pipeline.Text.IndexOf("  s:", StringComparison.Ordinal);
            var next = pipeline.Text.IndexOf("  # after", StringComparison.Ordinal);
            var tail = next < 0 ? "" : pipeline.Text[next..];
            return text.StartsWith(pipeline.Text[..step], StringComparison.Ordinal) && text.EndsWith(tail, StringComparison.Ordinal)
                && Comments(pipeline.Text).SequenceEqual(Comments(text)) && text.Contains('\r', StringComparison.Ordinal) == pipeline.Text.Contains('\r', StringComparison.Ordinal)
                && Edit(text, pipeline.Lists) == text;
        }));
    }

    // Comments in lines of their own: one behind an entry goes with it.
    private static IEnumerable<string> Comments(string text) => text.Split('\n').Select(static l => l.Trim()).Where(static l => l.StartsWith("# ", StringComparison.Ordinal));

    private static string Write(int style, int seed, List<string>? needs, List<string>? inputs, List<string>? outputs, bool last)
    {
        var text = new StringBuilder("# head\nversion: 1\nsteps:\n  first: { run: a, inputs: [q] }\n");
        text.Append((seed & 1) == 0 ? "  s:\n" : "  s: # here\n");
        if (style == 4)
        {
            text.Length -= (seed & 1) == 0 ? 1 : 8;
            text.Append(" { run: x");
            foreach (var (key, values) in Keys())
            {
                text.Append($", {key}: [{string.Join(", ", values.Select(Quoted))}]");
            }

            text.Append(" }\n");
        }
        else
        {
            text.Append((seed & 2) == 0 ? "    # what it does\n    run: |\n      make # no comment\n\n" : "    run: make\n");
            foreach (var (key, values) in Keys())
            {
                WriteList(text, style, seed, key, values);
            }

            text.Append((seed & 4) == 0 ? "    timeout: 1m # long\n" : "");
        }

        text.Append((seed & 8) == 0 ? "\n" : "").Append("  # after\n  t:\n    run: y\n    inputs: [src/**]\n");
        var written = last ? text.ToString()[..text.ToString().IndexOf("  # after", StringComparison.Ordinal)] : text.ToString();
        return (seed & 16) == 0 ? written : written.TrimEnd('\n');

        IEnumerable<(string Key, List<string> Values)> Keys()
        {
            foreach (var (key, values) in ((string, List<string>?)[])[("needs", needs), ("inputs", inputs), ("outputs", outputs)])
            {
                if (values is not null)
                {
                    yield return (key, values);
                }
            }
        }
    }

    private static void WriteList(StringBuilder text, int style, int seed, string key, List<string> values)
    {
        if (values.Count == 0 || style == 0)
        {
            text.Append($"    {key}: [{string.Join(", ", values.Select(Quoted))}]{((seed & 32) == 0 ? " # flow" : "")}\n");
            return;
        }

        switch (style)
        {
            case 1:
                text.Append($"    {key}:\n").AppendJoin("", values.Select((v, i) => $"{(i == 1 ? "      # between\n" : "")}      - {Quoted(v)}{(i == 0 ? " # first" : "")}\n"));
                break;
            case 2:
                text.Append($"    {key}:\n").AppendJoin("", values.Select(static v => $"    -   {Quoted(v)}\n"));
                break;
            default:
                text.Append($"    {key}: [\n").AppendJoin("", values.Select(static v => $"      {Quoted(v)},\n")).Append("    ]\n");
                break;
        }
    }

    private static string Quoted(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Around(string list) => $"steps:\n  # the step\n  s:\n    run: x\n{list}\n  t:\n    run: y\n";

    private static string Edit(string text, EditedLists lists)
    {
        var edit = StepEditor.Edit(new SourceText("cairn.yaml", text), Place(text), lists);
        Assert.True(edit.Text is not null, $"{edit.Problem} in:\n{text}");
        return edit.Text;
    }

    private static SourceSpan Place(string text)
    {
        var source = new SourceText("cairn.yaml", text);
        var steps = ((MappingNode)YamlReader.Read(source, new DiagnosticBag())!).Entries.Single(static e => e.Key.Text == "steps");
        return ((MappingNode)steps.Value).Entries.Single(static e => e.Key.Text == "s").Key.Span;
    }
}
