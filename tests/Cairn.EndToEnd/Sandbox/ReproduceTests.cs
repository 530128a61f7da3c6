using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

public sealed class ReproduceTests
{
    private const string Compiled = """
        #include <stdio.h>
        int main(void) { puts("built at " __TIME__); return 0; }

        """;

    [Theory]
    [InlineData("path", "pwd >out")]
    [InlineData("hostname", "cat /proc/sys/kernel/hostname >out")]
    [InlineData("locale", "printf é | wc -m >out")]
    [InlineData("file-order", "ls -U src >out")]
    [InlineData("file-order", "mkdir made; touch made/one made/two made/three made/four; ls -U made >out")]
    [InlineData("umask", "touch made; stat -c %a made >out")]
    [InlineData("user", "id -u >out")]
    [InlineData("timezone", "date -d @0 +%H:%M >out")]
    [InlineData("time", "date +%Y >out")]
    [InlineData("time", "date +%s.%N >out")]
    public async Task Reproduce_NamesTheVariationThatChangesAFile(string variation, string script)
    {
        using var project = Project(script);
        using var report = await ReproduceAsync(project, exit: 1, "step");
        var difference = Assert.Single(Differences(report));
        Assert.Equal("out", difference.GetProperty("path").GetString());
        Assert.Equal("varied", difference.GetProperty("cause").GetString());
        Assert.Equal(variation, Assert.Single(difference.GetProperty("variations").EnumerateArray()).GetString());
        Assert.NotEmpty(difference.GetProperty("detail").EnumerateArray());
    }

    [Fact]
    public async Task Reproduce_NamesTheNumberOfProcessors_WhereThereIsMoreThanOne()
    {
        using var project = Project("nproc >out");
        var several = Environment.ProcessorCount > 1;
        using var report = await ReproduceAsync(project, several ? 1 : 0, "step");
        Assert.Equal(several ? ["cpus"] : [], Differences(report).SelectMany(d => d.GetProperty("variations").EnumerateArray()).Select(v => v.GetString()));
    }

