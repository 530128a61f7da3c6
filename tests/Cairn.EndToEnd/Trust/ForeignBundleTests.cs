using System.Text.Json.Nodes;

using Cairn.Testing;

namespace Cairn.EndToEnd.Trust;

/// <summary>Software that others wrote reads bundles, and carries all of one.</summary>
public sealed class ForeignBundleTests(SharedCache cache)
{
    [Fact]
    public async Task Skopeo_ReadsTheArtifact_AndCarriesEverything()
    {
        using var project = cache.Project(TimeSpan.FromMinutes(2));
        project.Write("cairn.yaml", """
            version: 1
            name: letters
            steps:
              make: { run: "mkdir dist; echo a >dist/letter; echo b >dist/tool; chmod +x dist/tool", outputs: ["dist/*"], isolation: process, inputs: [] }
              pack: { uses: bundle, with: { files: ["dist/*"], name: letters.cab }, needs: [make] }
            """);
        Succeeded(await project.CairnAsync("run"));
        Succeeded(await project.CairnAsync("bundle", "create", "x.cab", "--run", "last", "dist/*"));
        Succeeded(await project.CairnAsync("bundle", "verify", "x.cab"));

        var shown = JsonNode.Parse((await project.CairnAsync("bundle", "show", "x.cab", "--json")).Output)!;
        var manifest = JsonNode.Parse(await OutputAsync(project, "skopeo", "inspect", "--raw", "oci-archive:x.cab:artifact"))!;
        Assert.Equal("application/vnd.cairn.artifact.v1", manifest["artifactType"]!.GetValue<string>());
        Assert.Equal(["dist/letter", "dist/tool"], manifest["layers"]!.AsArray().Select(static l => l!["annotations"]!["org.opencontainers.image.title"]!.GetValue<string>()));
        _ = await OutputAsync(project, "skopeo", "copy", "--all", "oci-archive:x.cab:bundle", "oci:all");

        // Every blob of the archive but the two indexes is in the copy: skopeo writes indexes of its own.
        var listed = (await OutputAsync(project, "tar", "--list", "--file", "x.cab")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["oci-layout", "index.json"], listed[..2]);
        var carried = Directory.EnumerateFiles($"{project.Folder}/all/blobs/sha256").Select(static f => $"blobs/sha256/{Path.GetFileName(f)}").ToHashSet(StringComparer.Ordinal);
        var index = JsonNode.Parse(await OutputAsync(project, "tar", "--extract", "--to-stdout", "--file", "x.cab", "index.json"))!;
        var nested = index["manifests"]!.AsArray().Single(static m => m!["annotations"]?["org.opencontainers.image.ref.name"]?.GetValue<string>() == "bundle")!["digest"]!.GetValue<string>();
        Assert.All(listed[2..].Where(name => name != $"blobs/{nested.Replace(':', '/')}"), name => Assert.Contains(name, carried));
        Assert.Contains($"blobs/{shown["artifact"]!.GetValue<string>().Replace(':', '/')}", carried);
        Assert.Equal(["attestation", "attestation", "log-proof", "log-proof", "log-proof", "receipt"], shown["documents"]!.AsArray().Select(static d => d!["kind"]!.GetValue<string>()).Order(StringComparer.Ordinal));

        // And GNU tar takes the plain artifact apart.
        Directory.CreateDirectory($"{project.Folder}/plain");
        _ = await OutputAsync(project, "tar", "--extract", "--file", "letters.cab", "--directory", "plain");
        Assert.True(File.Exists($"{project.Folder}/plain/oci-layout"));
    }

    [Fact]
    public async Task AWriterMadeFromTheFormatAlone_MakesTheSameBytes()
    {
        using var project = cache.Project(TimeSpan.FromMinutes(1));
        project.Write("tree/dir/sub/b.txt", "b");
        project.Write("tree/dir/a.json", "{}");
        project.Write("tree/ä", "");
        project.Write("bill.json", """{"bomFormat":"CycloneDX"}""");
        project.Write("InRelease", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSuite: stable\n");
        Directory.CreateDirectory($"{project.Folder}/tree/empty");
        File.CreateSymbolicLink($"{project.Folder}/tree/dir/link", "sub/b.txt");
        File.SetUnixFileMode($"{project.Folder}/tree/dir/sub/b.txt", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Succeeded(await project.CairnAsync("bundle", "create", "ours.cab", "-C", "tree", ".", "--evidence", "bill.json", "--evidence", "InRelease"));
        _ = await OutputAsync(project, "sh", "-c", $"python3 '{SourceTree.Root}/tests/independent/cab_write.py' tree --document cyclonedx bill.json --document seed InRelease >theirs.cab");
        var cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(await File.ReadAllBytesAsync($"{project.Folder}/theirs.cab", cancellation), await File.ReadAllBytesAsync($"{project.Folder}/ours.cab", cancellation));
    }

    private static async Task<string> OutputAsync(TestProject project, string program, params string[] arguments)
    {
        var result = await new Tool(program, [.. arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout }.RunAsync(TestContext.Current.CancellationToken);
        Succeeded(result);
        return result.Output;
    }

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());
}
