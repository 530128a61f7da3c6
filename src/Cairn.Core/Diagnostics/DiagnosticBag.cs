using System.Collections.Immutable;

namespace Cairn.Core.Diagnostics;

/// <summary>Collects every mistake of a document, up to a limit, so that they can be shown at once.</summary>
public sealed class DiagnosticBag
{
    private readonly List<Diagnostic> _items = [];
    private int _errors;

    /// <summary>Whether an error was added.</summary>
    public bool HasErrors => _errors > 0;

    /// <summary>How many errors were added, also those beyond the limit.</summary>
    public int ErrorCount => _errors;

    /// <summary>Adds a diagnostic; past <see cref="Limits.DiagnosticsMax"/> it is only counted.</summary>
    public void Add(Diagnostic diagnostic)
    {
        ArgumentNullException.ThrowIfNull(diagnostic);
        if (diagnostic.Severity == DiagnosticSeverity.Error)
        {
            _errors++;
        }

        if (_items.Count < Limits.DiagnosticsMax)
        {
            _items.Add(diagnostic);
        }
    }

    /// <summary>Adds an error.</summary>
    public void Error(string code, string message, SourceSpan span, string? suggestion = null) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Error, message, span, suggestion));

    /// <summary>Adds a warning.</summary>
    public void Warning(string code, string message, SourceSpan span, string? suggestion = null) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Warning, message, span, suggestion));

    /// <summary>What was added, by place: file, line, column, code.</summary>
    public ImmutableArray<Diagnostic> ToSorted() =>
    [
        .. _items.OrderBy(d => d.Span.File, StringComparer.Ordinal)
            .ThenBy(d => d.Span.Line).ThenBy(d => d.Span.Column).ThenBy(d => d.Code, StringComparer.Ordinal),
    ];
}
