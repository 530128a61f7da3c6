using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>The variables of a script, as far as their values can be told without running it.</summary>
internal sealed class ScriptVariables
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Sets one.</summary>
    public string this[string name]
    {
        set => _values[name] = value;
    }

    /// <summary>Sets one to what a word expands to; what only running it would tell leaves a value that it has.</summary>
    public void Assign(string name, string value)
    {
        if (!value.Contains(ShellWord.Opaque, StringComparison.Ordinal))
        {
            _values[name] = Expand(value) ?? "";
        }
        else
        {
            _ = _values.TryAdd(name, ShellWord.Opaque.ToString());
        }
    }

    /// <summary>Puts variables into words, and splits those that are not quoted.</summary>
    public List<string> Expand(IEnumerable<ShellWord> words)
    {
        var expanded = new List<string>();
        foreach (var word in words)
        {
            var text = Expand(word.Text) ?? word.Text;
            if (word.IsQuoted || !word.Text.Contains('$', StringComparison.Ordinal))
            {
                expanded.Add(text);
            }
            else
            {
                expanded.AddRange(text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries));
            }
        }

        return expanded;
    }

    /// <summary>Puts variables in; null where an argument of the script is among them.</summary>
    public string? Expand(string text)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            var start = i + 1;
            var braced = text[start] == '{';
            start += braced ? 1 : 0;
            var end = start;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
            {
                end++;
            }

            if (end == start || char.IsAsciiDigit(text[start]) || (braced && (end == text.Length || text[end] != '}')))
            {
                return null;
            }

            // The tree is the root, and the scripts of a new one have no earlier version.
            result.Append(_values.GetValueOrDefault(text[start..end], ""));
            i = braced ? end : end - 1;
        }

        return result.ToString();
    }

    /// <summary>Takes an assignment apart; null for another word.</summary>
    public static (string Name, string Value)? Assignment(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || char.IsAsciiDigit(word[0]))
        {
            return null;
        }

        foreach (var c in word.AsSpan(0, equals))
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return null;
            }
        }

        return (word[..equals], word[(equals + 1)..]);
    }
}
