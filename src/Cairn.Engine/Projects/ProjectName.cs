using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cairn.Engine.Projects;

/// <summary>The name of a project: lower-case letters, digits and single <c>-</c> or <c>_</c>, beginning with a letter, at most 64.</summary>
public sealed record ProjectName
{
    private const int CharsMax = 64;

    // What YAML takes for something else than a text.
    private static readonly string[] Words = ["true", "false", "null"];

    private ProjectName(string value) => Value = value;

    /// <summary>The text.</summary>
    public string Value { get; }

    /// <summary>Takes a name, or says what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ProjectName? name, [NotNullWhen(false)] out string? mistake)
    {
        ArgumentNullException.ThrowIfNull(text);
        name = null;
        mistake = text.Length == 0 ? "The name is empty"
            : text.Length > CharsMax ? $"The name has {text.Length} letters; {CharsMax} are the most"
            : !char.IsAsciiLetterLower(text[0]) ? $"`{text}` does not begin with a small letter"
            : Array.IndexOf(Words, text) >= 0 ? $"`{text}` is a value of YAML and not a name"
            : WrongLetter(text);
        if (mistake is not null)
        {
            return false;
        }

        name = new ProjectName(text);
        return true;
    }

    /// <summary>The nearest name to a text that is none; null where nothing is left of it.</summary>
    public static string? Nearest(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var near = new StringBuilder();
        for (var i = 0; i < text.Length && near.Length < CharsMax; i++)
        {
            var c = text[i];
            if (char.IsAsciiLetterUpper(c) && i > 0 && char.IsAsciiLetterLower(text[i - 1]))
            {
                near.Append('-');
            }

            if (char.IsAsciiLetterOrDigit(c) && (near.Length > 0 || char.IsAsciiLetter(c)))
            {
                near.Append(char.ToLowerInvariant(c));
            }
            else if (near.Length > 0 && near[^1] is not ('-' or '_'))
            {
                near.Append(c == '_' ? '_' : '-');
            }
        }

        var name = near.ToString().TrimEnd('-', '_');
        return TryParse(name, out _, out _) ? name : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static string? WrongLetter(string text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            var separates = text[i] is '-' or '_';
            if (!separates && !char.IsAsciiLetterLower(text[i]) && !char.IsAsciiDigit(text[i]))
            {
                return $"`{text}` has letters that a name has not: it takes a to z, 0 to 9, `-` and `_`";
            }

            if (separates && (i == text.Length - 1 || text[i - 1] is '-' or '_'))
            {
                return $"`{text}` has a `{text[i]}` that separates nothing";
            }
        }

        return null;
    }
}
