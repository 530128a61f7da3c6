using System.Text;
using System.Text.Json;

using Cairn.Cli;
using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Store.Actions;
using Cairn.Tests.Explain;

using static Cairn.Tests.Explain.RecordedRuns;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn why</c> and <c>cairn diff</c> over a record and an action log as a run leaves them.</summary>
public sealed class WhyCommandTests : IDisposable
{
    private readonly CommandTester _tester = new() { Now = Start.AddHours(5) };
    private readonly RecordedRuns _runs;

    public WhyCommandTests() => _runs = new RecordedRuns(_tester.Project);

    public void Dispose() => _tester.Dispose();

    [Fact]
    public async Task Why_Shows_WhatChangedSinceTheEarlierAction()
    {
        var first = Record("build", "gcc -O2", ("src/a.c", "1"), ("src/deep/b.c", "1"));
        Record("build", "gcc -O3", ("src/a.c", "2"), ("src/deep/c.c", "1"));
        var outcome = await _tester.RunAsync("why", "build");
        var lines = outcome.Out.Split('\n');
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.StartsWith("build  miss  run ", lines[0], StringComparison.Ordinal);
        Assert.Equal($"  compared  with run {first.Summary.Id}, 5h ago", lines[1]);
        Assert.Equal(["script    line 1", "          - gcc -O2", "          + gcc -O3"], lines[2..5].Select(line => line[2..]));
        Assert.Equal(
            [
                $"file      src/a.c       {Short("1")} → {Short("2")}",
                $"file      src/deep/b.c  gone ({Short("1")})",
                $"file      src/deep/c.c  new {Short("1")}",
            ],
            lines[5..8].Select(line => line[2..]));
    }

    [Fact]
    public async Task Why_TakesDigests_WithAndWithoutTheirSize()
    {
        var first = Append("gcc", ("a", "1"));
        var second = Append("gcc", ("a", "2"));
        _runs.Run(["build"], Done("build", Missed(first.Digest.Hash)));
        _runs.Run(["build"], Done("build", Missed(second.Digest.ToString())));
        Assert.Contains("a changed\n", (await _tester.RunAsync("why")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_WithoutALog_SaysThatItIsNotKnown()
    {
        var first = _runs.Run(["build"], Done("build", Missed("aa")));
        _runs.Run(["build"], Done("build", Missed("not hex")));
        Assert.Contains($"changed since {first.Summary.Id}; what, is no longer known\n", (await _tester.RunAsync("why")).Out, StringComparison.Ordinal);
        _tester.Write(".cairn/actions", "rubbish");
        Assert.Contains("what, is no longer known\n", (await _tester.RunAsync("why", "build")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_AsksThePipeline_WhoMakesAFile_WhereNoActionTells()
    {
        _tester.Write("cairn.yaml", "version: 1\nname: t\nsteps:\n  stamp:\n    run: date > stamp.txt\n    outputs: [stamp.txt]\n    cache: false\n  test:\n    run: cat stamp.txt\n    needs: [stamp]\n    inputs: [stamp.txt]\n");
        for (var i = 1; i <= 2; i++)
        {
            _runs.Run(["stamp", "test<stamp"], Done("stamp", new CacheUse(CacheState.Off)), Done("test", Missed(Append("cat", ("stamp.txt", $"{i}")).Digest.ToString())));
        }

        Assert.Contains("made by stamp", (await _tester.RunAsync("why", "test")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("why", "biuld", "has no step `biuld`", "did you mean `build`?")]
    [InlineData("why", "nothing-like-it", "has no step `nothing-like-it`", "lists its jobs")]
    [InlineData("diff", "nope", "There is no run `nope`", "")]
    public async Task Commands_Help_WhereThereIsNoSuchThing(string command, string argument, string message, string help)
    {
        Record("build", "gcc", ("a", "1"));
        var outcome = await _tester.RunAsync(command, argument);
        Assert.Equal((ExitCodes.Usage, ""), (outcome.Exit, outcome.Out));
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.Contains(help, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_OfAStep_IsWhyOfItsJobs()
    {
        _runs.Run(["test[o=1]", "test[o=2]", "build"], Done("test[o=1]", Missed("a")), Done("test[o=2]", Missed("b")));
        Assert.Equal(2, Jobs((await _tester.RunAsync("why", "test", "--json")).Out));
        Assert.Equal(1, Jobs((await _tester.RunAsync("why", "test[o=2]", "--json")).Out));
        Assert.Equal(3, Jobs((await _tester.RunAsync("why", "--json", "--run", "last")).Out));

        static int Jobs(string json)
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("jobs").GetArrayLength();
        }
    }

    [Fact]
    public async Task Diff_OfARunWithItself_SaysSo()
    {
        var run = Record("build", "gcc", ("a", "1"));
        var outcome = await _tester.RunAsync("diff", "last");
        Assert.Equal((ExitCodes.Usage, ""), (outcome.Exit, outcome.Out));
        Assert.Contains($"Both are run `{run.Summary.Id}`", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_DoesNotCallTheSame_WhatItDoesNotKnow()
    {
        Record("build", "gcc", ("a", "1"));
        _runs.Run(["build"], Done("build", new CacheUse(CacheState.Off) { Reason = "`--no-cache`" }));
        var outcome = await _tester.RunAsync("diff", "last~1");
        Assert.DoesNotContain("same action", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("1 of 1 jobs had the same status; what they did is not known of both runs", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_Compares_WithTheLastRun()
    {
        Record("build", "gcc", ("a", "1"));
        Record("build", "gcc", ("a", "2"));
        var outcome = await _tester.RunAsync("diff", "last~1");
        Assert.Equal(0, outcome.Exit);
        Assert.Contains("\nbuild\n  file      a  ", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(outcome, await _tester.RunAsync("diff", "last~1", "last"));
    }

    private static string Short(string content) => Digest.Of(Encoding.UTF8.GetBytes(content)).Hash[..8];

    private Cairn.Engine.RunRecord Record(string job, string script, params (string Path, string Content)[] files) =>
        _runs.Run([job], Done(job, Missed(Append(script, files).Digest.ToString())));

    private EncodedAction Append(string script, params (string Path, string Content)[] files)
    {
        var tree = MerkleTree.Of(files.Select(file => KeyValuePair.Create(file.Path, new TreeLeaf(Digest.Of(Encoding.UTF8.GetBytes(file.Content)), Executable: false))));
        var action = ActionEncoder.Encode(new ActionDescription { Arguments = ["sh", "-c", script], Environment = [], InputRoot = tree.Digest });
        Directory.CreateDirectory(Path.Combine(_tester.Project, ".cairn"));
        using var log = ActionLog.Open(Path.Combine(_tester.Project, ".cairn", "actions"));
        log.Append(action, tree);
        log.Flush();
        return action;
    }
}
