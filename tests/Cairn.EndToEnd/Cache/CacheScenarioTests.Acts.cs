using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <content>What happens in each line.</content>
public sealed partial class CacheScenarioTests
{
    private const string Matrix = """
          check:
            matrix: { level: [1, 2] }
            run: NOTE; mkdir -p m; echo "$LEVEL" >"m/$LEVEL"
            env: { LEVEL: "${{ matrix.level }}" }
            inputs: [a.txt]
            outputs: ["m/${{ matrix.level }}"]
          all:
            needs: [check]
            run: NOTE; cat m/*
            inputs: [a.txt]

        """;

    private const string Generating = """
          plan:
            run: NOTE; cat shards.txt >more.yaml
            inputs: [shards.txt]
            generates: more.yaml

        """;

    private const string Flaky = "  flaky: { run: 'NOTE; test -e @ROOT/flag', inputs: [a.txt] }\n";

    private const string FlakyChain = """
          first: { run: NOTE; echo 1, inputs: [a.txt] }
          flaky: { run: NOTE; test -e @ROOT/flag, inputs: [a.txt], needs: [first] }
          after: { run: NOTE; echo 2, inputs: [a.txt], needs: [flaky] }

        """;

    private const string Holding = """
          hold:
            run: NOTE; echo half >o.txt; touch @ROOT/up; until [ -e @ROOT/go ]; do sleep 0.02; done; echo whole >o.txt
            inputs: [a.txt]
            outputs: [o.txt]

        """;

    private const string HoldingTools = """
          hold:
            needs: [all]
            run: NOTE; touch .tools/x @ROOT/up; until [ -e @ROOT/go ]; do sleep 0.02; done
            inputs: [a.txt]
            cache: { paths: { tools: .tools } }
          all: { run: NOTE; ls }

        """;

    private const string HoldingWithInput = """
          hold:
            run: NOTE; cp a.txt o.txt; touch @ROOT/up; until [ -e @ROOT/go ]; do sleep 0.02; done
            inputs: [a.txt]
            outputs: [o.txt]

        """;

    private const string Reporting = """
          make:
            run: |
              NOTE
              cat a.txt
              echo "version=$(head -c 1 a.txt)" >>"$CAIRN_OUTPUT"
              echo "## Made" >>"$CAIRN_SUMMARY"
              echo '<testsuite tests="2" failures="0" skipped="1"><testcase name="x"/><testcase name="y"><skipped/></testcase></testsuite>' >report.xml
            inputs: [a.txt]
            outputs: [report.xml]
            reports: { junit: report.xml }
          use:
            needs: [make]
            run: NOTE; echo "$VERSION"
            inputs: [b.txt]
            env: { VERSION: "${{ steps.make.outputs.version }}" }

        """;

    private const string Kinds = """
          kinds:
            run: |
              NOTE
              mkdir -p out/deep/er out/empty
              : >out/nothing
              head -c 9000000 /dev/zero | tr '\0' x >out/large
              printf '#!/bin/sh\n' >out/deep/er/run; chmod 755 out/deep/er/run
              printf 1 >"out/$(printf 'new\nline')"; printf 2 >'out/ space "quote"'; printf 3 >out/é→🎈; printf 4 >out/-rf
              ln -s deep/er/run out/link; ln -s /nowhere out/dangling; ln -s deep out/folder
            inputs: [a.txt]
            outputs: ["out/**"]

        """;

    private const string Secret = """
          login:
            run: |
              NOTE
              echo "the token is $TOKEN"
              echo "seen=$TOKEN" >>"$CAIRN_OUTPUT"
              echo "seen $TOKEN" >>"$CAIRN_SUMMARY"
            inputs: [a.txt]
            env: { TOKEN: "${{ secrets.token }}" }
        secrets:
          token: { env: TOKEN_VALUE }
          other: { env: TOKEN_VALUE }

        """;

    private const string Service = """
          ask: { run: NOTE, inputs: [a.txt], services: [db] }
        services:
          db: { run: "echo started >>@ROOT/services; exec sleep 1000", ready: { run: "test -s @ROOT/services" } }

        """;

    private const string CommittedService = """
          ask: { run: NOTE, inputs: [a.txt], services: [db] }
        services:
          db: { run: "exec sleep 1000", env: { COMMIT: "${{ git.commit }}" } }

        """;

