using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Sandbox;

/// <summary><c>cairn replay</c> and <c>cairn challenge</c> with real sandboxes.</summary>
public sealed class ReplayTests
{
    private const string Pipeline = """
        version: 1
        name: letters
        steps:
          make: { run: "mkdir -p dist; cat a >dist/letter; echo made", inputs: [a], outputs: [dist/letter] }
          use: { run: "cat dist/letter b >all", needs: [make], inputs: [b], outputs: [all] }
          chance: { run: "head -c 8 /dev/urandom | od -An -tx1 >r", inputs: [], outputs: [r] }

        """;

    [Fact]
    public async Task Replay_OfASecondBuilder_CountsForThePolicyOfTheFirst()
    {
        using var first = Project();
        Succeeded(await first.CairnAsync("run"));
        Succeeded(await first.CairnAsync("receipt", "export", "--all", "proof"));

        // Nothing of the first machine but the sources and what it signed.
        using var second = Project();
        var replayed = await second.CairnAsync("replay", $"{first.Folder}/proof", "--attest", "-o", "mine.jsonl", "--json");
        Assert.Equal(5, replayed.ExitCode);
        using var report = JsonDocument.Parse(replayed.Output);
        Assert.Equal(["make identical", "use identical", "chance nondeterministic"], report.RootElement.GetProperty("actions").EnumerateArray().Select(static a => $"{a.GetProperty("name").GetString()} {a.GetProperty("verdict").GetString()}"));
        File.Copy($"{second.Folder}/mine.jsonl", $"{first.Folder}/theirs.jsonl");
        File.Copy($"{second.Environment["XDG_CONFIG_HOME"]}/cairn/keys/default.pub", $"{first.Folder}/second.pub");
        first.Write("two.yaml", "version: 1\nname: two\nnot_checked: allow\nrequire: { reproduced: 2 }\n");
        var receipt = $"{first.Folder}/proof/receipt.dsse.json";

        Assert.Equal(1, (await first.CairnAsync("verify", "all", "-a", receipt, "-a", "theirs.jsonl", "--level", "two.yaml")).ExitCode);
        Succeeded(await first.CairnAsync("keys", "trust", "second.pub", "--name", "second", "--owner", "somebody"));
        Succeeded(await first.CairnAsync("verify", "all", "-a", receipt, "-a", "theirs.jsonl", "--level", "two.yaml"));

        // One builder twice is one builder.
        Succeeded(await first.CairnAsync("replay", "use", "--attest"));
        Assert.Equal(1, (await first.CairnAsync("verify", "all", "--level", "two.yaml")).ExitCode);
    }

    [Fact]
    public async Task Challenge_DemotesWhatDoesNotMatch_AndTheNextRunExecutesIt()
    {
        using var project = Project();
        Succeeded(await project.CairnAsync("run"));
        var challenged = await project.CairnAsync("challenge", "--sample", "100%", "--seed", "s", "--max-load", "100%", "--json");
        Assert.Equal(5, challenged.ExitCode);
        using var report = JsonDocument.Parse(challenged.Output);
        Assert.Equal(["chance"], report.RootElement.GetProperty("results").EnumerateArray().Where(static r => r.GetProperty("demoted").GetBoolean()).Select(static r => r.GetProperty("replay").GetProperty("name").GetString()));
        Succeeded(await project.CairnAsync("run"));
        var why = await project.CairnAsync("why", "chance");
        Assert.Contains("was demoted: a replay on ", why.Output, StringComparison.Ordinal);
        Assert.Contains("was nondeterministic", why.Output, StringComparison.Ordinal);
    }

    private static TestProject Project()
    {
        var project = new TestProject("sandbox") { Timeout = TimeSpan.FromMinutes(2) };
        project.Write("cairn.yaml", Pipeline);
        project.Write("a", "a\n");
        project.Write("b", "b\n");
        return project;
    }

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());
}