    [Fact]
    public async Task Reproduce_NamesFileAndCause_OfACompiledTime()
    {
        using var project = new TestProject();
        project.Write("hello.c", Compiled);
        project.Write("cairn.yaml", """
            version: 1
            steps:
              build:
                run: gcc -o hello hello.c && echo fine >notes
                outputs: [hello, notes]
                isolation: sandbox

            """);
        await RunAsync(project);
        var before = project.Read("hello");
        var result = await project.CairnAsync("reproduce", "build");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("differs build", result.Output, StringComparison.Ordinal);
        Assert.Contains("  hello: changes with time, timezone (content)\n    @ byte ", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("notes:", result.Output, StringComparison.Ordinal);
        Assert.Equal(before, project.Read("hello"));
    }

    [Fact]
    public async Task Reproduce_FindsThatAFileDiffersFromItself()
    {
        using var project = Project("head -c 8 /dev/urandom | od -An -tx1 >out; echo same >fixed", "fixed");
        using var report = await ReproduceAsync(project, exit: 1, "step");
        var difference = Assert.Single(Differences(report));
        Assert.Equal(("out", "itself"), (difference.GetProperty("path").GetString(), difference.GetProperty("cause").GetString()));
    }

    [Fact]
    public async Task Reproduce_FindsVariationsThatOnlyWorkTogether()
    {
        using var project = Project("if [ \"$PWD\" != /work ] && [ \"$(cat /proc/sys/kernel/hostname)\" != cairn ]; then echo elsewhere; else echo home; fi >out");
        using var report = await ReproduceAsync(project, exit: 1, "step");
        var difference = Assert.Single(Differences(report));
        Assert.True(difference.GetProperty("together").GetBoolean());
        Assert.Equal(["path", "hostname"], difference.GetProperty("variations").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal(["@ line 1", "-home", "+elsewhere"], difference.GetProperty("detail").EnumerateArray().Select(v => v.GetString()));
    }

    [Fact]
    public async Task Reproduce_NamesTheVariation_WithWhichAStepFails()
    {
        using var project = Project("echo made >out; [ $(id -u) = 1000 ] || { echo who are you; exit 7; }");
        using var report = await ReproduceAsync(project, exit: 1, "step");
        var difference = Assert.Single(Differences(report));
        Assert.Equal("(exit)", difference.GetProperty("path").GetString());
        Assert.Equal("user", Assert.Single(difference.GetProperty("variations").EnumerateArray()).GetString());
        Assert.Equal("succeeded / exit 7: who are you", difference.GetProperty("what").GetString());
    }

    [Fact]
    public async Task Reproduce_IsContentWithACleanRun_AndTouchesNothing()
    {
        using var project = new TestProject();
        project.Write("a.txt", "one\n");
        project.Write("b.txt", "two\n");
        project.Write("cairn.yaml", """
            version: 1
            steps:
              join:
                run: mkdir -p out && cat a.txt b.txt >out/joined && chmod +x out/joined && ln -s joined out/link
                inputs: ["*.txt"]
                outputs: [out/]
                isolation: sandbox
              count:
                needs: [join]
                run: wc -c <out/joined >count
                inputs: []
                outputs: [count]
                isolation: sandbox

            """);
        await RunAsync(project);
        project.Write("out/joined", "mine now\n");
        var store = Directory.GetFiles(project.Environment["XDG_CACHE_HOME"], "*", SearchOption.AllDirectories).Count(f => !f.Contains("/layers/", StringComparison.Ordinal));
        using var report = await ReproduceAsync(project, exit: 0, "last", "--times", "3");
        var jobs = report.RootElement.GetProperty("jobs").EnumerateArray().ToArray();
        Assert.Equal(["count", "join"], jobs.Select(j => j.GetProperty("job").GetString()));
        Assert.All(jobs, j => Assert.Equal("identical", j.GetProperty("verdict").GetString()));
        Assert.All(jobs, j => Assert.Equal(6, j.GetProperty("executions").GetInt32()));
        Assert.All(jobs, j => Assert.True(j.GetProperty("compared_with_record").GetBoolean()));
        Assert.Equal("mine now\n", project.Read("out/joined"));
        Assert.Equal(store, Directory.GetFiles(project.Environment["XDG_CACHE_HOME"], "*", SearchOption.AllDirectories).Count(f => !f.Contains("/layers/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Reproduce_RefusesWhatItCannotHoldStill()
    {
        using var project = new TestProject();
        project.Write("in", "old\n");
        project.Write("cairn.yaml", """
            version: 1
            steps:
              open: { run: echo x, isolation: process }
              edited: { run: cp in out, inputs: [in], outputs: [out], isolation: sandbox }

            """);
        await RunAsync(project);
        var open = await project.CairnAsync("reproduce", "open");
        Assert.Equal(2, open.ExitCode);
        Assert.Contains("`isolation: process`", open.Output, StringComparison.Ordinal);
        project.Write("in", "new\n");
        File.Delete(Path.Combine(project.Folder, "out"));
        var blob = Directory.GetFiles(project.Environment["XDG_CACHE_HOME"], "*", SearchOption.AllDirectories).Where(f => f.Contains("/cas/", StringComparison.Ordinal) || f.Contains("/blobs/", StringComparison.Ordinal));
        foreach (var file in blob)
        {
            File.Delete(file);
        }

        var edited = await project.CairnAsync("reproduce", "edited");
        Assert.Equal(2, edited.ExitCode);
        Assert.Contains("the input `in` is neither in the working tree nor in the store", edited.Output, StringComparison.Ordinal);
        var unknown = await project.CairnAsync("reproduce", "nobody");
        Assert.Equal(2, unknown.ExitCode);
        var misspelt = await project.CairnAsync("reproduce", "open", "--vary", "tme");
        Assert.Equal(2, misspelt.ExitCode);
        Assert.Contains("did you mean `time`?", misspelt.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reproduce_ComparesStepOutputs_AndGivesUpWhatItCannotExecute()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", """
            version: 1
            steps:
              value: { run: 'echo "stamp=$(date +%Y)" >>$CAIRN_OUTPUT', isolation: sandbox }
              plain: { run: echo x, isolation: process }
              fine: { run: echo x >out, outputs: [out], isolation: sandbox }

            """);
        await RunAsync(project);
        var value = await project.CairnAsync("reproduce", "value");
        Assert.Equal(1, value.ExitCode);
        Assert.Matches(@"output:stamp: changes with time \(`\d{4}` / `\d{4}`\)", value.Output);
        var all = await project.CairnAsync("reproduce", "last", "--vary", "path");
        Assert.Contains("identical fine", all.Output, StringComparison.Ordinal);
        Assert.Contains("refused plain", all.Output, StringComparison.Ordinal);
        Assert.True(all.ExitCode == 2, "not everything was identical");
    }

    [Fact]
    public async Task Reproduce_ShowsDifferencesByATool_InASandbox()
    {
        using var project = Project("echo $PWD >out");
        await RunAsync(project);
        project.Write("tool/diffoscope", "#!/bin/sh\nshift 5\necho \"tool $(id -u) $(ls /sys/class/net 2>/dev/null | wc -l) $*\"\ncat \"$@\"\nexit 1\n");
        var tool = project.Command("reproduce", "step", "--vary", "path");
        const string Mounts = "chmod +x tool/diffoscope; mkdir tmp; mount -t tmpfs t tmp; mkdir tmp/u tmp/w; cp tool/diffoscope tmp/u; mount -t overlay -o lowerdir=/usr/bin,upperdir=tmp/u,workdir=tmp/w o /usr/bin; exec \"$@\"";
        var shown = await new Tool("unshare", ["-m", "sh", "-ec", Mounts, "sh", tool.Program, .. tool.Arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }
            .RunAsync(TestContext.Current.CancellationToken);
        Assert.True(shown.ExitCode == 1, shown.ToString());
        Assert.Contains("    tool 1000 0 first second\n    /work\n    /srv/another/place/of/the-project\n", shown.Output, StringComparison.Ordinal);
    }

    private static TestProject Project(string script, params string[] outputs)
    {
        var project = new TestProject();
        foreach (var name in (ReadOnlySpan<string>)["one", "two", "three", "four"])
        {
            project.Write($"src/{name}", name);
        }

        project.Write("cairn.yaml", $$"""
            version: 1
            steps:
              step:
                run: |
                  {{script}}
                outputs: [{{string.Join(", ", outputs.Prepend("out"))}}]
                isolation: sandbox

            """);
        return project;
    }

    private static async Task RunAsync(TestProject project)
    {
        var run = await project.CairnAsync("run", "--plain");
        Assert.True(run.ExitCode == 0, run.ToString());
    }

    private static async Task<JsonDocument> ReproduceAsync(TestProject project, int exit, params string[] arguments)
    {
        if (!Directory.Exists(Path.Combine(project.Folder, ".cairn/runs")))
        {
            await RunAsync(project);
        }

        var result = await project.CairnAsync(["reproduce", "--json", .. arguments]);
        Assert.True(result.ExitCode == exit, result.ToString());
        return JsonDocument.Parse(result.Output);
    }

    private static JsonElement[] Differences(JsonDocument report) => [.. report.RootElement.GetProperty("jobs").EnumerateArray().Single().GetProperty("differences").EnumerateArray()];
}
