using Cairn.Cli;
using Cairn.Core.Content;
using Cairn.Store.Keys;
using Cairn.Testing;
using Cairn.Tests.Trust;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Cli;

/// <summary><c>cairn attest</c>.</summary>
public sealed class AttestCommandTests : IDisposable
{
    private readonly CommandTester _tester = new();

    public void Dispose() => _tester.Dispose();

    private KeyFolder Keys => new(_tester.Folder["home/.config/cairn/keys"]);

    /// <summary>What was said beside where it stands in the log, which each test has anew.</summary>
    private static string Unlogged(string error)
    {
        var at = error.IndexOf("Logged as entry ", StringComparison.Ordinal);
        Assert.True(at >= 0, error);
        return error[..at];
    }

    private string PathOf(string file) => Path.Combine(_tester.Project, file);

    private Statement[] StatementsIn(string file) => [.. File.ReadAllLines(PathOf(file)).Select(static line =>
    {
        var envelope = Envelope.TryReadOwn(System.Text.Encoding.UTF8.GetBytes(line), out var problem);
        Assert.Null(problem);
        return Statement.TryRead(envelope!.Payload.AsSpan(), out _)!;
    })];

    [Fact]
    public async Task Attest_WritesBesideTheFile_AndOthersVerifyIt()
    {
        _tester.Write("dist/tool", "tool");
        var outcome = await _tester.RunAsync("attest", "dist/tool");
        Assert.Equal((0, "", "Wrote dist/tool.intoto.jsonl: 1 file, signed by default\n"), (outcome.Exit, outcome.Out, Unlogged(outcome.Error)));
        var statement = Assert.Single(StatementsIn("dist/tool.intoto.jsonl"));
        Assert.Equal([new Subject("dist/tool", Digest.Of("tool"u8).Hash)], statement.Subjects);
        Assert.Equal(FileAttestation.PredicateType, statement.PredicateType);
        Assert.Equal("2026-11-21T03:00:00Z", statement.Predicate.TextOf("attestedOn"));
        var key = KeyPem.WritePublic(Keys.Find(KeyFolder.DefaultName)!.PublicKey);
        Assert.True(await OpenSslTests.VerifiesAsync(_tester.Folder, PathOf("dist/tool.intoto.jsonl"), key));
        Assert.False(await OpenSslTests.VerifiesAsync(_tester.Folder, PathOf("dist/tool.intoto.jsonl"), key, static payload =>
        {
            payload[100] ^= 0x20;
            return payload;
        }));
    }

