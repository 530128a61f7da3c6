using System.Text;

namespace Cairn.Core.Expressions;

/// <summary>The text of <c>format('{0}', …)</c>: <c>{n}</c> stands for an argument, <c>{{</c> and <c>}}</c> for braces.</summary>
internal static class FormatText
{
    private const string Quote = "Write `{{` and `}}` for braces";

    /// <summary>What is wrong with a text for so many arguments, or null.</summary>
    public static (string Message, string Suggestion)? MistakeOf(string format, int arguments)
    {
        for (var i = 0; i < format.Length;)
        {
            switch (PartAt(format, ref i, out var index))
            {
                case Part.Mistake:
                    return ($"`{format[i]}` in a format stands neither for an argument nor for itself", Quote);
                case Part.Argument when index >= arguments:
                    return ($"The format wants argument `{{{index}}}`, and there {(arguments == 1 ? "is 1" : $"are {arguments}")}", "Arguments count from `{0}`");
            }
        }

        return null;
    }

    /// <summary>The result for a text without mistakes, or null where it would be longer than <paramref name="charsMax"/>.</summary>
    public static string? Apply(string format, ReadOnlySpan<string> arguments, int charsMax)
    {
        var result = new StringBuilder();
        for (var i = 0; i < format.Length && result.Length <= charsMax;)
        {
            var start = i;
            switch (PartAt(format, ref i, out var index))
            {
                case Part.Argument:
                    result.Append(arguments[index]);
                    break;
                case Part.Brace:
                    result.Append(format[start]);
                    break;
                default:
                    result.Append(format, start, i - start);
                    break;
            }
        }

        return result.Length <= charsMax ? result.ToString() : null;
    }

    private enum Part
    {
        Literal,
        Brace,
        Argument,
        Mistake,
    }

    private static Part PartAt(string format, ref int i, out int index)
    {
        index = 0;
        var c = format[i];
        if (c is not ('{' or '}'))
        {
            var length = format.AsSpan(i).IndexOfAny('{', '}');
            i = length < 0 ? format.Length : i + length;
            return Part.Literal;
        }

        if (i + 1 < format.Length && format[i + 1] == c)
        {
            i += 2;
            return Part.Brace;
        }

        var end = i + 1;
        while (c == '{' && end < format.Length && char.IsAsciiDigit(format[end]) && end - i <= 6)
        {
            index = (index * 10) + (format[end++] - '0');
        }

        if (end == i + 1 || end >= format.Length || format[end] != '}')
        {
            return Part.Mistake;
        }

        i = end + 1;
        return Part.Argument;
    }
}
