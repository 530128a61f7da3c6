using System.Collections.Immutable;

namespace Cairn.EndToEnd.Cache;

/// <summary>The executable table of hits and misses: the standard project has run once, then something happens, then it runs again.</summary>
public sealed class CacheTableTests
{
    internal const string Overwrite = "find \"$XDG_CACHE_HOME/cairn/ac\" -type f -exec sh -c 'chmod u+w \"$1\"; echo nonsense >\"$1\"' sh {} ';'";

    // The columns are gen, build, test and pack.
    internal static readonly CacheSection[] Sections =
    [
        new(
            "Nothing that counts changes",
            new("Run again", "hit hit hit hit", p => p.RunAsync()),
            new("Run in another checkout of the same content", "hit hit hit hit", async p => await (await p.CloneAsync()).RunAsync()),
            new("Touch every source", "hit hit hit hit", p => p.Touch("src/a.c").Touch("version.txt").Touch("cases.txt").Touch("README.md").RunAsync()),
            new("Set a source's time in the future", "hit hit hit hit", p => p.RunAfterAsync("touch -d '+2 days' src/a.c README.md")),
            new("Edit a source and revert it, with a run between", "hit hit hit hit", EditAndRevertAsync),
            new("Write a source anew with the same bytes", "hit hit hit hit", p => p.RunAfterAsync("cp src/a.c a2; mv a2 src/a.c")),
            new("Edit a file that `.gitignore` names", "hit hit hit hit", p => p.Write("notes.tmp", "other\n").RunAsync()),
            new("Change a mode except for the executable bit", "hit hit hit hit", p => p.RunAfterAsync("chmod 600 src/a.c README.md")),
            new("Make an empty folder", "hit hit hit hit", p => p.RunAfterAsync("mkdir src/empty")),
            new("Put the project under git, and commit", "hit hit hit hit", p => p.RunAfterAsync("git init -q; git add -A; git -c user.name=a -c user.email=a@b commit -qm first")),
            new("Remove `.cairn`", "hit hit hit hit", p => p.Delete(".cairn").RunAsync()),
            new("Run with variables of the caller that no step is given", "hit hit hit hit", WithOtherEnvironmentAsync)),
        new(
            "Inputs",
            new("Edit a source", "hit miss miss miss", p => p.Write("src/a.c", "int a = 1234;\n").RunAsync()),
            new("Edit a source, its size and its time as before", "hit miss miss miss", EditUnseenAsync),
            new("Put another file of the same size and time in a source's place", "hit miss miss miss", p => p.RunAfterAsync("echo 'int a = 2;' >../a; touch -r src/a.c ../a; mv ../a src/a.c")),
            new("Edit a file that no step names", "hit hit hit miss", p => p.Write("README.md", "Another project.\n").RunAsync()),
            new("Add a file that a glob matches", "hit miss miss miss", p => p.Write("src/c.c", "int c = 1;\n").RunAsync()),
            new("Add a file that no glob matches", "hit hit hit miss", p => p.Write("notes.txt", "new\n").RunAsync()),
            new("Remove a file that a glob matches", "hit miss miss miss", p => p.Delete("src/b.c").RunAsync()),
            new("Rename a file that a glob matches; the output stays the same", "hit miss hit miss", p => p.Rename("src/b.c", "src/z.c").RunAsync()),
            new("Make a source executable; the output stays the same", "hit miss hit miss", p => p.RunAfterAsync("chmod +x src/a.c")),
            new("Lead a symbolic link elsewhere; the output stays the same", "hit miss hit miss", p => p.Link("src/link", "b.c").RunAsync()),
            new("Replace a link by a file with the content of its target", "hit miss hit miss", p => p.Delete("src/link").Write("src/link", p.Read("src/a.c")).RunAsync()),
            new("Early cut-off: edit what `gen` reads so that it writes the same bytes", "miss hit hit miss", p => p.Write("version.txt", "#define   VERSION   1\n").RunAsync()),
            new("Edit what `gen` reads so that it writes other bytes", "miss miss miss miss", p => p.Write("version.txt", "#define VERSION 2\n").RunAsync())),
        new(
            "The pipeline",
            new("Change comments, order and layout of `cairn.yaml`", "hit hit hit hit", p => p.EditPipeline("name: table\n", "# A comment.\n\nname: table\n").RunAsync()),
            new("Change a script", "hit miss hit hit", p => p.EditPipeline("chmod +x out/app", "chmod 755 out/app").RunAsync()),
            new("Change a variable of a step", "hit miss hit hit", p => p.EditPipeline("MODE: \"", "EXTRA: 1, MODE: \"").RunAsync()),
            new("Change a variable of the pipeline", "miss miss miss miss", p => p.EditPipeline("TONE: low", "TONE: high").RunAsync()),
            new("Set a parameter that one step reads", "hit miss hit hit", p => p.RunAsync("--param", "mode=debug")),
            new("Set it, and run without it", "hit hit hit hit", p => AfterAsync(p, "--param", "mode=debug")),
            new("Change the shell", "hit hit miss hit", p => p.EditPipeline("inputs: [cases.txt]", "inputs: [cases.txt]\n    shell: bash").RunAsync()),
            new("Set `key_extra`", "hit hit miss hit", p => p.EditPipeline("inputs: [cases.txt]", "inputs: [cases.txt]\n    cache: { key_extra: two }").RunAsync()),
            new("Change the working directory", "hit hit hit miss", p => p.EditPipeline("ls | wc -l", "ls | wc -l\n    working_directory: src").RunAsync()),
            new("Declare other outputs", "hit miss hit hit", p => p.EditPipeline("outputs: [\"out/**\"]", "outputs: [out/app]").RunAsync()),
            new("Write `inputs` in another way that matches the same files", "hit hit hit hit", p => p.EditPipeline("[\"src/**\"]", "[\"src/*.c\", src/link]").RunAsync()),
            new("Need one more step that has outputs", "hit hit miss hit", p => p.EditPipeline("needs: [build]", "needs: [build, gen]").RunAsync()),
            new("Change timeout, retries, description or locks", "hit hit hit hit", p => p.EditPipeline("inputs: [cases.txt]", "inputs: [cases.txt]\n    timeout: 5m\n    retries: 2\n    description: Tests\n    concurrency: { locks: [lab] }").RunAsync())),
        new(
            "What the caller says",
            new("`--force build`: the reason is told as `--force`", "hit miss hit hit", ForcedAsync),
            new("`--force build`, and a run without it", "hit hit hit hit", p => AfterAsync(p, "--force", "build")),
            new("`--no-cache`", "off off off off", p => p.RunAsync("--no-cache")),
            new("`--no-cache`, and a run without it", "hit hit hit hit", p => AfterAsync(p, "--no-cache")),
            new("Edit a source, run with `--no-cache`, and run again: nothing was kept", "hit miss miss miss", p => AfterAsync(p.Write("src/a.c", "int a = 9;\n"), "--no-cache")),
            new("`cache: false` at `build`", "hit off hit hit", p => p.EditPipeline("inputs: [\"src/**\"]", "inputs: [\"src/**\"]\n    cache: false").RunAsync()),
            new("`--only test`", "skipped skipped hit skipped", p => p.RunAsync("--only", "test")),
            new("`--only test` after a person edited the output of its need", "skipped skipped miss skipped", p => p.Write("out/app", "mine").RunAsync("--only", "test")),
            new("Then everything: the output gets its content back", "hit hit hit hit", p => ThenAllAsync(p.Write("out/app", "mine"), "--only", "test")),
            new("`cairn run build`", "hit hit skipped skipped", p => p.RunAsync("build"))),
        new(
            "Outputs in the working tree",
            new("They stand as they were written: no file is touched", "hit hit hit hit", UntouchedAsync),
            new("Delete one: it comes back, executable as it was", "hit hit hit hit", p => RestoredAsync(p.Delete("out/app"))),
            new("Delete all: they come back", "hit hit hit hit", p => RestoredAsync(p.Delete("out").Delete("gen"))),
            new("Edit one: it gets its content back, what was written there is in `.cairn/trash`", "hit hit hit hit", DirtyOutputAsync),
            new("Edit one that feeds a step which must run: it gets its content back first", "hit hit miss miss", p => p.Write("out/app", "mine").Write("cases.txt", "three\n").RunAsync()),
            new("Edit one, its size and its time as before: it gets its content back", "hit hit hit hit", p => RestoredAsync(p, "touch -r out/app ../time; sed -i 's/int a = 1/int a = 7/' out/app; touch -r ../time out/app")),
            new("Another pipeline file of the project wrote it: it gets its content back", "hit hit hit hit", OtherPipelineAsync),
            new("Take its executable bit: it comes back", "hit hit hit hit", p => RestoredAsync(p, "chmod -x out/app")),
            new("Replace one by a link or a folder: it comes back", "hit hit hit hit", p => RestoredAsync(p, "rm out/app; mkdir -p out/app/deep; touch out/app/deep/x; rm gen/version.h; ln -s /dev/null gen/version.h")),
            new("Touch one: its content is looked at, and stays", "hit hit hit hit", p => RestoredAsync(p.Touch("out/app"))),
            new("Add a file that `outputs` match: it goes to `.cairn/trash`", "hit hit hit hit", StrayOutputAsync),
            new("Remove `.cairn` and all outputs", "hit hit hit hit", p => RestoredAsync(p.Delete(".cairn").Delete("out").Delete("gen")))),
        new(
            "The store",
            new("Remove the cache folder", "miss miss miss miss", p => p.RunAfterAsync("rm -rf \"$XDG_CACHE_HOME\"")),
            new("Remove the cache folder and `.cairn`", "miss miss miss miss", p => p.RunAfterAsync("rm -rf \"$XDG_CACHE_HOME\" .cairn")),
            new("Flip a bit of a stored output, and delete the output", "hit miss hit hit", p => DamagedAsync(p, bytes => bytes[bytes.Length / 2] ^= 1)),
            new("Cut a stored output off, and delete the output", "hit miss hit hit", p => DamagedAsync(p, bytes => bytes[..^1])),
            new("Remove a stored output, and delete the output", "hit miss hit hit", p => DamagedAsync(p, _ => null)),
            new("Flip a bit of a stored log", "hit hit miss hit", p => DamagedLogAsync(p, flip: true)),
            new("Remove a stored log", "hit hit miss hit", p => DamagedLogAsync(p, flip: false)),
            new("Overwrite every entry of the action cache: while nothing changes, none is read", "hit hit hit hit", p => p.RunAfterAsync(Overwrite)),
            new("Overwrite every entry of the action cache, and remove `.cairn`", "miss miss miss miss", p => p.Delete(".cairn").RunAfterAsync(Overwrite))),
    ];