    private static async Task<CacheRun> MatrixAsync(CacheProject project)
    {
        await Check(project, "check[level=1] miss, check[level=2] miss, all miss");
        return await project.EditPipeline("[1, 2]", "[1, 2, 3]").RunAsync();
    }

    private static async Task<CacheRun> MatrixValueAsync(CacheProject project)
    {
        await Check(project, "check[level=1] miss, check[level=2] miss, all miss");
        return await project.EditPipeline("[1, 2]", "[1, 4]").RunAsync();
    }

    private static async Task<CacheRun> RenamedStepAsync(CacheProject project)
    {
        await Check(project, "first miss");
        return await project.EditPipeline("first:", "second:").RunAsync();
    }

    private static void WriteShards(CacheProject project, string second) => project.Write(
        "shards.txt",
        $"version: 1\nsteps:\n  one: {{ run: \"echo one >>{project.Outside("ledger")}\", inputs: [a.txt] }}\n  two: {{ run: \"echo two >>{project.Outside("ledger")}; echo {second}\", inputs: [a.txt] }}\n");

    private static async Task<CacheRun> GeneratedAsync(CacheProject project)
    {
        WriteShards(project, "2");
        await Check(project, "plan miss, one miss, two miss");
        return await project.RunAsync();
    }

    private static async Task<CacheRun> GeneratedOtherAsync(CacheProject project)
    {
        WriteShards(project, "2");
        await Check(project, "plan miss, one miss, two miss");
        WriteShards(project, "3");
        return await project.RunAsync();
    }

    private static async Task<CacheRun> FailedAgainAsync(CacheProject project)
    {
        await Check(project, "flaky failed");
        return await project.RunAsync();
    }

    private static async Task<CacheRun> FailedThenFixedAsync(CacheProject project)
    {
        await Check(project, "flaky failed");
        await File.WriteAllTextAsync(project.Outside("flag"), "", TestContext.Current.CancellationToken);
        await Check(project, "flaky miss");
        return await project.RunAsync();
    }

