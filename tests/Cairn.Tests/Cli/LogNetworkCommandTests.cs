using System.Text.Json.Nodes;

using Cairn.Engine.Log;
using Cairn.Store.Log;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn witness</c>, <c>cairn monitor</c>, <c>cairn sigstore</c>.</summary>
public sealed class LogNetworkCommandTests : IDisposable
{
    private readonly CommandTester _tester = new();

    public void Dispose() => _tester.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LogFolder Log() => LogFolder.OfMachine(_tester.Folder["home/.local/state/cairn"], _tester.Folder["home/.config/cairn/keys"], TimeProvider.System);

    private void Trust(string yaml) => _tester.Folder.Write("home/.config/cairn/trust.yaml", "version: 1\n" + yaml);

    /// <summary>An attested file, whose envelope the machine's log has.</summary>
    private async Task<Envelope> LoggedAsync()
    {
        _tester.Write("tool", "tool");
        Assert.Equal(0, (await _tester.RunAsync("attest", "tool")).Exit);
        var file = Path.Combine(_tester.Project, "tool.intoto.jsonl");
        return Assert.Single(AttestationFile.Read(file, await File.ReadAllBytesAsync(file, Token)).Found).Envelope!;
    }

    [Fact]
    public async Task Witness_MakesItsKeyOnce()
    {
        var none = await _tester.RunAsync("witness", "key");
        Assert.Equal(2, none.Exit);
        Assert.Contains("cairn witness key --name", none.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("witness", "key", "--name", "two words")).Exit);

