namespace Cairn.Core.Content;

/// <summary>
/// Orders texts as their UTF-8 bytes are ordered, without encoding them. <see cref="string.CompareOrdinal(string, string)"/> does not: it puts characters
/// beyond U+FFFF before U+E000.
/// </summary>
public sealed class Utf8Order : IComparer<string>
{
    /// <summary>The comparer.</summary>
    public static Utf8Order Instance { get; } = new();

    /// <summary>Compares.</summary>
    public static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var common = left.CommonPrefixLength(right);
        return common < left.Length && common < right.Length ? Rank(left[common]) - Rank(right[common]) : left.Length - right.Length;
    }

    /// <inheritdoc/>
    public int Compare(string? x, string? y) => Compare(x.AsSpan(), y.AsSpan());

    // Surrogates stand for what comes after all other characters. Where two texts differ in the middle of a pair, both units are surrogates.
    private static int Rank(char c) => c < 0xd800 ? c : c >= 0xe000 ? c - 0x800 : c + 0x2000;
}