    private static async Task<CacheRun> SecondAttemptAsync(CacheProject project)
    {
        var run = new CacheRun(await project.RunCommand().RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal("twice miss", run.NamedStates);
        return await project.RunAsync();
    }

    private static async Task<CacheRun> RetryFailedAsync(CacheProject project)
    {
        await Check(project, "first miss, flaky failed, after not_run");
        await File.WriteAllTextAsync(project.Outside("flag"), "", TestContext.Current.CancellationToken);
        return await project.RunAsync("--retry-failed", "last");
    }

    private static async Task<CacheRun> AfterRetryFailedAsync(CacheProject project)
    {
        await RetryFailedAsync(project);
        return await project.RunAsync();
    }

    private static async Task<CacheRun> KilledAsync(CacheProject project)
    {
        await using (var run = project.RunCommand().Start())
        {
            await FileAsync(project.Outside("up"));
            run.Signal(PosixSignalNumber.Kill);
            await run.WaitAsync(TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync(project.Outside("go"), "", TestContext.Current.CancellationToken);
        var next = await project.RunAsync();
        Assert.Equal("whole\n", project.Read("o.txt"));
        Assert.Equal("hold hit", (await project.RunAsync()).NamedStates);
        return next;
    }

    private static async Task<CacheRun> KilledWithToolsAsync(CacheProject project)
    {
        await using (var run = project.RunCommand().Start())
        {
            await FileAsync(project.Outside("up"));
            run.Signal(PosixSignalNumber.Kill);
            await run.WaitAsync(TestContext.Current.CancellationToken);
        }

        Assert.NotNull(new FileInfo(project[".tools"]).LinkTarget);
        await File.WriteAllTextAsync(project.Outside("go"), "", TestContext.Current.CancellationToken);
        return await project.RunAsync();
    }

    private static async Task<CacheRun> InputRaceAsync(CacheProject project)
    {
        await using (var run = project.RunCommand().Start())
        {
            await FileAsync(project.Outside("up"));
            project.Write("a.txt", "b\n");
            await File.WriteAllTextAsync(project.Outside("go"), "", TestContext.Current.CancellationToken);
            var result = new CacheRun(await run.WaitAsync(TestContext.Current.CancellationToken)).Succeeded();
            Assert.Equal("hold miss", result.NamedStates);
            Assert.Contains("input", result["hold"].Event.GetProperty("cache").GetProperty("reason").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal("a\n", project.Read("o.txt"));
        project.Write("a.txt", "a\n");
        var next = await project.RunAsync();
        Assert.Equal("hold hit", (await project.RunAsync()).NamedStates);
        return next;
    }

    private static async Task<CacheRun> OwnInputAsync(CacheProject project)
    {
        await Check(project, "self miss");
        project.Write("a.txt", "a\n");
        return await project.RunAsync();
    }

    private static async Task<CacheRun> SameTreeAsync(CacheProject project)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var first = project.RunCommand().Start();
        await FileAsync(project.Outside("up"));
        await using var second = project.RunCommand().Start();
        await second.WaitForAsync("lock.waiting", cancellationToken);
        await File.WriteAllTextAsync(project.Outside("go"), "", cancellationToken);

        Assert.Equal("hold miss", new CacheRun(await first.WaitAsync(cancellationToken)).Succeeded().NamedStates);
        return new CacheRun(await second.WaitAsync(cancellationToken)).Succeeded();
    }

    private static async Task<CacheRun> TwoClonesAsync(CacheProject project)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var clone = await project.CloneAsync();
        await using var first = project.RunCommand().Start();
        await FileAsync(project.Outside("up"));
        await using var second = clone.RunCommand().Start();
        await second.WaitForAsync("lock.waiting", cancellationToken);
        await File.WriteAllTextAsync(project.Outside("go"), "", cancellationToken);

        Assert.Equal("hold miss", new CacheRun(await first.WaitAsync(cancellationToken)).Succeeded().NamedStates);
        var run = new CacheRun(await second.WaitAsync(cancellationToken)).Succeeded();
        Assert.Equal("whole\n", clone.Read("o.txt"));
        Assert.Equal(["hold"], project.Executed);
        return run;
    }

    private static async Task<CacheRun> TwoClonesKilledAsync(CacheProject project)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var clone = await project.CloneAsync();
        await using var first = project.RunCommand().Start();
        await FileAsync(project.Outside("up"));
        await using var second = clone.RunCommand().Start();
        await second.WaitForAsync("lock.waiting", cancellationToken);
        first.Signal(PosixSignalNumber.Kill);
        await File.WriteAllTextAsync(project.Outside("go"), "", cancellationToken);

        var run = new CacheRun(await second.WaitAsync(cancellationToken)).Succeeded();
        Assert.Equal("whole\n", clone.Read("o.txt"));
        return run;
    }

    private static async Task<CacheRun> ReportsAsync(CacheProject project)
    {
        const string Summary = "cat .cairn/runs/$(ls .cairn/runs | sort | tail -n 1)/logs/make.summary.md";
        var first = (await project.RunAsync()).Succeeded();
        Assert.Equal("make miss, use miss", first.NamedStates);
        Assert.Equal("## Made\n", await project.AskAsync(Summary));
        var second = await project.RunAsync();
        Assert.Equal("## Made\n", await project.AskAsync(Summary));
        foreach (var member in (string[])["outputs", "tests", "log_bytes"])
        {
            Assert.Equal(first["make"].Event.GetProperty(member).GetRawText(), second["make"].Event.GetProperty(member).GetRawText());
        }

        Assert.Equal("a", second["make"].Event.GetProperty("outputs").GetProperty("version").GetString());
        return second;
    }

    private static async Task<CacheRun> SameStepOutputsAsync(CacheProject project)
    {
        await Check(project, "make miss, use miss");
        return await project.Write("a.txt", "a second\n").RunAsync();
    }

    private static async Task<CacheRun> OtherStepOutputsAsync(CacheProject project)
    {
        await Check(project, "make miss, use miss");
        return await project.Write("a.txt", "b\n").RunAsync();
    }

    private static async Task<CacheRun> LogsAsync(CacheProject project)
    {
        await Check(project, "noisy miss");
        var run = await project.RunAsync();
        var before = await project.AskAsync("\"$0\" logs last~1 noisy --raw | cksum");
        Assert.Equal(before, await project.AskAsync("\"$0\" logs last noisy --raw | cksum"));
        Assert.Equal("108910", before.Split(' ')[1].TrimEnd());
        Assert.Equal(
            await project.AskAsync("\"$0\" logs last~1 noisy --timestamps | sha256sum"),
            await project.AskAsync("\"$0\" logs last noisy --timestamps | sha256sum"));
        return run;
    }

    private static async Task<CacheRun> KindsAsync(CacheProject project)
    {
        const string Look = "cd out; find . -not -type d -printf '%p %y %m %s %l\\n' | sort; cat large \"$(printf 'new\\nline')\" ' space \"quote\"' é→🎈 ./-rf | cksum";
        await Check(project, "kinds miss");
        var before = await project.AskAsync(Look);
        var run = await project.Delete("out").RunAsync();
        Assert.Equal(before, await project.AskAsync(Look));
        return run;
    }

    private static async Task<CacheRun> StaleAsync(CacheProject project)
    {
        await Check(project.Write("list.txt", "1 2 3\n"), "split miss");
        await Check(project.Write("list.txt", "1 4\n"), "split miss");
        Assert.Equal("1\n4\n", await project.AskAsync("ls out"));
        var run = await project.Write("list.txt", "1 2 3\n").RunAsync();
        Assert.Equal("1\n2\n3\n", await project.AskAsync("ls out"));
        Assert.False(Directory.Exists(project[".cairn/trash"]), "what steps wrote is no one's loss");
        return run;
    }

    private static async Task<CacheRun> SecretValueAsync(CacheProject project)
    {
        project.Environment = project.Environment.Add("TOKEN_VALUE", "kX7q-first-Zw9");
        var first = (await project.RunAsync()).Succeeded();
        Assert.Equal("login miss", first.NamedStates);
        Assert.Equal("***", first["login"].Event.GetProperty("outputs").GetProperty("seen").GetString());
        project.Environment = project.Environment.SetItem("TOKEN_VALUE", "Pm3x-second-Rt5");
        var run = await project.RunAsync();
        Assert.Equal("", await project.AskAsync("grep -rlE 'kX7q-first|Pm3x-second' \"$XDG_CACHE_HOME\" .cairn || true"));
        return run;
    }

    private static async Task<CacheRun> OtherSecretAsync(CacheProject project)
    {
        project.Environment = project.Environment.Add("TOKEN_VALUE", "kX7q-first-Zw9");
        await Check(project, "login miss");
        return await project.EditPipeline("secrets.token", "secrets.other").RunAsync();
    }

    private static async Task<CacheRun> ServiceAsync(CacheProject project)
    {
        await Check(project, "ask miss");
        var run = await project.RunAsync();
        Assert.Empty(run.Of("service.started"));
        Assert.Single(await File.ReadAllLinesAsync(project.Outside("services"), TestContext.Current.CancellationToken));
        return run;
    }

    private static async Task<CacheRun> UnreadServiceAsync(CacheProject project)
    {
        await Check(project, "ask miss");
        return await project.RunAfterAsync(CacheTableTests.Overwrite);
    }

    private static async Task<CacheRun> CommittedServiceAsync(CacheProject project)
    {
        const string Commit = "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m next";
        await project.AskAsync("git init -q; git add a.txt; " + Commit);
        await Check(project, "ask miss");
        await Check(project, "ask hit");
        return await project.RunAfterAsync(Commit);
    }

    private static async Task<CacheRun> OtherServiceAsync(CacheProject project)
    {
        await Check(project, "ask miss");
        return await project.EditPipeline("exec sleep 1000", "exec sleep 1001").RunAsync();
    }

    private static async Task<CacheRun> LockAsync(CacheProject project)
    {
        await Check(project, "deploy miss");
        using var other = await project.CloneAsync();
        other.WritePipeline(Head + Holding.Replace("inputs: [a.txt]", "inputs: [a.txt]\n    concurrency: { locks: [lab] }", StringComparison.Ordinal));
        await using var holder = other.RunCommand().Start();
        await FileAsync(project.Outside("up"));
        File.Delete(project.Outside("ledger"));

        var run = await project.RunAsync();

        Assert.Empty(run.Of("lock.waiting"));
        await File.WriteAllTextAsync(project.Outside("go"), "", TestContext.Current.CancellationToken);
        await holder.WaitAsync(TestContext.Current.CancellationToken);
        return run;
    }
}