        var made = await _tester.RunAsync("witness", "key", "--name", "witness.example/w1");
        Assert.Equal((0, ""), (made.Exit, made.Error));
        var verifier = NoteVerifier.TryParse(made.Out.Trim(), out _)!;
        Assert.Equal(("witness.example/w1", NoteAlgorithm.CosignatureV1), (verifier.Name, verifier.Algorithm));
        Assert.Equal(made.Out, (await _tester.RunAsync("witness", "key")).Out);
        Assert.Contains("CAIRN0825", (await _tester.RunAsync("witness", "key", "--name", "other")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Witness_ServesOnlyLogsThatAreTrusted()
    {
        await _tester.RunAsync("witness", "key", "--name", "witness.example/w1");
        var none = await _tester.RunAsync("witness", "serve");
        Assert.Equal(2, none.Exit);
        Assert.Contains("CAIRN0822", none.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("witness", "serve", "--listen", "nowhere")).Exit);

        using var key = Logs.TestLog.KeyOf(71);
        Trust($"logs: [{{ origin: log.example - 1, keys: [\"{NoteVerifier.Of("log.example", key.PublicKey)}\"] }}]\n");
        Assert.Equal("log.example - 1: nothing cosigned yet\n", (await _tester.RunAsync("witness", "list")).Out);
    }

    [Fact]
    public async Task Monitor_FollowsTheMachinesLog()
    {
        var none = await _tester.RunAsync("monitor", "--once");
        Assert.Equal(2, none.Exit);
        Assert.Contains("CAIRN0822", none.Error, StringComparison.Ordinal);

        await LoggedAsync();
        var key = KeyPem.ReadPublic(_tester.Folder.Read("home/.config/cairn/keys/default.pub")).Id;
        var first = await _tester.RunAsync("monitor", "--once", "--watch", $"key={key[..8]}", "--watch", "project=web", "--attestations", ".");
        Assert.Equal((0, ""), (first.Exit, first.Error));
        Assert.Contains($"entry 1 has key={key[..8]}", first.Out, StringComparison.Ordinal);
        Assert.Contains("2 entries, 2 new, all there and unchanged", first.Out, StringComparison.Ordinal);

        // A log that begins anew has not what was seen.
        Directory.Move(_tester.Folder["home/.local/state/cairn/log"], _tester.Folder["gone"]);
        Directory.CreateDirectory(_tester.Folder["home/.local/state/cairn/log"]);
        File.Copy(_tester.Folder["gone/log.json"], _tester.Folder["home/.local/state/cairn/log/log.json"]);
        File.Copy(_tester.Folder["gone/checkpoint"], _tester.Folder["home/.local/state/cairn/log/checkpoint"]);
        Assert.Equal(0, (await _tester.RunAsync("monitor", "--once")).Exit);
        var (note, checkpoint) = (SignedNote.TryParse(await File.ReadAllBytesAsync(_tester.Folder["gone/checkpoint"], Token), out _)!, 1);
        using var signer = new LogKeys(_tester.Folder["home/.config/cairn/keys/log"]).Open(LogSettings.TryRead(await File.ReadAllBytesAsync(_tester.Folder["gone/log.json"], Token), out _)!.Keys[0]).Private;
        var origin = Checkpoint.TryParse(note.Text, out _)!.Origin;
        var rewound = new Checkpoint(origin, checkpoint, [.. MerkleHash.Empty.ToArray()]).Sign([NoteSigner.Of(origin.Split(' ')[0], signer)], TimeProvider.System.GetUtcNow());
        await File.WriteAllBytesAsync(_tester.Folder["home/.local/state/cairn/log/checkpoint"], rewound.ToBytes(), Token);
        var second = await _tester.RunAsync("monitor", "--once", "--json");
        Assert.Equal(1, second.Exit);
        var finding = JsonNode.Parse(second.Out)!;
        Assert.Equal(("rewound", true), (finding["finding"]!.GetValue<string>(), finding["alarm"]!.GetValue<bool>()));
        Assert.Equal(rewound.ToString(), finding["seen"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("kez=1", "did you mean `key=…`?")]
    [InlineData("key", "write KIND=VALUE")]
    [InlineData("key=ABCDEF", "in lower-case hex digits")]
    [InlineData("project=web", "--attestations")]
    public async Task Monitor_SaysWhatCanBeWatched(string watch, string help)
    {
        var outcome = await _tester.RunAsync("monitor", "--once", "--watch", watch);

        Assert.Equal(2, outcome.Exit);
        Assert.Contains(help, outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456789abcdef\n", "0123456789abcdef")]
    [InlineData("  t \r\n", "t")]
    [InlineData("two words", null)]
    [InlineData("one\nanother", null)]
    [InlineData("\n", null)]
    public void AToken_IsTaken_AsFilesAndShellsHaveIt(string text, string? token) => Assert.Equal(token, Cairn.Cli.Logs.LogTokens.TokenOf(text));

    [Theory]
    [InlineData("local", true)]
    [InlineData("https://log.example.com/team/", true)]
    [InlineData("http://127.0.0.1:8780/", true)]
    [InlineData("http://log.example.com/", false)]
    [InlineData("https://anna:secret@log.example.com/", false)]
    [InlineData("https://log.example.com/?a", false)]
    [InlineData("https://log.example.com/#a", false)]
    public void ALog_IsAnAddress_WithoutSecrets(string text, bool isOne) => Assert.Equal(isOne, LogTarget.TryParse(text) is not null);

    [Fact]
    public async Task Monitor_OfALogThatIsNotTrusted_SaysSo()
    {
        var log = new Logs.TestLog().Add(1);
        _tester.Folder.Write("other/checkpoint", log.Note().ToString());
        var outcome = await _tester.RunAsync("monitor", "--once", _tester.Folder["other"]);

        Assert.Equal(1, outcome.Exit);
        Assert.Contains("unsigned", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(4, (await _tester.RunAsync("monitor", "--once", _tester.Folder["home"])).Exit);
    }

    [Fact]
    public async Task Sigstore_ExportsWhatTheLogHas()
    {
        _tester.Write("tool", "tool");
        await _tester.RunAsync("config", "set", "log", "off", "--user");
        await _tester.RunAsync("attest", "tool", "-o", "other.json");
        await _tester.RunAsync("config", "set", "log", "local", "--user");
        var early = await _tester.RunAsync("sigstore", "export", "other.json");
        Assert.Equal(2, early.Exit);
        Assert.Contains("CAIRN0828", early.Error, StringComparison.Ordinal);

        var envelope = await LoggedAsync();
        var outcome = await _tester.RunAsync("sigstore", "export", "tool.intoto.jsonl", "-o", "b.sigstore.json", "--trusted-root", "root.json");
        Assert.Equal((0, "", ""), (outcome.Exit, outcome.Out, outcome.Error));
        var found = Assert.Single(AttestationFile.Read("b", await File.ReadAllBytesAsync(Path.Combine(_tester.Project, "b.sigstore.json"), Token)).Found);
        Assert.Equal(envelope.Payload.AsSpan(), found.Envelope!.Payload.AsSpan());
        using var log = Log();
        using var p256 = log.Keys!.OpenOrCreateP256();
        var trust = new LogTrust([new TrustedLog(log.Settings!.Origin, [NoteVerifier.Of(log.Settings.Name, p256.PublicKey)])], []);
        Assert.NotNull(Assert.Single(found.Bundle!.LogEntries).Judge(trust, DateTimeOffset.MaxValue.AddDays(-1), out var problem));
        Assert.Null(problem);
        Assert.Equal((await _tester.RunAsync("sigstore", "trusted-root")).Out, await File.ReadAllTextAsync(Path.Combine(_tester.Project, "root.json"), Token));

        var foreign = await _tester.RunAsync("sigstore", "export", "tool");
        Assert.Equal(2, foreign.Exit);
        Assert.Equal(2, (await _tester.RunAsync("sigstore", "export", "nowhere.json")).Exit);
    }

    [Fact]
    public async Task Verify_RefusesASigstoreBundleWithAForgedProof_AlsoWhereTheMachinesLogHasTheEntry()
    {
        await LoggedAsync();
        Assert.Equal(0, (await _tester.RunAsync("sigstore", "export", "tool.intoto.jsonl", "-o", "b.sigstore.json")).Exit);
        var path = Path.Combine(_tester.Project, "b.sigstore.json");
        var whole = await _tester.RunAsync("verify", "tool", "-a", "b.sigstore.json");
        Assert.Equal(0, whole.Exit);
        Assert.Contains("✓ log                It is entry 1 of the log", whole.Out, StringComparison.Ordinal);

        var bundle = JsonNode.Parse(await File.ReadAllTextAsync(path, Token))!;
        bundle["verificationMaterial"]!["tlogEntries"]![0]!["inclusionProof"]!["hashes"]![0] = Convert.ToBase64String(new byte[32]);
        await File.WriteAllTextAsync(path, bundle.ToJsonString(), Token);
        var forged = await _tester.RunAsync("verify", "tool", "-a", "b.sigstore.json");
        Assert.Equal(1, forged.Exit);
        Assert.Contains("✗ log                The entry of a log that it brings along does not count: its proof does not lead to the root", forged.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigstore_ImportsTheLogsOfATrustedRoot()
    {
        await LoggedAsync();
        Assert.Equal(0, (await _tester.RunAsync("sigstore", "export", "tool.intoto.jsonl", "-o", "b.sigstore.json", "--trusted-root", "root.json")).Exit);
        using var elsewhere = new CommandTester { Now = _tester.Now };
        foreach (var name in (string[])["tool", "b.sigstore.json", "root.json"])
        {
            File.Copy(Path.Combine(_tester.Project, name), Path.Combine(elsewhere.Project, name));
        }

        var key = _tester.Folder["home/.config/cairn/keys/default.pub"];
        Assert.Contains("is trusted", (await elsewhere.RunAsync("verify", "tool", "-a", "b.sigstore.json", "--public-key", key)).Out, StringComparison.Ordinal);
        var imported = await elsewhere.RunAsync("sigstore", "trusted-root", "import", "root.json");
        Assert.Equal((0, ""), (imported.Exit, imported.Error));
        using var log = Log();
        using var p256 = log.Keys!.OpenOrCreateP256();
        Assert.StartsWith($"added     {log.Settings!.Name}: {NoteVerifier.Of(log.Settings.Name, p256.PublicKey)}\nWritten to `logs` in ", imported.Out, StringComparison.Ordinal);
        var verified = await elsewhere.RunAsync("verify", "tool", "-a", "b.sigstore.json", "--public-key", key);
        Assert.Equal(0, verified.Exit);
        Assert.Contains($"✓ log                It is entry 1 of the log `{log.Settings.Origin}`", verified.Out, StringComparison.Ordinal);

        // Again, and with another key of the same name.
        Assert.Equal($"known     {log.Settings.Name}\n", (await elsewhere.RunAsync("sigstore", "trusted-root", "import", "root.json")).Out);
        using var other = P256SigningKey.Create();
        elsewhere.Write("other.json", System.Text.Encoding.UTF8.GetString(SigstoreWriter.TrustedRoot(log.Settings.Name, other.PublicKey, DateTimeOffset.UnixEpoch)));
        var contradiction = await elsewhere.RunAsync("sigstore", "trusted-root", "import", "other.json");
        Assert.Equal(2, contradiction.Exit);
        Assert.Contains("has other keys of the log", contradiction.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await elsewhere.RunAsync("sigstore", "trusted-root", "import", "tool")).Exit);
        Assert.Contains("there is no such file", (await elsewhere.RunAsync("sigstore", "trusted-root", "import", "none.json")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigstore_ImportsNoKeyThatIsNoLongerToBeBelieved()
    {
        using var past = P256SigningKey.Create();
        using var now = P256SigningKey.Create();
        string LogOf(string name, P256SigningKey key, string validity, string kind = "PKIX_ECDSA_P256_SHA_256") =>
            $$$"""{"baseUrl":"https://{{{name}}}","publicKey":{"rawBytes":"{{{Convert.ToBase64String(key.PublicKey.Spki.AsSpan())}}}","keyDetails":"{{{kind}}}","validFor":{{{validity}}}}}""";
        _tester.Write("root.json", $$$"""
            {"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","certificateAuthorities":[{}],"ctlogs":[{}],
             "tlogs":[{{{LogOf("past.example", past, """{"start":"2020-01-01T00:00:00Z","end":"2021-01-01T00:00:00Z"}""")}}},
                      {{{LogOf("rsa.example", past, """{"start":"2020-01-01T00:00:00Z"}""", "PKCS1_RSA_PKCS1V5")}}},
                      {{{LogOf("now.example", now, """{"start":"2020-01-01T00:00:00.000Z"}""")}}}]}
            """);
        Trust("# by hand\nlogs:\n  - { origin: other - 1, keys: [\"" + NoteVerifier.Of("other", Logs.TestLog.Key.PublicKey) + "\"] }\n");
        var outcome = await _tester.RunAsync("sigstore", "trusted-root", "import", "root.json");
        Assert.Equal((0, ""), (outcome.Exit, outcome.Error));
        Assert.Contains("left out  past.example: ", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("until 2021-01-01 only", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("left out  rsa.example: its key is of the kind `PKCS1_RSA_PKCS1V5`", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("left out  2 authorities of certificates and times", outcome.Out, StringComparison.Ordinal);
        var written = _tester.Folder.Read("home/.config/cairn/trust.yaml");
        Assert.Contains("# by hand\nlogs:\n  - { origin: other - 1", written, StringComparison.Ordinal);
        Assert.Contains($"  - {{ origin: now.example, keys: [{NoteVerifier.Of("now.example", now.PublicKey)}] }}\n", written, StringComparison.Ordinal);
    }
}
