using System.Text.RegularExpressions;

using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary>Runs what the table in samples/README.md promises.</summary>
public sealed partial class SampleTests
{
    /// <summary>The rows of the table: sample, command, exit code, a text that the output has.</summary>
    public static TheoryData<string, string, int, string> Rows { get; } = ReadRows();

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Sample_Does_What_Its_Row_Says(string sample, string command, int exitCode, string text)
    {
        using var project = TestProject.OfSample(sample);

        var result = await project.CairnAsync([.. command.Split(' ')]);

        Assert.True(result.ExitCode == exitCode, $"`cairn {command}` in {sample}: {result}");
        Assert.Contains(text, result.Output + result.Error, StringComparison.Ordinal);
    }

    private static TheoryData<string, string, int, string> ReadRows()
    {
        var rows = new TheoryData<string, string, int, string>();
        foreach (Match match in Row().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, "samples/README.md"))))
        {
            rows.Add(match.Groups["sample"].Value, match.Groups["command"].Value, int.Parse(match.Groups["exit"].Value), match.Groups["text"].Value);
        }

        return rows;
    }

    [GeneratedRegex(@"^\| \[(?<sample>[\w-]+)\]\([\w-]+/\) \|[^|\n]*\| `cairn (?<command>[^`]+)` \| (?<exit>\d+) \| `(?<text>[^`]+)` \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();
}
