using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;
using Cairn.Testing;

namespace Cairn.Tests.Snapshots;

/// <summary>The ignore rules beside git's own: trees and rules from seeds that a failure names.</summary>
public sealed class IgnoreRulesAgainstGitTests
{
    private static readonly string[] Names =
        ["a", "b", "ab", "abc", "a.o", "b.o", "foo", "foobar", "bar", "Foo", "x y", "trail ", " lead", "#hash", "!bang", "[x]", "a]", "a-c", "back\\slash", "é", "日本", "sp\tace", "star*", "q?", "0", "A", "_"];

    private static readonly string[] Pieces =
    [
        "*", "*", "**", "?", "a", "b", "foo", "bar", ".o", "o", "ab", "x", " ", "\\ ", "\\*", "\\?", "\\\\", "\\a", "[ab]", "[!a]", "[^b]", "[a-c]", "[c-a]", "[]a]", "[!]a]", "[[:alpha:]]", "[[:digit:]x]",
        "[[:punct:]]", "[[:space:]]", "[[:upper:]-z]", "[a-]", "[-a]", "[\\]]", "[a\\-c]", "[[:bad:]]", "[[:alpha:]", "[", "[a", "]", "é", "#", "!", "-", "[[a]", "[a-[:digit:]]", "[\\a-c]", "[é]", "[!-~]", "\\/", "[/]", "[.-0]",
    ];

    private static readonly string[] Texts = ["a", "b", "c", "foo", "bar", "o", ".o", "x", " ", "é", "-", "]", "[", "A", "7", "!", "\\", "*", "\t"];

    private static readonly ImmutableDictionary<string, string> Environment = ImmutableDictionary<string, string>.Empty
        .Add("PATH", System.Environment.GetEnvironmentVariable("PATH") ?? "").Add("HOME", "/nonexistent").Add("GIT_CONFIG_NOSYSTEM", "1").Add("LC_ALL", "C");

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Take_Agrees_WithGit(int seed)
    {
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        using var state = new TemporaryFolder();
        await Git(folder, "init", "-q", ".");
        var rules = new StringBuilder();
        Grow(random, folder, "", 0, rules);
        if (random.Next(3) == 0)
        {
            folder.Write(".git/info/exclude", Rules(random));
        }

        // Tracked files stay, whatever the rules say.
        if (random.Next(2) == 0)
        {
            var some = Split(await Git(folder, "ls-files", "-zo")).Where(_ => random.Next(12) == 0).ToImmutableArray();
            await Git(folder, ["add", "-f", "--", .. some.Select(path => $":(literal){path}")]);
        }

        var tracked = Split(await Git(folder, "ls-files", "-z")).ToHashSet(StringComparer.Ordinal);
        var expected = Split(await Git(folder, "ls-files", "-zco", "--exclude-standard")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        using var root = DirectoryHandle.Open(folder.Path);
        var request = new SnapshotRequest
        {
            All = true,
            Repository = folder.Path,
            IsTracked = tracked.Contains,
            HasTrackedBelow = below => tracked.Any(t => t.StartsWith(below + "/", StringComparison.Ordinal)),
        };
        var snapshot = await SourceSnapshot.TakeAsync(root, request, StatIndex.Load(state["index"]), TestContext.Current.CancellationToken);
        Assert.Empty(snapshot.Diagnostics);
        Assert.True(expected.SequenceEqual(snapshot.Entries.Select(e => e.Path), StringComparer.Ordinal), Explain(seed, expected, snapshot, rules.ToString()));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Match_Agrees_WithGit_OnSingleRules(int seed)
    {
        const int Rules = 250;
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        await Git(folder, "init", "-q", ".");
        var rules = new string[Rules];
        var paths = new List<string>();
        for (var i = 0; i < Rules; i++)
        {
            rules[i] = Rule(random);
            folder.Write($"{i}/.gitignore", rules[i]);
            for (var n = 0; n < 40; n++)
            {
                // A path that the rule's own letters make is hit more often.
                var segments = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(3) > 0
                    ? string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Texts[random.Next(Texts.Length)]))
                    : Names[random.Next(Names.Length)]);
                paths.Add($"{i}/{string.Join('/', segments)}");
            }
        }

