using Cairn.Core.Content;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Debugging;

public sealed class LineDiffTests
{
    [Fact]
    public void Compare_Keeps_Both_Texts() => Check.QuickThrowOnFailure(Prop.ForAll<byte[], byte[]>(KeepsBoth));

    private static bool KeepsBoth(byte[] first, byte[] second)
    {
        // Few kinds of lines, so that many are the same.
        string[] before = [.. first.Select(static b => $"{b % 4}")], after = [.. second.Select(static b => $"{b % 4}")];
        var edits = LineDiff.Compare(before, after);
        string[] old = [.. edits.Where(static e => e.Kind != '+').Select(e => before[e.Before])];
        string[] now = [.. edits.Where(static e => e.Kind != '-').Select(e => after[e.After])];
        return old.SequenceEqual(before, StringComparer.Ordinal) && now.SequenceEqual(after, StringComparer.Ordinal) && edits.Where(static e => e.Kind == ' ').All(e => before[e.Before] == after[e.After]);
    }

    [Fact]
    public void Compare_Finds_The_Shortest_Way()
    {
        var edits = LineDiff.Compare(["a", "b", "c", "a", "b", "b", "a"], ["c", "b", "a", "b", "a", "c"]);
        Assert.Equal(5, edits.Count(static e => e.Kind != ' '));
    }

    [Fact]
    public void Compare_Replaces_What_Differs_Too_Much()
    {
        var edits = LineDiff.Compare([.. Enumerable.Range(0, 3000).Select(static i => $"a{i}")], [.. Enumerable.Range(0, 3000).Select(static i => $"b{i}")]);
        Assert.Equal(6000, edits.Count);
    }
}
