using System.Text.RegularExpressions;

namespace Cairn.Tidy;

/// <summary>A pattern that no line may have.</summary>
/// <param name="Pattern">What is forbidden.</param>
/// <param name="Advice">What to do.</param>
/// <param name="Example">A line that breaks the rule: proof that the pattern finds something.</param>
internal sealed record LineRule(string Pattern, string Advice, string Example)
{
    public void Check(IEnumerable<SourceFile> files)
    {
        var pattern = new Regex(Pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));
        Assert.Matches(pattern, Example);
        Violations.Check(Advice, files.SelectMany(file => Violations.Of(file, line => pattern.IsMatch(line))));
    }
}

/// <summary>Places that break a rule.</summary>
internal static class Violations
{
    /// <summary>The lines of a file for which <paramref name="isBad"/> holds, as <c>path:line: text</c>.</summary>
    public static IEnumerable<string> Of(SourceFile file, Func<string, bool> isBad) => Of(file, (lines, i) => isBad(lines[i]));

    /// <inheritdoc cref="Of(SourceFile, Func{string, bool})"/>
    public static IEnumerable<string> Of(SourceFile file, Func<IReadOnlyList<string>, int, bool> isBad)
    {
        for (var i = 0; i < file.Lines.Length; i++)
        {
            if (isBad(file.Lines, i))
            {
                yield return At(file, i);
            }
        }
    }

    public static string At(SourceFile file, int index) => $"{file.Path}:{index + 1}: {file.Lines[index].Trim()}";

    /// <summary>Fails with the advice and every place.</summary>
    public static void Check(string advice, IEnumerable<string> places)
    {
        var all = places.ToList();
        Assert.True(all.Count == 0, $"{advice}:\n{string.Join('\n', all)}");
    }
}
