namespace Cairn.Cli.Terminal;

/// <summary>Words of a shell command that a person may copy.</summary>
internal static class ShellText
{
    /// <summary>Quotes a word where a shell would not take it as it is.</summary>
    public static string Quote(string word)
    {
        var clean = AnsiText.Clean(word);
        foreach (var c in clean)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or '/' or ':' or '=' or ',' or '+' or '@' or '%'))
            {
                return $"'{clean.Replace("'", "'\\''", StringComparison.Ordinal)}'";
            }
        }

        return clean.Length == 0 ? "''" : clean;
    }
}
