using System.CommandLine;

using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>The project that a command means.</summary>
/// <param name="Directory">Its folder, absolute.</param>
/// <param name="PipelineFile">The pipeline file, relative to it.</param>
/// <param name="CommandSuffix">What a proposed command needs to mean the same project from here.</param>
internal sealed record Project(string Directory, string PipelineFile, string CommandSuffix)
{
    /// <summary>The same for <c>cairn run</c>, which also needs to know the pipeline file.</summary>
    public string RunSuffix { get; init; } = CommandSuffix;
}

/// <summary>The options <c>-C</c> and <c>-f</c>, and what they mean.</summary>
internal sealed class ProjectOptions
{
    /// <summary>The names that make a folder a project.</summary>
    public static readonly string[] DefaultFiles = ["cairn.yaml", "cairn.json"];

    public Option<string?> Directory { get; } = new("--directory", "-C")
    {
        Description = "The project's folder; otherwise this folder or the nearest one above that has a pipeline",
        HelpName = "DIR",
    };

    public Option<string?> File { get; } = new("--file", "-f")
    {
        Description = "The pipeline file, relative to the project's folder [default: cairn.yaml]",
        HelpName = "FILE",
    };

    /// <summary>Finds the project; null after telling why there is none.</summary>
    public Project? Resolve(CommandServices services, ParseResult parsed, bool withFile = true) =>
        Resolve(services, parsed.GetValue(Directory), withFile ? parsed.GetValue(File) : null);

    /// <summary>Finds the project; null after telling why there is none.</summary>
    public static Project? Resolve(CommandServices services, string? asked, string? file)
    {
        string directory;
        if (asked is not null)
        {
            directory = Path.GetFullPath(asked, services.CurrentDirectory);
            if (!System.IO.Directory.Exists(directory))
            {
                DiagnosticPrinter.Usage(services, $"There is no folder `{asked}`", "give the project's folder after -C");
                return null;
            }
        }
        else
        {
            directory = Nearest(services.CurrentDirectory, file is null ? DefaultFiles : [file]) ?? services.CurrentDirectory;
        }

        if (file is not null && Path.IsPathRooted(file))
        {
            var relative = Path.GetRelativePath(directory, file);
            if (relative.StartsWith("..", StringComparison.Ordinal))
            {
                DiagnosticPrinter.Usage(services, $"The pipeline `{file}` is not within the project `{directory}`", "give the project's folder with -C");
                return null;
            }

            file = relative;
        }

        var suffix = asked is null ? "" : $" -C {ShellText.Quote(asked)}";
        return new Project(directory, file ?? DefaultFile(directory), suffix) { RunSuffix = file is null ? suffix : $"{suffix} -f {ShellText.Quote(file)}" };
    }

    /// <summary>The pipeline file of a folder, whether it exists or not.</summary>
    public static string DefaultFile(string directory)
    {
        foreach (var name in DefaultFiles)
        {
            if (System.IO.File.Exists(Path.Combine(directory, name)))
            {
                return name;
            }
        }

        return DefaultFiles[0];
    }

    /// <summary>This folder or the nearest one above that has a pipeline, or null.</summary>
    public static string? Nearest(string from) => Nearest(from, DefaultFiles);

    private static string? Nearest(string from, string[] files)
    {
        for (var directory = from; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            foreach (var file in files)
            {
                if (System.IO.File.Exists(Path.Combine(directory, file)))
                {
                    return directory;
                }
            }
        }

        return null;
    }
}
