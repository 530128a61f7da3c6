using System.CommandLine;
using System.CommandLine.Completions;

namespace Cairn.Cli.CommandLine;

/// <summary>The values that options and arguments take: for checks, help and completion.</summary>
internal static class OptionValues
{
    /// <summary>Lets an option take these values only.</summary>
    public static void Restrict(Option<string> option, params string[] values)
    {
        option.CompletionSources.Add(_ => values.Select(v => new CompletionItem(v)));
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (!values.Contains(token.Value, StringComparer.Ordinal))
                {
                    result.AddError(Refusal($"--{option.Name.TrimStart('-')}", token.Value, values));
                }
            }
        });
    }

    /// <summary>Lets an argument take these values only.</summary>
    public static void Restrict(Argument<string> argument, params string[] values)
    {
        argument.CompletionSources.Add(_ => values.Select(v => new CompletionItem(v)));
        argument.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (!values.Contains(token.Value, StringComparer.Ordinal))
                {
                    result.AddError(Refusal(argument.Name, token.Value, values));
                }
            }
        });
    }

    /// <summary>The known values of an option, or none.</summary>
    public static IReadOnlyList<string> Of(Option option) => option.ValueType == typeof(bool) ? [] : [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label)];

    /// <summary>The known values of an argument, or none.</summary>
    public static IReadOnlyList<string> Of(Argument argument) => [.. argument.GetCompletions(CompletionContext.Empty).Select(c => c.Label)];

    /// <summary><c>a, b or c</c>.</summary>
    public static string Join(IReadOnlyList<string> values) =>
        values.Count < 2 ? string.Concat(values) : $"{string.Join(", ", values.Take(values.Count - 1))} or {values[^1]}";

    private static string Refusal(string name, string value, string[] values)
    {
        var nearest = Core.Diagnostics.Suggestions.Nearest(value, values);
        return $"`{name}` takes {Join(values)}, not `{value}`{(nearest is null ? "" : $"\nhelp: did you mean `{nearest}`?")}";
    }
}
