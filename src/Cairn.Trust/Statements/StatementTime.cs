using System.Globalization;

namespace Cairn.Trust.Statements;

/// <summary>Times as statements have them: RFC 3339 in UTC, to the second or to the millisecond, always written with as many digits.</summary>
internal static class StatementTime
{
    private const string SecondsFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string MillisecondsFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>To the second.</summary>
    public static string Seconds(DateTimeOffset time) => time.UtcDateTime.ToString(SecondsFormat, CultureInfo.InvariantCulture);

    /// <summary>What <see cref="Seconds"/> wrote; null for anything else.</summary>
    public static DateTimeOffset? TryReadSeconds(string? text) => TryRead(text, SecondsFormat);

    /// <summary>To the millisecond. Runs write some: the formatter of the runtime is compiled at each start.</summary>
    public static string Milliseconds(DateTimeOffset time)
    {
        var at = time.UtcDateTime;
        Span<char> text = ['0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'];
        Digits(text, 0, 4, at.Year);
        Digits(text, 5, 2, at.Month);
        Digits(text, 8, 2, at.Day);
        Digits(text, 11, 2, at.Hour);
        Digits(text, 14, 2, at.Minute);
        Digits(text, 17, 2, at.Second);
        Digits(text, 20, 3, at.Millisecond);
        return new string(text);
    }

    /// <summary>What <see cref="Milliseconds"/> wrote; null for anything else.</summary>
    public static DateTimeOffset? TryReadMilliseconds(string? text) => TryRead(text, MillisecondsFormat);

    private static DateTimeOffset? TryRead(string? text, string format) =>
        DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static void Digits(Span<char> text, int start, int count, int value)
    {
        for (var i = start + count - 1; i >= start; i--, value /= 10)
        {
            text[i] = (char)('0' + (value % 10));
        }
    }
}
