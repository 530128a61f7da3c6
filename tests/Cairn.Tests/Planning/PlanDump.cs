using System.Collections;
using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Tests.Planning;

/// <summary>All that can be seen of a plan as text: every member, which objects are one and the same, and what each expression yields.</summary>
internal sealed class PlanDump
{
    private static readonly EvaluationContext Context = new()
    {
        Needs = NeedsStatus.Success,
        HashFiles = static globs => string.Join('+', globs),
        Roots = ImmutableDictionary<string, Value>.Empty
            .Add("params", new Value.Map([new("text", Value.Of("a b")), new("flag", Value.Of(true)), new("count", Value.Of(3)), new("list", Value.Of([Value.Of("x"), Value.Of("y")]))]))
            .Add("matrix", new Value.Map([new("os", Value.Of("linux"))]))
            .Add("git", new Value.Map([new("branch", Value.Of("main"))]))
            .Add("run", new Value.Map([new("user", Value.Of("ann"))])),
    };

    private readonly StringBuilder _text = new();
    private readonly Dictionary<object, int> _seen = new(ReferenceEqualityComparer.Instance);

    public static string Of(Plan plan, ImmutableArray<Diagnostic> diagnostics)
    {
        var dump = new PlanDump();
        dump.Write(plan, 0);
        dump.Write(diagnostics, 0);
        return dump._text.ToString();
    }

    /// <summary>The members of a type, but for those that a record has for itself.</summary>
    public static IEnumerable<PropertyInfo> MembersOf(Type type) => type
        .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Where(p => p.GetMethod is { IsPrivate: false } && p.GetIndexParameters().Length == 0 && p.Name is not "EqualityContract")
        .OrderBy(p => p.Name, StringComparer.Ordinal);

    private void Write(object? value, int depth)
    {
        switch (value)
        {
            case null:
                _text.Append("null\n");
                return;
            case string text:
                _text.Append(CultureInfo.InvariantCulture, $"\"{text}\"\n");
                return;
            case double number:
                _text.Append(BitConverter.DoubleToInt64Bits(number).ToString("x", CultureInfo.InvariantCulture)).Append('\n');
                return;
            case IEnumerable items:
                WriteItems(items, depth);
                return;
            case Step or ParameterScope or Template or EnvironmentEntry or Parameter or PathPatterns when _seen.TryGetValue(value, out var number):
                _text.Append(CultureInfo.InvariantCulture, $"#{number}\n");
                return;
        }

        var type = value.GetType();
        var isPair = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>);
        if (!isPair && (type.IsPrimitive || type.IsEnum || type.Namespace?.StartsWith("Cairn", StringComparison.Ordinal) != true))
        {
            _text.Append(CultureInfo.InvariantCulture, $"{value}\n");
            return;
        }

        if (value is Step or ParameterScope or Template or EnvironmentEntry or Parameter or PathPatterns)
        {
            _seen.Add(value, _seen.Count);
            _text.Append(CultureInfo.InvariantCulture, $"#{_seen.Count - 1} ");
        }

        _text.Append(type.Name).Append('\n');
        foreach (var member in MembersOf(type))
        {
            _text.Append(' ', (depth + 1) * 2).Append(member.Name).Append(": ");
            Write(member.GetValue(value), depth + 1);
        }

        switch (value)
        {
            case Template template:
                Yields(template.Evaluate, depth);
                Yields((c, d) => template.EvaluateText(c, d) is { } text ? Value.Of(text) : null, depth);
                break;
            case Expression expression:
                _text.Append(expression).Append('\n');
                Yields(expression.Evaluate, depth);
                break;
            case PathPatterns patterns:
                _text.Append(patterns.IsMatch("src/a.c")).Append(patterns.CouldMatchBelow("src")).Append(patterns).Append('\n');
                break;
        }
    }

    private void WriteItems(IEnumerable items, int depth)
    {
        _text.Append('\n');
        foreach (var item in items)
        {
            _text.Append(' ', (depth + 1) * 2).Append("- ");
            Write(item, depth + 1);
        }
    }

    private void Yields(Func<EvaluationContext, DiagnosticBag, Value?> evaluate, int depth)
    {
        var diagnostics = new DiagnosticBag();
        _text.Append(' ', (depth + 1) * 2).Append("=> ");
        Write(evaluate(Context, diagnostics), depth + 1);
        Write(diagnostics.ToSorted(), depth + 1);
    }
}
