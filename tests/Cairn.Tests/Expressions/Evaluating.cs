using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Syntax;

namespace Cairn.Tests.Expressions;

/// <summary>Short ways into expressions and templates, with one context for all tests.</summary>
internal static class Evaluating
{
    public static EvaluationContext Context { get; } = new()
    {
        Needs = NeedsStatus.Success,
        HashFiles = static globs => "hash:" + string.Join('|', globs),
        Roots = ImmutableDictionary<string, Value>.Empty
            .Add("params", Json("""{"text":"a b","flag":true,"off":false,"count":3,"list":["x",1,true,null],"map":{"a-b":1,"c":{"d":"deep"}},"none":null,"s":"'"}"""))
            .Add("steps", Json("""{"build-it":{"status":"success","outputs":{"v":"1.2"}},"3d":{"status":"failed"},"a.b":{"status":"skipped"}}"""))
            .Add("env", Json("""{"HOME":"/home"}""")),
    };

    public static Value Json(string json) => JsonText.TryParse(json, out var value, out var error) ? value : throw new FormatException(error);

    public static ScalarNode Scalar(string text, ScalarType type = ScalarType.String) => new(text, type, new SourceSpan("t", 1, 1, 1, text.Length + 1));

    public static Expression Parse(string text)
    {
        var diagnostics = new DiagnosticBag();
        var expression = Expression.Parse(Scalar(text), diagnostics);
        Assert.Empty(Lines(diagnostics));
        Assert.NotNull(expression);
        return expression;
    }

    public static Value Evaluate(string text, EvaluationContext? context = null)
    {
        var diagnostics = new DiagnosticBag();
        var value = Parse(text).Evaluate(context ?? Context, diagnostics);
        Assert.Empty(Lines(diagnostics));
        Assert.NotNull(value);
        return value;
    }

    /// <summary>All diagnostics of parsing and, where that works, evaluating, as <c>code column-end message (suggestion)</c>.</summary>
    public static string[] Mistakes(string text, EvaluationContext? context = null)
    {
        var diagnostics = new DiagnosticBag();
        Expression.Parse(Scalar(text), diagnostics)?.Evaluate(context ?? Context, diagnostics);
        return Lines(diagnostics);
    }

    public static string[] TemplateMistakes(string text)
    {
        var diagnostics = new DiagnosticBag();
        Template.Parse(Scalar(text), diagnostics)?.EvaluateText(Context, diagnostics);
        return Lines(diagnostics);
    }

    public static string[] Lines(DiagnosticBag diagnostics) =>
        [.. diagnostics.ToSorted().Select(d => $"{d.Code[^4..]} {d.Span.Column}-{d.Span.EndColumn} {d.Message}{(d.Suggestion is null ? "" : $" ({d.Suggestion})")}")];
}
