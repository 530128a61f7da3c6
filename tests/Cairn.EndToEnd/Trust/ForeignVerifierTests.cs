using System.Text;
using System.Text.Json.Nodes;

using Cairn.Testing;

namespace Cairn.EndToEnd.Trust;

/// <summary>Verifiers that others wrote accept what Cairn signs and refuse what is forged; what they refuse, Cairn refuses.</summary>
public sealed class ForeignVerifierTests(SharedCache cache)
{
    private static readonly string Foreign = Path.Combine(SourceTree.Root, "tests/Cairn.EndToEnd/Trust/foreign");

    [Fact]
    public async Task Sigstore_AgreesOnEveryEnvelope()
    {
        using var project = await EnvelopesAsync();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Foreign, "sigstore")).Where(static f => !f.Contains("node_modules", StringComparison.Ordinal)))
        {
            File.Copy(file, $"{project.Folder}/{Path.GetFileName(file)}");
        }

        var folder = project.Folder;
        Succeeded(await Tool(project, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts").RunAsync(TestContext.Current.CancellationToken));
        var verified = await Tool(project, "node", ["verify.mjs", "envelopes/key.pub", .. Names(folder)]).RunAsync(TestContext.Current.CancellationToken);
        Succeeded(verified);
        AssertVerdicts(folder, verified.Output);
    }

    [Fact]
    public async Task Securesystemslib_AgreesOnEveryEnvelope_InASandboxOfDebian13()
    {
        using var project = await EnvelopesAsync();
        foreach (var file in (string[])["verify.py", "cairn.yaml"])
        {
            File.Copy(Path.Combine(Foreign, "securesystemslib", file), $"{project.Folder}/{file}");
        }

        // Debian 13 beside whatever this machine is: the mirror and the keys are the machine's, the suite is told to this command alone.
        project.Write("sources/debian.sources", await SourcesAsync(project));
        Succeeded(await project.Command("toolchain", "lock").Under("unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/apt/sources.list.d && exec \"$@\"", $"{project.Folder}/sources").RunAsync(TestContext.Current.CancellationToken));
        Succeeded(await project.CairnAsync("run"));
        AssertVerdicts(project.Folder, project.Read("verdicts.txt"));
    }

    [Fact]
    public async Task Verify_RefusesWhatTheyRefuse_AndMore()
    {
        using var project = await EnvelopesAsync();
        foreach (var name in Names(project.Folder))
        {
            var verified = await project.CairnAsync("verify", name, "--trusted-only");
            Assert.True((verified.ExitCode == 0) == IsGood(name), $"{name}: {verified}");
        }
    }

    /// <summary>A project with a receipt, the attestations of its steps, an attested file, and forgeries of them in <c>envelopes/</c>, beside the key that signed.</summary>
    private async Task<TestProject> EnvelopesAsync()
    {
        var project = cache.Project(TimeSpan.FromMinutes(5));
        project.Write("signed/cairn.yaml", """
            version: 1
            name: signed
            steps:
              one: { run: "echo one >one.txt", outputs: [one.txt], isolation: process, inputs: [] }
              two: { run: "cat one.txt >two.txt", outputs: [two.txt], needs: [one], isolation: process, inputs: [] }
            """);
        var signed = $"{project.Folder}/signed";
        Succeeded(await project.CairnAsync("run", "-C", signed));
        Succeeded(await project.CairnAsync("receipt", "export", "-C", signed, "--all", $"{project.Folder}/envelopes"));
        Succeeded(await project.CairnAsync("attest", $"{signed}/two.txt", "--subject-name", "two.txt", "-o", $"{project.Folder}/envelopes/file.dsse.json"));
        File.Copy($"{project.Environment["XDG_CONFIG_HOME"]}/cairn/keys/default.pub", $"{project.Folder}/envelopes/key.pub");
        Assert.Equal(["envelopes/file.dsse.json", "envelopes/one.dsse.json", "envelopes/receipt.dsse.json", "envelopes/two.dsse.json"], Names(project.Folder));
        Forge(project, JsonNode.Parse(project.Read("envelopes/one.dsse.json"))!.AsObject(), JsonNode.Parse(project.Read("envelopes/two.dsse.json"))!.AsObject());
        return project;
    }

    private static void Forge(TestProject project, JsonObject envelope, JsonObject other)
    {
        var payload = Convert.FromBase64String(envelope["payload"]!.GetValue<string>());
        Write("payload", e => e["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(payload).Replace("echo one", "echo two", StringComparison.Ordinal))));
        Write("swapped", e => e["payload"] = other["payload"]!.DeepClone());
        Write("blank", e => e["payload"] = Convert.ToBase64String([.. payload, (byte)'\n']));
        Write("type", e => e["payloadType"] = "application/vnd.in-toto+json; v=2");
        Write("signature", e => Signature(e)["sig"] = other["signatures"]![0]!["sig"]!.DeepClone());
        Write("bit", e =>
        {
            var bytes = Convert.FromBase64String(Signature(e)["sig"]!.GetValue<string>());
            bytes[40] ^= 1;
            Signature(e)["sig"] = Convert.ToBase64String(bytes);
        });
        Write("short", e => Signature(e)["sig"] = Convert.ToBase64String(Convert.FromBase64String(Signature(e)["sig"]!.GetValue<string>())[..63]));
        Write("empty", static e => Signature(e)["sig"] = "");
        Write("unsigned", static e => e["signatures"] = new JsonArray());
        Write("missing", static e => e.Remove("payload"));

        void Write(string name, Action<JsonObject> change)
        {
            var copy = envelope.DeepClone().AsObject();
            change(copy);
            project.Write($"envelopes/forged-{name}.json", copy.ToJsonString());
        }
    }

    private static JsonObject Signature(JsonObject envelope) => envelope["signatures"]![0]!.AsObject();

    private static string[] Names(string folder) => [.. Directory.EnumerateFiles($"{folder}/envelopes", "*.json").Select(static f => $"envelopes/{Path.GetFileName(f)}").Order(StringComparer.Ordinal)];

    private static bool IsGood(string name) => !name.Contains("forged-", StringComparison.Ordinal);

    /// <summary>Whether each good one was accepted, and no other.</summary>
    private static void AssertVerdicts(string folder, string output)
    {
        var names = Names(folder);
        Assert.Equal(4, names.Count(IsGood));
        Assert.Equal(10, names.Count(static name => !IsGood(name)));
        var accepted = output.Split('\n').Where(static line => line.StartsWith("ok ", StringComparison.Ordinal)).Select(static line => line[3..]).Order(StringComparer.Ordinal);
        var refused = output.Split('\n').Where(static line => line.StartsWith("bad ", StringComparison.Ordinal)).Select(static line => line[4..line.IndexOf(':', StringComparison.Ordinal)]).Order(StringComparer.Ordinal);
        Assert.True(names.Where(IsGood).SequenceEqual(accepted, StringComparer.Ordinal), output);
        Assert.True(names.Where(static name => !IsGood(name)).SequenceEqual(refused, StringComparer.Ordinal), output);
    }

    private static Tool Tool(TestProject project, string program, params string[] arguments) => new(program, [.. arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout };

    private static async Task<string> SourcesAsync(TestProject project)
    {
        var uris = await Tool(project, "apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages").RunAsync(TestContext.Current.CancellationToken);
        Succeeded(uris);
        var mirror = uris.Output.Split('\n').First(static uri => uri.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal));
        return $"Types: deb\nURIs: {mirror}\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
    }

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());
}
