using System.Text;

namespace Cairn.Core.Tracing;

/// <summary>The notation in which strace shows arguments: C strings, descriptors with their paths, lists and structures.</summary>
public static class StraceText
{
    private const string Deleted = "(deleted)";
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a string argument; null for what is none, is shown in part only, or is not UTF-8.</summary>
    public static string? Text(string argument)
    {
        ArgumentNullException.ThrowIfNull(argument);
        return argument.Length >= 2 && argument[0] == '"' && argument[^1] == '"' ? Unescape(argument.AsSpan(1, argument.Length - 2)) : null;
    }

    /// <summary>The path of a descriptor, <c>3&lt;/work&gt;</c> or <c>AT_FDCWD&lt;/work&gt;</c>; null where none is shown, or what it names is no longer there.</summary>
    public static string? PathOf(string descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        var open = descriptor.IndexOf("</", StringComparison.Ordinal);
        if (open < 0 || descriptor.EndsWith(Deleted, StringComparison.Ordinal))
        {
            return null;
        }

        var close = descriptor.IndexOf('>', open);
        return close < 0 ? null : Unescape(descriptor.AsSpan(open + 1, close - open - 1));
    }

    /// <summary>The place after the bracket that closes what is open before <paramref name="start"/>; -1 where it is not closed. Commas of the same level are added to <paramref name="commas"/>.</summary>
    internal static int EndOfList(string text, int start, List<int>? commas)
    {
        var depth = 0;
        for (var i = start; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    i = EndOfString(text, i);
                    break;
                case '<' when i > 0 && (char.IsAsciiDigit(text[i - 1]) || text[i - 1] == 'D') && i + 1 < text.Length && text[i + 1] != '<':
                    i = text.IndexOf('>', i);
                    break;
                case '/' when i + 1 < text.Length && text[i + 1] == '*':
                    i = text.IndexOf("*/", i + 2, StringComparison.Ordinal) is var end and >= 0 ? end + 1 : -1;
                    break;
                case '(' or '[' or '{':
                    depth++;
                    break;
                case ')' or ']' or '}' when depth > 0:
                    depth--;
                    break;
                case ')':
                    return i + 1;
                case ',' when depth == 0:
                    commas?.Add(i);
                    break;
            }

            if (i < 0)
            {
                return -1;
            }
        }

        return -1;
    }

    private static int EndOfString(string text, int open)
    {
        for (var i = open + 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                return i;
            }
        }

        return -1;
    }

    private static string? Unescape(ReadOnlySpan<char> text)
    {
        if (text.IndexOf('\\') < 0)
        {
            return text.ToString();
        }

        var bytes = new byte[text.Length];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes[count++] = (byte)text[i];
                continue;
            }

            if (++i >= text.Length)
            {
                return null;
            }

            switch (text[i])
            {
                case >= '0' and <= '7':
                    var value = 0;
                    var end = Math.Min(i + 3, text.Length);
                    for (; i < end && text[i] is >= '0' and <= '7'; i++)
                    {
                        value = (value * 8) + (text[i] - '0');
                    }

                    i--;
                    bytes[count++] = (byte)value;
                    break;
                case 'x' when i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]):
                    bytes[count++] = Convert.FromHexString(text.Slice(i + 1, 2))[0];
                    i += 2;
                    break;
                default:
                    var at = "tnvfr".IndexOf(text[i], StringComparison.Ordinal);
                    bytes[count++] = at < 0 ? (byte)text[i] : (byte)"\t\n\v\f\r"[at];
                    break;
            }
        }

        try
        {
            return Strict.GetString(bytes, 0, count);
        }
        catch (DecoderFallbackException)
        {
            // No input or output has such a name.
            return null;
        }
    }
}
