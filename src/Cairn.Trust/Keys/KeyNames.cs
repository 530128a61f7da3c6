namespace Cairn.Trust.Keys;

/// <summary>What people may call keys, in a folder of keys and in a trust store.</summary>
public static class KeyNames
{
    /// <summary>The ending of the files of public keys, which no name has.</summary>
    public const string PublicEnding = ".pub";

    /// <summary>The rule in words, as a suggestion.</summary>
    public const string Rule = "Use letters, digits, `-`, `_` and `.`, beginning with a letter or digit";

    /// <summary>Whether a text can be a key's name: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, beginning with a letter or digit.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return name.Length is > 0 and <= Limits.KeyNameCharactersMax && char.IsAsciiLetterOrDigit(name[0])
            && !name.EndsWith(PublicEnding, StringComparison.Ordinal) && !name.EndsWith(".json", StringComparison.Ordinal) && !name.EndsWith(".tmp", StringComparison.Ordinal);
    }
}
