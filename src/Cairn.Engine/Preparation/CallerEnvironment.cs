using System.Collections;
using System.Collections.Immutable;

namespace Cairn.Engine.Preparation;

/// <summary>The environment of whoever called cairn: for git and for the commands of secrets, never for steps.</summary>
internal static class CallerEnvironment
{
    /// <summary>All of it, with some variables set.</summary>
    public static ImmutableArray<KeyValuePair<string, string>> With(params ReadOnlySpan<(string Name, string Value)> changes)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        foreach (var (name, value) in changes)
        {
            variables[name] = value;
        }

        return [.. variables];
    }
}
