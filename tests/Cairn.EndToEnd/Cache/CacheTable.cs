using System.Collections.Immutable;
using System.Text;

using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <summary>A line of the table: after a first run something happens, then a run shows these states.</summary>
/// <param name="Name">What happens, as the page of hits has it.</param>
/// <param name="Expected">The state of each job.</param>
/// <param name="Act">What happens; the run whose states count.</param>
internal sealed record CacheRow(string Name, string Expected, Func<CacheProject, Task<CacheRun>> Act)
{
    /// <summary>The pipeline; null for the standard one, which has run once.</summary>
    public string? Pipeline { get; init; }
}

/// <summary>Lines under a heading.</summary>
internal sealed record CacheSection(string Heading, params ImmutableArray<CacheRow> Rows);

/// <summary>The page <c>docs/reference/cache-hits.md</c>, whose tables are those that the tests execute.</summary>
internal static class CachePage
{
    private static string FilePath => Path.Combine(SourceTree.Root, "docs/reference/cache-hits.md");

    /// <summary>Holds a part of the page against the tables, or writes it with <c>CAIRN_UPDATE_GOLDEN=1</c>.</summary>
    public static void Check(string part, string header, Func<CacheRow, string> row, IEnumerable<CacheSection> sections)
    {
        var begin = $"<!-- {part}: written by the tests -->\n";
        var end = $"<!-- end of {part} -->\n";
        var text = new StringBuilder();
        foreach (var section in sections)
        {
            text.Append($"\n### {section.Heading}\n\n{header}\n");
            foreach (var line in section.Rows)
            {
                text.Append($"| {line.Name} | {row(line)} |\n");
            }
        }

        text.Append('\n');
        var page = File.ReadAllText(FilePath);
        var from = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = page.IndexOf(end, StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"docs/reference/cache-hits.md lacks `{begin}`");
        if (Environment.GetEnvironmentVariable("CAIRN_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(FilePath, page[..from] + text + page[to..]);
            return;
        }

        Assert.Equal(text.ToString(), page[from..to]);
    }
}
