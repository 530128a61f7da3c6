using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <summary>The part of the table whose lines have pipelines of their own, and more than two runs: what the last of them shows.</summary>
public sealed partial class CacheScenarioTests
{
    private const string Head = "version: 1\nname: scenario\nenv: { LEDGER: \"@ROOT/ledger\" }\nsteps:\n";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    internal static readonly CacheSection[] Sections =
    [
        new(
            "Jobs and plans",
            new("A matrix gets another value", "check[level=1] hit, check[level=2] hit, check[level=3] miss, all miss", MatrixAsync) { Pipeline = Matrix },
            new("A value of a matrix changes", "check[level=1] hit, check[level=4] miss, all miss", MatrixValueAsync) { Pipeline = Matrix },
            new("A step gets another name", "second hit", RenamedStepAsync) { Pipeline = "  first: { run: NOTE, inputs: [a.txt] }\n" },
            new("A step that generated a pipeline, and what it generated, run again", "plan hit, one hit, two hit", GeneratedAsync) { Pipeline = Generating },
            new("A generating step writes one step in another way", "plan miss, one hit, two miss", GeneratedOtherAsync) { Pipeline = Generating }),
        new(
            "Failures and interruptions",
            new("A step that failed runs again", "flaky failed", FailedAgainAsync) { Pipeline = Flaky },
            new("A step that failed, succeeded at last, and runs again", "flaky hit", FailedThenFixedAsync) { Pipeline = Flaky },
            new("A step succeeded at its second attempt", "twice hit", SecondAttemptAsync) { Pipeline = "  twice: { run: 'NOTE; test -e @ROOT/flag || { touch @ROOT/flag; exit 1; }', retries: 1 }\n" },
            new("`--retry-failed last` after a failure was mended", "first skipped, flaky miss, after miss", RetryFailedAsync) { Pipeline = FlakyChain },
            new("Then everything", "first hit, flaky hit, after hit", AfterRetryFailedAsync) { Pipeline = FlakyChain },
            new("The run was killed while the step ran", "hold miss", KilledAsync) { Pipeline = Holding },
            new("The run was killed while a tool cache stood in the project", "hold miss, all hit", KilledWithToolsAsync) { Pipeline = HoldingTools },
            new("An input was edited while the step ran, and reverted later", "hold miss", InputRaceAsync) { Pipeline = HoldingWithInput },
            new("A step edits its own input, in each run", "self miss", OwnInputAsync) { Pipeline = "  self: { run: 'NOTE; echo x >>a.txt', inputs: [a.txt] }\n" }),
        new(
            "At once",
            new("A second run of a tree waits for the first", "hold hit", SameTreeAsync) { Pipeline = Holding },
            new("Two checkouts run the same action: one executes, the other waits for it", "hold hit", TwoClonesAsync) { Pipeline = Holding },
            new("Two checkouts run the same action, and the one that executes is killed", "hold miss", TwoClonesKilledAsync) { Pipeline = Holding }),
        new(
            "What comes back",
            new("Step outputs, summary and test counts", "make hit, use hit", ReportsAsync) { Pipeline = Reporting },
            new("A step runs again and gives the same step outputs", "make miss, use hit", SameStepOutputsAsync) { Pipeline = Reporting },
            new("A step runs again and gives other step outputs", "make miss, use miss", OtherStepOutputsAsync) { Pipeline = Reporting },
            new("The log, byte for byte", "noisy hit", LogsAsync) { Pipeline = "  noisy: { run: \"NOTE; printf 'a\\\\000\\\\377\\\\r\\\\033[1mb'; echo err >&2; seq 20000; printf end\" }\n" },
            new("Outputs of every kind: empty, large, executable, links, strange names", "kinds hit", KindsAsync) { Pipeline = Kinds },
            new("An output that is no longer made is removed", "split hit", StaleAsync) { Pipeline = "  split: { run: \"NOTE; mkdir -p out; for i in $(cat list.txt); do echo $i >out/$i; done\", inputs: [list.txt], outputs: [\"out/**\"] }\n" }),
        new(
            "Secrets, services, locks",
            new("A secret has another value", "login hit", SecretValueAsync) { Pipeline = Secret },
            new("A variable holds another secret", "login miss", OtherSecretAsync) { Pipeline = Secret },
            new("A step that needs a service: the service is not started", "ask hit", ServiceAsync) { Pipeline = Service },
            new("Nothing changes, and every entry of the action cache is overwritten: none is read", "ask hit", UnreadServiceAsync) { Pipeline = Service },
            new("The definition of the service changes", "ask miss", OtherServiceAsync) { Pipeline = Service },
            new("The service is told the commit, and there is another", "ask miss", CommittedServiceAsync) { Pipeline = CommittedService },
            new("A lock is taken: the step does not wait for it", "deploy hit", LockAsync) { Pipeline = "  deploy: { run: NOTE, inputs: [a.txt], concurrency: { locks: [lab] } }\n" }),
    ];

    private static IEnumerable<CacheRow> All => Sections.SelectMany(section => section.Rows);

    public static TheoryData<string> Names() => [.. All.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Scenario_Has_The_Expected_Hits_And_Misses(string name)
    {
        var row = All.Single(r => r.Name == name);
        using var project = new CacheProject(Head + row.Pipeline);
        project.Write("a.txt", "a\n").Write("b.txt", "b\n");

        var run = await row.Act(project);

        Assert.True(row.Expected == run.NamedStates, $"Expected [{row.Expected}], got [{run.NamedStates}]\n{run.Result}");
    }

    [Fact]
    public async Task Why_Exits_As_Documented()
    {
        using var project = new CacheProject();
        (await project.RunAsync()).Succeeded();
        (await project.Write("src/a.c", "int a = 3;\n").RunAsync()).Succeeded();

        var miss = await project.CairnAsync("why", "build");
        var hit = await project.CairnAsync("why", "gen");
        var unknown = await project.CairnAsync("why", "nothing");

        Assert.True(miss.ExitCode == 0, miss.ToString());
        Assert.Contains("src/a.c", miss.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("src/b.c", miss.Output, StringComparison.Ordinal);
        Assert.True(hit.ExitCode == 0, hit.ToString());
        Assert.True(unknown.ExitCode == 2, unknown.ToString());
    }

    private static async Task Check(CacheProject project, string states)
    {
        var run = await project.RunAsync();
        Assert.True(run.NamedStates == states, $"Expected [{states}], got [{run.NamedStates}]\n{run.Result}");
    }

    private static Task FileAsync(string path) =>
        Wait.UntilAsync(() => File.Exists(path), () => path, Soon, TestContext.Current.CancellationToken);
}
