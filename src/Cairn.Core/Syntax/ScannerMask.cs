namespace Cairn.Core.Syntax;

/// <summary>
/// Hides from the scanner what it treats otherwise than YAML 1.2 and JSON do, index by index, so that places stay: NEL, LS and PS, which
/// it takes for line breaks, and escaped surrogates, on which it trips. The text of scalars is taken from the file itself.
/// </summary>
internal static class ScannerMask
{
    private const char Placeholder = '\uE000';
    private const string Suspects = "\u0085\u2028\u2029\\";

    public static string Apply(string text)
    {
        char[]? masked = null;
        for (var i = 0; i < text.Length; i++)
        {
            var next = text.AsSpan(i).IndexOfAny(Suspects);
            if (next < 0)
            {
                break;
            }

            i += next;
            if (text[i] != '\\')
            {
                masked ??= text.ToCharArray();
                masked[i] = Placeholder;
            }
            else if (SurrogateDigits(text, i) is var digits and > 0)
            {
                masked ??= text.ToCharArray();
                masked[digits] = masked[digits + 1] = '0';
            }
        }

        return masked is null ? text : new string(masked);
    }

    /// <summary>The index of the <c>D8</c> of <c>\uD83D</c> or <c>\U0000D83D</c>; 0 where there is none.</summary>
    private static int SurrogateDigits(string text, int backslash)
    {
        var digits = backslash + 2;
        if (text.AsSpan(backslash).StartsWith("\\U0000"))
        {
            digits += 4;
        }
        else if (!text.AsSpan(backslash).StartsWith("\\u"))
        {
            return 0;
        }

        return digits + 3 < text.Length && (text[digits] | 0x20) == 'd' && text[digits + 1] is (>= '8' and <= '9') or (>= 'a' and <= 'f') or (>= 'A' and <= 'F') ? digits : 0;
    }
}
