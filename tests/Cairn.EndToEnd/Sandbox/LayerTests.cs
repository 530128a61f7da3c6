using System.Globalization;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>Trees that are laid out once for many steps: what steps see of them, and who may take them away.</summary>
public sealed class LayerTests
{
    private const int Files = 200;

    private const string List = """
        find in | LC_ALL=C sort | while read -r f; do
          if [ -L "$f" ]; then echo "$f -> $(readlink "$f")"
          elif [ -d "$f" ]; then echo "$f/"
          elif [ -x "$f" ]; then echo "$f* $(cat "$f")"
          else echo "$f $(cat "$f")"; fi
        done
        """;

    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Delta_Shows_What_A_Fresh_Layer_Would_Show(bool asUser)
    {
        using var project = Project(asUser);
        Assert.Equal((1, 0), await RunAsync(project));
        var tree = Path.Combine(project.Project.Folder, "in");

        // Added, changed, removed, a folder's last file removed, a mode, a file to a folder, a folder to a file, a link to a file, and another target.
        project.Project.Write("in/new/file", "new");
        project.Project.Write("in/d1/f11", "changed");
        File.Delete($"{tree}/d1/f12");
        Directory.Delete($"{tree}/alone", recursive: true);
        File.SetUnixFileMode($"{tree}/d1/f13", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await CheckAsync(project, expected: (2, 1));
        File.Delete($"{tree}/d1/f14");
        project.Project.Write("in/d1/f14/below", "below");
        Directory.Delete($"{tree}/turns", recursive: true);
        project.Project.Write("in/turns", "a file now");
        File.Delete($"{tree}/link");
        project.Project.Write("in/link", "no link now");
        await CheckAsync(project, expected: (3, 2));
        File.Delete($"{tree}/link");
        File.CreateSymbolicLink($"{tree}/link", "d1/f15");
        File.Delete($"{tree}/turns");
        project.Project.Write("in/turns/other", "a folder again");
        await CheckAsync(project, expected: (4, 3));

        var check = await project.Command("store", "fsck").RunAsync(TestContext.Current.CancellationToken);
        Assert.True(check.ExitCode == 0 && check.Output.Contains("and 5 layers", StringComparison.Ordinal) && check.Output.Contains("all is well", StringComparison.Ordinal), check.ToString());
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Damaged_Layer_Is_Found_And_Laid_Out_Again(bool asUser)
    {
        using var project = Project(asUser);
        Assert.Equal((1, 0), await RunAsync(project));
        var file = Directory.EnumerateFiles(Path.Combine(project.Store, "layers"), "f11", SearchOption.AllDirectories).Single();
        await File.WriteAllTextAsync(file, "damage", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddSeconds(1_000_000_000));

        var check = await project.Command("store", "fsck").RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, check.ExitCode);
        Assert.Matches(@"removed +layers/\d+/[0-9a-f]{64}: `work/in/d1/f11` is a file .*/6, and should be a file .*/2", check.Output);
        Assert.False(File.Exists(file));
        Assert.Equal((1, 0), await RunAsync(project, "--no-cache"));
        Assert.Contains("in/d1/f11 11\n", project.Project.Read("seen"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Collection_Beside_A_Run_Leaves_What_It_Uses_And_Afterwards_Takes_It(bool asUser)
    {
        using var project = Project(asUser);
        Assert.Equal((1, 0), await RunAsync(project));
        Age(project);
        project.Project.Write("in/d1/f11", "changed");
        project.Project.Write("cairn.yaml", """
            version: 1
            defaults: { isolation: sandbox }
            steps:
              see:
                inputs: ["in/**"]
                run: n=0; while cat "in/d$((n / 10 % 10))/f$((n % 100))" >/dev/null; do n=$((n + 1)); echo "round $n"; sleep 0.05; done

            """);
        await using (var run = project.Command("run", "--plain").Start())
        {
            await run.WaitForAsync("round 3\n", TestContext.Current.CancellationToken);
            var kept = await project.Command("store", "gc", "--quota", "1KiB").RunAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain("of sandboxes", kept.Output, StringComparison.Ordinal);
            Assert.Contains("Still over the quota", kept.Output, StringComparison.Ordinal);
            Assert.Equal((2, 1), Count(project));
            var rounds = run.Output.Split("round ").Length;
            await run.WaitForAsync($"round {rounds + 5}\n", TestContext.Current.CancellationToken);
            run.Signal(PosixSignalNumber.Terminate);
            await run.WaitAsync(TestContext.Current.CancellationToken);
        }

        Age(project);
        var taken = await project.Command("store", "gc", "--quota", "1KiB").RunAsync(TestContext.Current.CancellationToken);
        Assert.True(taken.Output.Contains("Also removed 3 layers of sandboxes", StringComparison.Ordinal), taken.ToString());
        Assert.Equal((0, 0), Count(project));
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Run_Killed_While_It_Lays_Out_Leaves_Nothing_That_Is_Used(bool asUser)
    {
        using var project = Project(asUser);

        // Large enough to be seen on the way.
        for (var i = 0; i < 4_000; i++)
        {
            project.Project.Write($"in/many/{i / 100}/{i}", i.ToString(CultureInfo.InvariantCulture));
        }

        var layers = Path.Combine(project.Store, "layers");
        await using (var run = project.Command("run", "--plain").Start())
        {
            await Wait.UntilAsync(() => Begun(layers) || Count(project).All > 0, () => "a layer that is begun", TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            run.Signal(PosixSignalNumber.Kill);
            await run.WaitAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(Begun(layers), "The run was too fast to be killed");
        var check = await project.Command("store", "gc").RunAsync(TestContext.Current.CancellationToken);
        Assert.True(check.ExitCode == 0 && !Begun(layers), check.ToString());
        var (all, deltas) = await RunAsync(project);
        Assert.Equal((1, 0), (all, deltas));
        Assert.Contains("in/many/39/3999 3999\n", project.Project.Read("seen"), StringComparison.Ordinal);
    }

    private static HostileProject Project(bool asUser)
    {
        var project = HostileProject.Of(asUser, $"  see:\n    inputs: [\"in/**\"]\n    outputs: [seen]\n    run: |\n      {List.ReplaceLineEndings("\n      ")} > seen\n");
        for (var i = 0; i < Files; i++)
        {
            project.Project.Write($"in/d{i / 10}/f{i}", i.ToString(CultureInfo.InvariantCulture));
        }

        project.Project.Write("in/alone/file", "alone");
        project.Project.Write("in/turns/file", "in a folder");
        File.CreateSymbolicLink(Path.Combine(project.Project.Folder, "in/link"), "d0/f0");
        return project;
    }

    /// <summary>Runs, and counts the layers then there.</summary>
    private static async Task<(int All, int Deltas)> RunAsync(HostileProject project, params string[] options)
    {
        var result = await project.RunAsync([.. options]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return Count(project);
    }

    /// <summary>Runs over a delta, which must show what is there.</summary>
    private static async Task CheckAsync(HostileProject project, (int, int) expected)
    {
        Assert.Equal(expected, await RunAsync(project));
        var tree = await new Tool("sh", "-c", List) { Folder = project.Project.Folder }.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(tree.Output, project.Project.Read("seen"));
    }

    /// <summary>The layers that are named after trees, and those of them that lie over another.</summary>
    private static (int All, int Deltas) Count(HostileProject project)
    {
        var layers = Path.Combine(project.Store, "layers");
        var abouts = Directory.Exists(layers)
            ? Directory.EnumerateDirectories(layers).SelectMany(Directory.EnumerateDirectories).Where(static l => Path.GetFileName(l).Length == 64).Select(static l => Path.Combine(l, "about")).Where(File.Exists).ToList()
            : [];
        return (abouts.Count, abouts.Count(static a => File.ReadAllText(a).Contains("base ", StringComparison.Ordinal)));
    }

    private static bool Begun(string layers) =>
        Directory.Exists(layers) && Directory.EnumerateDirectories(layers).SelectMany(Directory.EnumerateDirectories).Any(static l => Path.GetFileName(l).StartsWith("new-", StringComparison.Ordinal));

    /// <summary>Makes all layers look long unused.</summary>
    private static void Age(HostileProject project)
    {
        foreach (var layer in Directory.EnumerateDirectories(Path.Combine(project.Store, "layers")).SelectMany(Directory.EnumerateDirectories))
        {
            Directory.SetLastWriteTimeUtc(layer, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2.5));
        }
    }
}
