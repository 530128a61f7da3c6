using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Cairn.Testing;

namespace Cairn.EndToEnd.Trust;

/// <summary>Verifiers that others wrote accept the log's proofs in Sigstore bundles, and refuse forged ones; a witness that others wrote cosigns the log.</summary>
public sealed class ForeignLogTests(SharedCache cache)
{
    private const string WitnessName = "witness.example/lite";
    private static readonly string Foreign = Path.Combine(SourceTree.Root, "tests/Cairn.EndToEnd/Trust/foreign");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sigstore_AgreesOnEveryBundle()
    {
        using var project = await BundlesAsync();
        foreach (var file in (string[])["bundles.mjs", "package.json", "package-lock.json"])
        {
            File.Copy(Path.Combine(Foreign, "sigstore", file), $"{project.Folder}/{file}");
        }

        Forge(project);
        Succeeded(await Tool(project, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts").RunAsync(Token));
        string[] names = [.. Directory.EnumerateFiles($"{project.Folder}/bundles").Select(static f => $"bundles/{Path.GetFileName(f)}").Order(StringComparer.Ordinal)];
        var verified = await Tool(project, "node", ["bundles.mjs", "key.pub", "root.json", .. names]).RunAsync(Token);
        Succeeded(verified);
        var accepted = verified.Output.Split('\n').Where(static l => l.StartsWith("ok ", StringComparison.Ordinal)).Select(static l => l[3..]);
        Assert.True(accepted.SequenceEqual(["bundles/file.json", "bundles/receipt.json"], StringComparer.Ordinal), verified.ToString());
        Assert.Equal(names.Length - 2, verified.Output.Split('\n').Count(static l => l.StartsWith("bad ", StringComparison.Ordinal)));

        // Another log's key proves nothing.
        var root = JsonNode.Parse(project.Read("root.json"))!;
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = other.ExportSubjectPublicKeyInfo();
        root["tlogs"]![0]!["publicKey"]!["rawBytes"] = Convert.ToBase64String(spki);
        root["tlogs"]![0]!["logId"]!["keyId"] = Convert.ToBase64String(SHA256.HashData(spki));
        project.Write("other.json", root.ToJsonString());
        verified = await Tool(project, "node", "bundles.mjs", "key.pub", "other.json", "bundles/receipt.json").RunAsync(Token);
        Assert.StartsWith("bad ", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cosign_VerifiesAnExportedBundle()
    {
        using var project = await BundlesAsync();
        var cosign = await UnpackAsync(project, "cosign");
        string[] Arguments(string bundle) => ["verify-blob-attestation", "--bundle", bundle, "--key", "key.pub", "--trusted-root", "root.json", "--type", "https://cairn.build/attest/v1", "signed/two.txt"];
        var verified = await Tool(project, cosign, Arguments("bundles/file.json")).RunAsync(Token);
        Succeeded(verified);
        Forge(project);
        Assert.NotEqual(0, (await Tool(project, cosign, Arguments("bundles/forged-promise.json")).RunAsync(Token)).ExitCode);
    }

    [Fact]
    public async Task Litewitness_CosignsOurLog()
    {
        using var project = await BundlesAsync();
        var folder = Path.GetDirectoryName(await UnpackAsync(project, "torchwood", "litewitness"))!;
        Succeeded(await Tool(project, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "witness").RunAsync(Token));
        await using var agent = Tool(project, "ssh-agent", "-D", "-a", "agent").Start();
        await Eventually.HoldsAsync(() => project.Exists("agent"), "The agent listens", Token);
        var added = await (Tool(project, "ssh-add", "-q", "witness") with { Environment = project.Environment.SetItem("SSH_AUTH_SOCK", $"{project.Folder}/agent") }).RunAsync(Token);
        Succeeded(added);
        var log = JsonNode.Parse(await File.ReadAllTextAsync($"{project.Environment["XDG_STATE_HOME"]}/cairn/log/log.json", Token))!;
        var (origin, key) = (log["origin"]!.GetValue<string>(), log["keys"]![0]!["key"]!.GetValue<string>());
        Succeeded(await Tool(project, $"{folder}/witnessctl", "add-log", "-db", "witness.db", "-origin", origin).RunAsync(Token));
        Succeeded(await Tool(project, $"{folder}/witnessctl", "add-key", "-db", "witness.db", "-origin", origin, "-key", key).RunAsync(Token));

        var publicKey = Convert.FromBase64String(project.Read("witness.pub").Split(' ')[1]);
        var address = FreeAddress();
        var fingerprint = $"SHA256:{Convert.ToBase64String(SHA256.HashData(publicKey)).TrimEnd('=')}";
        await using var witness = Tool(project, $"{folder}/litewitness", "-db", "witness.db", "-name", WitnessName, "-key", fingerprint, "-ssh-agent", "agent", "-listen", address).Start();
        await File.WriteAllTextAsync($"{project.Environment["XDG_CONFIG_HOME"]}/cairn/trust.yaml", $"version: 1\nwitnesses: [{{ key: \"{VerifierKey(publicKey[^32..])}\", url: \"http://{address}/\" }}]\n", Token);

        // From nothing, and then from what it has seen.
        for (var round = 1; round <= 2; round++)
        {
            var cosigned = await project.CairnAsync("log", "cosign");
            Assert.True(cosigned.ExitCode == 0 && cosigned.Output.StartsWith("1 of 1 witness cosigned", StringComparison.Ordinal), cosigned.ToString());
            Assert.Contains($"\n\u2014 {WitnessName} ", await File.ReadAllTextAsync($"{project.Environment["XDG_STATE_HOME"]}/cairn/log/checkpoint", Token), StringComparison.Ordinal);
            Succeeded(await project.CairnAsync("run", "-C", $"{project.Folder}/signed"));
        }
    }

    /// <summary>A project with bundles of a receipt and of an attested file, the trusted root of its log, and the key that signed.</summary>
    private async Task<TestProject> BundlesAsync()
    {
        var project = cache.Project(TimeSpan.FromMinutes(3));
        project.Write("signed/cairn.yaml", """
            version: 1
            name: signed
            steps:
              two: { run: "echo two >two.txt", outputs: [two.txt], isolation: process, inputs: [] }
            """);
        Directory.CreateDirectory($"{project.Folder}/bundles");
        Succeeded(await project.CairnAsync("run", "-C", $"{project.Folder}/signed"));
        Succeeded(await project.CairnAsync("attest", "signed/two.txt", "--subject-name", "two.txt", "-o", "file.dsse.json"));
        Succeeded(await project.CairnAsync("log", "append", "file.dsse.json"));
        Succeeded(await project.CairnAsync("sigstore", "export", "file.dsse.json", "-o", "bundles/file.json", "--trusted-root", "root.json"));
        Succeeded(await project.CairnAsync("receipt", "export", "-C", $"{project.Folder}/signed", "--format", "sigstore", "-o", $"{project.Folder}/bundles/receipt.json"));
        File.Copy($"{project.Environment["XDG_CONFIG_HOME"]}/cairn/keys/default.pub", $"{project.Folder}/key.pub");
        return project;
    }

    private static void Forge(TestProject project)
    {
        var (bundle, other) = (JsonNode.Parse(project.Read("bundles/file.json"))!, JsonNode.Parse(project.Read("bundles/receipt.json"))!);
        Write("promise", static b => Flip(Entry(b)["inclusionPromise"]!, "signedEntryTimestamp", 40));
        Write("time", static b => Entry(b)["integratedTime"] = "1700000000");
        Write("proof", static b => Flip(Entry(b)["inclusionProof"]!["hashes"]!, 0, 3));
        Write("root", static b => Note(b, static lines => lines[2] = Convert.ToBase64String(SHA256.HashData([]))));
        Write("size", static b => Note(b, static lines => lines[1] += "9"));
        Write("origin", static b => Note(b, static lines => lines[0] += "9"));
        Write("payload", b => b["dsseEnvelope"]!["payload"] = other["dsseEnvelope"]!["payload"]!.DeepClone());
        Write("signature", static b => Flip(b["dsseEnvelope"]!["signatures"]![0]!, "sig", 8));
        Write("entry", b => b["verificationMaterial"] = other["verificationMaterial"]!.DeepClone());
        Write("unlogged", static b => b["verificationMaterial"]!["tlogEntries"] = new JsonArray());

        // The root and the size beside the proof are read by Cairn alone; others take those of the checkpoint.
        static void Note(JsonNode bundle, Action<string[]> change)
        {
            var checkpoint = Entry(bundle)["inclusionProof"]!["checkpoint"]!;
            var lines = checkpoint["envelope"]!.GetValue<string>().Split('\n');
            change(lines);
            checkpoint["envelope"] = string.Join('\n', lines);
        }

        static JsonNode Entry(JsonNode bundle) => bundle["verificationMaterial"]!["tlogEntries"]![0]!;

        void Write(string name, Action<JsonNode> change)
        {
            var copy = bundle.DeepClone();
            change(copy);
            project.Write($"bundles/forged-{name}.json", copy.ToJsonString());
        }
    }

    private static void Flip(JsonNode parent, object at, int index)
    {
        var bytes = Convert.FromBase64String((at is int i ? parent[i] : parent[(string)at])!.GetValue<string>());
        bytes[index] ^= 1;
        var text = JsonValue.Create(Convert.ToBase64String(bytes));
        if (at is int number)
        {
            parent[number] = text;
        }
        else
        {
            parent[(string)at] = text;
        }
    }

    /// <summary>A program of a package of a newer Debian, unpacked beside the project.</summary>
    private static async Task<string> UnpackAsync(TestProject project, string package, string? program = null)
    {
        Succeeded(await Tool(project, "sh", Path.Combine(Foreign, "newer-debian.sh"), $"{project.Folder}/debian", package).RunAsync(Token));
        return $"{project.Folder}/debian/root/usr/bin/{program ?? package}";
    }

    private static string FreeAddress()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket.LocalEndPoint!.ToString()!;
    }

    private static string VerifierKey(byte[] key)
    {
        var id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(WitnessName), (byte)'\n', 4, .. key]));
        return string.Create(CultureInfo.InvariantCulture, $"{WitnessName}+{id:x8}+{Convert.ToBase64String([4, .. key])}");
    }

    private static Tool Tool(TestProject project, string program, params string[] arguments) => new(program, [.. arguments]) { Folder = project.Folder, Environment = project.Environment, Timeout = project.Timeout };

    private static void Succeeded(ToolResult result) => Assert.True(result.ExitCode == 0, result.ToString());
}
