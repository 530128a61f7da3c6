using System.Collections.Immutable;
using System.Globalization;

namespace Cairn.Trust.Policies.Rules;

/// <summary>Names in reasons.</summary>
internal static class Listed
{
    private const int ShownMax = 3;

    /// <summary><c>`a`, `b`, `c` and 4 others</c>.</summary>
    public static string Names(IEnumerable<string> names)
    {
        var all = names.ToImmutableArray();
        var shown = all.Length == ShownMax + 1 ? all.Length : Math.Min(all.Length, ShownMax);
        var text = string.Join(", ", all.Take(shown).Select(static n => $"`{n}`"));
        return shown < all.Length ? string.Create(CultureInfo.InvariantCulture, $"{text} and {all.Length - shown} others") : text;
    }

    /// <summary><c>1 job</c>, <c>2 jobs</c>.</summary>
    public static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
