using System.Collections.Immutable;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary>A project whose steps mean harm, run in sandboxes by root or by an ordinary user.</summary>
internal sealed class HostileProject : IDisposable
{
    private const string User = "1234";

    private readonly TestProject _project = new() { Timeout = TimeSpan.FromMinutes(2) };
    private readonly bool _asUser;

    private HostileProject(bool asUser)
    {
        _asUser = asUser && Environment.IsPrivilegedProcess;
        _project.Environment = _project.Environment.SetItem("HOST_CANARY", Canary);
    }

    /// <summary>Both kinds of user where the tests are root's, else the one there is.</summary>
    public static TheoryData<bool> Users => Environment.IsPrivilegedProcess ? [false, true] : [true];

    /// <summary>What no step may ever see; steps spell it in two parts.</summary>
    public string Canary { get; } = $"canary-{Guid.NewGuid():N}";

    public TestProject Project => _project;

    /// <summary>The folder that holds the project, and the homes of its user.</summary>
    public string Outside => Path.GetDirectoryName(_project.Folder)!;

    /// <summary>The store.</summary>
    public string Store => Path.Combine(Outside, "home/cache/cairn");

    public static HostileProject Of(bool asUser, string steps)
    {
        var hostile = new HostileProject(asUser);
        hostile._project.Write("cairn.yaml", $"version: 1\ndefaults: {{ isolation: sandbox }}\nsteps:\n{steps}");
        return hostile;
    }

    /// <summary>Compiles a C program into the project.</summary>
    public async Task CompileAsync(string name, string source, params ImmutableArray<string> options)
    {
        _project.Write($"{name}.c", source);
        var built = await new Tool("gcc", ["-O1", "-w", .. options, "-o", name, $"{name}.c"]) { Folder = _project.Folder }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(built.ExitCode == 0, built.ToString());
    }

    /// <summary><c>cairn</c> as the user whose the project is, not started.</summary>
    public Tool Command(params ImmutableArray<string> arguments)
    {
        var command = _project.Command(arguments);
        if (!_asUser)
        {
            return command;
        }

        // What the test wrote meanwhile is the user's, too.
        const string Become = "chown -R -h \"$1:$1\" \"$2\" && user=$1 && shift 2 && exec setpriv --reuid \"$user\" --regid \"$user\" --clear-groups \"$@\"";
        return command.Under("sh", "-c", Become, "sh", User, Outside);
    }

    public Task<ToolResult> RunAsync(params ImmutableArray<string> arguments) => Command(["run", "--plain", .. arguments]).RunAsync(TestContext.Current.CancellationToken);

    /// <summary>Asserts that nothing of a run is left in the store, in control groups or among the machine's mounts.</summary>
    public void AssertNothingLeft()
    {
        var sandboxes = Path.Combine(Store, "sandbox");
        Assert.Empty(Directory.Exists(sandboxes) ? Directory.EnumerateFileSystemEntries(sandboxes) : []);
        Assert.DoesNotContain(Outside, File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
        Assert.Empty(Processes(Outside));
    }

    /// <summary>The processes of the machine in whose command line a text is.</summary>
    public static List<string> Processes(string text)
    {
        var found = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (char.IsAsciiDigit(Path.GetFileName(folder)[0]) && File.ReadAllText(Path.Combine(folder, "cmdline")) is var line && line.Contains(text, StringComparison.Ordinal))
                {
                    found.Add(line.Replace('\0', ' '));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended.
            }
        }

        return found;
    }

    public void Dispose() => _project.Dispose();
}
