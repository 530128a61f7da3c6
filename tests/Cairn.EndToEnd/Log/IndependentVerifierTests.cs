using System.Globalization;
using System.Text.Json;

using Cairn.Testing;

namespace Cairn.EndToEnd.Log;

/// <summary>A verifier that knows only the specifications agrees with the log that runs leave.</summary>
public sealed class IndependentVerifierTests
{
    private static readonly string Verifier = Path.Combine(SourceTree.Root, "tests/independent/tlog_verify.py");

    [Fact]
    public async Task TheLogOfRuns_ItsProofs_AndItsGrowth_AreVerified_AndForgeriesRefused()
    {
        using var project = new TestProject();
        project.Write("cairn.yaml", """
            version: 1
            steps:
              build: { command: [sh, -c, "echo $CAIRN_RUN_ID > out"], outputs: [out] }
            """);
        Succeeded(await project.CairnAsync("run", "--quiet"));
        Succeeded(await project.CairnAsync("log", "checkpoint"));
        project.Write("old", (await project.CairnAsync("log", "checkpoint")).Output);
        Succeeded(await project.CairnAsync("run", "--quiet"));

        var receipt = Directory.GetFiles(Path.Combine(project.Folder, ".cairn/runs"), "receipt.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        Succeeded(await project.CairnAsync("log", "prove", receipt, "-o", "receipt.tlog-proof"));
        Succeeded(await project.CairnAsync("log", "verify", receipt, "--proof", "receipt.tlog-proof"));
        var verified = await project.CairnAsync("verify", "last");
        Assert.Contains("of the log `", verified.Output, StringComparison.Ordinal);
        Succeeded(await project.CairnAsync("log", "export", "copy"));
        Succeeded(await project.CairnAsync("log", "fsck"));

        using var checkpoint = JsonDocument.Parse((await project.CairnAsync("log", "checkpoint", "--json")).Output);
        var key = checkpoint.RootElement.GetProperty("keys")[0].GetString()!;
        var (origin, size) = (checkpoint.RootElement.GetProperty("origin").GetString(), checkpoint.RootElement.GetProperty("size").GetInt64());
        var index = Line(project.Read("receipt.tlog-proof"), 1)["index ".Length..];
        Assert.Equal($"{origin}: {size} entries\n", (await Python(project, "log", "copy", key)).Output);
        Assert.Equal($"{origin}: {Line(project.Read("old"), 1)} entries grew to {size}\n", (await Python(project, "consistency", "copy", "old", key)).Output);
        var entry = await Python(project, "entry", "copy", index);
        project.Write("entry", entry.Output);
        Assert.Equal($"{origin}: entry {index} of {size}\n", (await Python(project, "proof", "receipt.tlog-proof", "entry", key)).Output);

        project.Write("entry", entry.Output.Replace("dsse", "dssf", StringComparison.Ordinal));
        Assert.Equal((1, "the proof does not lead to the root\n"), await Refusal(project, "proof", "receipt.tlog-proof", "entry", key));
        var tile = Path.Combine(project.Folder, string.Create(CultureInfo.InvariantCulture, $"copy/tile/entries/000.p/{size}"));
        var bytes = await File.ReadAllBytesAsync(tile, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(tile, bytes, TestContext.Current.CancellationToken);
        Assert.Equal(1, (await Python(project, "log", "copy", key)).ExitCode);
        Assert.Equal(1, (await project.CairnAsync("log", "fsck", "copy")).ExitCode);
    }

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());

    private static string Line(string text, int number) => text.Split('\n')[number];

    private static async Task<(int, string)> Refusal(TestProject project, params string[] arguments)
    {
        var result = await Python(project, arguments);
        return (result.ExitCode, result.Error);
    }

    private static Task<ToolResult> Python(TestProject project, params string[] arguments) =>
        new Tool("python3", ["-B", Verifier, .. arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }.RunAsync(TestContext.Current.CancellationToken);
}
