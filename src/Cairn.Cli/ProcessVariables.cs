using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Cairn.Cli;

/// <summary>The variables of this process. Most commands want a few of them: all are read when somebody lists them.</summary>
internal sealed class ProcessVariables : IReadOnlyDictionary<string, string>
{
    private Dictionary<string, string>? _all;

    public int Count => All.Count;

    public IEnumerable<string> Keys => All.Keys;

    public IEnumerable<string> Values => All.Values;

    private Dictionary<string, string> All => _all ??= ReadAll();

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no variable `{key}`");

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value) => (value = Environment.GetEnvironmentVariable(key)) is not null;

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => All.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Dictionary<string, string> ReadAll()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            all[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return all;
    }
}
