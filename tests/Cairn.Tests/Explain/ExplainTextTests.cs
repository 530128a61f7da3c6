using Cairn.Cli.Terminal;
using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Explain;
using Cairn.Testing;

using static Cairn.Tests.Explain.RecordedRuns;

namespace Cairn.Tests.Explain;

/// <summary>What <c>cairn why</c> and <c>cairn diff</c> show of runs.</summary>
public sealed class ExplainTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedRuns _runs;

    public ExplainTextTests() => _runs = new RecordedRuns(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_Shows_EveryFieldOfAMiss()
    {
        string[] jobs = ["build", "test[opt=O2]<build"];
        var first = _runs.Run(jobs, Done("build", Missed(_runs.Action("b", ["build/**"]))), Done("test[opt=O2]", Missed(Test("t1", 1))));
        var run = _runs.Run(jobs, Done("build", Hit("b", first.Summary.Id.Value)), Done("test[opt=O2]", Missed(Test("t2", 2)) with { Reason = "`src/a.c` changed while it ran" }));
        Assert.Equal(
            $"""
            test[opt=O2]  miss  run {run.Summary.Id}, 2h ago
              compared  with run {first.Summary.Id}, 3h ago
              script    line 2
                          set -e
                        - make -j2
                        + make -j4
                          echo done
              variable  CFLAGS        -O2 -> ""
              platform  host          1 -> 2
              file      a             7692c3ad -> 3fc4ccfe
              file      build/libz.a  7692c3ad -> 753bda44 executable  made by build
              file      gone          gone (link to x)
              file      new           new 7692c3ad
              not kept  `src/a.c` changed while it ran
              action    t2

            """,
            Why(run, "test[opt=O2]"));

        string Test(string id, int version) => _runs.Action(
            id,
            [],
            [
                (ActionChangeKind.Input, "a", version == 1 ? "one" : "two"),
                (ActionChangeKind.Input, "build/libz.a", version == 1 ? "one" : "twox"),
                .. version == 1 ? new[] { (ActionChangeKind.Input, "gone", "-> x") } : [(ActionChangeKind.Input, "new", "one")],
                (ActionChangeKind.Script, "", version == 1 ? "make -j2" : "make -j4"),
                (ActionChangeKind.Variable, "CFLAGS", version == 1 ? "-O2" : ""),
                (ActionChangeKind.Variable, "SAME", "x"),
                (ActionChangeKind.Property, "host", $"{version}"),
            ]);
    }

    [Fact]
    public void Append_Shows_WhereAHitComesFrom()
    {
        var run = _runs.Run(["build"], Done("build", Hit("b", "20261119-160212-9d01be")));
        Assert.Equal(
            $"""
            build  hit  run {run.Summary.Id}, 3h ago
              executed  in run 20261119-160212-9d01be on forge
              when      2026-11-20 12:00:00 UTC, 3h ago
              took      1.2s then
              action    b

            """,
            Why(run, "build"));
    }

    [Fact]
    public void Append_Names_TheProjectThatAHitComesFrom_WhereItIsAnotherOne()
    {
        var run = _runs.Run(["build"], Done("build", Hit("b", "20261119-160212-9d01be") with { FromProject = "/home/ada/other" }));
        Assert.Contains("  executed  in run 20261119-160212-9d01be on forge\n  project   /home/ada/other\n", Why(run, "build"), StringComparison.Ordinal);
        Assert.Contains("\"from_project\":\"/home/ada/other\"", Compact(json => ExplainJson.Write(json, run, _runs.Explain(run))), StringComparison.Ordinal);
    }

    [Fact]
    public void Append_Names_Force()
    {
        var first = _runs.Run(["build"], Done("build", Missed(_runs.Action("b", []))));
        var run = _runs.Run(["build"], Done("build", Missed("b") with { Forced = true, Reason = CacheUse.ForceReason }));
        Assert.Equal(
            $"""
            build  miss  run {run.Summary.Id}, 2h ago
              compared  with run {first.Summary.Id}, 3h ago
              why       `--force` asked for an execution, whatever the cache had
              action    b

            """,
            Why(run, "build"));
    }

    [Fact]
    public void Append_Shows_OnlySoMuchOfAScript_AndJsonAll()
    {
        string Script(string word) => string.Join('\n', Enumerable.Range(1, 60).Select(i => i % 3 == 0 ? $"{word} {i}" : $"echo {i}"));
        var change = new ActionChange(ActionChangeKind.Script, "", "x 3", "y 3") { Line = 3, Script = new(Script("x"), Script("y")) };
        var text = new ByteText();
        ChangesText.Append(text, new JobChanges([new JobChange(change)], IsComplete: true), Style.Bare, indent: 2);
        var lines = text.ToString().Split('\n');
        Assert.Equal(["  script    line 3", "              echo 1", "              echo 2", "            - x 3", "            + y 3"], lines[..5]);
        Assert.Equal("            and 56 more lines: --json shows them", lines[^2]);
        Assert.Equal(27, lines.Length);
    }

    [Fact]
    public void Append_Shows_WhyTheCacheWasNotAsked()
    {
        var run = _runs.Run(
            ["off", "skipped", "open"],
            Done("off", new CacheUse(CacheState.Off) { Reason = "`cache: false`" }),
            new StepSkipped { Time = Start, Job = "skipped", Status = Core.Scheduling.JobStatus.NotRun, Reason = "`off` failed" });
        Assert.Equal($"off  off  run {run.Summary.Id}, 3h ago\n  why       `cache: false`\n", Why(run, "off"));
        Assert.Equal($"skipped  no use of the cache  run {run.Summary.Id}, 3h ago\n  why       `off` failed\n", Why(run, "skipped"));
        Assert.Equal($"open  no use of the cache  run {run.Summary.Id}, 3h ago\n  why       it has not ended\n", Why(run, "open"));
    }

    [Fact]
    public void AppendTable_Gives_EachMissItsCause()
    {
        string[] jobs = ["configure", "build<configure", "lint", "test<build", "stamp"];
        var first = _runs.Run(jobs, Done("build", Missed(Files("b1", ("a", "1"), ("b", "1")))), Failed("lint", Missed("l")), Done("test", Missed(Files("t1", ("build/x", "1")))));
        var run = _runs.Run(
            jobs,
            Done("configure", Hit("c", "20261119-160212-9d01be")),
            Done("build", Missed(Files("b2", ("a", "2"), ("b", "2"), ("c", "2")))),
            Done("lint", Missed("l")),
            Done("test", Missed(Files("t2", ("a", "2"), ("build/x", "2")))),
            Done("stamp", new CacheUse(CacheState.Off) { Reason = "`cache: false`" }));
        var text = new ByteText();
        ExplainText.AppendTable(text, run, _runs.Explain(run), Style.Bare);
        Assert.Equal(
            $"""
            run {run.Summary.Id}
            JOB        CACHE  TOOK  WHY
            configure  hit          from 20261119-160212-9d01be
            build      miss   1.5s  a changed, +2 more
            lint       miss   1.5s  did not succeed in {first.Summary.Id}
            test       miss   1.5s  `build` made another build/x, +1 more
            stamp      off    1.5s  `cache: false`

            1 from the cache, 3 executed anew, 1 without it; 1.2s saved

            """,
            text.ToString());

        string Files(string id, params (string Path, string Value)[] files) =>
            _runs.Action(id, ["build/**"], [.. files.Select(file => (ActionChangeKind.Input, file.Path, file.Value))]);
    }

    [Fact]
    public void Append_Cuts_LongLists()
    {
        var changes = Enumerable.Range(10, 30).Select(i => new JobChange(Input($"f{i}", null, "one"))).Append(new JobChange(new ActionChange(ActionChangeKind.Variable, "X", "1", "2")));
        var text = new ByteText();
        ChangesText.Append(text, new JobChanges([.. changes], IsComplete: true), Style.Bare, indent: 0);
        var lines = text.ToString().Split('\n');
        Assert.Equal(23, lines.Length);
        Assert.Equal("          and 10 more: --json shows them", lines[20]);
        Assert.Equal("variable  X    1 -> 2", lines[21]);
    }

    [Fact]
    public void Diff_Shows_WhatDiffers_AndWhatIsNotReproducible()
    {
        string[] jobs = ["gen", "use<gen", "also<gen", "same"];
        var (gen, same) = (_runs.Action("g", ["gen/**"]), _runs.Action("s", []));
        var before = _runs.Run(
            started => started with { Commit = "1a2b3c4d5e6f", Branch = "main", Dirty = false, Parameters = started.Parameters.Add("opt", "O2") },
            [.. jobs, "old"], Done("gen", Missed(gen)), Done("use", Missed(Use("u1", "one"))), Done("also", Missed(Use("v1", "one"))), Done("same", Missed(same)), Done("old", Missed(same)));
        var after = _runs.Run(
            started => started with { Commit = "5e6f7a8b9c0d", Branch = "main", Dirty = true, Parameters = started.Parameters.Add("opt", "O3") },
            jobs, Done("gen", Missed(gen)), Failed("use", Missed(Use("u2", "two"))), Done("also", Missed(Use("v2", "two"))), Done("same", Hit(same, before.Summary.Id.Value)));
        var text = new ByteText();
        DiffText.Append(text, _runs.Compare(before, after), Style.Bare);
        Assert.Equal(
            $"""
            {before.Summary.Id} -> {after.Summary.Id}
              commit    1a2b3c4d -> 5e6f7a8b
              changes   none -> with changes
              param     opt=O2 -> opt=O3
              state     succeeded -> failed
              took      3.0s -> 3.0s

            JOB   STATUS               TOOK           CACHE  WHY
            gen   succeeded            1.5s           miss   same action, different outputs
            use   succeeded -> failed  1.5s -> 900ms  miss   `gen` made another gen/a.h
            also  succeeded            1.5s           miss   `gen` made another gen/a.h
            old   succeeded            1.5s           miss   only in the first run
            1 of 5 jobs had the same action and status

            use, also
              file      gen/a.h  7692c3ad -> 3fc4ccfe  made by gen

            gen  the same action gave different outputs: it is not reproducible
              gen/a.h

            """,
            text.ToString());

        string Use(string id, string content) => _runs.Action(id, [], (ActionChangeKind.Input, "gen/a.h", content));
    }

    [Fact]
    public void Json_Holds_WhatTheTextSays()
    {
        string[] jobs = ["build"];
        var first = _runs.Run(jobs, Done("build", Missed(_runs.Action("b1", [], (ActionChangeKind.Variable, "X", "1")))));
        var run = _runs.Run(jobs, Done("build", Missed(_runs.Action("b2", [], (ActionChangeKind.Variable, "Y", "1")))));
        Assert.Equal(
            $$"""{"run":"{{run.Summary.Id}}","jobs":[{"job":"build","step":"build","status":"succeeded","cache":"miss","action":"b2","cause":"changed","earlier":{"run":"{{first.Summary.Id}}","job":"build","time":"2026-11-20T12:00:00+00:00","action":"b1"},"changes":[{"kind":"variable","name":"X","before":"1"},{"kind":"variable","name":"Y","after":"1"}]}]}""",
            Compact(json => ExplainJson.Write(json, run, _runs.Explain(run))));
        Assert.EndsWith(
            """
            "jobs":[{"job":"build","in":"both","before":{"status":"succeeded","duration_ms":1500,"cache":"miss","action":"b1"},"after":{"status":"succeeded","duration_ms":1500,"cache":"miss","action":"b2"},"action":"changed","changes":[{"kind":"variable","name":"X","before":"1"},{"kind":"variable","name":"Y","after":"1"}]}]}
            """,
            Compact(json => ExplainJson.Write(json, _runs.Compare(first, run))),
            StringComparison.Ordinal);
    }

    private static string Compact(Action<System.Text.Json.Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new System.Text.Json.Utf8JsonWriter(stream, new System.Text.Json.JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private string Why(RunRecord run, string job)
    {
        var text = new ByteText();
        ExplainText.Append(text, run, _runs.Explain(run, job).Single(), Start.AddHours(3), Style.Bare);
        return text.ToString();
    }
}
