using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Engine.Explain;
using Cairn.Testing;

using static Cairn.Tests.Explain.RecordedRuns;

namespace Cairn.Tests.Explain;

public sealed class RunComparisonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedRuns _runs;

    public RunComparisonTests() => _runs = new RecordedRuns(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_Tells_HowEachJobRelates()
    {
        var (a1, a2) = (_runs.Action("a1", [], (ActionChangeKind.Variable, "X", "1")), _runs.Action("a2", [], (ActionChangeKind.Variable, "X", "2")));
        var before = _runs.Run(["same", "changed", "lost", "gone", "off"], Done("same", Missed(a1)), Done("changed", Missed(a1)), Done("lost", Missed("?")), Done("off", new CacheUse(CacheState.Off)));
        var after = _runs.Run(["new", "same", "changed", "lost", "off"], Done("same", Hit(a1, "x")), Failed("changed", Missed(a2)), Done("lost", Missed(a1)), Done("off", Missed(a1)));
        var comparison = _runs.Compare(before, after);
        Assert.Equal(["new", "same", "changed", "lost", "off", "gone"], comparison.Jobs.Select(job => job.Job));
        Assert.Equal(
            [ActionRelation.None, ActionRelation.Same, ActionRelation.Changed, ActionRelation.Forgotten, ActionRelation.None, ActionRelation.None],
            comparison.Jobs.Select(job => job.Relation));
        Assert.Equal([true, false, true, true, false, true], comparison.Jobs.Select(job => job.Differs));
        Assert.Equal([new JobChange(new ActionChange(ActionChangeKind.Variable, "X", "1", "2"))], comparison.Jobs[2].Changes.Changes);
        Assert.Equal((false, true), (comparison.Jobs[0].InBefore, comparison.Jobs[0].InAfter));
        Assert.Equal((true, false), (comparison.Jobs[5].InBefore, comparison.Jobs[5].InAfter));
    }

    [Fact]
    public void Of_Finds_WhatTheSameActionGaveDifferently()
    {
        string[] jobs = ["gen", "use<gen"];
        var gen = _runs.Action("g", ["gen/**"]);
        var before = _runs.Run(jobs, With(Done("gen", Missed(gen)), ("version", "1"), ("old", "x")), Done("use", Missed(Use("u1", "1"))));
        var after = _runs.Run(jobs, With(Done("gen", Missed(gen)), ("version", "2"), ("new", "x")), Done("use", Missed(Use("u2", "2"))));
        var job = _runs.Compare(before, after).Jobs[0];
        Assert.Equal((ActionRelation.Same, true), (job.Relation, job.Differs));
        Assert.Equal(["output:new", "output:old", "output:version", "gen/a.h"], job.Unstable);

        string Use(string id, string content) => _runs.Action(id, [], (ActionChangeKind.Input, "gen/a.h", content), (ActionChangeKind.Input, "src/b.c", content));
    }

    private static StepFinished With(StepFinished finished, params (string Key, string Value)[] outputs) =>
        finished with { Outputs = outputs.ToImmutableSortedDictionary(output => output.Key, output => output.Value, StringComparer.Ordinal) };
}
