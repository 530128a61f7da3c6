using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Testing;
using Cairn.Tests.Language;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Trust;

public sealed class RunProvenanceTests
{
    private static readonly RunReceipt Receipt = new()
    {
        RunId = "20261121T120000Z-7f3a9c",
        Project = "zlib",
        Pipeline = new ReceiptPipeline("zlib", "cairn.yaml", [new ReceiptFile("cairn.yaml", Digest.Of("pipeline"u8).Hash), new ReceiptFile("ci/common.yaml", Digest.Of("common"u8).Hash)]),
        Source = new ReceiptSource { Commit = new string('c', 40), GitTree = new string('d', 40), Branch = "main", IsDirty = true, Tree = Digest.Of("sources"u8).ToString() },
        Parameters = [new("prefix", "/usr/\"local\"\n"), new("token", null), new("äpfel", "😀")],
        Selection = ["--until test"],
        Toolchains =
        [
            new ReceiptToolchain
            {
                Name = "cc", Kind = "debian", Tree = Digest.Of("cc"u8).ToString(), IsHermetic = true, Origin = "debian bookworm", Suites = ["bookworm", "bookworm-security"], SignedBy = [new string('A', 40)],
                Sources = [new ReceiptFile("dists/bookworm/InRelease", Digest.Of("InRelease"u8).Hash)],
            },
            new ReceiptToolchain { Name = "sdk", Kind = "host", Tree = Digest.Of("sdk"u8).ToString(), IsHermetic = false, Origin = "host /opt/sdk" },
        ],
        Steps =
        [
            new ReceiptStep
            {
                Toolchains = ["cc"], ToolCaches = ["npm"], Job = "build", Step = "build", Status = JobStatus.Succeeded, Cache = CacheState.Hit, Action = Digest.Of("action"u8).Hash, Attestation = Digest.Of("attestation"u8).Hash, Isolation = "sandbox",
                Network = "none", Builder = BuilderIds.LocalSandbox, Outputs = [new ReceiptFile("lib/libz.a", Digest.Of("libz"u8).Hash), new ReceiptFile("z\uFB33", Digest.Of("1"u8).Hash), new ReceiptFile("z\U0001F600", Digest.Of("2"u8).Hash)],
                Links = [new("lib/libz.so", "libz.so.1")],
            },
            new ReceiptStep
            {
                Job = "test[opt=O2]", Step = "test", Status = JobStatus.Failed, IsAllowed = true, Cache = CacheState.Miss, Action = Digest.Of("test"u8).Hash, Attempts = 2, Duration = TimeSpan.FromMilliseconds(1234), ExitCode = 2,
                Isolation = "process", Network = "host", Builder = BuilderIds.LocalProcess, Outputs = [new ReceiptFile("lib/libz.a", Digest.Of("stripped"u8).Hash)],
            },
            new ReceiptStep { Job = "publish", Step = "publish", Status = JobStatus.NotRun, Isolation = "sandbox", Network = "none", Builder = BuilderIds.LocalHost },
        ],
        Status = RunStatus.Succeeded,
        Tier = "branch",
        Builder = BuilderIds.LocalProcess,
        Version = "0.1.0",
        Started = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero),
        Finished = new DateTimeOffset(2026, 11, 21, 12, 0, 1, 500, TimeSpan.Zero),
    };

    private static byte[] Written => RunProvenance.TryWriteJson(Receipt, out _)!;

    private static RunReceipt? Read(byte[] json, out string? problem) => Statement.TryRead(json, out problem) is { } statement ? RunProvenance.TryRead(statement, out problem) : null;

    private static string Changed(string from, string to)
    {
        var text = Encoding.UTF8.GetString(Written);
        Assert.Contains(from, text, StringComparison.Ordinal);
        Read(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)), out var problem);
        return problem ?? "";
    }

    /// <summary>What was signed once must be read for ever: these bytes do not change.</summary>
    [Fact]
    public void Write_IsTheGoldenVector()
    {
        using var key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)]);
        var json = Written;
        Samples.AssertGolden(Path.Combine(SourceTree.Root, "testdata", "trust", "run-provenance.json"), Encoding.UTF8.GetString(json) + "\n");
        Samples.AssertGolden(Path.Combine(SourceTree.Root, "testdata", "trust", "run-envelope.json"), Encoding.UTF8.GetString(Envelope.Sign(Envelope.InTotoType, [.. json], key).ToJson()) + "\n");
    }

    [Fact]
    public void WriteJson_IsCanonical()
    {
        var json = Written;
        Assert.Equal(Encoding.UTF8.GetString(CanonicalJson.Write(StrictJson.TryRead(json, out _)!)), Encoding.UTF8.GetString(json));
        Assert.Equal(json, RunProvenance.Write(Receipt).ToJson());
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00.0009999Z", "0001-01-01T00:00:00.000Z")]
    [InlineData("2024-11-21T01:02:03.9999999+02:00", "2024-11-20T23:02:03.999Z")]
    public void Times_AreToTheMillisecondInUtc(string moment, string text)
    {
        var time = DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Contains($"\"startedOn\":\"{text}\"", Encoding.UTF8.GetString(RunProvenance.TryWriteJson(Receipt with { Started = time }, out _)!), StringComparison.Ordinal);
    }

    [Fact]
    public void TryWriteJson_RefusesNamesThatLookAlike()
    {
        var steps = Receipt.Steps.SetItem(2, Receipt.Steps[2] with { Outputs = [new ReceiptFile("lib/libz.а", Digest.Of("x"u8).Hash)] });
        Assert.Null(RunProvenance.TryWriteJson(Receipt with { Steps = steps }, out var problem));
        Assert.Equal("the output `lib/libz.а` looks like another one", problem);
    }

    [Fact]
    public void TryRead_GivesTheReceiptBack()
    {
        var read = Read(Written, out var problem);
        Assert.Null(problem);
        Assert.Equal(Written, RunProvenance.TryWriteJson(read!, out _));
        Assert.Equal(Receipt.Steps[0].Outputs, read!.Steps[0].Outputs);
        Assert.Equal(Receipt.Steps[1] with { Outputs = [], Links = [] }, read.Steps[1] with { Outputs = [], Links = [] });
        Assert.Equal(Receipt.Source, read.Source);
        Assert.Equal(Receipt.Toolchains[0].Suites, read.Toolchains[0].Suites);
        Assert.Equal([false, true, true], read.Steps.Select(static s => s.UsesHost));
        Assert.Equal(1500, read.Duration.TotalMilliseconds);
    }

    [Fact]
    public void Subjects_AreTheOutputsAsTheLastStepLeftThem()
    {
        var subjects = RunProvenance.SubjectsOf(Receipt);
        Assert.Equal(["lib/libz.a", "z\uFB33", "z\U0001F600"], subjects.Select(static s => s.Name));
        Assert.Equal(Digest.Of("stripped"u8).Hash, subjects[0].Sha256);
    }

    [Fact]
    public void Subjects_OfARunWithoutOutputs_AreTheRun()
    {
        var subject = Assert.Single(RunProvenance.SubjectsOf(Receipt with { Steps = [] }));
        Assert.Equal("run:20261121T120000Z-7f3a9c", subject.Name);
        Assert.Equal(Digest.Of("run:20261121T120000Z-7f3a9c\n"u8).Hash, subject.Sha256);
    }

    [Fact]
    public void PipelineDigest_IsWhatSha256sumSays() => Assert.Equal(
        Digest.Of(Encoding.UTF8.GetBytes($"{Digest.Of("pipeline"u8).Hash}  cairn.yaml\n{Digest.Of("common"u8).Hash}  ci/common.yaml\n")).Hash,
        Receipt.Pipeline.Digest);

    [Fact]
    public void TryRead_RefusesWhatDoesNotFit()
    {
        Assert.Contains("not the outputs", Changed("\"name\":\"lib/libz.a\"", "\"name\":\"lib/other.a\""), StringComparison.Ordinal);
        Assert.Contains("not that of the pipeline's files", Changed("pipeline:ci/common.yaml", "pipeline:ci/other.yaml"), StringComparison.Ordinal);
        Assert.Contains("`externalParameters` has `more`", Changed("\"selection\":", "\"more\":{},\"selection\":"), StringComparison.Ordinal);
        Assert.Contains("`build` stands twice", Changed("\"job\":\"publish\"", "\"job\":\"build\""), StringComparison.Ordinal);
        Assert.Contains("`cairn_status` is `fine`", Changed("\"cairn_status\":\"succeeded\"", "\"cairn_status\":\"fine\""), StringComparison.Ordinal);
        Assert.Contains("`attempts`", Changed("\"attempts\":2", "\"attempts\":-2"), StringComparison.Ordinal);
        Assert.Contains("`action` is no SHA-256", Changed(Receipt.Steps[1].Action!, "A" + Receipt.Steps[1].Action![1..]), StringComparison.Ordinal);
        Assert.Contains("build type", Changed(RunProvenance.BuildType, ActionProvenance.BuildType), StringComparison.Ordinal);
        Assert.Contains("no time", Changed("12:00:01.500Z", "12:00:01Z"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("process", "", BuilderIds.LocalProcess)]
    [InlineData("process", "toolchain", BuilderIds.LocalProcess)]
    [InlineData("sandbox", "host", BuilderIds.LocalHost)]
    [InlineData("sandbox", "toolchain", BuilderIds.LocalSandbox)]
    [InlineData("sandbox", "toolchain,host-path:/opt/sdk", BuilderIds.LocalHost)]
    [InlineData("sandbox", "", BuilderIds.LocalHost)]
    public void BuilderIds_TellWhatABuilderCanPromise(string isolation, string others, string id) =>
        Assert.Equal(id, BuilderIds.OfLocal([new("isolation", isolation), .. others.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static o => KeyValuePair.Create(o, "x"))]));

    [Fact]
    public void Weaker_IsWhatPromisesLess()
    {
        Assert.Equal(BuilderIds.LocalProcess, BuilderIds.Weaker(BuilderIds.LocalSandbox, BuilderIds.LocalProcess));
        Assert.Equal(BuilderIds.LocalHost, BuilderIds.Weaker(BuilderIds.LocalHost, BuilderIds.LocalSandbox));
        Assert.Equal("https://example.org/other", BuilderIds.Weaker(BuilderIds.LocalSandbox, "https://example.org/other"));
    }
}
