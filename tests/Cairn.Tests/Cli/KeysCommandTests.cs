using System.Security.Cryptography;
using System.Text.Json;

using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Testing;
using Cairn.Tests.Trust;
using Cairn.Trust.Keys;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Cli;

public sealed class KeysCommandTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly CommandTester _tester = new();

    private string Config => _tester.Folder["home/.config/cairn"];

    private string Keys => Path.Combine(Config, "keys");

    private string TrustPath => Path.Combine(Config, "trust.yaml");

    private string TrustText => File.ReadAllText(TrustPath);

    public void Dispose() => _tester.Dispose();

    private async Task<string> Good(params string[] args)
    {
        var outcome = await _tester.RunAsync(["keys", .. args]);
        Assert.True(outcome.Exit == 0, outcome.Error);
        return outcome.Out;
    }

    private async Task<string> Bad(params string[] args)
    {
        var outcome = await _tester.RunAsync(["keys", .. args]);
        Assert.Equal(2, outcome.Exit);
        Assert.Empty(outcome.Out);
        return outcome.Error;
    }

    private PublicKey Stored(string name) => new KeyFolder(Keys).FindPublic(name) as PublicKey ?? throw new InvalidOperationException($"There is no Ed25519 key {name}");

    private TrustStore Store()
    {
        var loaded = TrustFiles.Load(Keys);
        Assert.Empty(loaded.Diagnostics);
        return loaded.Store;
    }

    [Fact]
    public async Task Generate_MakesAKeyForItsOwnerOnly()
    {
        var output = await Good("generate", "ci");
        var id = Stored("ci").Id;
        Assert.Contains($"made the key ci {id}", output, StringComparison.Ordinal);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(Keys, "ci")));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Keys));
        Assert.Contains("There is a key `ci` already", await Bad("generate", "ci"), StringComparison.Ordinal);
        Assert.Contains("cannot be the name of a key", await Bad("generate", "../ci"), StringComparison.Ordinal);
        var list = await Good("list");
        Assert.Contains(id[..16], list, StringComparison.Ordinal);
        Assert.Contains("not trusted", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_OfNobody_SaysHowToBegin() => Assert.Contains("No keys yet", await Good("list"), StringComparison.Ordinal);

    [Fact]
    public async Task Generate_AsksTwiceForAPassphrase_AndOpenSslOpensTheKey()
    {
        _tester.Secrets = new Queue<string>(["one", "two", "open sesame", "open sesame"]);
        await Good("generate", "ci", "--encrypt");
        Assert.Equal(4, _tester.Questions.Count);
        var opened = await new Tool("openssl", "pkey", "-in", Path.Combine(Keys, "ci"), "-passin", "pass:open sesame", "-pubout").RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(KeyPem.WritePublic(Stored("ci")), opened.Output);
        Assert.Contains("encrypted", await Good("list"), StringComparison.Ordinal);

        _tester.Secrets = null;
        var refused = await Bad("generate", "other", "--encrypt");
        Assert.Contains("no terminal", refused, StringComparison.Ordinal);
        Assert.Contains("--passphrase-fd", refused, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Keys, "other")));
    }

    [Fact]
    public async Task Show_TellsAllOfAKey()
    {
        await Good("generate", "default");
        var id = Stored("default").Id;
        await Good("trust", "default", "--tier", "protected", "--owner", "Anna", "--project", "web", "--project", "tools/**", "--until", "2027-01-01");
        var text = await Good("show");
        foreach (var expected in (string[])[id, "Anna", "protected", "web, tools/**", "until 2027-01-01", "the runs on this machine", "-----BEGIN PUBLIC KEY-----"])
        {
            Assert.Contains(expected, text, StringComparison.Ordinal);
        }

        using var json = JsonDocument.Parse(await Good("show", id[..10], "--json"));
        Assert.Equal((id, true, "protected"), (json.RootElement.GetProperty("id").GetString(), json.RootElement.GetProperty("signs").GetBoolean(), json.RootElement.GetProperty("trusted").GetProperty("tier").GetString()));
        Assert.Contains("did you mean `default`?", await Bad("show", "defalt"), StringComparison.Ordinal);
        using var list = JsonDocument.Parse(await Good("list", "--json"));
        Assert.Equal(1, list.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Export_HandsOutThePrivateKeyOnlyWhereAskedTwice()
    {
        await Good("generate", "ci");
        var key = Stored("ci");
        Assert.Equal(KeyPem.WritePublic(key), await Good("export", "ci"));
        Assert.Equal(Convert.ToBase64String(key.Spki.AsSpan()) + "\n", await Good("export", "ci", "--format", "base64"));
        Assert.Equal(Convert.ToBase64String(key.Raw.AsSpan()) + "\n", await Good("export", "ci", "--format", "raw"));
        Assert.StartsWith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", await Good("export", "ci", "--format", "ssh"), StringComparison.Ordinal);
        Assert.Contains("--output FILE", await Bad("export", "ci", "--private"), StringComparison.Ordinal);
        Assert.Contains("as PEM", await Bad("export", "ci", "--private", "--format", "ssh", "--output", "ci.key"), StringComparison.Ordinal);

        var exported = await _tester.RunAsync("keys", "export", "ci", "--private", "--output", "ci.key");
        Assert.Equal(0, exported.Exit);
        Assert.Contains("warning: ci.key is a private key, not encrypted", exported.Error, StringComparison.Ordinal);
        var file = Path.Combine(_tester.Project, "ci.key");
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(file));
        Assert.Contains("is there already", await Bad("export", "ci", "--private", "--output", "ci.key"), StringComparison.Ordinal);
        using var back = KeyPem.ReadPrivate(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), default);
        Assert.Equal(key, back.PublicKey);
        File.SetUnixFileMode(Path.Combine(Keys, "ci"), OwnerOnly | UnixFileMode.GroupRead);
        Assert.Contains("can be read or changed by others", await Bad("export", "ci", "--private", "--output", "other.key"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "-algorithm", "ed25519")]
    [InlineData(true, "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret words")]
    public async Task Import_TakesKeysOfOpenSsl(bool isEncrypted, params string[] how)
    {
        var token = TestContext.Current.CancellationToken;
        var file = Path.Combine(_tester.Project, "theirs.pem");
        Assert.Equal(0, (await new Tool("openssl", ["genpkey", .. how, "-out", file]).RunAsync(token)).ExitCode);
        var derived = await new Tool("openssl", "pkey", "-in", file, "-passin", "pass:secret words", "-pubout").RunAsync(token);
        _tester.Secrets = new Queue<string>(["wrong", "secret words"]);
        Assert.Contains("imported the private key theirs", await Good("import", "theirs.pem"), StringComparison.Ordinal);
        Assert.Equal(isEncrypted ? 2 : 0, _tester.Questions.Count);
        Assert.Equal(derived.Output, KeyPem.WritePublic(Stored("theirs")));

        // With the same passphrase, and no fewer rounds than our own keys have.
        using var opened = new KeyFolder(Keys).Open("theirs", "secret words");
        Assert.Equal(isEncrypted, new KeyFolder(Keys).IsEncrypted("theirs"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(Keys, "theirs")));

        await File.WriteAllTextAsync(Path.Combine(_tester.Project, "their.pub"), derived.Output, token);
        Assert.Contains("This key is here already, as `theirs`", await Bad("import", "their.pub", "--name", "public"), StringComparison.Ordinal);
        _tester.Secrets = new Queue<string>(["secret words"]);
        Assert.Contains("help: sign with it by that name: `--key theirs`", await Bad("import", "theirs.pem", "--name", "again"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rsa", "-algorithm", "RSA")]
    [InlineData("p384", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")]
    [InlineData("x25519", "-algorithm", "X25519")]
    public async Task Import_RefusesOtherAlgorithms(string name, params string[] how)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.Equal(0, (await new Tool("openssl", ["genpkey", .. how, "-out", Path.Combine(_tester.Project, name + ".pem")]).RunAsync(token)).ExitCode);
        Assert.Contains("not an Ed25519 key", await Bad("import", name + ".pem"), StringComparison.Ordinal);
        var derived = await new Tool("openssl", "pkey", "-in", Path.Combine(_tester.Project, name + ".pem"), "-pubout").RunAsync(token);
        _tester.Write("public.pem", derived.Output);
        Assert.Contains("neither an Ed25519 key nor one on P-256", await Bad("import", "public.pem"), StringComparison.Ordinal);
        Assert.Contains("neither an Ed25519 key nor one on P-256", await Bad("trust", "public.pem"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_RefusesSmallOrderAndWhatIsNoKey()
    {
        _tester.Write("small.pub", Convert.ToBase64String(new byte[32]));
        Assert.Contains("small order", await Bad("import", "small.pub"), StringComparison.Ordinal);
        Assert.Contains("small order", await Bad("trust", Convert.ToBase64String(new byte[32])), StringComparison.Ordinal);
        Assert.Contains("there is no such file", await Bad("import", "nothing"), StringComparison.Ordinal);
        Assert.Contains("is a folder", await Bad("import", "."), StringComparison.Ordinal);
        _tester.Write("big", new string('x', 20_000));
        Assert.Contains("it has more than 16KiB", await Bad("import", "big"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Keys) && Directory.EnumerateFiles(Keys).Any());
    }

    [Fact]
    public async Task Trust_WritesTheStore_AndKeepsWhatIsThere()
    {
        Assert.Contains("trusted ci", await Good("trust", TrustTesting.Base64(2), "--name", "ci", "--tier", "protected", "--builder", "https://example.org/ci", "--step", "test*", "--from", "2026-11-01"), StringComparison.Ordinal);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(TrustPath));
        var before = TrustText.Replace("keys:", "# Who builds for us\nkeys:", StringComparison.Ordinal);
        await File.WriteAllTextAsync(TrustPath, before, TestContext.Current.CancellationToken);
        _tester.Write("anna.pub", KeyPem.WritePublic(TrustTesting.Public(3)));
        await Good("trust", "anna.pub", "--owner", "Anna: #1");
        Assert.StartsWith(before, TrustText, StringComparison.Ordinal);

        var (ci, anna) = (Store().Find("ci")!, Store().Find("anna")!);
        Assert.Equal((TrustTesting.Public(2), Tier.Protected, new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero)), (ci.Key, ci.Tier, ci.From));
        Assert.Equal("https://example.org/ci", Assert.Single(ci.Builders));
        Assert.Equal((TrustTesting.Public(3), "Anna: #1"), (anna.Key, anna.Owner));

        Assert.Contains("in the trust store already, as `ci`", await Bad("trust", TrustTesting.Base64(2), "--name", "again"), StringComparison.Ordinal);
        Assert.Contains("There is another key `ci`", await Bad("trust", TrustTesting.Base64(4), "--name", "ci"), StringComparison.Ordinal);
        Assert.Contains("needs a name", await Bad("trust", TrustTesting.Base64(4)), StringComparison.Ordinal);
        Assert.Contains("Did you mean `protected`?", await Bad("trust", TrustTesting.Base64(4), "--name", "x", "--tier", "protectd"), StringComparison.Ordinal);
        Assert.Contains("`--until` takes a time, not `soon`", await Bad("trust", TrustTesting.Base64(4), "--name", "x", "--until", "soon"), StringComparison.Ordinal);
        Assert.Equal(2, Store().Keys.Length);

        Assert.Contains("distrusted ci", await Good("distrust", "ci"), StringComparison.Ordinal);
        Assert.Contains("# Who builds for us", TrustText, StringComparison.Ordinal);
        Assert.Equal(["anna"], Store().Keys.Select(static k => k.Name));
        Assert.Contains("There is no key `ci`", await Bad("distrust", "ci"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Distrust_RefusesToLeaveAThresholdWithoutItsKeys()
    {
        Directory.CreateDirectory(Config);
        var text = $"version: 1\nkeys:\n  a: {{ public: {TrustTesting.Base64(1)} }}\n  b: {{ public: {TrustTesting.Base64(2)} }}\nthresholds:\n  - {{ signatures: 2, of: [a, b] }}\n";
        await File.WriteAllTextAsync(TrustPath, text, TestContext.Current.CancellationToken);
        Assert.Contains("CAIRN0606", await Bad("distrust", "a"), StringComparison.Ordinal);
        Assert.Equal(text, TrustText);
    }

    [Fact]
    public async Task Revoke_MarksAKey_ListedOrNot()
    {
        await Good("generate", "default");
        await Good("trust", TrustTesting.Base64(2), "--name", "ci");
        await Good("revoke", "ci", "--reason", "the disk was sold", "--since", "2026-11-01");
        var ci = Store().Find("ci")!;
        Assert.Equal((new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), "the disk was sold"), (ci.Revoked, ci.RevokedFor));
        await Good("revoke", "ci", "--since", "2026-10-01T12:00Z");
        Assert.Equal(new DateTimeOffset(2026, 10, 1, 12, 0, 0, TimeSpan.Zero), Store().Find("ci")!.Revoked);
        Assert.Contains("it signs here", await Good("revoke", "default"), StringComparison.Ordinal);
        Assert.Equal(_tester.Now, Store().Find("default")!.Revoked);
        Assert.Contains("revoked since 2026-10-01", await Good("list"), StringComparison.Ordinal);
        Assert.Contains("Nobody would believe this rotation", await Bad("rotate"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_PutsANewKeyInThePlace_AndBothSignForIt()
    {
        await Good("generate", "default");
        var old = Stored("default");
        var output = await Good("rotate", "--overlap", "30d");
        var next = Stored("default");
        Assert.NotEqual(old, next);
        Assert.Equal(old, Stored("default-until-20261121"));
        using (var opened = new KeyFolder(Keys).Open("default", default))
        {
            Assert.Equal(next, opened.PublicKey);
        }

        var store = Store();
        var (before, after) = (store.HitKeys.Find(old)!, store.HitKeys.Find(next)!);
        Assert.Equal((true, _tester.Now.AddDays(30), true, "default"), (before.IsOwn, before.Until, after.IsOwn, after.Name));
        Assert.Equal(old.Id, after.Lineage);
        Assert.DoesNotContain(Directory.GetFiles(Keys), static f => f.Contains(".next", StringComparison.Ordinal));

        // Who believes the old key believes the new one by the statement, with the same roles.
        var statement = Path.Combine(Keys, "default-until-20261121.rotation.json");
        Assert.Contains(statement, output, StringComparison.Ordinal);
        using var other = new CommandTester();
        other.Write("statement.json", await File.ReadAllTextAsync(statement, TestContext.Current.CancellationToken));
        Assert.Contains("which is not in the trust store", (await other.RunAsync("keys", "trust", "statement.json")).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await other.RunAsync("keys", "trust", Convert.ToBase64String(old.Spki.AsSpan()), "--name", "anna", "--owner", "Anna", "--project", "web")).Exit);
        Assert.Equal(0, (await other.RunAsync("keys", "trust", "statement.json")).Exit);
        Assert.Contains("already", (await other.RunAsync("keys", "trust", "statement.json")).Error, StringComparison.Ordinal);
        var theirs = TrustFiles.Load(other.Folder["home/.config/cairn/keys"]).Store.HitKeys.Find(next)!;
        Assert.Equal(("anna-20261121", "Anna", "web"), (theirs.Name, theirs.Owner, Assert.Single(theirs.Projects).Text));

        // And on to the next one.
        _tester.Now = _tester.Now.AddDays(1);
        await Good("rotate");
        Assert.Equal(next, Stored("default-until-20261122"));
        Assert.Equal(old.Id, Store().HitKeys.Find(Stored("default"))!.Lineage);
    }

    [Fact]
    public async Task Rotate_AsksForThePassphrase_AndTheNewKeyHasTheSame()
    {
        _tester.Secrets = new Queue<string>(["open sesame", "open sesame", "open sesame"]);
        await Good("generate", "default", "--encrypt");
        await Good("rotate");
        using var opened = new KeyFolder(Keys).Open("default", "open sesame");
        Assert.Equal(Stored("default"), opened.PublicKey);
        Assert.True(new KeyFolder(Keys).IsEncrypted("default-until-20261121"));
    }

    [Fact]
    public async Task Commands_RefuseABrokenStore_AndLeaveIt()
    {
        Directory.CreateDirectory(Config);
        await File.WriteAllTextAsync(TrustPath, "version: 1\nkeis: {}\n", TestContext.Current.CancellationToken);
        foreach (var args in (string[][])[["list"], ["show"], ["trust", TrustTesting.Base64(1), "--name", "x"], ["distrust", "x"], ["revoke", "x"], ["rotate"]])
        {
            Assert.Contains("Did you mean `keys`?", await Bad(args), StringComparison.Ordinal);
        }

        Assert.Equal("version: 1\nkeis: {}\n", TrustText);
    }

    [Fact]
    public async Task Run_StopsAtABrokenStore_AndSaysWhere()
    {
        _tester.Write("cairn.yaml", "version: 1\nname: x\ndefaults: { isolation: process }\nsteps: { hello: { run: echo hello } }\n");
        Directory.CreateDirectory(Config);
        await File.WriteAllTextAsync(TrustPath, "version: 1\nkeis: {}\n", TestContext.Current.CancellationToken);
        var outcome = await _tester.RunAsync("run", "--plain");
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("CAIRN0601", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("2 | keis: {}", outcome.Error.Replace('│', '|'), StringComparison.Ordinal);
        await File.WriteAllTextAsync(TrustPath, "version: 1\n", TestContext.Current.CancellationToken);
        Assert.Equal(0, (await _tester.RunAsync("run", "--plain")).Exit);
    }

    [Fact]
    public async Task Run_AsksForThePassphraseOfItsKey_AndSaysWhereItCannot()
    {
        _tester.Write("cairn.yaml", "version: 1\nname: x\ndefaults: { isolation: process }\nsteps: { hello: { run: echo hello } }\n");
        _tester.Secrets = new Queue<string>(["open sesame", "open sesame"]);
        await Good("generate", "locked", "--encrypt");
        _tester.Secrets = null;
        var refused = await _tester.RunAsync("run", "--plain", "--key", "locked");
        Assert.Equal(2, refused.Exit);
        Assert.Contains("CAIRN0610", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--passphrase-fd", refused.Error, StringComparison.Ordinal);
        Assert.Empty(refused.Out);

        _tester.Secrets = new Queue<string>(["wrong", "open sesame"]);
        var first = await _tester.RunAsync("run", "--plain", "--key", "locked");
        Assert.True(first.Exit == 0, first.Error);
        Assert.DoesNotContain("open sesame", first.Out + first.Error, StringComparison.Ordinal);
        _tester.Secrets = new Queue<string>(["open sesame"]);
        Assert.Contains("cached", (await _tester.RunAsync("run", "--plain", "--key", "locked")).Out, StringComparison.Ordinal);
        var missing = await _tester.RunAsync("run", "--plain", "--key", "nobody");
        Assert.Equal(2, missing.Exit);
        Assert.Contains("There is no key `nobody` to sign with", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_OfAKeyThatNobodyTrusts_TrustsNothing()
    {
        await Good("generate", "side");
        var before = Stored("side");
        Assert.Contains("neither is trusted for anything here, as before", await Good("rotate", "side"), StringComparison.Ordinal);
        Assert.NotEqual(before, Stored("side"));
        Assert.False(File.Exists(TrustPath));
        Assert.Single(Directory.EnumerateFiles(Keys, "*.rotation.json"));
        Assert.Contains("`--overlap 30x` is no duration", await Bad("rotate", "side", "--overlap", "30x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEmptyPassphrase_IsNone()
    {
        _tester.Secrets = new Queue<string>([""]);
        Assert.Contains("No passphrase was given for the key `ci`\nhelp: a key that nothing protects is made without `--encrypt`", await Bad("generate", "ci", "--encrypt"), StringComparison.Ordinal);
        _tester.Secrets = new Queue<string>(["a", "a", ""]);
        await Good("generate", "ci", "--encrypt");
        Assert.EndsWith("No passphrase was given for the key `ci`\n", await Bad("rotate", "ci"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeysOfOthersOnP256_AreImportedTrustedShownAndRevoked()
    {
        using var cosign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = cosign.ExportSubjectPublicKeyInfoPem() + "\n";
        _tester.Write("cosign.pub", pem);
        await Good("generate", "mine");
        Assert.DoesNotContain("ALGORITHM", await Good("list"), StringComparison.Ordinal);

        Assert.Contains("it is trusted for nothing yet", await Good("import", "cosign.pub"), StringComparison.Ordinal);
        var id = new KeyFolder(Keys).FindPublic("cosign")!.Id;
        Assert.Contains("ECDSA P-256  elsewhere  not trusted", await Good("list"), StringComparison.Ordinal);
        Assert.Contains("trusted cosign", await Good("trust", "cosign", "--owner", "Carla", "--project", "web", "--until", "2027-11-21"), StringComparison.Ordinal);
        Assert.Contains("until 2027-11-21", await Good("list"), StringComparison.Ordinal);
        var shown = await Good("show", id[..16]);
        Assert.Contains("algorithm  ECDSA P-256\n", shown, StringComparison.Ordinal);
        Assert.Contains("signs      nothing on this machine: Cairn signs with Ed25519\n", shown, StringComparison.Ordinal);
        Assert.EndsWith(pem, shown, StringComparison.Ordinal);
        using (var json = JsonDocument.Parse(await Good("show", "cosign", "--json")))
        {
            Assert.Equal(("ECDSA P-256", "Carla"), (json.RootElement.GetProperty("algorithm").GetString(), json.RootElement.GetProperty("trusted").GetProperty("owner").GetString()));
        }

        // It verifies, and makes no hit of the cache.
        var store = Store();
        Assert.Equal("cosign", store.Find(id)!.Name);
        Assert.DoesNotContain(store.HitKeys.Keys, k => k.Name == "cosign");

        Assert.Equal(pem, await Good("export", "cosign"));
        Assert.StartsWith("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB", await Good("export", "cosign", "--format", "ssh"), StringComparison.Ordinal);
        Assert.Contains("The key `cosign` is ECDSA P-256, and Cairn signs with Ed25519", (await _tester.RunAsync("attest", "cosign.pub", "--key", "cosign")).Error, StringComparison.Ordinal);
        Assert.Contains("has no raw form", await Bad("export", "cosign", "--format", "raw"), StringComparison.Ordinal);
        Assert.Contains("is not on this machine", await Bad("rotate", "cosign"), StringComparison.Ordinal);

        var before = store.Fingerprint;
        await Good("revoke", "cosign", "--reason", "lost");
        Assert.Contains("revoked since", await Good("list"), StringComparison.Ordinal);
        Assert.NotEqual(before, Store().Fingerprint);
        await Good("distrust", "cosign");
        Assert.DoesNotContain("cosign", TrustText, StringComparison.Ordinal);

        _tester.Write("cosign.key", cosign.ExportPkcs8PrivateKeyPem());
        Assert.Contains("Cairn signs with no other", await Bad("import", "cosign.key", "--name", "secret"), StringComparison.Ordinal);
        Assert.Contains("trusted by_text", await Good("trust", Convert.ToBase64String(cosign.ExportSubjectPublicKeyInfo()), "--name", "by_text"), StringComparison.Ordinal);
    }
}
