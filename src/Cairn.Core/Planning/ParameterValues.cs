using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>Turns the texts that a caller gives into the values of a pipeline's parameters.</summary>
internal static class ParameterValues
{
    /// <summary>The <c>params</c> root; null after mistakes, all of which are added.</summary>
    public static Value.Map? Resolve(ImmutableArray<Parameter> parameters, ImmutableDictionary<string, string> given, DiagnosticBag diagnostics)
    {
        var errors = diagnostics.ErrorCount;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var values = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>(parameters.Length);
        foreach (var parameter in parameters)
        {
            names.Add(parameter.Name);
            if (given.TryGetValue(parameter.Name, out var text))
            {
                if (Read(parameter, text, diagnostics) is { } value)
                {
                    values.Add(new(parameter.Name, value));
                }
            }
            else if (parameter.Default is { } value)
            {
                values.Add(new(parameter.Name, value));
            }
            else if (parameter.Required)
            {
                var example = parameter.Allowed.IsEmpty ? "VALUE" : ValueText.ToText(parameter.Allowed[0]);
                diagnostics.Error(DiagnosticCodes.PlanMissingParameter, $"The parameter `{parameter.Name}` must be given", SourceSpan.None,
                    $"add `--param {parameter.Name}={example}`{(parameter.Description is { } use ? $": {use}" : "")}");
            }
            else
            {
                values.Add(new(parameter.Name, Value.Null.Instance));
            }
        }

        foreach (var name in given.Keys.Order(StringComparer.Ordinal))
        {
            if (!names.Contains(name))
            {
                diagnostics.Error(DiagnosticCodes.PlanUnknownParameter, $"The pipeline has no parameter `{name}`", SourceSpan.None,
                    Suggestions.Nearest(name, names) is { } nearest ? $"did you mean `{nearest}`?"
                    : names.Count == 0 ? "it has none; declare it under `params`"
                    : $"its parameters are {string.Join(", ", parameters.Select(p => $"`{p.Name}`"))}");
            }
        }

        return diagnostics.ErrorCount == errors ? new Value.Map(values.DrainToImmutable()) : null;
    }

    private static Value? Read(Parameter parameter, string text, DiagnosticBag diagnostics)
    {
        var value = parameter.Type switch
        {
            ParameterType.Boolean => text switch
            {
                "true" => Value.Of(true),
                "false" => Value.Of(false),
                _ => null,
            },
            ParameterType.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? Value.Of(number) : null,
            ParameterType.List => ReadList(text),
            _ => Value.Of(text),
        };
        if (value is null)
        {
            var wants = parameter.Type switch
            {
                ParameterType.Boolean => "`true` or `false`",
                ParameterType.Number => "a number",
                _ => "a JSON list of texts, or texts with commas between them",
            };
            diagnostics.Error(DiagnosticCodes.PlanBadParameter, $"The parameter `{parameter.Name}` takes {wants}, not `{Shown(text)}`", SourceSpan.None);
            return null;
        }

        var bad = value is Value.List list ? list.Items.FirstOrDefault(item => !IsAllowed(parameter, item)) : IsAllowed(parameter, value) ? null : value;
        if (bad is null)
        {
            return value;
        }

        var allowed = parameter.Allowed.Select(v => ValueText.ToText(v) ?? "").ToList();
        var got = ValueText.ToText(bad) ?? "";
        diagnostics.Error(DiagnosticCodes.PlanBadParameter,
            $"The parameter `{parameter.Name}` cannot be `{Shown(got)}`", SourceSpan.None,
            Suggestions.Nearest(got, allowed) is { } nearest ? $"did you mean `{nearest}`?" : $"it is one of {string.Join(", ", allowed.Select(a => $"`{a}`"))}");
        return null;
    }

    private static bool IsAllowed(Parameter parameter, Value value) => parameter.Allowed.IsEmpty || parameter.Allowed.Contains(value);

    private static Value.List? ReadList(string text)
    {
        if (!text.TrimStart().StartsWith('['))
        {
            return new Value.List(text.Length == 0 ? [] : [.. text.Split(',').Select(part => Value.Of(part.Trim()))]);
        }

        if (!JsonText.TryParse(text, out var json, out _) || json is not Value.List list)
        {
            return null;
        }

        var items = ImmutableArray.CreateBuilder<Value>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (item is Value.Null || ValueText.ToText(item) is not { } content)
            {
                return null;
            }

            items.Add(Value.Of(content));
        }

        return new Value.List(items.MoveToImmutable());
    }

    private static string Shown(string text) => text.Length <= 60 ? text : $"{text[..60]}…";
}
