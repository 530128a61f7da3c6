using System.Globalization;
using System.Text;

using Cairn.Core.Expressions;

namespace Cairn.Core.Planning;

/// <summary>The name of a matrix combination: <c>os=linux,opt=O2</c>. Fit for ids, file names and terminals.</summary>
internal static class MatrixKey
{
    private const int ValueCharsMax = 40;
    private const int KeyCharsMax = 120;
    private const int HashChars = 8;

    /// <summary>Joins the entries. What is long ends in <c>~</c> and a hash of all of it.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, Value>> entries)
    {
        var key = new StringBuilder();
        foreach (var (name, value) in entries)
        {
            if (key.Length > 0)
            {
                key.Append(',');
            }

            key.Append(Escape(name)).Append('=').Append(Shorten(Escape(TextOf(value)), ValueCharsMax));
        }

        return Shorten(key.ToString(), KeyCharsMax);
    }

    private static string TextOf(Value value) => ValueText.ToText(value) ?? ValueText.ToJson(value, int.MaxValue) ?? "";

    /// <summary>Leaves letters, digits and what ids use; everything else becomes the percent-encoded bytes of its UTF-8 form.</summary>
    private static string Escape(string text)
    {
        var plain = true;
        foreach (var c in text)
        {
            plain &= IsPlain(c);
        }

        if (plain)
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (IsPlain((char)b))
            {
                escaped.Append((char)b);
            }
            else
            {
                escaped.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return escaped.ToString();
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+' or ':' or '@';

    private static string Shorten(string text, int charsMax)
    {
        if (text.Length <= charsMax)
        {
            return text;
        }

        // FNV-1a: it needs to be the same everywhere and for ever, not to be strong; two equal keys are a mistake that is reported.
        var hash = 14695981039346656037UL;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        var tail = ((uint)(hash ^ (hash >> 32))).ToString("x8", CultureInfo.InvariantCulture);
        return $"{text.AsSpan(0, charsMax - HashChars - 1)}~{tail}";
    }
}
