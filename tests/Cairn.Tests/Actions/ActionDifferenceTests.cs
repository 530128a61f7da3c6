using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;

namespace Cairn.Tests.Actions;

public sealed class ActionDifferenceTests
{
    [Fact]
    public void Between_Of_The_Same_Is_Nothing() => Assert.Empty(Changes(Sample.Description, Sample.Description));

    [Fact]
    public void Between_Goes_Through_Every_Field()
    {
        var changes = Changes(Sample.Description, Sample.Description with
        {
            Arguments = ["bash", "-eu", "-c", "make all\nmake test\n"],
            Environment = [new("CC", "clang"), new("LANG", "C.UTF-8"), new("NEW", "")],
            WorkingDirectory = "",
            Outputs = ["!build/tmp/**", "dist/**"],
            Platform = [new("arch", "aarch64"), new("isolation", "process"), new("key-extra", "7"), new("os", "linux")],
            InputRoot = Digest.Of("another"u8),
        });
        Assert.Equal(
            [
                new(ActionChangeKind.Argument, "0", "sh", "bash"),
                new(ActionChangeKind.Script, "", "make check", "make test") { Line = 2, Script = new("make all\nmake check\n", "make all\nmake test\n") },
                new(ActionChangeKind.WorkingDirectory, "", "src", ""),
                new(ActionChangeKind.Variable, "CC", "gcc", "clang"),
                new(ActionChangeKind.Variable, "EMPTY", "", null),
                new(ActionChangeKind.Variable, "NEW", null, ""),
                new(ActionChangeKind.Property, "arch", "x86_64", "aarch64"),
                new(ActionChangeKind.Property, "key-extra", null, "7"),
                new(ActionChangeKind.Property, "secret:TOKEN", "deploy-token", null),
                new(ActionChangeKind.Output, "build/**", "build/**", null),
                new(ActionChangeKind.Output, "dist/**", null, "dist/**"),
                new(ActionChangeKind.Input, "", null, null) { Input = new TreeChange("", TreeChangeKind.Unknown, null, null) },
            ],
            changes);
    }

    [Theory]
    [InlineData("a\nb\n", "a\nb\nc\n", 3, null, "c")]
    [InlineData("a\nb", "a\nb\n", 3, null, "")]
    [InlineData("a\nb\nc", "a\nx\nc", 2, "b", "x")]
    [InlineData("", "a", 1, null, "a")]
    [InlineData("a", "a\n\nb", 2, null, "")]
    [InlineData("a\r\nb", "a\nb", 1, "a\r", "a")]
    public void Between_Finds_The_First_Line_That_Differs(string before, string after, int line, string? oldLine, string? newLine) => Assert.Equal(
        new ActionChange(ActionChangeKind.Script, "", oldLine, newLine) { Line = line, Script = new(before, after) },
        Assert.Single(Changes(Sample.Description with { Arguments = ["sh", "-c", before] }, Sample.Description with { Arguments = ["sh", "-c", after] })));

    [Fact]
    public void Between_Takes_Arguments_As_Such()
    {
        var changes = Changes(Sample.Description with { Arguments = ["make", "all"] }, Sample.Description with { Arguments = ["make", "check", "-j"] });
        Assert.Equal([new(ActionChangeKind.Argument, "1", "all", "check"), new(ActionChangeKind.Argument, "2", null, "-j")], changes);
    }

    [Fact]
    public void Between_Sees_That_Only_The_Order_Of_Outputs_Differs()
    {
        var changes = Changes(Sample.Description, Sample.Description with { Outputs = [.. Sample.Description.Outputs.Reverse()] });
        Assert.Equal(new ActionChange(ActionChangeKind.OutputOrder, "", "build/**, !build/tmp/**", "!build/tmp/**, build/**"), Assert.Single(changes));
    }

    [Fact]
    public void Between_Lists_Inputs_With_Their_Digests()
    {
        var stored = new Dictionary<Digest, ImmutableArray<byte>>();
        var (one, two) = (Digest.Of("1"u8), Digest.Of("2"u8));
        var before = MerkleTree.Of([new("a/file", new(one, false)), new("link", new(Digest.Empty, false, "x"))]);
        var after = MerkleTree.Of([new("a/file", new(two, false)), new("link", new(Digest.Empty, false, "y")), new("new", new(one, true))]);
        foreach (var tree in (MerkleTree[])[before, after])
        {
            tree.Visit(stored.ContainsKey, stored.Add);
        }

        var difference = ActionDifference.Between(
            Sample.Description with { InputRoot = before.Digest }, Sample.Description with { InputRoot = after.Digest }, d => stored.TryGetValue(d, out var b) ? b : null, inputsMax: 2);
        Assert.False(difference.IsComplete);
        Assert.Equal([("a/file", $"{one}", $"{two}"), ("link", "x", "y")], difference.Changes.Select(c => (c.Name, c.Before, c.After)));
        Assert.Equal([TreeChangeKind.Content, TreeChangeKind.Link], difference.Changes.Select(c => c.Input?.Kind));
    }

    private static ImmutableArray<ActionChange> Changes(ActionDescription before, ActionDescription after) => ActionDifference.Between(before, after, _ => null, 100).Changes;
}
