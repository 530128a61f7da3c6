namespace Cairn.Core.Dependencies;

/// <summary>Orders versions for people: runs of digits by their value (<c>1.9</c> before <c>1.10</c>), all else by characters. Total, the same on every machine; no judge of what is newer.</summary>
internal static class VersionOrder
{
    public static int Compare(string? left, string? right)
    {
        if (left is null || right is null)
        {
            return (left is null ? 0 : 1) - (right is null ? 0 : 1);
        }

        var (i, j) = (0, 0);
        while (i < left.Length && j < right.Length)
        {
            if (char.IsAsciiDigit(left[i]) && char.IsAsciiDigit(right[j]))
            {
                var a = Digits(left, ref i);
                var b = Digits(right, ref j);
                var order = a.Length != b.Length ? a.Length - b.Length : a.SequenceCompareTo(b);
                if (order != 0)
                {
                    return order;
                }
            }
            else if (left[i] != right[j])
            {
                return left[i] - right[j];
            }
            else
            {
                (i, j) = (i + 1, j + 1);
            }
        }

        var rest = left.Length - i - (right.Length - j);
        return rest != 0 ? rest : string.CompareOrdinal(left, right);
    }

    private static ReadOnlySpan<char> Digits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return text.AsSpan(start, at - start).TrimStart('0');
    }
}
