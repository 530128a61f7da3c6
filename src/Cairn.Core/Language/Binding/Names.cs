using System.Text;

namespace Cairn.Core.Language.Binding;

/// <summary>Names in messages, and which names are valid.</summary>
internal static class Names
{
    private const int CharsMax = 100;

    /// <summary>What <see cref="IsIdentifier"/> accepts, for the schema.</summary>
    public const string IdentifierPattern = "^[A-Za-z_][A-Za-z0-9_-]{0,99}$";

    /// <summary>What <see cref="StepName"/> accepts, for the schema.</summary>
    public const string StepPattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$";

    /// <summary>What <see cref="IsVariable"/> accepts, for the schema.</summary>
    public const string VariablePattern = "^[A-Za-z_][A-Za-z0-9_]*$";

    /// <summary><c>`a`, `b` or `c`</c>.</summary>
    public static string List(IReadOnlyList<string> names, string conjunction = "or")
    {
        var text = new StringBuilder();
        for (var i = 0; i < names.Count; i++)
        {
            text.Append(i == 0 ? "" : i == names.Count - 1 ? $" {conjunction} " : ", ").Append('`').Append(names[i]).Append('`');
        }

        return text.ToString();
    }

    /// <summary>The text with its first letter large.</summary>
    public static string Capital(string text) => char.IsAsciiLetterLower(text[0]) ? $"{char.ToUpperInvariant(text[0])}{text[1..]}" : text;

    /// <summary>A letter or <c>_</c>, then letters, digits, <c>_</c> and <c>-</c>: what can stand after a dot in an expression.</summary>
    public static bool IsIdentifier(string text)
    {
        if (text.Length is 0 or > CharsMax || !(char.IsAsciiLetter(text[0]) || text[0] == '_'))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The name of an environment variable.</summary>
    public static bool IsVariable(string text)
    {
        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A name for a variable that holds a value: <c>git.branch</c> becomes <c>BRANCH</c>.</summary>
    public static string ToVariable(string text)
    {
        var name = new StringBuilder();
        foreach (var c in text)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_');
        }

        return name.Length == 0 || char.IsAsciiDigit(name[0]) ? $"V_{name}" : name.ToString();
    }
}
