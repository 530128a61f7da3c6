using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Scheduling;

namespace Cairn.Tests.Events;

public sealed class EventNamesTests
{
    [Theory]
    [InlineData("step.*", "step.failed", true)]
    [InlineData("*", "pipeline.started", true)]
    [InlineData("*.failed", "pipeline.failed", true)]
    [InlineData("*.failed", "pipeline.failed.not", false)]
    [InlineData("step.failed", "step.failed", true)]
    [InlineData("step.fail", "step.failed", false)]
    [InlineData("release/*", "release/1.0/rc", true)]
    [InlineData("release/*", "release", false)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "a-c-b", false)]
    [InlineData("", "", true)]
    [InlineData("**", "", true)]
    [InlineData("Step.*", "step.failed", false)]
    public void IsMatch_TakesAStarForAnyCharacters(string pattern, string name, bool expected) => Assert.Equal(expected, new NamePattern(pattern).IsMatch(name));

    [Fact]
    public void IsMatch_OfManyStars_Ends()
    {
        var pattern = new NamePattern(string.Concat(Enumerable.Repeat("a*", 2_000)) + "b");
        Assert.False(pattern.IsMatch(new string('a', 4_000)));
    }

    [Fact]
    public void Of_EveryTypeOfEvent_GivesKnownNames()
    {
        foreach (var row in RunEventJsonTests.Events)
        {
            var runEvent = row.Data;
            if (runEvent is StepOutput)
            {
                // Only ever in a stream for programs.
                continue;
            }

            Assert.All(EventNames.Of(runEvent), name => Assert.Contains(name, EventNames.All));
        }
    }

    [Fact]
    public void Of_TheEndOfARun_SaysHowItEnded()
    {
        var finished = new PipelineFinished { Time = default, Status = RunStatus.Failed, DurationMs = 1, Counts = ImmutableSortedDictionary<JobStatus, int>.Empty };
        Assert.Equal(["pipeline.failed", "pipeline.finished"], EventNames.Of(finished));
        Assert.Equal(["pipeline.completed", "pipeline.finished"], EventNames.Of(finished with { Status = RunStatus.Succeeded }));
    }

    [Fact]
    public void Of_AHit_IsBothAStepAndAHit()
    {
        var hit = new StepCompleted { Time = default, Job = "a", Status = JobStatus.Succeeded, Cache = new CacheUse(CacheState.Hit) };
        Assert.Equal(["step.completed", "cache.hit"], EventNames.Of(hit));
        Assert.Equal(["step.completed", "cache.miss"], EventNames.Of(hit with { Cache = new CacheUse(CacheState.Miss) }));
        Assert.Equal(["step.completed"], EventNames.Of(hit with { Cache = new CacheUse(CacheState.Off) }));
    }
}
