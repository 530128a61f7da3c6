using System.Text;

using Cairn.Testing;

namespace Cairn.EndToEnd.Cache;

/// <summary><c>docs/reference/cache-hits.md</c> holds the tables that the tests execute; <c>CAIRN_UPDATE_GOLDEN=1</c> rewrites them.</summary>
public sealed class CachePageTests
{
    private static string FilePath => Path.Combine(SourceTree.Root, "docs/reference/cache-hits.md");

    [Fact]
    public void Page_Has_The_Tables()
    {
        var page = File.ReadAllText(FilePath);
        var written = page;
        written = Replace(written, "table", "| what happens | gen | build | test | pack |\n|---|---|---|---|---|", row => row.Expected.Replace(" ", " | ", StringComparison.Ordinal), CacheTableTests.Sections);
        written = Replace(written, "scenarios", "| what happens | the last run |\n|---|---|", row => row.Expected, CacheScenarioTests.Sections);
        if (Environment.GetEnvironmentVariable("CAIRN_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(FilePath, written);
            return;
        }

        Assert.Equal(written, page);
    }

    private static string Replace(string page, string part, string header, Func<CacheRow, string> states, IEnumerable<CacheSection> sections)
    {
        var begin = $"<!-- {part}: written by the tests -->\n";
        var text = new StringBuilder();
        foreach (var section in sections)
        {
            text.Append($"\n### {section.Heading}\n\n{header}\n");
            foreach (var row in section.Rows)
            {
                text.Append($"| {row.Name} | {states(row)} |\n");
            }
        }

        text.Append('\n');
        var from = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = page.IndexOf($"<!-- end of {part} -->\n", StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"{FilePath} has no part `{part}`");
        return page[..from] + text + page[to..];
    }
}
