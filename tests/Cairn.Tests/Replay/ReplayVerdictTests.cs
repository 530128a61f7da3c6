using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Engine.Replay;
using Cairn.Engine.Reproduce;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Replay;

/// <summary>From what executions made to a verdict.</summary>
public sealed class ReplayVerdictTests
{
    [Theory]
    [InlineData(ReplayVerdict.Identical)]
    [InlineData(ReplayVerdict.Nondeterministic, DifferenceCause.Itself)]
    [InlineData(ReplayVerdict.Nondeterministic, DifferenceCause.Varied, DifferenceCause.Unknown)]
    [InlineData(ReplayVerdict.Unexplained, DifferenceCause.Recorded)]
    [InlineData(ReplayVerdict.Unexplained, DifferenceCause.Itself, DifferenceCause.Recorded)]
    public void Verdict_IsThatOfTheWorstFile(ReplayVerdict expected, params DifferenceCause[] causes)
    {
        var differences = causes.Select(static (cause, i) => new FileDifference($"f{i}", cause, Variations.None, Together: false, "content", [])).ToImmutableArray();
        var replay = Replayer.VerdictOf(Action() with { Notes = ["first"] }, new JobReproduction(Recorded, causes.Length == 0 ? ReproduceVerdict.Identical : ReproduceVerdict.Differs) { Differences = differences, Notes = ["then"] });
        Assert.Equal(expected, replay.Verdict);
        Assert.Equal(["first", "then"], replay.Notes);
    }

    [Fact]
    public void Verdict_OfWhatCannotBeExecuted_IsNotThatItDiffers()
    {
        var replay = Replayer.VerdictOf(Action(), new JobReproduction(Recorded, ReproduceVerdict.Refused) { Reason = "no room" });
        Assert.Equal((ReplayVerdict.NotReplayed, "no room"), (replay.Verdict, replay.Reason));
    }

    [Fact]
    public void Compare_ByHashesOnly_PassesOverWhatNoStatementTells()
    {
        var content = Digest.Of("x"u8);
        using var attested = new AttestedSpecimen([new ReceiptFile("app", content.Hash)]);
        using var same = Made(new OutputFile("app", content, Executable: true), new OutputFile("link", Digest.Empty, false, "app"));
        using var other = Made(new OutputFile("app", Digest.Of("y"u8), Executable: true));
        using var more = Made(new OutputFile("app", content, Executable: true), new OutputFile("more", content, Executable: false));
        using var linked = Made(new OutputFile("app", Digest.Empty, Executable: false, "elsewhere"));
        Assert.Empty(Specimen.Compare(attested, same));
        Assert.Equal(["app"], Specimen.Compare(attested, other));
        Assert.Equal(["more"], Specimen.Compare(attested, more));
        Assert.Equal(["app"], Specimen.Compare(attested, linked));
        Assert.Equal(["more"], Specimen.Compare(more, attested));
    }

    private static RecordedJob Recorded => new("run", "job", "step", "abc");

    private static AttestedAction Action() => new() { Name = "job" };

    private static RecordedSpecimen Made(params ImmutableArray<OutputFile> outputs) => new(
        new ActionResult
        {
            Action = Digest.Empty,
            Outputs = outputs,
            StepOutputs = ImmutableSortedDictionary<string, string>.Empty.Add("version", "1"),
            Resources = new Core.Events.ResourceUse(1, 1, 1, 1, 1, 1),
            Origin = new ActionOrigin("run", "job", DateTimeOffset.UnixEpoch, "host", "/project"),
        }, store: null);
}
