using System.Collections.Immutable;

using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary>A project in a folder of its own, with a home and an environment that nothing of the machine's user reaches.</summary>
internal sealed class TestProject : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="isolation">Of steps that name none. Most tests are about what does not depend on it, and look at what their steps leave in the project.</param>
    public TestProject(string isolation = "process")
    {
        Directory.CreateDirectory(Folder);
        _folder.Write("home/config/cairn/config.yaml", $"run: {{ isolation: {isolation} }}\n");
        Environment = ImmutableDictionary<string, string>.Empty.AddRange(
        [
            new("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            new("HOME", _folder["home"]),
            new("XDG_CONFIG_HOME", _folder["home/config"]),
            new("XDG_CACHE_HOME", _folder["home/cache"]),
            new("XDG_STATE_HOME", _folder["home/state"]),
            new("LANG", "C.UTF-8"),
            new("TERM", "xterm-256color"),
        ]);
        if (System.Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } dotnet)
        {
            Environment = Environment.Add("DOTNET_ROOT", dotnet);
        }
    }

    /// <summary>The folder of the pipeline file.</summary>
    public string Folder => _folder["project"];

    /// <summary>The whole environment of what the project runs.</summary>
    public ImmutableDictionary<string, string> Environment { get; set; }

    /// <summary>The longest that one command may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A copy of a sample, without what runs in it have left.</summary>
    public static TestProject OfSample(string name)
    {
        var project = new TestProject("sandbox");
        var source = Path.Combine(SourceTree.Root, "samples", name);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(source, file);
            if (relative.StartsWith("build/", StringComparison.Ordinal) || relative.StartsWith(".cairn/", StringComparison.Ordinal))
            {
                continue;
            }

            var target = Path.Combine(project.Folder, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return project;
    }

    public void Write(string path, string content) => _folder.Write(Path.Combine("project", path), content);

    public string Read(string path) => _folder.Read(Path.Combine("project", path));

    public bool Exists(string path) => _folder.Exists(Path.Combine("project", path));

    /// <summary>Runs <c>cairn</c> in the project.</summary>
    public Task<ToolResult> CairnAsync(params ImmutableArray<string> arguments) => Command(arguments).RunAsync(TestContext.Current.CancellationToken);

    /// <summary><c>cairn</c> in the project, not started.</summary>
    public Tool Command(params ImmutableArray<string> arguments) => new(CairnBinary.Path, arguments) { Folder = Folder, Environment = Environment, Timeout = Timeout };

    /// <summary>Starts <c>cairn</c> on a terminal.</summary>
    public Task<TestTerminal> TerminalAsync(int columns, int lines, params ImmutableArray<string> arguments) =>
        TestTerminal.StartAsync(_folder["terminal"], columns, lines, Command(arguments), TestContext.Current.CancellationToken);

    public void Dispose() => _folder.Dispose();
}