        // Whether they exist does not matter: all but the last segment are folders.
        using var input = new TemporaryFolder();
        input.Write("paths", string.Join('\0', paths));
        var result = await new Tool("sh", "-c", "git check-ignore --no-index -zvn --stdin <\"$0\"", input["paths"]) { Folder = folder.Path, Environment = Environment }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
        var answers = result.Output.Split('\0');
        for (var i = 0; i < paths.Count; i++)
        {
            Assert.Equal(paths[i], answers[(4 * i) + 3]);
            var ignored = answers[4 * i].Length > 0 && answers[(4 * i) + 2][0] != '!';
            var slash = paths[i].IndexOf('/', StringComparison.Ordinal);
            var rule = rules[int.Parse(paths[i][..slash], System.Globalization.CultureInfo.InvariantCulture)];
            Assert.True(ignored == IsIgnored(rule, paths[i][(slash + 1)..]), $"rule `{rule}`, path `{paths[i]}`: git says {ignored}");
        }
    }

    private static bool IsIgnored(string rule, string path)
    {
        var rules = IgnoreRules.Parse(Encoding.UTF8.GetBytes(rule));
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (rules.Match(Encoding.UTF8.GetBytes(path[..slash]), isFolder: true) == IgnoreVerdict.Ignored)
            {
                return true;
            }
        }

        return rules.Match(Encoding.UTF8.GetBytes(path), isFolder: false) == IgnoreVerdict.Ignored;
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];

    private static void Grow(Random random, TemporaryFolder folder, string prefix, int depth, StringBuilder rules)
    {
        foreach (var name in Names.Where(_ => random.Next(depth == 0 ? 3 : 5) == 0))
        {
            if (depth < 3 && random.Next(3) == 0)
            {
                Grow(random, folder, $"{prefix}{name}/", depth + 1, rules);
            }
            else if (random.Next(12) == 0)
            {
                Directory.CreateDirectory(folder[prefix]);
                File.CreateSymbolicLink(folder[prefix + name], ".");
            }
            else
            {
                folder.Write(prefix + name, "x");
            }
        }

        if (depth == 0 || random.Next(4) == 0)
        {
            var text = Rules(random);
            rules.Append(System.Globalization.CultureInfo.InvariantCulture, $"--- {prefix}.gitignore\n{text}\n");
            folder.Write(prefix + ".gitignore", text);
        }
    }

    private static string Rules(Random random)
    {
        var lines = new StringBuilder(random.Next(10) == 0 ? "\ufeff" : "");
        for (var i = random.Next(1, 8); i > 0; i--)
        {
            lines.Append(Rule(random));
            lines.Append(i > 1 || random.Next(2) == 0 ? "\n" : "");
        }

        return lines.ToString();
    }

    private static string Rule(Random random)
    {
        var line = new StringBuilder(random.Next(4) == 0 ? "!" : "").Append(random.Next(5) == 0 ? "/" : "");
        for (var segments = random.Next(1, 4); segments > 0; segments--)
        {
            if (random.Next(4) == 0)
            {
                line.Append("**");
            }
            else if (random.Next(3) == 0)
            {
                line.Append(Names[random.Next(Names.Length)]);
            }
            else
            {
                for (var pieces = random.Next(1, 4); pieces > 0; pieces--)
                {
                    line.Append(Pieces[random.Next(Pieces.Length)]);
                }
            }

            line.Append(segments > 1 ? "/" : "");
        }

        return line.Append(random.Next(4) == 0 ? "/" : "").Append(random.Next(8) == 0 ? "  " : "").Append(random.Next(8) == 0 ? "\r" : "").ToString();
    }

    private static string Explain(int seed, IEnumerable<string> expected, SourceSnapshot snapshot, string rules)
    {
        var actual = snapshot.Entries.Select(e => e.Path).ToList();
        return $"seed {seed}: only git has [{string.Join(", ", expected.Except(actual, StringComparer.Ordinal))}], only the snapshot has [{string.Join(", ", actual.Except(expected, StringComparer.Ordinal))}]\n{rules}";
    }

    private static string[] Split(string output) => output.Split('\0', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> Git(TemporaryFolder folder, params ImmutableArray<string> arguments)
    {
        var result = await new Tool("git", arguments) { Folder = folder.Path, Environment = Environment }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result.Output;
    }
}
