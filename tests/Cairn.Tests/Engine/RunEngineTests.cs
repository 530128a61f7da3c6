using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Engine;

namespace Cairn.Tests.Engine;

public sealed class RunEngineTests : IDisposable
{
    private readonly RunFixture _run = new();

    public void Dispose() => _run.Dispose();

    private static void OnlyIf(bool condition, Action action)
    {
        if (condition)
        {
            action();
        }
    }

    [Fact]
    public async Task Run_Executes_StepsAfterTheirNeeds()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              second: { run: "cat a > b", needs: [first], outputs: [b] }
              first: { run: "echo hello > a; echo made a", outputs: [a] }
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal("hello\n", _run.Project.Read("b"));
        Assert.Equal("made a\n", outcome.OutputOf("first"));
        Assert.IsType<PipelineStarted>(outcome.Events[0]);
        var finished = Assert.IsType<PipelineFinished>(outcome.Events[^1]);
        Assert.Equal(["first", "second"], finished.CriticalPath);
    }

    [Fact]
    public async Task Run_Unescapes_TextsWithoutExpressions()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              plain: { command: [printf, "%s;%s;%s", "$${{ a }}", "$$${{ b }}", "$$"], env: { A: "$${{ c }}" } }
              mixed: { command: [sh, -c, "printf %s \"$1\"", sh, "$${{ ${{ 1 + 1 }} }}"] }
              variable: { command: [sh, -c, "printf %s \"$A\""], env: { A: "$${{ c }}" } }
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal("${{ a }};$${{ b }};$$", outcome.OutputOf("plain"));
        Assert.Equal("${{ 2 }}", outcome.OutputOf("mixed"));
        Assert.Equal("${{ c }}", outcome.OutputOf("variable"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(", inputs: [\"**\"]")]
    [InlineData(", inputs: [a.txt]")]
    public async Task Run_CancelledWhileItsSourcesAreRead_LeavesNoRecord(string inputs)
    {
        _run.Project.Write("a.txt", "a");
        _run.Control.Cancel();
        var outcome = await _run.RunAsync($"version: 1\nsteps: {{ a: {{ run: echo never{inputs} }} }}", request => request with { CacheDirectory = _run.State["cache"] });
        Assert.Equal((RunStatus.Cancelled, null), (outcome.Status, outcome.Result.Directory));
        Assert.Empty(outcome.Events);
        Assert.Empty(_run.History.List());
    }

    [Fact]
    public async Task Run_Records_WhatItsObserverSees()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            name: recorded
            steps: { a: { run: "echo out; echo err >&2" } }
            """);
        var record = _run.History.Read(outcome.Result.Id)!;
        Assert.Equal(outcome.Events.Length, record.Events.Length);
        Assert.Equal((RunState.Succeeded, "recorded", 1, 0), (record.Summary.State, record.Summary.Pipeline, record.Summary.Jobs, record.Summary.Failed));
        var log = Assert.Single(_run.History.Logs(outcome.Result.Id, new JobId("a")));
        Assert.Equal(["err", "out"], (await File.ReadAllLinesAsync(log.LogPath, TestContext.Current.CancellationToken)).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(log.IndexPath));
    }

    [Fact]
    public async Task Run_Fails_WithTheExitCodeAndStopsTheRest()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              bad: { run: "exit 7" }
              after: { run: "echo no", needs: [bad] }
              cleanup: { run: "echo cleaned", needs: [bad], if: "always()" }
            """);
        Assert.Equal(RunStatus.Failed, outcome.Status);
        Assert.Equal((JobStatus.Failed, 7, "exit 7"), (outcome["bad"].Status, outcome["bad"].ExitCode, outcome["bad"].Reason));
        Assert.Equal((JobStatus.NotRun, "`bad` failed"), (outcome["after"].Status, outcome["after"].Reason));
        Assert.Equal("cleaned\n", outcome.OutputOf("cleanup"));
    }

    [Fact]
    public async Task Run_KeepsGoing_WhenAsked()
    {
        const string Yaml = """
            version: 1
            steps:
              bad: { run: "exit 1" }
              other: { run: "echo fine", needs: [slow] }
              slow: { run: "while [ ! -e go ]; do sleep 0.01; done" }
            """;
        var outcome = await _run.RunAsync(Yaml, r => r with { KeepGoing = true }, static (e, run) =>
        {
            if (e is StepFailed)
            {
                run.Project.Write("go", "");
            }
        });
        Assert.Equal(RunStatus.Failed, outcome.Status);
        Assert.Equal("fine\n", outcome.OutputOf("other"));
    }

    [Fact]
    public async Task Run_Reports_ASignal()
    {
        var outcome = await _run.RunAsync("version: 1\nsteps: { a: { run: 'kill -SEGV $$' } }");
        Assert.Equal(("SIGSEGV", "killed by SIGSEGV", null), (outcome["a"].Signal, outcome["a"].Reason, outcome["a"].ExitCode));
    }

    [Fact]
    public async Task Run_TimesOut_AStepThatIgnoresSigterm()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps: { a: { run: "trap '' TERM; while :; do sleep 0.05; done", timeout: 200ms } }
            """);
        Assert.Equal((JobStatus.TimedOut, "timed out after 200ms"), (outcome["a"].Status, outcome["a"].Reason));
    }

    [Fact]
    public async Task Run_Retries_OnTheExitCodesThatCount()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              flaky:
                run: |
                  echo x >> tries
                  [ "$(wc -l < tries)" = "$CAIRN_ATTEMPT" ]
                  [ "$CAIRN_ATTEMPT" = 3 ] || exit 75
                retries: { max: 5, on: [exit 75], backoff: { initial: 1ms, max: 1ms } }
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal(3, outcome["flaky"].Attempts);
        Assert.Equal(["exit 75", "exit 75"], outcome.Events.OfType<StepRetrying>().Select(r => r.Reason));
    }

    [Fact]
    public async Task Run_Passes_StepOutputsOn()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              make:
                run: echo "version=1.2" >> "$CAIRN_OUTPUT"
              build:
                matrix: { os: [a, b] }
                run: echo "file=$OS.tar" >> "$CAIRN_OUTPUT"
                env: { OS: "${{ matrix.os }}" }
              use:
                needs: [make, build]
                run: echo "$V $F"
                env: { V: "${{ steps.make.outputs.version }}", F: "${{ steps.build.outputs['os=b'].file }}" }
            """);
        Assert.Equal("1.2 b.tar\n", outcome.OutputOf("use"));
        Assert.Equal("1.2", outcome["make"].Outputs["version"]);
    }

    [Fact]
    public async Task Run_Gives_AStepDigestThatDependsOnContentOnly()
    {
        const string Yaml = """
            version: 1
            steps:
              make: { run: "echo CONTENT > out.txt", outputs: [out.txt] }
              use: { needs: [make], run: 'echo "$D"', env: { D: "${{ steps.make.digest }}" } }
            """;
        var first = (await _run.RunAsync(Yaml)).OutputOf("use");
        var second = (await _run.RunAsync(Yaml)).OutputOf("use");
        var other = (await _run.RunAsync(Yaml.Replace("CONTENT", "OTHER", StringComparison.Ordinal))).OutputOf("use");
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Matches("^[0-9a-f]{64}/[0-9]+\n$", first);
    }

    [Fact]
    public async Task Run_Fails_WhenADeclaredOutputIsNotMade()
    {
        var outcome = await _run.RunAsync("version: 1\nsteps: { a: { run: 'true', outputs: [missing.txt] } }");
        Assert.Equal("declared output `missing.txt` was not made", outcome["a"].Reason);
    }

    [Fact]
    public async Task Run_Removes_ItsOwnStaleOutputs_ButMovesForeignFilesAway()
    {
        const string Yaml = """
            version: 1
            steps: { a: { run: 'ls out 2>/dev/null || true; mkdir -p out; echo x > "out/$N"', outputs: ["out/*"], env: { N: NAME } } }
            """;
        var first = await _run.RunAsync(Yaml.Replace("NAME", "one", StringComparison.Ordinal));
        Assert.Equal(RunStatus.Succeeded, first.Status);
        _run.Project.Write("out/mine", "precious");
        var second = await _run.RunAsync(Yaml.Replace("NAME", "two", StringComparison.Ordinal));
        Assert.Equal("", second.OutputOf("a"));
        Assert.False(_run.Project.Exists("out/one"));
        Assert.Equal("precious", _run.Project.Read($".cairn/trash/{second.Result.Id}/out/mine"));
        Assert.Contains(second.Warnings, w => w.Contains("1 file that matches the outputs of `a`", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_Fails_WhenTwoJobsWriteOnePath()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              a: { run: "mkdir -p o; echo a > o/x", outputs: ["o/*"] }
              b: { run: "mkdir -p o; echo b > o/x", outputs: ["**/x"], needs: [a] }
            """);
        Assert.Contains("output `o/x` was also written by `a`", outcome["b"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Builds_TheEnvironment()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            env: { A: one, B: two }
            steps:
              show:
                run: env | sort; pwd
                env: { B: "${{ env.A }}-three" }
            """);
        var lines = outcome.OutputOf("show").Split('\n');
        Assert.Contains("A=one", lines);
        Assert.Contains("B=one-three", lines);
        Assert.Contains("TERM=xterm-256color", lines);
        Assert.Contains(_run.Project.Path, lines);
        Assert.DoesNotContain(lines, l => l.StartsWith("DOTNET_", StringComparison.Ordinal) || l.StartsWith("NO_COLOR", StringComparison.Ordinal));
        var known = new[] { "A", "B", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "CI", "TERM", "FORCE_COLOR", "CLICOLOR_FORCE", "PWD", "OLDPWD", "SHLVL", "_" };
        var names = lines.Where(l => l.Contains('=', StringComparison.Ordinal)).Select(l => l[..l.IndexOf('=', StringComparison.Ordinal)]);
        Assert.Equal([], names.Where(n => !known.Contains(n, StringComparer.Ordinal) && !n.StartsWith("CAIRN", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_Shows_TheEnvironmentToConditions()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            env: { MODE: fast }
            steps:
              yes: { run: "echo ran", if: "env.MODE == 'fast' && env.OWN == 'fast!'", env: { OWN: "${{ env.MODE }}!" } }
              no: { run: "echo ran", if: "env.MODE == 'slow'" }
            """);
        Assert.Equal("ran\n", outcome.OutputOf("yes"));
        Assert.Equal(JobStatus.Skipped, outcome["no"].Status);
    }

    [Fact]
    public async Task Run_Masks_SecretsEverywhere()
    {
        _run.Project.Write("secret.txt", "hunter2-hunter2\n");
        var outcome = await _run.RunAsync("""
            version: 1
            secrets: { key: { file: secret.txt }, made: { command: [sh, -c, "echo from-a-command"] } }
            steps:
              a:
                run: |
                  [ "$KEY" = hunter2-hunter2 ]
                  echo "the key is $KEY, $MADE"; echo "k=$KEY" >> "$CAIRN_OUTPUT"; echo "# $KEY" >> "$CAIRN_SUMMARY"
                env: { KEY: "${{ secrets.key }}", MADE: "${{ secrets.made }}" }
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal("the key is ***, ***\n", outcome.OutputOf("a"));
        Assert.Equal("***", outcome["a"].Outputs["k"]);
        foreach (var file in Directory.EnumerateFiles(outcome.Result.Directory!, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("hunter2", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_Says_WhichSecretIsMissing()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            secrets: { key: { env: CAIRN_TEST_NO_SUCH_VARIABLE } }
            steps: { a: { run: "true", env: { KEY: "${{ secrets.key }}" } } }
            """);
        Assert.Equal("Secret `key`: the environment variable `CAIRN_TEST_NO_SUCH_VARIABLE` is not set; export it before `cairn run`", outcome["a"].Reason);
    }

    [Fact]
    public async Task Run_Starts_ServicesBeforeAndStopsThemAfter()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            services:
              db: { run: "echo up > state; echo ready; trap 'echo down > state; exit 0' TERM; while :; do sleep 0.02; done", ready: { output: ready } }
            steps:
              use: { services: [db], run: "cat state" }
              after: { needs: [use], run: "while ! grep -q down state; do sleep 0.01; done" }
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal("up\n", outcome.OutputOf("use"));
        Assert.Single(outcome.Events.OfType<ServiceReady>());
        Assert.Null(Assert.Single(outcome.Events.OfType<ServiceStopped>()).Reason);
    }

    [Fact]
    public async Task Run_Fails_WhenAServiceDoesNotBecomeReady()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            services: { db: { run: "echo broken; exit 3", ready: { tcp: 1, interval: 10ms, timeout: 5s } } }
            steps: { use: { services: [db], run: "true" } }
            """);
        Assert.StartsWith("service `db` ended before it was ready (exit 3)", outcome["use"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Starts_AServiceAnewForTheNextAttempt()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            services: { db: { run: 'echo x >> starts; [ "$(wc -l < starts)" = 2 ] || exit 1; echo ready; sleep 1000', ready: { output: ready, interval: 5ms } } }
            steps: { use: { services: [db], run: "echo used", retries: { max: 1, backoff: { initial: 1ms } } } }
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal("used\n", outcome.OutputOf("use"));
        Assert.Equal(2, outcome["use"].Attempts);
    }

    [Fact]
    public async Task Run_Keeps_AServiceStartGoing_WhenTheFirstJobThatAskedIsStopped()
    {
        var outcome = await _run.RunAsync(
            """
            version: 1
            services: { db: { run: "while [ ! -e go ]; do sleep 0.01; done; echo ready; sleep 1000", ready: { output: ready, interval: 5ms } } }
            steps:
              first: { services: [db], run: "echo never" }
              bad: { run: "while [ ! -e asked ]; do sleep 0.01; done; exit 1" }
              tidy: { services: [db], run: "echo tidied", needs: [bad], if: "always()" }
            """,
            onEvent: static (e, run) =>
            {
                if (e is ServiceStarted)
                {
                    run.Project.Write("asked", "");
                }
                else if (e is StepCancelled { Job: "first" })
                {
                    run.Project.Write("go", "");
                }
            });
        Assert.Equal(JobStatus.Cancelled, outcome["first"].Status);
        Assert.Equal("tidied\n", outcome.OutputOf("tidy"));
    }

    [Fact]
    public async Task Run_Joins_AGeneratedPipeline()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              base: { run: "echo base > base.txt", outputs: [base.txt] }
              plan:
                run: |
                  printf 'version: 1\nsteps:\n  one: { run: "echo one" }\n  two: { run: "cat base.txt", needs: [one, base] }\n' > gen.yaml
                generates: gen.yaml
            """);
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Equal("one\n", outcome.OutputOf("one"));
        Assert.Equal("base\n", outcome.OutputOf("two"));
        Assert.Equal(["one", "two"], Assert.Single(outcome.Events.OfType<PipelineExtended>()).Jobs.Select(j => j.Id));
    }

    [Fact]
    public async Task Run_Fails_WhenTheGeneratedPipelineIsNotValid()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps: { plan: { run: "echo 'version: 1\nsteps: { x: { rum: y } }' > gen.yaml", generates: gen.yaml } }
            """);
        Assert.Equal(RunStatus.Failed, outcome.Status);
        Assert.StartsWith("the generated pipeline is not valid", outcome["plan"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Retries_OnlyWhatFailed()
    {
        const string Yaml = """
            version: 1
            steps:
              good: { run: 'echo "v=1" >> "$CAIRN_OUTPUT"; echo ran' }
              bad: { run: "test -e fixed", needs: [good] }
              after: { run: 'echo "after $V"', needs: [bad, good], env: { V: "${{ steps.good.outputs.v }}" } }
            """;
        var first = await _run.RunAsync(Yaml);
        Assert.Equal(RunStatus.Failed, first.Status);
        _run.Project.Write("fixed", "");
        var second = await _run.RunAsync(Yaml, r => r with { RetryFailedOf = first.Result.Id });
        Assert.Equal(RunStatus.Succeeded, second.Status);
        Assert.Equal("", second.OutputOf("good"));
        Assert.Equal("after 1\n", second.OutputOf("after"));
        Assert.Contains("done in run", second["good"].Reason, StringComparison.Ordinal);
        var third = await _run.PrepareAsync(Yaml, r => r with { RetryFailedOf = second.Result.Id });
        Assert.Equal(DiagnosticCodes.NothingToRetry, Assert.Single(third.Diagnostics).Code);
    }

    [Fact]
    public async Task Run_Retries_WhatAGeneratedStepFailed()
    {
        const string Yaml = """
            version: 1
            steps:
              plan:
                run: |
                  printf 'version: 1\nsteps: { made: { run: "test -e fixed" } }\n' > gen.yaml
                generates: gen.yaml
            """;
        var first = await _run.RunAsync(Yaml);
        Assert.Equal(JobStatus.Failed, first["made"].Status);
        _run.Project.Write("fixed", "");
        var second = await _run.RunAsync(Yaml, r => r with { RetryFailedOf = first.Result.Id });
        Assert.Equal(RunStatus.Succeeded, second.Status);
        Assert.Equal(JobStatus.Succeeded, second["made"].Status);
    }

    [Fact]
    public async Task Run_Takes_TimeoutsLongerThanATimerDoes()
    {
        var outcome = await _run.RunAsync("version: 1\nsteps: { a: { run: 'true', timeout: 60d } }");
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
    }

    [Fact]
    public async Task Run_Stops_WaitingForAServiceWhenItIsCancelled()
    {
        var outcome = await _run.RunAsync(
            """
            version: 1
            services: { db: { run: "sleep 1000", ready: { output: never, timeout: 10m }, stop_grace: 100ms } }
            steps: { use: { services: [db], run: "true" } }
            """,
            onEvent: static (e, run) =>
            {
                if (e is ServiceStarted)
                {
                    run.Control.Cancel();
                }
            });
        Assert.Equal(RunStatus.Cancelled, outcome.Status);
    }

    [Fact]
    public async Task Run_Moves_ForeignFilesOfTheSameNameAsideTwice()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              a: { run: "mkdir -p o; echo new > o/x; exit 1", outputs: ["o/x"], retries: { max: 1, backoff: { initial: 1ms } } }
            """, onEvent: static (e, run) =>
        {
            if (e is StepRetrying)
            {
                run.Project.Write("o/x", "second");
            }
            else if (e is PipelineStarted)
            {
                run.Project.Write("o/x", "first");
            }
        });
        Assert.Equal("first", _run.Project.Read($".cairn/trash/{outcome.Result.Id}/o/x"));
        Assert.Equal("second", _run.Project.Read($".cairn/trash/{outcome.Result.Id}/o/x.1"));
    }

    [Fact]
    public async Task Run_Cancels_Gracefully()
    {
        var outcome = await _run.RunAsync(
            """
            version: 1
            steps:
              long: { run: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done" }
              next: { run: "echo no", needs: [long] }
              last: { run: "echo tidied", needs: [long], if: "cancelled()" }
            """,
            onEvent: static (e, run) =>
            {
                if (e is StepStarted { Job: "long" })
                {
                    run.Control.Cancel();
                }
            });
        Assert.Equal(RunStatus.Cancelled, outcome.Status);
        Assert.Equal(JobStatus.Cancelled, outcome["long"].Status);
        Assert.Equal(JobStatus.Cancelled, outcome["next"].Status);
        Assert.Equal("tidied\n", outcome.OutputOf("last"));
    }

    [Fact]
    public async Task Run_Reports_ProcessesLeftBehind()
    {
        var outcome = await _run.RunAsync("version: 1\nsteps: { a: { run: 'setsid sleep 1000 >/dev/null 2>&1 & echo $!' } }");
        Assert.Equal(RunStatus.Succeeded, outcome.Status);
        Assert.Contains(outcome.Warnings, w => w.Contains("left 1 process behind", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_TakesTurns_OnALock()
    {
        using var other = new RunFixture();
        const string Yaml = """
            version: 1
            concurrency: { locks: [shared] }
            steps: { a: { run: "while [ ! -e go ]; do sleep 0.01; done" } }
            """;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waits = new TaskCompletionSource<LockWaiting>(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = _run.RunAsync(Yaml, onEvent: (e, _) => OnlyIf(e is StepStarted, () => started.TrySetResult()));
        await started.Task;
        other.Project.Write("go", "");
        var second = other.RunAsync(Yaml, r => r with { StateDirectory = _run.State.Path }, (e, _) => OnlyIf(e is LockWaiting, () => waits.TrySetResult((LockWaiting)e)));
        var waiting = await waits.Task;
        Assert.Equal("shared", waiting.Lock);
        Assert.StartsWith("run ", waiting.Holder, StringComparison.Ordinal);
        _run.Project.Write("go", "");
        Assert.Equal(RunStatus.Succeeded, (await first).Status);
        Assert.Equal(RunStatus.Succeeded, (await second).Status);
    }

    [Fact]
    public async Task Run_Counts_TestReports()
    {
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              t:
                run: |
                  echo '<testsuite><testcase name="ok"/><testcase name="no"><failure message="it is not"/></testcase></testsuite>' > r.xml; exit 1
                reports: { junit: "*.xml" }
            """);
        Assert.Equal((2, 1), (outcome["t"].Tests!.Tests, outcome["t"].Tests!.Failures));
        Assert.Equal(["no"], outcome["t"].Tests!.FailedNames);
        Assert.Equal(["it is not"], outcome["t"].Tests!.FailedMessages);
    }

    [Fact]
    public async Task Run_Executes_ScriptsLongerThanAnArgumentMayBe()
    {
        var filler = string.Concat(Enumerable.Repeat("# 0123456789012345678901234567890123456789\n      ", 4_000));
        var outcome = await _run.RunAsync($"version: 1\nsteps:\n  a:\n    run: |\n      {filler}echo done\n");
        Assert.Equal("done\n", outcome.OutputOf("a"));
    }

    [Fact]
    public async Task Prepare_Refuses_AnOutputThatGitTracks()
    {
        Assert.Equal(0, Cairn.Testing.Shell.Run(_run.Project.Write("git.sh", "cd \"$(dirname \"$0\")\" && git init -q . && echo x > tracked.txt && git add tracked.txt")));
        var prepared = await _run.PrepareAsync("version: 1\nsteps: { a: { run: 'true', outputs: [tracked.txt] } }");
        Assert.Null(prepared.Plan);
        Assert.Contains("tracked.txt", Assert.Single(prepared.Diagnostics).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_Tells_TheStateOfGit()
    {
        var script = _run.Project.Write("git.sh", "cd \"$(dirname \"$0\")\" && git init -q -b trunk . && git add . && git -c user.name=A -c user.email=a@b commit -qm 'the subject' && git tag v1");
        Assert.Equal(0, Cairn.Testing.Shell.Run(script));
        var outcome = await _run.RunAsync("""
            version: 1
            steps:
              a:
                run: echo "$X"
                env: { X: "${{ git.branch }} ${{ git.tag }} ${{ git.message }} ${{ git.author }} ${{ git.dirty }}" }
            """);
        Assert.Equal("trunk v1 the subject A <a@b> false\n", outcome.OutputOf("a"));
        Assert.Equal("trunk", outcome.Events.OfType<PipelineStarted>().Single().Branch);
    }
}
