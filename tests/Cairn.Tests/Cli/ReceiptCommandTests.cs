using System.Text;
using System.Text.Json;

using Cairn.Cli;
using Cairn.Core.Content;
using Cairn.Engine.Receipts;
using Cairn.Store.Keys;
using Cairn.Tests.Trust;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn receipt</c> over real runs.</summary>
public sealed class ReceiptCommandTests : IDisposable
{
    private readonly CommandTester _tester = new() { Now = TimeProvider.System.GetUtcNow() };

    public void Dispose() => _tester.Dispose();

    private RunReceipts Receipts => new(_tester.Project);

    private KeyFolder Keys => new(_tester.Folder["home/.config/cairn/keys"]);

    private async Task<StoredReceipt> RunAsync(string pipeline = """
        version: 1
        name: letters
        params: { letter: a }
        steps:
          make: { run: "echo ${{ params.letter }} > letter", outputs: [letter] }
          test: { run: "cat letter; echo ${{ matrix.n }}", needs: [make], matrix: { n: [1, 2] } }
        """)
    {
        _tester.Write("cairn.yaml", pipeline);
        return (await _tester.RunPipelineAsync()).Receipt;
    }

    [Fact]
    public async Task Show_TellsWhatTheReceiptSays()
    {
        var stored = await RunAsync();
        var outcome = await _tester.RunAsync("receipt", "show");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.StartsWith($"Receipt of run {stored.Run}  succeeded\n  pipeline  letters (cairn.yaml, sha256 {stored.Receipt.Pipeline.Digest[..12]})\n", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("\n  param     letter=a\n", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("\n  builder   local/process/v1, cairn 1.2.3, tier branch\n", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("\n  signed by default\n", outcome.Out, StringComparison.Ordinal);
        Assert.Contains($"\n  payload   {stored.Envelope.PayloadHash}\n", outcome.Out, StringComparison.Ordinal);
        Assert.Contains(stored.Receipt.Steps[0].Attestation![..12], outcome.Out, StringComparison.Ordinal);
        Assert.EndsWith($"\nOutputs\n  {Digest.Of("a\n"u8).Hash[..12]}  letter\n", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_WritesTheStatement_AsJsonAndYaml()
    {
        var stored = await RunAsync();
        var json = await _tester.RunAsync("receipt", "show", stored.Run.Value, "--json");
        using var document = JsonDocument.Parse(json.Out);
        Assert.Equal(RunProvenance.BuildType, document.RootElement.GetProperty("predicate").GetProperty("buildDefinition").GetProperty("buildType").GetString());
        var yaml = await _tester.RunAsync("receipt", "show", "--yaml");
        Assert.Contains("\n  buildDefinition:\n    buildType: \"https://cairn.build/run/v1\"\n", yaml.Out, StringComparison.Ordinal);
        Assert.Contains("\n      cairn_steps:\n        - action: ", yaml.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await _tester.RunAsync("receipt", "show", "--yaml", "--json")).Exit);
    }

    [Fact]
    public async Task Show_FindsTheAttestationOfAStep()
    {
        var stored = await RunAsync();
        var make = await _tester.RunAsync("receipt", "show", "--attestation", "make", "--json");
        Assert.Contains(ActionProvenance.BuildType, make.Out, StringComparison.Ordinal);
        Assert.Contains("\"outputs/letter\"", make.Out, StringComparison.Ordinal);
        var one = await _tester.RunAsync("receipt", "show", "--attestation", "test[n=2]");
        Assert.Contains($"- \"{stored.Receipt.Steps[0].Attestation}\"", one.Out.Replace("- " + stored.Receipt.Steps[0].Attestation, $"- \"{stored.Receipt.Steps[0].Attestation}\"", StringComparison.Ordinal), StringComparison.Ordinal);
        var several = await _tester.RunAsync("receipt", "show", "--attestation", "test");
        Assert.Equal((ExitCodes.Usage, "error: The step `test` has 2 jobs: name one of them\nhelp: `test[n=1]`, `test[n=2]`\n"), (several.Exit, several.Error));
        var none = await _tester.RunAsync("receipt", "show", "--attestation", "mak");
        Assert.Equal((ExitCodes.Usage, $"error: Run `{stored.Run}` has no step `mak`\nhelp: did you mean `make`?\n"), (none.Exit, none.Error));
    }

    [Fact]
    public async Task List_ShowsRunsWithReceipts_NewestFirst()
    {
        Assert.Equal("No receipts yet; every `cairn run` makes one\n", (await _tester.RunAsync("receipt", "list")).Out);
        var first = await RunAsync();
        var second = await RunAsync();
        var lines = (await _tester.RunAsync("receipt", "list")).Out.Split('\n');
        Assert.StartsWith("RUN ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith(second.Run.Value, lines[1], StringComparison.Ordinal);
        Assert.StartsWith(first.Run.Value, lines[2], StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await _tester.RunAsync("receipt", "list", "--json", "-n", "1")).Out);
        Assert.Equal(second.Run.Value, json.RootElement.GetProperty("run").GetString());
        Assert.Equal(3, json.RootElement.GetProperty("hits").GetInt32());
        Assert.Equal("default", json.RootElement.GetProperty("signer").GetString());
        Assert.Equal(second.Envelope.PayloadHash, json.RootElement.GetProperty("payload").GetString());
    }

    [Fact]
    public async Task Export_WritesWhatOthersVerify()
    {
        var stored = await RunAsync();
        var envelope = Path.Combine(_tester.Project, "receipt.json");
        Assert.Equal((0, "", ""), await Exported("-o", "receipt.json"));
        Assert.True(await OpenSslTests.VerifiesAsync(_tester.Folder, envelope, KeyPem.WritePublic(Keys.Find(KeyFolder.DefaultName)!.PublicKey)));
        Assert.Equal(Encoding.UTF8.GetString(stored.Envelope.Payload.AsSpan()), (await Exported("--format", "intoto")).Out);
        Assert.StartsWith("{\n  \"_type\": ", (await Exported("--format", "json")).Out, StringComparison.Ordinal);
        Assert.StartsWith("_type: \"https://in-toto.io/Statement/v1\"\n", (await Exported("--format", "yaml")).Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await Exported("--format", "xml")).Exit);

        async Task<(int Exit, string Out, string Error)> Exported(params string[] arguments)
        {
            var outcome = await _tester.RunAsync(["receipt", "export", "last", .. arguments]);
            return (outcome.Exit, outcome.Out, outcome.Error);
        }
    }

    [Fact]
    public async Task ExportAll_WritesEveryAttestation_AndOthersVerifyThem()
    {
        await RunAsync();
        var outcome = await _tester.RunAsync("receipt", "export", "--all", "proof");
        Assert.Equal((0, "4 envelopes in proof\n"), (outcome.Exit, outcome.Error));
        var files = Directory.GetFiles(Path.Combine(_tester.Project, "proof")).Select(static f => Path.GetFileName(f)!).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(["make.dsse.json", "receipt.dsse.json", "test[n=1].dsse.json", "test[n=2].dsse.json"], files);
        var key = KeyPem.WritePublic(Keys.Find(KeyFolder.DefaultName)!.PublicKey);
        foreach (var file in files)
        {
            var path = Path.Combine(_tester.Project, "proof", file);
            Assert.NotNull(Envelope.TryRead(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), out _));
            Assert.True(await OpenSslTests.VerifiesAsync(_tester.Folder, path, key));
        }

        Directory.Delete(_tester.Folder["home/.cache/cairn/ac"], recursive: true);
        outcome = await _tester.RunAsync("receipt", "export", "--all", "again");
        Assert.Equal(ExitCodes.Internal, outcome.Exit);
        Assert.Contains("error[CAIRN0623]: The attestation of `make` cannot be exported: the store does not have it, or no longer", outcome.Error, StringComparison.Ordinal);
        Assert.EndsWith("1 envelope in again, 3 missing\n", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunWithoutReceipt_IsSaidToHaveNone()
    {
        var stored = await RunAsync();
        File.Delete(stored.Path);
        var outcome = await _tester.RunAsync("receipt", "show");
        Assert.Equal(ExitCodes.Usage, outcome.Exit);
        Assert.StartsWith($"error[CAIRN0621]: Run `{stored.Run}` has no receipt\n", outcome.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(stored.Path, "{}", TestContext.Current.CancellationToken);
        outcome = await _tester.RunAsync("receipt", "show");
        Assert.Equal(ExitCodes.Internal, outcome.Exit);
        Assert.StartsWith($"error[CAIRN0622]: The receipt of run `{stored.Run}` cannot be read: ", outcome.Error, StringComparison.Ordinal);
    }
}
