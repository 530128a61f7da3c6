using System.Collections.Immutable;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;

using Cairn.Testing;

namespace Cairn.Tidy;

/// <summary>Documents, samples and scripts.</summary>
public sealed partial class DocumentRules(Repository repository)
{
    [Fact]
    public void Links_Lead_Somewhere() => Violations.Check(
        "A link to a file or a heading that is not there",
        // What a template links to is there once a project is made of it.
        repository.Markdown.Where(static f => !f.Path.StartsWith("templates/", StringComparison.Ordinal)).SelectMany(file => Links(file).Where(link => !Resolves(file, link.Target)).Select(link => $"{file.Path}:{link.Line}: {link.Target}")));

    [Theory]
    [InlineData("Exit codes", "exit-codes")]
    [InlineData("`./cairn`: what & why", "cairn-what--why")]
    public void Anchor_Is_The_Headings_Text(string heading, string expected) => Assert.Equal(expected, Anchor(heading));

    [Fact]
    public void Decisions_Have_A_Status_A_Context_And_A_Decision() => Violations.Check(
        "Decision records have a line `Status: …` and the headings `## Context` and `## Decision`",
        repository.Markdown.Where(f => f.Path.StartsWith("docs/adr/", StringComparison.Ordinal) && char.IsAsciiDigit(f.Name[0]))
            .Where(f => !(f.Lines.Any(l => l.StartsWith("Status: ", StringComparison.Ordinal)) && f.Lines.Contains("## Context") && f.Lines.Contains("## Decision")))
            .Select(f => f.Path));

    [Fact]
    public void Diagnostics_Have_One_Row_Each()
    {
        var rows = repository.Files.Single(f => f.Path == "docs/reference/diagnostics.md").Lines.Select(l => DiagnosticRow().Match(l)).Where(m => m.Success).Select(m => m.Groups["code"].Value).ToList();
        var codes = repository.CSharp.Where(f => f.IsShipped && f.Name.StartsWith("DiagnosticCodes", StringComparison.Ordinal))
            .SelectMany(f => f.Lines).Select(l => DiagnosticCode().Match(l)).Where(m => m.Success).Select(m => m.Groups["code"].Value).ToList();
        Assert.NotEmpty(codes);
        Violations.Check("Two constants with one code", codes.GroupBy(c => c, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key));
        Violations.Check("Codes without a row in docs/reference/diagnostics.md", codes.Except(rows, StringComparer.Ordinal));
        Violations.Check("Rows of docs/reference/diagnostics.md without a code, or out of order", rows.Where((r, i) => !codes.Contains(r) || (i > 0 && string.CompareOrdinal(rows[i - 1], r) >= 0)));
    }

    [Fact]
    public void Documents_Are_In_The_Index()
    {
        var index = repository.Files.Single(f => f.Path == "docs/README.md").Text;
        Violations.Check(
            "A document in docs/ has a link in docs/README.md",
            repository.Markdown.Where(f => f.Path.StartsWith("docs/", StringComparison.Ordinal) && f.Path != "docs/README.md" && !index.Contains($"]({f.Path["docs/".Length..]})", StringComparison.Ordinal)).Select(f => f.Path));
    }

    [Fact]
    public void Samples_Have_A_Pipeline_A_Description_And_A_Row()
    {
        var table = repository.Files.Single(f => f.Path == "samples/README.md").Text;
        Violations.Check(
            "A sample has cairn.yaml and README.md, and a row in samples/README.md",
            repository.Files.Where(f => f.Path.StartsWith("samples/", StringComparison.Ordinal)).Select(f => f.Path.Split('/')).Where(p => p.Length > 2).Select(p => p[1]).Distinct()
                .Where(name => !repository.Has($"samples/{name}/cairn.yaml") || !repository.Has($"samples/{name}/README.md") || !table.Contains($"[{name}]({name}/)", StringComparison.Ordinal)));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task Scripts_Parse_And_Are_Executable()
    {
        var bad = new List<string>();

        // What templates hold is a script only once names stand in it.
        foreach (var file in repository.Files.Where(static f => !f.Path.StartsWith("templates/", StringComparison.Ordinal)))
        {
            var shell = Shebang().Match(file.Lines[0]) is { Success: true } match ? match.Groups["shell"].Value : file.Extension == ".sh" ? "sh" : null;
            if (shell is null)
            {
                continue;
            }

            if (!File.GetUnixFileMode(file.FullPath).HasFlag(UnixFileMode.UserExecute))
            {
                bad.Add($"{file.Path}: not executable");
            }

            var parsed = await new Tool(shell, "-n", file.FullPath).RunAsync(TestContext.Current.CancellationToken);
            if (parsed.ExitCode != 0)
            {
                bad.Add(parsed.Error.Trim());
            }
        }

        Violations.Check("Scripts that do not parse, or cannot be run", bad);
    }

    private static IEnumerable<(int Line, string Target)> Links(SourceFile file)
    {
        var fenced = false;
        for (var i = 0; i < file.Lines.Length; i++)
        {
            var line = file.Lines[i];
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                fenced = !fenced;
            }

            if (fenced)
            {
                continue;
            }

            foreach (Match match in Link().Matches(Code().Replace(line, string.Empty)))
            {
                yield return (i + 1, match.Groups["target"].Value);
            }
        }
    }

    private bool Resolves(SourceFile file, string target)
    {
        if (Uri.TryCreate(target, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "mailto")
        {
            return true;
        }

        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0 ? file.FullPath : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file.FullPath)!, parts[0]));
        if (!path.StartsWith(SourceTree.Root, StringComparison.Ordinal) || (!File.Exists(path) && !Directory.Exists(path)))
        {
            return false;
        }

        return parts.Length == 1 || repository.Markdown.FirstOrDefault(f => f.FullPath == path) is not { } document || Anchors(document).Contains(parts[1]);
    }

    private static ImmutableHashSet<string> Anchors(SourceFile document) =>
        [.. document.Lines.Where(l => l.StartsWith('#')).Select(l => Anchor(l.TrimStart('#').Trim()))];

    private static string Anchor(string heading)
    {
        var anchor = new StringBuilder();
        foreach (var c in heading.Normalize().ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c) || c is '-' or '_')
            {
                anchor.Append(c);
            }
            else if (c == ' ')
            {
                anchor.Append('-');
            }
        }

        return anchor.ToString();
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();

    [GeneratedRegex("const string [A-Za-z0-9]+ = \"(?<code>CAIRN[0-9]{4})\";", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DiagnosticCode();

    [GeneratedRegex(@"^\| (?<code>CAIRN[0-9]{4}) \|", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DiagnosticRow();

    [GeneratedRegex(@"^#!\s*(/usr)?/bin/(env )?(?<shell>sh|bash|dash)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Shebang();
}
