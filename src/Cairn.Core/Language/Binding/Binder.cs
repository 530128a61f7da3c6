using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>Where an expression stands; it decides what the expression may read.</summary>
internal enum ExpressionRole
{
    Script,
    Command,
    Variable,
    Folder,
    Pattern,
    Report,
    Condition,
    Matrix,
    Argument,
    CacheKey,
}

/// <summary>The expressions of one scalar with their place in the language.</summary>
/// <param name="Role">Where they stand.</param>
/// <param name="Expressions">They.</param>
/// <param name="Whole">Whether the scalar is one expression and nothing else.</param>
/// <param name="Key">The key of the scalar, for messages.</param>
internal readonly record struct ExpressionUse(ExpressionRole Role, ImmutableArray<Expression> Expressions, bool Whole, string Key);

/// <summary>A part of a document that holds expressions: a step, a template, a service, the defaults or the file itself.</summary>
internal abstract class ExpressionSite
{
    /// <summary>Expressions in source order.</summary>
    public List<ExpressionUse> Expressions { get; } = [];
}

/// <summary>The state of reading one file: where mistakes go and which key is being read.</summary>
internal sealed class Binder(DiagnosticBag diagnostics, FileDraft file)
{
    public DiagnosticBag Diagnostics { get; } = diagnostics;

    public FileDraft File { get; } = file;

    /// <summary>The key whose value is being read, for messages.</summary>
    public string CurrentKey { get; set; } = "";

    /// <summary>What the expressions that are read belong to.</summary>
    public ExpressionSite Site { get; set; } = file;

    /// <summary>Adds a mistake of type: what was expected, what was found, and an example.</summary>
    public bool WrongType(Node node, Kind kind) => WrongType(node, kind.Expected, kind.Example);

    /// <summary>Adds a mistake of type: what was expected, what was found, and an example.</summary>
    public bool WrongType(Node node, string expected, string? example)
    {
        var found = node is ScalarNode { Type: ScalarType.String, Text.Length: 0 } ? "an empty string" : node is ScalarNode { Type: not ScalarType.Null } scalar && Shown(scalar.Text) is { } text ? $"{node.KindName} (`{text}`)" : node.KindName;
        Diagnostics.Error(
            DiagnosticCodes.WrongType, $"`{CurrentKey}` takes {expected}, but this is {found}", node.Span,
            example is null ? null : $"For example `{CurrentKey}: {example}`");
        return false;
    }

    /// <summary>Adds a mistake of value; false, so that a reader can return it.</summary>
    public bool Invalid(string code, string message, SourceSpan span, string? suggestion = null)
    {
        Diagnostics.Error(code, message, span, suggestion);
        return false;
    }

    /// <summary>Reads a text with expressions and remembers them; null after mistakes.</summary>
    public Template? ReadTemplate(ScalarNode scalar, ExpressionRole role)
    {
        var template = Template.Parse(scalar, Diagnostics);
        if (template is { IsLiteral: false })
        {
            Site.Expressions.Add(new ExpressionUse(role, template.Expressions, template.IsSingleExpression, CurrentKey));
        }

        return template;
    }

    private static string? Shown(string text)
    {
        const int ShownCharsMax = 40;
        return text.Length is 0 or > ShownCharsMax || text.AsSpan().ContainsAny('\n', '`') ? null : text;
    }
}
