using System.Globalization;

namespace Cairn.Trust.Verification.Reading;

/// <summary>Moments as the trust store writes them.</summary>
public static class TrustTimes
{
    /// <summary>What to write instead of something that is none.</summary>
    public const string Hint = "Write a day, `2026-11-21` (from its beginning in UTC), or a moment, `2026-11-21T18:00Z`";

    // From short to long; a date alone is its first moment.
    private static readonly string[] Formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm:sszzz"];

    /// <summary>A moment as it is written; null where it is none.</summary>
    public static DateTimeOffset? TryRead(string text) =>
        DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUniversalTime() : null;

    /// <summary>Writes a moment, in whole seconds.</summary>
    public static string Write(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
