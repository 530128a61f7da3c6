using System.Net;
using System.Text;

using Cairn.Core.Http;
using Cairn.Engine.Log;
using Cairn.Engine.Serving;
using Cairn.Testing;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Logs;

public sealed class WitnessTests : IDisposable
{
    private const string Name = "witness.example/w1";

    private readonly TemporaryFolder _folder = new();
    private readonly SigningKey _key = TestLog.KeyOf(31);
    private readonly TestLog _log = new TestLog().Add(500);
    private Witness _witness;

    public WitnessTests() => _witness = Open();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private NoteVerifier Verifier => NoteVerifier.OfCosigner(Name, _key.PublicKey);

    public void Dispose()
    {
        _witness.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }

    private Witness Open() => Witness.TryOpen(_folder["witness"], TestLog.Trust, NoteSigner.OfCosigner(Name, _key), TimeProvider.System, static _ => { })!;

    private async Task<(int Status, string Body, string? Type)> PostAsync(byte[] body)
    {
        var head = HttpHead.TryRead("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n"u8, out _)!;
        using var response = await _witness.AnswerAsync(new HttpRequest(head, "/add-checkpoint", body), Token);
        return (response.Status, Encoding.UTF8.GetString(response.Bytes.Span), response.Headers.Find(static h => h.Key == "Content-Type").Value);
    }

    private Task<(int Status, string Body, string? Type)> AddAsync(long from, long to, TestLog? log = null) =>
        PostAsync(new AddCheckpoint(from, from == 0 || from == to ? [] : (log ?? _log).Prove(from, to).Path, (log ?? _log).Note(to)).ToBytes());

    private async Task CosignsAsync(long from, long to)
    {
        var (status, body, _) = await AddAsync(from, to);
        Assert.Equal(200, status);
        var line = Assert.Single(SignedNote.TryParseSignatures(Encoding.UTF8.GetBytes(body), out _)!.Value);
        Assert.True(Verifier.IsSignature(_log.Note(to).Text, line));
    }

    [Fact]
    public async Task AddCheckpoint_CosignsWhatContinues()
    {
        await CosignsAsync(0, 1);
        await CosignsAsync(1, 100);
        await CosignsAsync(100, 100);
        await CosignsAsync(100, 400);
        await CosignsAsync(400, 500);
    }

    [Fact]
    public async Task AddCheckpoint_FromAnotherSize_TellsTheOneThatItKnows()
    {
        await CosignsAsync(0, 100);

        Assert.Equal((409, "100\n", "text/x.tlog.size"), await AddAsync(0, 200));
        Assert.Equal((409, "100\n", "text/x.tlog.size"), await AddAsync(50, 200));

        // And after it was started again, the same.
        _witness.Dispose();
        _witness = Open();
        Assert.Equal((409, "100\n", "text/x.tlog.size"), await AddAsync(0, 200));
        await CosignsAsync(100, 200);
    }

    [Fact]
    public async Task AddCheckpoint_RefusesAFork_AndKeepsTheEvidence()
    {
        await CosignsAsync(0, 400);
        var fork = _log.Fork(17);

        Assert.Equal(409, (await AddAsync(400, 400, fork)).Status);
        Assert.Equal(422, (await AddAsync(400, 500, fork)).Status);
        Assert.Equal(2, Directory.GetFiles(_folder["witness"], "evidence-*", SearchOption.AllDirectories).Length);

        // The same again, however often its signature is repeated, is no more evidence, and takes no more room.
        var note = fork.Note(400);
        Assert.Equal(409, (await PostAsync(new AddCheckpoint(400, [], note with { Signatures = [note.Signatures[0], note.Signatures[0]] }).ToBytes())).Status);
        Assert.Equal(2, Directory.GetFiles(_folder["witness"], "evidence-*", SearchOption.AllDirectories).Length);
        await CosignsAsync(400, 500);
    }

