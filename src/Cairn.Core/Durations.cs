using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cairn.Core;

/// <summary>Durations as people write them: <c>500ms</c>, <c>30s</c>, <c>10m</c>, <c>2h</c>, <c>1d</c>, <c>1h30m</c>.</summary>
public static class Durations
{
    /// <summary>What the language accepts, for the schema.</summary>
    public const string Pattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

    // From the largest to the smallest: a part may only be followed by a smaller one.
    private static readonly (string Unit, long Milliseconds)[] Units =
    [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ];

    /// <summary>Parses a duration; says what is wrong with a bad one.</summary>
    public static bool TryParse(string? text, out TimeSpan duration, [NotNullWhen(false)] out string? error)
    {
        duration = default;
        if (string.IsNullOrEmpty(text))
        {
            error = "A duration is missing";
            return false;
        }

        long total = 0;
        var next = 0;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            long number = 0;
            for (; i < text.Length && char.IsAsciiDigit(text[i]); i++)
            {
                number = Math.Min((number * 10) + (text[i] - '0'), int.MaxValue);
            }

            if (i == start)
            {
                error = $"`{text}` is not a duration";
                return false;
            }

            var unitStart = i;
            while (i < text.Length && char.IsAsciiLetter(text[i]))
            {
                i++;
            }

            var unit = text.AsSpan(unitStart, i - unitStart);
            if (unit.IsEmpty)
            {
                error = i == text.Length ? $"`{text}` has no unit" : $"`{text}` is not a duration";
                return false;
            }

            var index = Find(unit);
            if (index < 0)
            {
                error = $"`{unit}` is not a unit of time";
                return false;
            }

            if (index < next)
            {
                error = $"`{text}` has its units out of order";
                return false;
            }

            next = index + 1;
            total += number * Units[index].Milliseconds;
        }

        if (total > Limits.TimeoutDaysMax * 86_400_000L)
        {
            error = $"`{text}` is longer than {Limits.TimeoutDaysMax} days";
            return false;
        }

        duration = TimeSpan.FromMilliseconds(total);
        error = null;
        return true;
    }

    /// <summary>Writes a duration so that <see cref="TryParse"/> reads it back; parts of a millisecond are dropped.</summary>
    public static string Format(TimeSpan duration)
    {
        var rest = (long)duration.TotalMilliseconds;
        if (rest <= 0)
        {
            return "0s";
        }

        var text = new StringBuilder();
        foreach (var (unit, milliseconds) in Units)
        {
            if (rest >= milliseconds)
            {
                text.Append(rest / milliseconds).Append(unit);
                rest %= milliseconds;
            }
        }

        return text.ToString();
    }

    private static int Find(ReadOnlySpan<char> unit)
    {
        for (var i = 0; i < Units.Length; i++)
        {
            if (unit.SequenceEqual(Units[i].Unit))
            {
                return i;
            }
        }

        return -1;
    }
}
