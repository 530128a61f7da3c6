using System.Globalization;
using System.Text;

namespace Cairn.Trust.Statements;

/// <summary>Finds names of subjects that mislead: that lead elsewhere, or look like another one of the same statement.</summary>
/// <param name="expected">How many there will be.</param>
internal sealed class SubjectNames(int expected)
{
    private readonly HashSet<string> _seen = new(expected, StringComparer.Ordinal);
    private Dictionary<string, string>? _looks;

    /// <summary>What is wrong with a name beside those before it; null where nothing is.</summary>
    public string? ProblemOf(string name)
    {
        if (!_seen.Add(name))
        {
            return "stands twice";
        }

        var isPlain = true;
        foreach (var c in name)
        {
            if (c < ' ' || c == 0x7F)
            {
                return "has control characters";
            }

            isPlain &= c <= '~';
        }

        if (LeadsOut(name))
        {
            return "leads out of its folder";
        }

        if (isPlain)
        {
            return _looks is not null && !_looks.TryAdd(name, name) ? "looks like another one" : null;
        }

        var isLatin = false;
        foreach (var rune in name.EnumerateRunes())
        {
            // There is a letter of its own for nearly all of these, which looks the same.
            if (isLatin && Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark)
            {
                return "has an accent apart from its letter";
            }

            isLatin = rune.IsAscii;
            // Format characters: joiners, marks of direction.
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate)
            {
                return "has characters that are not seen";
            }
        }

        return LooksLikeAnother(name) ? "looks like another one" : null;
    }

    /// <summary>Whether a name has characters that move a cursor instead of showing.</summary>
    public static bool HasControls(string name)
    {
        foreach (var c in name)
        {
            if (char.IsControl(c))
            {
                return true;
            }
        }

        return false;
    }

    private static bool LeadsOut(string name)
    {
        if (name[0] == '/')
        {
            return true;
        }

        for (var start = 0; start <= name.Length;)
        {
            var end = start;
            while (end < name.Length && name[end] is not ('/' or '\\'))
            {
                end++;
            }

            if (end - start == 2 && name[start] == '.' && name[start + 1] == '.')
            {
                return true;
            }

            start = end + 1;
        }

        return false;
    }

    private bool LooksLikeAnother(string name)
    {
        if (_looks is null)
        {
            _looks = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var seen in _seen)
            {
                _looks.TryAdd(LookAlikes.Skeleton(seen), seen);
            }

            return _looks.TryGetValue(LookAlikes.Skeleton(name), out var first) && !string.Equals(first, name, StringComparison.Ordinal);
        }

        return !_looks.TryAdd(LookAlikes.Skeleton(name), name);
    }
}
