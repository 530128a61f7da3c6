using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

public sealed class DeterministicTests
{
    [Fact]
    public async Task Deterministic_MakesACompiledTimeTheSameForever()
    {
        using var project = new TestProject();
        project.Write("hello.c", "#include <stdio.h>\nint main(void) { puts(__DATE__ \" \" __TIME__); return 0; }\n");
        project.Write("cairn.yaml", """
            version: 1
            steps:
              build:
                run: |
                  gcc -o hello hello.c
                  ./hello >said
                  tar cf all.tar --owner=0 --group=0 --numeric-owner --mode=go=rX hello said
                outputs: [hello, said, all.tar]
                isolation: sandbox
                deterministic: { cpus: 1, faketime: true }

            """);
        await RunAsync(project);
        Assert.Equal("Sep  9 2001 01:46:40\n", project.Read("said"));
        var result = await project.CairnAsync("reproduce", "build");
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.StartsWith("identical build", result.Output, StringComparison.Ordinal);
        Assert.Contains("`time` is not varied: the step fixes it", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deterministic_TellsTheTimeOfTheLastCommitThatChangedAnInput()
    {
        using var project = new TestProject();
        project.Write("src/a", "one\n");
        project.Write("docs/b", "two\n");
        project.Write("cairn.yaml", """
            version: 1
            defaults: { isolation: sandbox, deterministic: true }
            steps:
              say:
                run: env | sort | grep -E '^(TZ|LANG|LC_ALL|SOURCE_DATE_EPOCH)='
                inputs: ["src/**"]
              follow:
                needs: [say]
                run: echo $SOURCE_DATE_EPOCH
                inputs: ["docs/*"]

            """);
        await GitAsync(project, "init -q; git add src cairn.yaml; GIT_COMMITTER_DATE='1700000000 +0000' git commit -qm first; git add docs; GIT_COMMITTER_DATE='1700000500 +0000' git commit -qm docs");
        var first = await RunAsync(project);
        Assert.Equal(["LANG=C.UTF-8", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=1700000000", "TZ=UTC"], LinesOf("say", first));
        Assert.Equal(["1700000500"], LinesOf("follow", first));

        // Another commit beside its inputs is no other action; one that changes them and back is.
        await GitAsync(project, "commit -q --allow-empty -m nothing");
        Assert.Contains("==> say: cached", await RunAsync(project, "say"), StringComparison.Ordinal);
        await GitAsync(project, "rm -q --cached src/a; git commit -qm gone; git add src; GIT_COMMITTER_DATE='1700001000 +0000' git commit -qm back");
        Assert.Contains("SOURCE_DATE_EPOCH=1700001000", LinesOf("say", await RunAsync(project)));
    }

    [Fact]
    public async Task Deterministic_OfARun_HoldsForEveryStep_AndIsAnotherAction()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", """
            version: 1
            steps:
              say: { run: "echo ${TZ-none} ${SOURCE_DATE_EPOCH-none} $(nproc) $CAIRN_CPUS", isolation: sandbox, deterministic: { cpus: 1 } }
              plain: { run: "echo ${TZ-none}", isolation: sandbox }

            """);
        var first = await RunAsync(project);
        Assert.Equal(["UTC 1000000000 1 1"], LinesOf("say", first));
        Assert.Equal(["none"], LinesOf("plain", first));
        Assert.Equal(["UTC"], LinesOf("plain", await RunAsync(project, "--deterministic")));
        Assert.Equal(["none"], LinesOf("plain", await RunAsync(project)));
    }

    [Fact]
    public async Task Deterministic_IsRefused_WhereTheMachineShowsThrough()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", """
            version: 1
            steps:
              open: { run: date, isolation: process, deterministic: true }
              many: { run: nproc, isolation: sandbox, deterministic: { cpus: 8000 } }

            """);
        var run = await project.CairnAsync("run", "--plain");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("CAIRN0590", run.Error, StringComparison.Ordinal);
        Assert.Contains("CAIRN0591", run.Error, StringComparison.Ordinal);
        var rest = await project.CairnAsync("run", "--plain", "--only", "open");
        Assert.DoesNotContain("CAIRN0591", rest.Error, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(TestProject project, params string[] arguments)
    {
        var run = await project.CairnAsync(["run", "--plain", .. arguments]);
        Assert.True(run.ExitCode == 0, run.ToString());
        return run.Output;
    }

    private static string[] LinesOf(string step, string output)
    {
        var prefix = $"[{step}] ";
        return [.. output.Split('\n').Where(l => l.StartsWith(prefix, StringComparison.Ordinal)).Select(l => l[prefix.Length..])];
    }

    private static async Task GitAsync(TestProject project, string script)
    {
        var result = await new Tool("sh", "-euc", $"export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org; git {script}")
        {
            Folder = project.Folder,
            Environment = project.Environment,
        }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
