using System.Collections.Immutable;

namespace Cairn.Core.Diagnostics;

/// <summary>How much a diagnostic stops.</summary>
public enum DiagnosticSeverity
{
    /// <summary>The document is refused.</summary>
    Error,

    /// <summary>Probably a mistake; the run goes on.</summary>
    Warning,
}

/// <summary>A second place that explains a diagnostic, such as the first of two equal keys.</summary>
public sealed record DiagnosticNote(string Message, SourceSpan Span);

/// <summary>A mistake that a person made: what it is, where, and a way out.</summary>
/// <param name="Code">A stable id such as <c>CAIRN0012</c>; <see cref="DiagnosticCodes"/> lists them.</param>
/// <param name="Severity">Whether it stops the run.</param>
/// <param name="Message">Capital first, names in backticks, no full stop.</param>
/// <param name="Span">The place, or <see cref="SourceSpan.None"/>.</param>
/// <param name="Suggestion">What to do instead, ready to be shown after <c>help:</c>.</param>
public sealed record Diagnostic(string Code, DiagnosticSeverity Severity, string Message, SourceSpan Span, string? Suggestion = null)
{
    /// <summary>Further places that belong to the mistake.</summary>
    public ImmutableArray<DiagnosticNote> Notes { get; init; } = [];
}
