using System.Collections.Immutable;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Policies;

namespace Cairn.Cli.Commands;

/// <summary>Finds policies: a level, or a file.</summary>
internal static class PolicyFiles
{
    private const int FileBytesMax = 1 << 20;

    /// <summary>The policy of a name or path; null after telling what is wrong.</summary>
    /// <param name="services">The world.</param>
    /// <param name="text">A level, or the path of a file.</param>
    /// <param name="folder">What a path is relative to; null for the current folder.</param>
    public static Policy? Load(CommandServices services, string text, string? folder = null)
    {
        if (PolicyLevels.Find(text) is { } level)
        {
            return level;
        }

        if (Read(services, text, folder ?? services.CurrentDirectory) is not { } content)
        {
            return null;
        }

        var result = PolicyReader.Read(text, content);
        DiagnosticPrinter.Print(services, result.Diagnostics, SourcesOf(result.Source));
        return result.Policy;
    }

    /// <summary>The bytes of a policy or of cases; null after telling why they cannot be had.</summary>
    public static byte[]? Read(CommandServices services, string path, string folder)
    {
        string problem;
        try
        {
            var full = Path.GetFullPath(path, folder);
            if (File.Exists(full))
            {
                if (new FileInfo(full).Length <= FileBytesMax)
                {
                    return File.ReadAllBytes(full);
                }

                problem = $"`{path}` has more than {FileBytesMax >> 20} MiB";
            }
            else
            {
                var nearest = path.Contains('/', StringComparison.Ordinal) ? null : Suggestions.Nearest(path, PolicyLevels.Names);
                DiagnosticPrinter.Problem(services, $"There is neither a level nor a file `{path}`", nearest is null ? "the levels are `basic` and `strict`" : $"did you mean `{nearest}`?", DiagnosticCodes.PolicyUnreadable);
                return null;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = $"`{path}` cannot be read{(exception is UnauthorizedAccessException ? ": permission denied" : "")}";
        }

        DiagnosticPrinter.Problem(services, problem, null, DiagnosticCodes.PolicyUnreadable);
        return null;
    }

    /// <summary>A source as printers take it.</summary>
    public static ImmutableDictionary<string, SourceText> SourcesOf(SourceText? source) =>
        source is null ? ImmutableDictionary<string, SourceText>.Empty : ImmutableDictionary<string, SourceText>.Empty.Add(source.Name, source);
}
