using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Cli.Terminal;

/// <summary>Shows diagnostics on standard error.</summary>
internal static class DiagnosticPrinter
{
    /// <summary>Prints them all in one write.</summary>
    public static void Print(CommandServices services, ImmutableArray<Diagnostic> diagnostics, ImmutableDictionary<string, SourceText> sources)
    {
        if (diagnostics.IsEmpty)
        {
            return;
        }

        var text = new StringBuilder();
        foreach (var diagnostic in diagnostics)
        {
            var severity = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
            text.Append(diagnostic.Span.HasPlace ? diagnostic.Span + ": " : "").Append(severity).Append('[').Append(diagnostic.Code).Append("]: ").Append(diagnostic.Message).Append('\n');
            if (diagnostic.Span.HasPlace && sources.TryGetValue(diagnostic.Span.File, out var source))
            {
                text.Append("  ").Append(source.Line(diagnostic.Span.Line)).Append('\n');
            }

            if (diagnostic.Suggestion is { } suggestion)
            {
                text.Append("  help: ").Append(suggestion).Append('\n');
            }
        }

        services.Error.Write(text);
    }
}