    [Fact]
    public async Task Attest_Again_AddsALine()
    {
        _tester.Write("tool", "1");
        await _tester.RunAsync("attest", "tool");
        _tester.Write("tool", "2");
        var outcome = await _tester.RunAsync("attest", "tool");
        Assert.Equal("Added to tool.intoto.jsonl: 1 file, signed by default\n", Unlogged(outcome.Error));
        Assert.Equal([Digest.Of("1"u8).Hash, Digest.Of("2"u8).Hash], StatementsIn("tool.intoto.jsonl").Select(static s => s.Subjects[0].Sha256));
        await File.WriteAllTextAsync(PathOf("other.jsonl"), "{}\n", TestContext.Current.CancellationToken);
        outcome = await _tester.RunAsync("attest", "tool", "-o", "other.jsonl");
        Assert.Equal(ExitCodes.Usage, outcome.Exit);
        Assert.StartsWith("error[CAIRN0633]: `other.jsonl` cannot be added to", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("{}\n", await File.ReadAllTextAsync(PathOf("other.jsonl"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Attest_TakesSeveralFiles_InOneStatement()
    {
        _tester.Write("a", "1");
        _tester.Write("b", "2");
        File.CreateSymbolicLink(PathOf("c"), "b");
        var outcome = await _tester.RunAsync("attest", "a", "./b", "c");
        Assert.Equal("Wrote multiple.intoto.jsonl: 3 files, signed by default\n", Unlogged(outcome.Error));
        Assert.Equal([new Subject("a", Digest.Of("1"u8).Hash), new Subject("b", Digest.Of("2"u8).Hash), new Subject("c", Digest.Of("2"u8).Hash)], Assert.Single(StatementsIn("multiple.intoto.jsonl")).Subjects);
        Assert.Contains("`a` stands twice", (await _tester.RunAsync("attest", "a", "a")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attest_TakesNamesAndKeys_AndWritesWhereItIsTold()
    {
        _tester.Write("tool", "1");
        using var key = SigningKey.FromSeed(new byte[SigningKey.SeedBytes]);
        Keys.TryAdd("work", key, passphrase: default);
        var outcome = await _tester.RunAsync("attest", PathOf("tool"), "--subject-name", "tool-1.2", "--key", "work", "-o", "-");
        Assert.Equal((0, ""), (outcome.Exit, Unlogged(outcome.Error)));
        var envelope = Envelope.TryRead(System.Text.Encoding.UTF8.GetBytes(outcome.Out), out _)!;
        Assert.NotNull(envelope.FindSignatureOf(key.PublicKey));
        Assert.Equal("tool-1.2", Statement.TryRead(envelope.Payload.AsSpan(), out _)!.Subjects[0].Name);
        Assert.Equal(0, (await _tester.RunAsync("attest", "tool", "-o", "tool.dsse.json")).Exit);
        Assert.Equal(0, (await _tester.RunAsync("attest", "tool", "-o", "tool.dsse.json")).Exit);
        Assert.Single(StatementsIn("tool.dsse.json"));
        outcome = await _tester.RunAsync("attest", "tool", "--key", "wrok");
        Assert.Equal(ExitCodes.Usage, outcome.Exit);
        Assert.StartsWith("error[CAIRN0610]: There is no key `wrok` to sign with\nhelp: `cairn keys list` shows the keys there are", outcome.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Attest_TakesAPredicateOfTheCallers()
    {
        _tester.Write("tool", "1");
        _tester.Write("review.json", """{ "verdict": "fine", "lines": 12 }""");
        var outcome = await _tester.RunAsync("attest", "tool", "--predicate-type", "https://example.org/review/v1", "--predicate", "review.json");
        Assert.Equal(0, outcome.Exit);
        var statement = Assert.Single(StatementsIn("tool.intoto.jsonl"));
        Assert.Equal(("https://example.org/review/v1", "fine"), (statement.PredicateType, statement.Predicate.TextOf("verdict")));
    }

    [Theory]
    [InlineData("https://cairn.build/approval/v1", "{}", "are Cairn's own")]
    [InlineData("https://slsa.dev/provenance/v1", """{"buildDefinition":{"buildType":"https://cairn.build/action/v1"}}""", "it attests what it executed by itself")]
    [InlineData("https://slsa.dev/provenance/v1", """{"runDetails":{"builder":{"id":"https://cairn.build/builder/local/sandbox/v1"}}}""", "it attests what it executed by itself")]
    [InlineData("review", "{}", "no absolute URI")]
    [InlineData("https://example.org/v1", "[]", "it is no object")]
    [InlineData("https://example.org/v1", """{"a":1.5}""", "not whole")]
    [InlineData("https://example.org/v1", """{"a":1,"a":2}""", "stands twice")]
    public async Task Attest_RefusesPredicates(string type, string predicate, string why)
    {
        _tester.Write("tool", "1");
        _tester.Write("predicate.json", predicate);
        var outcome = await _tester.RunAsync("attest", "tool", "--predicate-type", type, "--predicate", "predicate.json");
        Assert.Equal(ExitCodes.Usage, outcome.Exit);
        Assert.StartsWith("error[CAIRN0631]: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(why, outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("tool.intoto.jsonl")));
    }

    [Fact]
    public async Task Attest_RefusesWhatIsNoFile()
    {
        _tester.Write("dist/tool", "1");
        var folder = await _tester.RunAsync("attest", "dist");
        Assert.Equal((ExitCodes.Usage, "error[CAIRN0630]: `dist` is a folder\nhelp: name its files, as `cairn attest dist/*`, or an archive of it\n"), (folder.Exit, folder.Error));
        Assert.StartsWith("error[CAIRN0630]: There is no file `nothing`", (await _tester.RunAsync("attest", "nothing")).Error, StringComparison.Ordinal);
        await new Tool("mkfifo", PathOf("fifo")).RunAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("error[CAIRN0630]: `fifo` is neither a file nor a link to one", (await _tester.RunAsync("attest", "fifo")).Error, StringComparison.Ordinal);
        Assert.Contains("go together", (await _tester.RunAsync("attest", "dist/tool", "--predicate", "x")).Error, StringComparison.Ordinal);
    }

    /// <summary>Whoever has a file attested with a trusted key has no result of an action.</summary>
    [Fact]
    public async Task Attest_IsNoProvenance()
    {
        _tester.Write("tool", "1");
        await _tester.RunAsync("attest", "tool");
        var statement = Assert.Single(StatementsIn("tool.intoto.jsonl"));
        Assert.Null(ActionProvenance.TryReadAction(statement, out _));
        Assert.Null(RunProvenance.TryRead(statement, out _));
        Assert.IsType<JsonValue.List>(statement.Predicate["files"]);
    }

    [Fact]
    public async Task Attest_AppendsToTheLog_AsRunsDo()
    {
        _tester.Write("tool", "tool");
        var outcome = await _tester.RunAsync("attest", "tool");
        Assert.Matches("signed by default\nLogged as entry 1 of [0-9a-z.-]+ - [0-9]{19}\n$", outcome.Error);
        Assert.Contains("✓ log                It is entry 1 of the log `", (await _tester.RunAsync("verify", "tool")).Out, StringComparison.Ordinal);
        Assert.Contains("statement", (await _tester.RunAsync("log", "tail")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await _tester.RunAsync("log", "verify", "tool.intoto.jsonl")).Exit);

        // Each line of a file is an entry of its own.
        Assert.Contains("Logged as entry 2 of", (await _tester.RunAsync("attest", "tool", "--predicate-type", "https://example.org/x", "--predicate", Predicate())).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await _tester.RunAsync("log", "verify", "tool.intoto.jsonl")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        Assert.Equal(0, (await _tester.RunAsync("config", "set", "log", "off", "--user")).Exit);
        _tester.Write("tool", "another");
        Assert.DoesNotContain("Logged", (await _tester.RunAsync("attest", "tool", "-o", "second.json")).Error, StringComparison.Ordinal);
        Assert.Equal(1, (await _tester.RunAsync("log", "verify", "second.json")).Exit);
    }

    [Fact]
    public async Task Attest_ThatCannotBeLogged_Warns_AndGoesOn()
    {
        _tester.Write("tool", "tool");
        Assert.Equal(0, (await _tester.RunAsync("config", "set", "log", "https://log.example/", "--user")).Exit);
        var outcome = await _tester.RunAsync("attest", "tool");
        Assert.Equal(0, outcome.Exit);
        Assert.Contains("warning[CAIRN0800]: What was signed is not in the log: there is no token for https://log.example/", outcome.Error, StringComparison.Ordinal);
        Assert.Single(StatementsIn("tool.intoto.jsonl"));
    }

    private string Predicate()
    {
        _tester.Write("predicate.json", """{"said":"good"}""");
        return "predicate.json";
    }
}
