namespace Cairn.Core.Syntax;

/// <summary>The types of plain scalars by the core schema of YAML 1.2: <c>yes</c>, <c>on</c> and <c>1_000</c> are strings.</summary>
internal static class CoreSchema
{
    public static ScalarType TypeOf(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return ScalarType.Null;
        }

        // Most scalars begin with a letter that begins no constant: they are decided by it.
        switch (text[0])
        {
            case '~':
                return text.Length == 1 ? ScalarType.Null : ScalarType.String;
            case 'n' or 'N':
                return text is "null" or "Null" or "NULL" ? ScalarType.Null : ScalarType.String;
            case 't' or 'T':
                return text is "true" or "True" or "TRUE" ? ScalarType.Boolean : ScalarType.String;
            case 'f' or 'F':
                return text is "false" or "False" or "FALSE" ? ScalarType.Boolean : ScalarType.String;
            case (>= '0' and <= '9') or '+' or '-' or '.':
                return NumberType(text);
            default:
                return ScalarType.String;
        }
    }

    private static ScalarType NumberType(ReadOnlySpan<char> text)
    {
        if (text.Length > 2 && text[0] == '0' && text[1] is 'o' or 'x')
        {
            var digits = text[2..];
            var rest = text[1] == 'o' ? digits.TrimStart("01234567") : digits.TrimStart("0123456789abcdefABCDEF");
            return rest.IsEmpty ? ScalarType.Integer : ScalarType.String;
        }

        var unsigned = text[0] is '+' or '-' ? text[1..] : text;
        if (unsigned is ".inf" or ".Inf" or ".INF" || text is ".nan" or ".NaN" or ".NAN")
        {
            return ScalarType.Float;
        }

        var whole = Digits(unsigned);
        var at = whole;
        var fraction = 0;
        if (at < unsigned.Length && unsigned[at] == '.')
        {
            fraction = Digits(unsigned[++at..]);
            at += fraction;
        }

        if (whole + fraction == 0)
        {
            return ScalarType.String;
        }

        if (at == unsigned.Length)
        {
            return at == whole ? ScalarType.Integer : ScalarType.Float;
        }

        if (unsigned[at] is not ('e' or 'E'))
        {
            return ScalarType.String;
        }

        var exponent = unsigned[(at + 1)..];
        if (exponent is ['+' or '-', ..])
        {
            exponent = exponent[1..];
        }

        return !exponent.IsEmpty && Digits(exponent) == exponent.Length ? ScalarType.Float : ScalarType.String;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var count = text.IndexOfAnyExceptInRange('0', '9');
        return count < 0 ? text.Length : count;
    }
}