    private static IEnumerable<CacheRow> All => Sections.SelectMany(section => section.Rows);

    public static TheoryData<string> Names() => [.. All.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Row_Has_The_Expected_Hits_And_Misses(string name)
    {
        var row = All.Single(r => r.Name == name);
        using var project = new CacheProject();
        Assert.Equal("miss miss miss miss", (await project.RunAsync()).Succeeded().States);

        var run = (await row.Act(project)).Succeeded();

        Assert.True(row.Expected == run.States, $"Expected [{row.Expected}], got [{run.States}]\n{run.Result}");
    }

    private static async Task<CacheRun> ForcedAsync(CacheProject project)
    {
        var run = await project.RunAsync("--force", "build");
        Assert.Equal("`--force`", run["build"].Event.GetProperty("cache").GetProperty("reason").GetString());
        Assert.False(run["gen"].Event.GetProperty("cache").TryGetProperty("reason", out _));
        Assert.Contains("`--force`", await project.AskAsync("\"$0\" why build"), StringComparison.Ordinal);
        Assert.Contains("\"cause\":\"forced\"", (await project.AskAsync("\"$0\" why build --json")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        return run;
    }

    private static async Task<CacheRun> AfterAsync(CacheProject project, params ImmutableArray<string> arguments)
    {
        (await project.RunAsync(arguments)).Succeeded();
        return await project.RunAsync();
    }

    private static async Task<CacheRun> ThenAllAsync(CacheProject project, params ImmutableArray<string> arguments)
    {
        (await project.RunAsync(arguments)).Succeeded();
        return await RestoredAsync(project);
    }

    private static async Task<CacheRun> OtherPipelineAsync(CacheProject project)
    {
        var pipeline = project.Read("cairn.yaml");
        await project.Write("other.yaml", pipeline.Replace("cat src/*.c gen", "echo other; cat gen", StringComparison.Ordinal)).RunAsync("-f", "other.yaml");
        await project.AskAsync("rm other.yaml; touch -d yesterday out/app");
        return await RestoredAsync(project);
    }

    private static async Task<CacheRun> EditAndRevertAsync(CacheProject project)
    {
        var before = project.Read("src/a.c");
        Assert.Equal("hit miss miss miss", (await project.Write("src/a.c", "int a = 1234;\n").RunAsync()).States);
        var run = await project.Write("src/a.c", before).RunAsync();
        Assert.StartsWith(before, project.Read("out/app"), StringComparison.Ordinal);
        return run;
    }

    private static Task<CacheRun> EditUnseenAsync(CacheProject project)
    {
        var path = project["src/a.c"];
        var time = File.GetLastWriteTimeUtc(path);
        project.Write("src/a.c", "int a = 2;\n");
        File.SetLastWriteTimeUtc(path, time);
        return project.RunAsync();
    }

    private static Task<CacheRun> WithOtherEnvironmentAsync(CacheProject project)
    {
        project.Environment = project.Environment.Add("MODE", "strange").Add("CC", "clang").SetItem("LANG", "de_DE.UTF-8");
        return project.RunAsync();
    }

    private static async Task<CacheRun> UntouchedAsync(CacheProject project)
    {
        const string Look = "stat -c '%n %i %y %z' gen gen/* out out/*; find . -path ./.cairn/runs -prune -o -newer cairn.yaml -type f -print | sort";
        var before = await project.AskAsync(Look);
        var run = await project.RunAsync();
        Assert.Equal(before, await project.AskAsync(Look));
        return run;
    }

    private static async Task<CacheRun> RestoredAsync(CacheProject project, string script = ":")
    {
        var run = await project.RunAfterAsync(script);
        Assert.Equal("int a = 1;\nint b = 1;\n#defineVERSION1\n", project.Read("out/app"));
        Assert.Equal("#defineVERSION1\n", project.Read("gen/version.h"));
        Assert.Equal("-rwxr-xr-x\n-rw-r--r--\n", await project.AskAsync("stat -c %A out/app gen/version.h"));
        return run;
    }

    private static async Task<CacheRun> DirtyOutputAsync(CacheProject project)
    {
        var run = await RestoredAsync(project.Write("out/app", "mine"));
        Assert.Equal("mine", await project.AskAsync("cat .cairn/trash/*/out/app"));
        return run;
    }

    private static async Task<CacheRun> StrayOutputAsync(CacheProject project)
    {
        var run = await RestoredAsync(project.Write("out/extra", "mine"));
        Assert.False(File.Exists(project["out/extra"]));
        Assert.Equal("mine", await project.AskAsync("cat .cairn/trash/*/out/extra"));
        return run;
    }

    private static Task<CacheRun> DamagedAsync(CacheProject project, Action<byte[]> damage) => DamagedAsync(project, bytes =>
    {
        damage(bytes);
        return bytes;
    });

    private static async Task<CacheRun> DamagedAsync(CacheProject project, Func<byte[], byte[]?> damage)
    {
        var blob = project.BlobOf("out/app");
        var bytes = damage(await File.ReadAllBytesAsync(blob, TestContext.Current.CancellationToken));
        File.Delete(blob);
        if (bytes is not null)
        {
            await File.WriteAllBytesAsync(blob, bytes, TestContext.Current.CancellationToken);
        }

        var run = await RestoredAsync(project.Delete("out/app"));
        Assert.Equal("hit hit hit hit", (await project.Delete("out/app").RunAsync()).States);
        return run;
    }

    // What `test` writes is what `cases.txt` holds.
    private static async Task<CacheRun> DamagedLogAsync(CacheProject project, bool flip)
    {
        var blob = project.BlobOf("cases.txt");
        var bytes = await File.ReadAllBytesAsync(blob, TestContext.Current.CancellationToken);
        bytes[0] ^= 1;
        File.Delete(blob);
        if (flip)
        {
            await File.WriteAllBytesAsync(blob, bytes, TestContext.Current.CancellationToken);
        }

        var run = await project.RunAsync();
        Assert.Equal("one two\n", await project.AskAsync("\"$0\" logs last test --raw"));
        return run;
    }
}
