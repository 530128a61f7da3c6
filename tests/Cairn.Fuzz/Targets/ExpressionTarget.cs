using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Syntax;

namespace Cairn.Fuzz.Targets;

/// <summary>A template from its text to its value.</summary>
internal sealed class ExpressionTarget : IFuzzTarget
{
    private static readonly EvaluationContext Context = new()
    {
        Needs = NeedsStatus.Success,
        HashFiles = static patterns => new string('0', 64),
        Roots = ImmutableDictionary<string, Value>.Empty
            .Add("params", new Value.Map([new("text", Value.Of("a b")), new("flag", Value.Of(true)), new("count", Value.Of(3))]))
            .Add("env", new Value.Map([new("HOME", Value.Of("/home"))]))
            .Add("matrix", new Value.Map([new("list", new Value.List([Value.Of(1), Value.Of("x"), Value.Null.Instance]))])),
    };

    public string Name => "expression";

    public IReadOnlyList<string> Words { get; } =
    [
        "${{", "}}", "$${{", "params.text", "params.flag", "params.count", "params['text']", "matrix.list[0]", "matrix.list.*", "env.HOME", "steps.a.outputs.b", "contains(", "startsWith(", "endsWith(",
        "format(", "'{0} {1}'", "'{{'", "join(", "fromJson(", "toJson(", "hashFiles(", "success()", "failure()", "always()", "cancelled()", "(", ")", "[", "]", ".", ",", "!", "!!!!", "&&", "||",
        "==", "!=", "<", "<=", ">", ">=", "+", "-", "'", "''", "\"", "true", "false", "null", "0", "1e308", "-0", "0x10", "NaN", "'[1,{\"a\":[]}]'", "((((((((", "\\", "\n", "😀", " ",
    ];

    public void Run(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var node = new ScalarNode(text, ScalarType.String, new SourceSpan("fuzz.yaml", 1, 1, 1, text.Length + 1));
        var diagnostics = new DiagnosticBag();
        var template = Template.Parse(node, diagnostics);
        InvariantException.Require(template is not null || diagnostics.HasErrors, $"There is neither a template nor an error");
        if (template is not null)
        {
            var value = template.Evaluate(Context, diagnostics);
            InvariantException.Require(value is not null || diagnostics.HasErrors, $"There is neither a value nor an error");
            template.EvaluateText(Context, diagnostics);
        }

        Expression.Parse(node, diagnostics)?.EvaluateCondition(Context, diagnostics);
    }
}