    [Fact]
    public async Task AddCheckpoint_AnswersAsTheSpecificationSays()
    {
        using var other = TestLog.KeyOf(32);
        var note = _log.Note(100);

        Assert.Equal(403, (await PostAsync(new AddCheckpoint(0, [], _log.Note(100, NoteSigner.Of(TestLog.Name, other))).ToBytes())).Status);
        Assert.Equal(403, (await PostAsync(new AddCheckpoint(0, [], note with { Signatures = _log.Note(99).Signatures }).ToBytes())).Status);
        Assert.Equal(404, (await PostAsync(new AddCheckpoint(0, [], note with { Text = note.Text.Replace("- 7", "- 8", StringComparison.Ordinal) }).ToBytes())).Status);
        Assert.Equal(400, (await PostAsync(new AddCheckpoint(101, [], note).ToBytes())).Status);
        Assert.Equal(400, (await PostAsync("old 0\n"u8.ToArray())).Status);
        Assert.Equal(400, (await PostAsync([.. "old 00\n\n"u8, .. note.ToBytes()])).Status);
        Assert.Equal(400, (await PostAsync([.. "old 0\nAAAA\n\n"u8, .. note.ToBytes()])).Status);

        // The first one needs no proof, and may have none.
        Assert.Equal(422, (await PostAsync(new AddCheckpoint(0, [MerkleHash.Empty], note).ToBytes())).Status);
        Assert.Equal(409, (await AddAsync(50, 100)).Status);
        await CosignsAsync(0, 100);
        Assert.Equal(422, (await PostAsync(new AddCheckpoint(100, [], _log.Note(200)).ToBytes())).Status);
        Assert.Equal(422, (await PostAsync(new AddCheckpoint(100, [MerkleHash.Empty], note).ToBytes())).Status);
    }

    [Fact]
    public async Task AddCheckpoint_OfManyAtOnce_NeverGoesBack()
    {
        await CosignsAsync(0, 100);
        var answers = await Task.WhenAll(Enumerable.Range(101, 40).Select(size => Task.Run(() => AddAsync(100, size), Token)));

        Assert.Single(answers, static a => a.Status == 200);
        Assert.Equal(39, answers.Count(static a => a.Status == 409));
    }

    [Fact]
    public void TryOpen_IsForOneProcessAtATime() => Assert.Null(Witness.TryOpen(_folder["witness"], TestLog.Trust, NoteSigner.OfCosigner(Name, _key), TimeProvider.System, static _ => { }));

    // The example of C2SP tlog-witness.
    [Fact]
    public void TryRead_ReadsTheExampleOfTheSpecification()
    {
        const string Body = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
            + "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
            + "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
            + "\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
        var read = AddCheckpoint.TryRead(Encoding.UTF8.GetBytes(Body), out var problem);

        Assert.Null(problem);
        Assert.Equal((20852014L, 4, 2), (read!.OldSize, read.Proof.Length, read.Note.Signatures.Length));
        Assert.Equal(Body, Encoding.UTF8.GetString(read.ToBytes()));
    }

    [Fact]
    public async Task Client_AsksAWitnessFromTheSizeThatItKnows()
    {
        await using var server = HttpServer.Start(new IPEndPoint(IPAddress.Loopback, 0), _witness, new HttpLimits(), TimeProvider.System);
        var client = new WitnessClient(TimeProvider.System, new LogPatience { AttemptsMax = 1 });
        var witness = new TrustedWitness(Verifier, new Uri($"http://{server.Endpoint}"));
        foreach (var size in (long[])[100, 100, 250, 500])
        {
            var note = _log.Note(size);
            var result = Assert.Single(await client.CosignAsync([witness], note, old => _log.Prove(old, size), Token));

            Assert.Null(result.Problem);
            Assert.True(Verifier.IsSignature(note.Text, result.Cosignature!));
        }

        var rewound = Assert.Single(await client.CosignAsync([witness], _log.Note(250), old => _log.Prove(old, 250), Token));
        Assert.Null(rewound.Cosignature);
        Assert.Contains("it has seen 500 entries", rewound.Problem, StringComparison.Ordinal);
    }
}
