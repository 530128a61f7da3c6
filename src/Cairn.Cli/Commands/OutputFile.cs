using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Store.Files;

namespace Cairn.Cli.Commands;

/// <summary>The option <c>--output</c>: a document goes to standard output or to a file.</summary>
internal static class OutputFile
{
    public static Option<string> CreateOption() => new("--output", "-o") { HelpName = "FILE", Description = "Write to FILE and not to standard output" };

    /// <summary>Writes the document; the exit code.</summary>
    public static int Write(CommandServices services, string? path, ReadOnlySpan<byte> content)
    {
        if (path is null or "-")
        {
            services.OutBytes.Write(content);
            return ExitCodes.Success;
        }

        var full = Path.GetFullPath(Path.Combine(services.CurrentDirectory, path));
        try
        {
            DurableFile.Replace(full, content, durable: false);
            return ExitCodes.Success;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var reason = !Directory.Exists(Path.GetDirectoryName(full)) ? "its folder is not there"
                : Directory.Exists(full) ? "it is a folder"
                : exception is UnauthorizedAccessException ? "permission denied"
                : "the file system refused it";
            DiagnosticPrinter.Problem(services, $"`{path}` cannot be written: {reason}");
            return ExitCodes.Usage;
        }
    }
}
