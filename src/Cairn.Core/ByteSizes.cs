using System.Diagnostics.CodeAnalysis;

namespace Cairn.Core;

/// <summary>Sizes as people write them: <c>512B</c>, <c>64KiB</c>, <c>64MiB</c>, <c>1GB</c>; <c>KiB</c> counts 1,024 bytes and <c>kB</c> 1,000.</summary>
public static class ByteSizes
{
    /// <summary>What the language accepts, for a schema.</summary>
    public const string Pattern = "^[0-9]+(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)$";

    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000),
    ];

    /// <summary>Parses a size; says what is wrong with a bad one.</summary>
    public static bool TryParse(string? text, out long bytes, [NotNullWhen(false)] out string? error)
    {
        bytes = 0;
        if (string.IsNullOrEmpty(text))
        {
            error = "A size is missing";
            return false;
        }

        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }

        if (digits == 0)
        {
            error = $"`{text}` is not a size";
            return false;
        }

        if (digits == text.Length)
        {
            error = $"`{text}` has no unit";
            return false;
        }

        var unit = text.AsSpan(digits);
        foreach (var (name, factor) in Units)
        {
            if (!unit.SequenceEqual(name))
            {
                continue;
            }

            if (!long.TryParse(text.AsSpan(0, digits), out var number) || number > long.MaxValue / factor)
            {
                error = $"`{text}` is too large";
                return false;
            }

            bytes = number * factor;
            error = null;
            return true;
        }

        error = $"`{unit}` is not a unit of size";
        return false;
    }

    /// <summary>Writes a size with the largest binary unit that divides it, so that <see cref="TryParse"/> reads it back.</summary>
    public static string Format(long bytes)
    {
        foreach (var (unit, factor) in Units)
        {
            if (bytes >= factor && bytes % factor == 0)
            {
                return $"{bytes / factor}{unit}";
            }
        }

        return $"{bytes}B";
    }
}
