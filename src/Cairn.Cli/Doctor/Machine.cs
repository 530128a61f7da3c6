using System.Globalization;
using System.Text;

using Cairn.Execution;

namespace Cairn.Cli.Doctor;

/// <summary>What the checks look at; tests give another root and another clock.</summary>
internal sealed class Machine(CommandServices services, string projectDirectory, string root = "/")
{
    private const int OutputBytesMax = 64 << 10;

    private static readonly TimeSpan ProgramTimeout = TimeSpan.FromSeconds(10);

    public CommandServices Services { get; } = services;

    public string ProjectDirectory { get; } = projectDirectory;

    /// <summary>Where its files are.</summary>
    public string Root { get; } = root;

    /// <summary>Whether it is the one that this runs on.</summary>
    public bool IsThisOne => Root == "/";

    /// <summary>The text of a file of the kernel or the system, trimmed; null where it cannot be read.</summary>
    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(Root, path.TrimStart('/'))).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public long? ReadNumber(string path) => long.TryParse(Read(path), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : null;

    public bool Exists(string path) => File.Exists(Path.Combine(Root, path.TrimStart('/'))) || Directory.Exists(Path.Combine(Root, path.TrimStart('/')));

    /// <summary>Where a program is, by the caller's PATH; null where it is not.</summary>
    public string? Find(string program)
    {
        foreach (var folder in (Services.Variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':'))
        {
            var path = Path.Combine(folder, program);
            if (folder.StartsWith('/') && IsProgram(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>Where a program is that Cairn itself starts, which goes by the system's folders and not by PATH.</summary>
    public string? FindSystem(string program)
    {
        foreach (var folder in (ReadOnlySpan<string>)["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin"])
        {
            var path = Path.Combine(Root, folder[1..], program);
            if (IsProgram(path))
            {
                return path;
            }
        }

        return null;
    }

    private static bool IsProgram(string path) =>
        File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;

    /// <summary>A line such as <c>Max open files 1024 4096 files</c> of <c>/proc/self/limits</c>: soft and hard; -1 for unlimited.</summary>
    public (long Soft, long Hard)? Limit(string name)
    {
        foreach (var line in Read("/proc/self/limits")?.Split('\n') ?? [])
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                var fields = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return fields.Length >= 2 ? (Number(fields[0]), Number(fields[1])) : null;
            }
        }

        return null;

        static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : -1;
    }

    /// <summary>What a short program prints, its first line; null where it fails.</summary>
    public async Task<string?> FirstLineAsync(string program, params string[] arguments)
    {
        await using var host = ProcessHost.Start(new ProcessHostOptions { RunToken = "doctor", PidNamespace = false });
        var captured = await CommandCapture.RunAsync(
            host,
            new ProcessSpec
            {
                Arguments = [program, .. arguments],
                Environment = [new("PATH", Services.Variable("PATH") ?? "/usr/bin:/bin"), new("LC_ALL", "C")],
                WorkingDirectory = "/",
            },
            OutputBytesMax,
            ProgramTimeout,
            Services.CancellationToken);
        return captured.Succeeded ? Encoding.UTF8.GetString(captured.Output).Split('\n')[0].Trim() : null;
    }
}
