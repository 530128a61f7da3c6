using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Engine.Explain;
using Cairn.Testing;

using static Cairn.Tests.Explain.RecordedRuns;

namespace Cairn.Tests.Explain;

public sealed class CacheExplainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedRuns _runs;

    public CacheExplainerTests() => _runs = new RecordedRuns(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Explain_Names_TheFirstTime()
    {
        var run = _runs.Run(["build"], Done("build", Missed(Build("a", "1"))));
        var job = Assert.Single(_runs.Explain(run));
        Assert.Equal((MissCause.First, null), (job.Cause, job.Earlier));
        Assert.Equal(MissCause.First, Assert.Single(_runs.Explain(run, "build")).Cause);
    }

    [Fact]
    public void Explain_Compares_WithTheNewestEarlierActionOfTheJob()
    {
        _runs.Run(["build"], Done("build", Missed(Build("a", "1"))));
        var second = _runs.Run(["build"], Done("build", Hit(Build("b", "2"), "x")));
        _runs.Run(["build", "other"], Done("other", Missed(Build("o", "9"))), new StepSkipped { Time = Start, Job = "build", Status = Core.Scheduling.JobStatus.Skipped });
        var run = _runs.Run(["build"], Done("build", Missed(Build("c", "3"))));
        _runs.Run(["build"], Done("build", Missed(Build("d", "4"))));
        var job = Assert.Single(_runs.Explain(run));
        Assert.Equal(MissCause.Changed, job.Cause);
        Assert.Equal(second.Summary.Id, job.Earlier!.Run);
        Assert.Equal([new JobChange(Input("src/a.c", "2", "3"))], job.Changes.Changes);
    }

    [Fact]
    public void Explain_Marks_FilesThatANeededStepMakes()
    {
        string[] jobs = ["build", "stamp", "far", "test<build<stamp"];
        _runs.Run(jobs, Done("build", Missed(Build("b1", "1"))), Done("stamp", new CacheUse(CacheState.Off)), Done("test", Missed(Test("t1", "1"))));
        var run = _runs.Run(jobs, Done("build", Missed(Build("b2", "2"))), Done("stamp", new CacheUse(CacheState.Off)), Done("test", Missed(Test("t2", "2"))));
        Assert.Equal(
            [
                new JobChange(Input("build/libz.a", "1", "2"), "build"),
                new JobChange(Input("far.txt", "1", "2")),
                new JobChange(Input("stamp.h", "1", "2"), "stamp"),
            ],
            _runs.Explain(run, "test").Single().Changes.Changes);

        string Test(string id, string content) => _runs.Action(
            id, [], (ActionChangeKind.Input, "build/libz.a", content), (ActionChangeKind.Input, "stamp.h", content), (ActionChangeKind.Input, "far.txt", content));
    }

    [Fact]
    public void Explain_Tells_WhyTheSameActionHasNoResult()
    {
        var same = Build("a", "1");
        _runs.Run(["build"], Failed("build", Missed(same)));
        var afterFailure = _runs.Run(["build"], Done("build", Missed(same) with { Reason = "src/a.c changed while the step ran" }));
        var afterChange = _runs.Run(["build"], Done("build", Missed(same)));
        var afterRemoval = _runs.Run(["build"], Done("build", Missed(same)));
        Assert.Equal(MissCause.Failed, _runs.Explain(afterFailure).Single().Cause);
        Assert.Equal(MissCause.NotKept, _runs.Explain(afterChange).Single().Cause);
        Assert.Equal(MissCause.Gone, _runs.Explain(afterRemoval).Single().Cause);
    }

    [Fact]
    public void Explain_Names_Force_WhateverStandsInTheCache()
    {
        var forced = Missed(Build("a", "1")) with { Forced = true, Reason = CacheUse.ForceReason };
        var first = _runs.Run(["build"], Done("build", forced));
        Assert.Equal(MissCause.Forced, _runs.Explain(first).Single().Cause);
        var again = _runs.Run(["build"], Done("build", forced with { Reason = "an input changed while it ran" }));
        Assert.Equal((MissCause.Forced, first.Summary.Id), _runs.Explain(again).Single() is var same ? (same.Cause, same.Earlier!.Run) : default);
        var unforced = _runs.Run(["build"], Done("build", Missed(Build("a", "1"))));
        Assert.Equal(MissCause.NotKept, _runs.Explain(unforced).Single().Cause);
        var changed = _runs.Run(["build"], Done("build", Missed(Build("b", "2")) with { Forced = true, Reason = CacheUse.ForceReason }));
        Assert.Equal((MissCause.Forced, 1), _runs.Explain(changed).Single() is var other ? (other.Cause, other.Changes.Changes.Length) : default);

        // What was forced was kept: only its loss explains a miss.
        var lost = _runs.Run(["build"], Done("build", Missed(Build("b", "2"))));
        Assert.Equal(MissCause.Gone, _runs.Explain(lost).Single().Cause);
    }

    [Fact]
    public void Explain_Says_WhenTheLogDoesNotReachBack()
    {
        _runs.Run(["build"], Done("build", Missed(Build("a", "1"))));
        var run = _runs.Run(["build"], Done("build", Missed(Build("b", "2"))));
        _runs.Forget("a");
        Assert.Equal(MissCause.Forgotten, _runs.Explain(run).Single().Cause);
    }

    [Fact]
    public void Explain_Leaves_HitsAndOthersAsTheyAre()
    {
        _runs.Run(["build"], Done("build", Missed(Build("a", "1"))));
        var run = _runs.Run(["build", "off", "skipped", "never"], Done("build", Hit("a", "x")), Done("off", new CacheUse(CacheState.Off) { Reason = "`cache: false`" }));
        Assert.All(_runs.Explain(run), job => Assert.Null(job.Cause));
    }

    [Fact]
    public void Explain_Finds_AStepThatWasRenamed()
    {
        _runs.Run(
            ["compile", "lint", "test"],
            Done("compile", Missed(_runs.Action("c", [], (ActionChangeKind.Argument, "3", "make"), (ActionChangeKind.Input, "a", "1"), (ActionChangeKind.Input, "b", "1")))),
            Done("lint", Missed(_runs.Action("l", [], (ActionChangeKind.Argument, "3", "lint"), (ActionChangeKind.Input, "x", "1")))),
            Done("test", Missed(_runs.Action("t", [], (ActionChangeKind.Argument, "3", "make"), (ActionChangeKind.Input, "a", "2"), (ActionChangeKind.Input, "b", "1")))));
        var run = _runs.Run(
            ["build", "test"],
            Done("build", Missed(_runs.Action("b", [], (ActionChangeKind.Argument, "3", "make"), (ActionChangeKind.Input, "a", "2"), (ActionChangeKind.Input, "b", "1")))),
            Done("test", Hit("t", "x")));
        var job = _runs.Explain(run, "build").Single();
        Assert.Equal((MissCause.Changed, "compile"), (job.Cause, job.Earlier!.Finished.Job));
        Assert.Equal([new JobChange(Input("a", "1", "2"))], job.Changes.Changes);
        Assert.Equal(MissCause.First, _runs.Explain(run).First().Cause);
    }

    [Fact]
    public void Explain_TakesNoOtherStep_ForARenamedOne()
    {
        _runs.Run(["lint"], Done("lint", Missed(_runs.Action("l", [], (ActionChangeKind.Argument, "3", "lint"), (ActionChangeKind.Input, "x", "1")))));
        var run = _runs.Run(["build"], Done("build", Missed(Build("b", "1"))));
        Assert.Equal(MissCause.First, _runs.Explain(run, "build").Single().Cause);
    }

    private string Build(string id, string content) => _runs.Action(id, ["build/**"], (ActionChangeKind.Argument, "3", "make"), (ActionChangeKind.Input, "src/a.c", content));
}
