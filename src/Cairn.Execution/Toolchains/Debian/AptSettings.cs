using System.Text;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>The settings of <c>apt.conf</c>: names with values, nested by braces or by <c>::</c>.</summary>
internal sealed class AptSettings
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A value by its full name, such as <c>Acquire::http::Proxy</c>; null where it is not set.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Adds those of a file; later ones win. What cannot be understood is passed over, as there is no use for most of it.</summary>
    public void Read(string text)
    {
        var scopes = new Stack<string>();
        var words = new List<string>();
        foreach (var token in Tokens(text))
        {
            switch (token)
            {
                case "{":
                    scopes.Push(Join(scopes, words.Count > 0 ? words[0] : ""));
                    words.Clear();
                    break;
                case "}":
                    _ = scopes.TryPop(out _);
                    words.Clear();
                    break;
                case ";":
                    if (words is [var name, var value])
                    {
                        _values[Join(scopes, name)] = value;
                    }

                    words.Clear();
                    break;
                default:
                    words.Add(token);
                    break;
            }
        }
    }

    private static string Join(Stack<string> scopes, string name) => scopes.TryPeek(out var scope) && scope.Length > 0 ? $"{scope}::{name}" : name;

    private static IEnumerable<string> Tokens(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (c == '#' || (c == '/' && i + 1 < text.Length && text[i + 1] == '/'))
            {
                var end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end;
            }
            else if (c == '/' && i + 1 < text.Length && text[i + 1] == '*')
            {
                var end = text.IndexOf("*/", i + 2, StringComparison.Ordinal);
                i = end < 0 ? text.Length : end + 2;
            }
            else if (c is '{' or '}' or ';')
            {
                yield return c.ToString();
                i++;
            }
            else
            {
                var word = new StringBuilder();
                if (c == '"')
                {
                    for (i++; i < text.Length && text[i] != '"'; i++)
                    {
                        word.Append(text[i]);
                    }

                    i++;
                }
                else
                {
                    for (; i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is not ('{' or '}' or ';' or '"'); i++)
                    {
                        word.Append(text[i]);
                    }
                }

                yield return word.ToString();
            }
        }
    }
}
