using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Engine.Reproduce;
using Cairn.Execution;

namespace Cairn.Tests.Reproduce;

/// <summary>What is blamed for a difference, with executions that differ by rule.</summary>
public sealed class ReproducerTests
{
    private const Variations Varied = Variations.Path | Variations.Hostname | Variations.Umask;

    [Fact]
    public async Task Reproduce_RefusesAStepThatFails_WithoutAResultToCompareWith()
    {
        var failing = new Bench((_, _) => new() { [Specimen.Exit] = "exit 1" });
        var result = await RunAsync(failing, record: null);
        Assert.Equal(ReproduceVerdict.Refused, result.Verdict);
        Assert.Contains("it fails here (exit 1)", result.Reason, StringComparison.Ordinal);

        var recorded = await RunAsync(failing, new() { ["out"] = "a" });
        Assert.Equal((Specimen.Exit, DifferenceCause.Recorded), Only(recorded));
    }

    [Fact]
    public async Task Reproduce_BlamesNothing_ForWhatDiffersFromItself_ThoughTheRecordWasMetByLuck()
    {
        // As the order of threads does it: the same in two of three.
        var result = await RunAsync(new Bench((_, n) => new() { ["out"] = n % 3 == 2 ? "b" : "a" }), new() { ["out"] = "a" });
        Assert.Equal(("out", DifferenceCause.Itself), Only(result));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reproduce_ExplainsTheRest_ThoughOneFileDifferedByChance(bool movesClocks)
    {
        var bench = new Bench((conditions, n) => new()
        {
            ["chance"] = n == 2 ? "b" : "a",
            ["elsewhere"] = conditions.Vary.HasFlag(Variations.Path | Variations.Hostname) ? "b" : "a",
            ["masked"] = conditions.Vary.HasFlag(Variations.Umask) ? "b" : "a",
        }, movesClocks);
        var result = await RunAsync(bench, new() { ["chance"] = "a", ["elsewhere"] = "a", ["masked"] = "a" });
        Assert.Equal(["chance", "elsewhere", "masked"], result.Differences.Select(static d => d.Path));
        Assert.Equal(DifferenceCause.Unknown, result.Differences[0].Cause);
        Assert.Equal((Variations.Path | Variations.Hostname, true), (result.Differences[1].Variations, result.Differences[1].Together));
        Assert.Equal((Variations.Umask, false), (result.Differences[2].Variations, result.Differences[2].Together));
    }

    [Fact]
    public async Task Reproduce_BlamesTheClockAlone_ForWhatOnlyAClockThatGoesChanges()
    {
        var bench = new Bench((conditions, n) => new()
        {
            ["stamp"] = conditions.FrozenAt is { } at ? $"{at + (conditions.Vary.HasFlag(Variations.Time) ? 1 : 0)}" : $"{n}",
            ["masked"] = conditions.Vary.HasFlag(Variations.Umask) ? "b" : "a",
        }, movesClocks: true);
        var result = await RunAsync(bench, new() { ["stamp"] = "a", ["masked"] = "a" }, Varied | Variations.Time);
        Assert.Equal([("masked", Variations.Umask), ("stamp", Variations.Time)], result.Differences.Select(static d => (d.Path, d.Variations)));
    }

    [Fact]
    public async Task Reproduce_BlamesNoVariation_ForASecondThatPassesAtTimes_WhereClocksCannotBeMoved()
    {
        // Compiled late: the second is over in one of four.
        var bench = new Bench((conditions, n) => new()
        {
            ["late"] = $"{n / 10}{(n % 4 == 3 ? "+" : "")}",
            ["masked"] = conditions.Vary.HasFlag(Variations.Umask) ? "b" : "a",
        });
        var result = await RunAsync(bench, new() { ["late"] = "a", ["masked"] = "a" });
        Assert.DoesNotContain(result.Differences, static d => d.Path == "late" && d.Variations != Variations.None);
        Assert.Equal(Variations.Umask, result.Differences.Single(static d => d.Path == "masked").Variations);
    }

    [Fact]
    public async Task Reproduce_LetsTheClockGo_WhereAStepDoesNotTakeOneThatStands()
    {
        var bench = new Bench((conditions, _) => conditions.FrozenAt is null
            ? new() { ["out"] = conditions.Vary.HasFlag(Variations.Path) ? "b" : "a" }
            : new() { [Specimen.Exit] = "gave no result within 20s" }, movesClocks: true);
        var result = await RunAsync(bench, new() { ["out"] = "a" });
        Assert.Equal(Variations.Path, Assert.Single(result.Differences).Variations);
        Assert.Equal(DifferenceCause.Varied, result.Differences[0].Cause);
    }

    [Fact]
    public async Task Reproduce_ComparesStepOutputs()
    {
        var bench = new Bench((_, n) => new() { ["output:version"] = $"v{n}" });
        var result = await RunAsync(bench, new() { ["output:version"] = "v0" });
        Assert.Equal(("output:version", DifferenceCause.Itself), Only(result));
        Assert.Matches("^`v[0-9]+` / `v[0-9]+`$", result.Differences[0].What);
    }

    [Fact]
    public async Task Reproduce_SaysWhereOnlySuccessWasCompared()
    {
        var result = await RunAsync(new Bench((_, _) => []), []);
        Assert.Equal(ReproduceVerdict.Identical, result.Verdict);
        Assert.Contains("it makes no outputs: only that it succeeds was compared", result.Notes);
    }

    [Fact]
    public async Task Reproduce_HidesSecretsInWhatItShows()
    {
        var bench = new Bench((_, n) => new() { ["out"] = $"hunter2-{n}" }) { Secrets = ["hunter2"] };
        var result = await RunAsync(bench, new() { ["out"] = "hunter2-0" });
        Assert.DoesNotContain("hunter2", result.Differences[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void ReproducedMax_IsAMultiple_AndBounded()
    {
        Assert.Equal(TimeSpan.FromSeconds(20), Cairn.Engine.Limits.ReproducedMax(1));
        Assert.Equal(TimeSpan.FromSeconds(100), Cairn.Engine.Limits.ReproducedMax(10_000));
        Assert.Equal(TimeSpan.FromDays(1), Cairn.Engine.Limits.ReproducedMax(double.MaxValue));
    }

    private static (string Path, DifferenceCause Cause) Only(JobReproduction result)
    {
        var difference = Assert.Single(result.Differences);
        Assert.Equal(Variations.None, difference.Variations);
        return (difference.Path, difference.Cause);
    }

    private static async Task<JobReproduction> RunAsync(Bench bench, Dictionary<string, string>? record, Variations vary = Varied)
    {
        var recipe = new Recipe
        {
            Recorded = new RecordedJob(null!, "job", "step", "abc"),
            Action = new ActionDescription { Arguments = ["true"], Environment = [new("LANG", "C.UTF-8")], InputRoot = Digest.Empty },
            Digest = Digest.Empty,
            Inputs = [],
            Outputs = PathPatterns.None,
        };
        var result = record is null ? null : new ActionResult
        {
            Action = Digest.Empty,
            Outputs = [.. record.Where(static r => !r.Key.StartsWith("output:", StringComparison.Ordinal)).Select(static r => new OutputFile(r.Key, Digest.Empty, Executable: false, r.Value))],
            StepOutputs = record.Where(static r => r.Key.StartsWith("output:", StringComparison.Ordinal)).ToImmutableSortedDictionary(static r => r.Key["output:".Length..], static r => r.Value, StringComparer.Ordinal),
            Resources = new ResourceUse(1, 0, 0, 0, 0, 0),
            Origin = new ActionOrigin("r", "job", DateTimeOffset.UnixEpoch, "host", "/p"),
        };
        return await new Reproducer(bench, recipe, result, store: null, vary, static _ => { }, new Clock()).RunAsync(times: 1, TestContext.Current.CancellationToken);
    }

    // Each second begins now.
    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddDays(1);
    }

    /// <summary>Executions whose files are links, so that nothing has to be read: by the conditions, and by how many there were before.</summary>
    private sealed class Bench(Func<Conditions, int, Dictionary<string, string>> make, bool movesClocks = false) : IBench
    {
        private int _executions;

        public bool MovesClocks => movesClocks;

        public string Scratch => "/nowhere";

        public ImmutableArray<string> Secrets { get; init; } = [];

        public Task<Specimen> ExecuteAsync(Recipe recipe, Conditions conditions, CancellationToken cancellationToken) =>
            Task.FromResult<Specimen>(new Made(make(conditions, ++_executions)));

        public Task<CapturedOutput> ExamineAsync(ImmutableArray<string> program, string first, string second, int bytesMax, TimeSpan timeout, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class Made : Specimen
    {
        public Made(Dictionary<string, string> made)
        {
            Values = made.Where(static m => m.Key.StartsWith(ValuePrefix, StringComparison.Ordinal)).ToDictionary(static m => m.Key[ValuePrefix.Length..], static m => m.Value, StringComparer.Ordinal);
            foreach (var (path, content) in made)
            {
                if (!path.StartsWith(ValuePrefix, StringComparison.Ordinal))
                {
                    Files[path] = new TreeLeaf(Digest.Empty, Executable: false, content);
                }
            }
        }

        public override Stream? TryOpen(string path) => null;

        public override void Dispose()
        {
        }
    }
}
