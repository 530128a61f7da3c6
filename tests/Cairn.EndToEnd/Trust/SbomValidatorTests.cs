using Cairn.Testing;

namespace Cairn.EndToEnd.Trust;

/// <summary>Validators that others wrote accept the bills of materials that Cairn writes.</summary>
public sealed class SbomValidatorTests(SharedCache cache)
{
    private static readonly string Foreign = Path.Combine(SourceTree.Root, "tests/Cairn.EndToEnd/Trust/foreign/sbom");

    [Fact]
    public async Task Sbom_IsValid_ForCycloneDxStrictly_AndForTheSchemaOfSpdx()
    {
        using var project = cache.Project(TimeSpan.FromMinutes(5));
        foreach (var file in Directory.EnumerateFiles(Foreign))
        {
            File.Copy(file, $"{project.Folder}/{Path.GetFileName(file)}");
        }

        project.Write("made/cairn.yaml", """
            version: 1
            name: made
            steps:
              one: { run: "cat package-lock.json >one.txt", outputs: [one.txt], isolation: process, inputs: [package.json, package-lock.json] }
              two: { run: "cat one.txt >two.txt", outputs: [two.txt], needs: [one], isolation: process, inputs: [] }
            """);
        foreach (var file in (string[])["package.json", "package-lock.json"])
        {
            File.Copy($"{Foreign}/{file}", $"{project.Folder}/made/{file}");
        }

        var made = $"{project.Folder}/made";
        Succeeded(await project.CairnAsync("run", "-C", made));
        foreach (var (target, format, name) in ((string, string, string)[])[("last", "cyclonedx", "run.cdx.json"), ("last", "spdx", "run.spdx.json"), ("two", "cyclonedx", "step.cdx.json"), ("two", "spdx", "step.spdx.json")])
        {
            Succeeded(await project.CairnAsync("sbom", target, "-C", made, "--format", format, "-o", $"{project.Folder}/{name}"));
        }

        Assert.Contains("pkg:npm/ajv@", project.Read("step.cdx.json"), StringComparison.Ordinal);
        project.Write("broken.cdx.json", project.Read("run.cdx.json").Replace("\"bom-ref\"", "\"bomref\"", StringComparison.Ordinal));
        project.Write("broken.spdx.json", project.Read("run.spdx.json").Replace("\"LIBRARY\"", "\"BOOK\"", StringComparison.Ordinal));
        Succeeded(await Tool(project, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"));
        var golden = Path.Combine(SourceTree.Root, "testdata/sbom");
        var said = await Tool(project, "node", "validate.mjs", $"{golden}/spdx-2.3.schema.json", "run.cdx.json", "run.spdx.json", "step.cdx.json", "step.spdx.json", $"{golden}/bill.cdx.json", $"{golden}/bill.spdx.json", "broken.cdx.json", "broken.spdx.json");
        Succeeded(said);
        Assert.Equal(6, said.Output.Split('\n').Count(static line => line.StartsWith("ok ", StringComparison.Ordinal)));
        Assert.Equal(2, said.Output.Split('\n').Count(static line => line.StartsWith("bad broken.", StringComparison.Ordinal)));

        // Signed, about the files, and found by whoever verifies them.
        Succeeded(await project.CairnAsync("sbom", "-C", made, "--attest", "-o", $"{made}/two.txt.sbom.intoto.json"));
        Succeeded(await project.CairnAsync("verify", $"{made}/two.txt", "-a", $"{made}/two.txt.sbom.intoto.json", "--trusted-only"));
    }

    private static Task<ToolResult> Tool(TestProject project, string program, params string[] arguments) =>
        new Tool(program, [.. arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }.RunAsync(TestContext.Current.CancellationToken);

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());
}
