using Cairn.Engine.Log;
using Cairn.Testing;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Logs;

public sealed class LogReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestLog _log = new TestLog().Add(300);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private LogReader Reader(TestLog log) => new(log, TestLog.Trust, new LogMemory(_folder["logs"]), TimeProvider.System);

    private async Task<LogBreachException> BreaksAsync(TestLog log, LogBreach breach)
    {
        var exception = await Assert.ThrowsAsync<LogBreachException>(() => Reader(log).RefreshAsync(Token));
        Assert.Equal(breach, exception.Breach);
        return exception;
    }

    [Fact]
    public async Task Refresh_FollowsALogThatGrows()
    {
        foreach (var more in (int[])[0, 1, 40, 700, 70_000])
        {
            var seen = await Reader(_log.Add(more)).RefreshAsync(Token);
            Assert.Equal(_log.Leaves.Count, seen.Checkpoint.Size);
        }
    }

    [Fact]
    public async Task Refresh_RefusesARewoundLog_WithBothNotes()
    {
        await Reader(_log).RefreshAsync(Token);
        _log.Shown = _log.Note(299);
        var breach = await BreaksAsync(_log, LogBreach.Rewound);

        Assert.Equal((300, 299), (SizeOf(breach.Known!), SizeOf(breach.Seen!)));
        var evidence = await File.ReadAllTextAsync(breach.Evidence!, Token);
        Assert.Contains(breach.Known!.ToString(), evidence, StringComparison.Ordinal);
        Assert.Contains(breach.Seen!.ToString(), evidence, StringComparison.Ordinal);

        // What was seen stays what was seen.
        await BreaksAsync(_log, LogBreach.Rewound);
        _log.Shown = null;
        Assert.Equal(300, (await Reader(_log).RefreshAsync(Token)).Checkpoint.Size);
    }

    [Fact]
    public async Task Refresh_ReadsAgain_WhereAnotherProcessSawItGrowMeanwhile()
    {
        var memory = new LogMemory(_folder["logs"]);
        await Reader(_log).RefreshAsync(Token);
        _log.Shown = _log.Note();
        _log.Add(50);
        var overtaken = new Overtaken(_log, memory);
        Assert.Equal(350, (await new LogReader(overtaken, TestLog.Trust, memory, TimeProvider.System).RefreshAsync(Token)).Checkpoint.Size);

        // A log that still shows the smaller tree then has gone back.
        _log.Shown = _log.Note(300);
        await BreaksAsync(_log, LogBreach.Rewound);
    }

    [Fact]
    public async Task Refresh_RefusesAForkOfTheSameSize()
    {
        await Reader(_log).RefreshAsync(Token);

        await BreaksAsync(_log.Fork(17), LogBreach.Forked);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(299)]
    public async Task Refresh_RefusesAForkThatWentOn(int at)
    {
        await Reader(_log).RefreshAsync(Token);

        await BreaksAsync(_log.Fork(at).Add(1000), LogBreach.Forked);
    }

    [Fact]
    public async Task Refresh_TellsTilesThatAreWrongFromAFork()
    {
        await Reader(_log).RefreshAsync(Token);
        _log.Add(10).Change = static (tile, bytes) =>
        {
            bytes[^1] ^= 1;
            return bytes;
        };

        await BreaksAsync(_log, LogBreach.Tampered);
        _log.Change = static (_, bytes) => bytes[..^1];
        await BreaksAsync(_log, LogBreach.Tampered);
        _log.Change = static (_, _) => null;
        await BreaksAsync(_log, LogBreach.Missing);
    }

    [Fact]
    public async Task Refresh_BelievesNobodyElse()
    {
        using var other = TestLog.KeyOf(22);
        _log.Shown = _log.Note(signer: NoteSigner.Of(TestLog.Name, other));
        await BreaksAsync(_log, LogBreach.Unsigned);

        // The name and id of the key, and not its signature.
        var note = _log.Note(299);
        _log.Shown = _log.Note() with { Signatures = note.Signatures };
        await BreaksAsync(_log, LogBreach.Unsigned);
        _log.IsDown = true;
        await Assert.ThrowsAsync<LogUnavailableException>(() => Reader(_log).RefreshAsync(Token));
    }

    [Fact]
    public async Task Ask_AnswersFromTheTilesThatItTakes()
    {
        var read = new List<TilePath>();
        _log.Change = (tile, bytes) =>
        {
            read.Add(tile);
            return bytes;
        };
        var proof = await Reader(_log).AskAsync(_log.Size, static tree => InclusionProof.Make(tree, 7), Token);

        Assert.True(proof.Verifies(MerkleHash.Leaf(TestLog.Leaf(7)), MerkleHash.Read(Checkpoint.TryParse(_log.Note().Text, out _)!.Root.AsSpan())));
        Assert.Equal(read.Count, read.Distinct().Count());
        Assert.InRange(read.Count, 1, 3);
    }

    [Fact]
    public void Judge_CountsTrustedWitnessesOnce()
    {
        using var key = TestLog.KeyOf(23);
        var witness = NoteSigner.OfCosigner("witness.example/w1", key);
        var trust = TestLog.Trust with { Witnesses = [new TrustedWitness(witness.Verifier)] };
        var note = _log.Note();
        var twice = note.With(witness.Sign(note.Text, TestLog.Now)).With(witness.Sign(note.Text, TestLog.Now.AddMinutes(1)));

        Assert.Empty(trust.Judge(note, TestLog.Now, out _)!.Cosigners);
        var cosigner = Assert.Single(trust.Judge(twice, TestLog.Now, out _)!.Cosigners);
        Assert.Equal(TestLog.Now.AddMinutes(1), cosigner.Time);
        Assert.Empty(TestLog.Trust.Judge(twice, TestLog.Now, out _)!.Cosigners);

        // From the future, and not its signature.
        Assert.Empty(trust.Judge(note.With(witness.Sign(note.Text, TestLog.Now.AddHours(1))), TestLog.Now, out _)!.Cosigners);
        Assert.Null(trust.Judge(note.With(witness.Sign("x\n", TestLog.Now)), TestLog.Now, out var problem));
        Assert.Contains("witness.example/w1", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log.example - 7", true)]
    [InlineData("log.example", true)]
    [InlineData("log.example - ", false)]
    [InlineData("log.example - 7a", false)]
    [InlineData("log.examples - 7", false)]
    [InlineData("log.example - 7 - 7", false)]
    public void Find_TakesEachTreeOfALogThatIsTrustedByName(string origin, bool isFound)
    {
        var trust = new LogTrust([new TrustedLog("log.example", TestLog.Trust.Logs[0].Keys)], []);
        Assert.Equal(isFound ? origin : null, trust.Find(origin)?.Origin);

        // What stands there with its number comes first.
        var both = trust.With(new TrustedLog("log.example - 7", []));
        Assert.Empty(both.Find("log.example - 7")!.Keys);
        Assert.Single(both.Find("log.example - 8")!.Keys);
    }

    private static long SizeOf(SignedNote note) => Checkpoint.TryParse(note.Text, out _)!.Size;

    /// <summary>A log that another process looks at while this one has its checkpoint in hand.</summary>
    private sealed class Overtaken(TestLog log, LogMemory memory) : ILogSource
    {
        public string Place => log.Place;

        public async Task<byte[]> ReadCheckpointAsync(CancellationToken cancellationToken)
        {
            var bytes = await log.ReadCheckpointAsync(cancellationToken);
            if (log.Shown is not null)
            {
                log.Shown = null;
                await new LogReader(log, TestLog.Trust, memory, TimeProvider.System).RefreshAsync(cancellationToken);
            }

            return bytes;
        }

        public Task<byte[]> ReadTileAsync(TilePath tile, CancellationToken cancellationToken) => log.ReadTileAsync(tile, cancellationToken);

        public void Dispose()
        {
        }
    }
}
