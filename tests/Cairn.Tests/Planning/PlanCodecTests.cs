using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Planning.Compiled;
using Cairn.Core.Syntax;
using Cairn.Tests.Language;

namespace Cairn.Tests.Planning;

public sealed class PlanCodecTests
{
    private static readonly PlanInput Input = new()
    {
        Git = new Value.Map([new("branch", Value.Of("main")), new("commit", Value.Of("c0ffee")), new("dirty", Value.Of(false))]),
        Run = new Value.Map([new("id", Value.Of("20260101-000000-000000")), new("user", Value.Of("ann")), new("ci", Value.Of(false))]),
        HashFiles = static globs => string.Join('+', globs),
    };

    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>("cairn.yaml");
        foreach (var folder in new[] { "samples", "testdata/pipelines/valid" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Samples.Root, folder), "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                // What other pipelines include is none by itself.
                if (Samples.ReadFile(Path.GetDirectoryName(file)!, Path.GetFileName(file)).Pipeline is not null)
                {
                    data.Add(Path.GetRelativePath(Samples.Root, file));
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Decode_Undoes_Encode_OfEveryPipelineHere(string path)
    {
        var file = Path.Combine(Samples.Root, path);
        var read = Samples.ReadFile(Path.GetDirectoryName(file)!, Path.GetFileName(file));
        Assert.NotNull(read.Pipeline);
        var given = read.Pipeline.Parameters.Where(p => p.Default is null && p.Required).ToImmutableDictionary(p => p.Name, _ => "x", StringComparer.Ordinal);
        var planned = Planner.Plan(read.Pipeline, Input with { Parameters = given });

        // A sample of the language need not make sense as a run.
        AssertSame(planned.Plan ?? new Plan(read.Pipeline, []), [.. read.Diagnostics, .. planned.Diagnostics]);
    }

    [Fact]
    public void Decode_Undoes_Encode_OfRandomPipelines()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var yaml = new RandomPipeline(seed).Make();
            var read = Samples.Read($"version: 1\n{yaml}");
            Assert.True(read.Pipeline is not null, $"seed {seed}: {Samples.List(read.Diagnostics)}\n{yaml}");
            var planned = Planner.Plan(read.Pipeline, Input);
            Assert.True(planned.Plan is not null, $"seed {seed}: {Samples.List(planned.Diagnostics)}\n{yaml}");
            AssertSame(planned.Plan, [.. read.Diagnostics, .. planned.Diagnostics]);
        }
    }

    [Fact]
    public void Decode_KeepsWhatReadersDoNotMakeYet()
    {
        var plan = Plans.Good("steps: { a: { run: x, matrix: { n: [1] } } }");
        var step = plan.Jobs[0].Step with
        {
            Cache = new CachePolicy
            {
                Enabled = false,
                KeyExtra = Template.Parse(new ScalarNode("v${{ params.x }}", ScalarType.String, new SourceSpan("f", 1, 2, 1, 9)), new DiagnosticBag()),
                Paths = [new ToolCacheUse("npm", "~/.npm", Shared: true, new SourceSpan("f", 3, 4, 3, 9)) { QuotaBytes = 0 }, new ToolCacheUse("m", "m", Shared: false, default)],
            },
        };
        var values = new Value.Map(
        [
            new("zero", Value.Of(-0.0)), new("half", Value.Of(0.5)), new("big", Value.Of(int.MaxValue + 1.0)), new("min", Value.Of(int.MinValue)), new("none", Value.Null.Instance),
            new("list", Value.Of([Value.Of("\ud800 half"), Value.Of("é"), new Value.Map([])])),
        ]);
        AssertSame(plan with { Pipeline = plan.Pipeline with { Steps = [step] }, Jobs = [plan.Jobs[0] with { Step = step, Matrix = values }] }, []);
    }

    [Fact]
    public void Decode_KeepsDiagnostics()
    {
        ImmutableArray<Diagnostic> said =
        [
            new("CAIRN0001", DiagnosticSeverity.Warning, "Odd", new SourceSpan("a.yaml", 3, 4, 5, 6), "do this") { Notes = [new DiagnosticNote("here", new SourceSpan("b.yaml", 1, 1, 1, 2))] },
            new("CAIRN0002", DiagnosticSeverity.Error, "Odder", SourceSpan.None),
        ];
        AssertSame(Plans.Good("steps: { a: { run: x } }"), said);
    }

    [Fact]
    public void Decode_KeepsAnExtendedPlan()
    {
        var plan = Plans.Good("steps: { a: { run: x, generates: more.yaml }, b: { run: y } }");
        var extended = Plans.Extend(plan, "steps: { c: { run: z, needs: b, matrix: { n: [1, 2] } }, d: { run: w, needs: c } }").Plan!;
        AssertSame(extended, []);

        // And it goes on from a decoded one as from the plan itself.
        var again = Plans.Extend(PlanCodec.Decode(PlanCodec.Encode(plan)), "steps: { c: { run: z, needs: b, matrix: { n: [1, 2] } }, d: { run: w, needs: c } }").Plan!;
        Assert.Equal(PlanDump.Of(extended, []), PlanDump.Of(again, []));
    }

    [Fact]
    public void Decode_ParsesNothingBeforeItIsUsed()
    {
        var plan = Plans.Good("steps: { a: { run: \"${{ params.ok\u007d}\", if: \"true\", inputs: [\"src/**\"] } }".Replace("params.ok", "1 + 1", StringComparison.Ordinal));
        var bytes = PlanCodec.Encode(plan);

        // The same length, so that only the text itself is wrong: the mistake shows where the text is used.
        bytes.AsSpan(bytes.AsSpan().IndexOf("${{ 1 + 1"u8)).Slice(4, 5).Fill((byte)'+');
        bytes.AsSpan(bytes.AsSpan().IndexOf("src/**"u8)).Slice(4, 2).Fill((byte)'[');
        var job = PlanCodec.Decode(bytes).Jobs[0];
        Assert.Throws<FormatException>(() => ((StepAction.Script)job.Step.Action).Text.Expressions);
        Assert.Throws<FormatException>(() => job.Inputs!.Patterns);
    }

    [Fact]
    public void Decode_OfDamage_ThrowsFormatExceptionOnly()
    {
        var random = new Random(7);
        for (var seed = 0; seed < 20; seed++)
        {
            var whole = PlanCodec.Encode(Plans.Good(new RandomPipeline(seed).Make(), Input));
            for (var length = 0; length < whole.Length; length += 1 + random.Next(40))
            {
                Assert.Throws<FormatException>(() => PlanCodec.Decode(whole.AsMemory(0, length)));
            }

            for (var i = 0; i < 500; i++)
            {
                var damaged = (byte[])whole.Clone();
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                Assert.True(Record.Exception(() => PlanCodec.Decode(damaged)) is null or FormatException, $"seed {seed}, change {i}");
            }
        }
    }

    [Fact]
    public void Decode_TakesAPartOfAnArray_AndNothingBehindIt()
    {
        var bytes = PlanCodec.Encode(Plans.Good("steps: { a: { run: x } }"));
        byte[] around = [9, 9, .. bytes, 9];
        Assert.Equal("a", PlanCodec.Decode(around.AsMemory(2, bytes.Length)).Jobs[0].Id.Value);
        Assert.Throws<FormatException>(() => PlanCodec.Decode(around.AsMemory(2, bytes.Length + 1)));
        around[2]++;
        Assert.Throws<FormatException>(() => PlanCodec.Decode(around.AsMemory(2, bytes.Length)));
    }

    /// <summary>The corpus of the fuzzer, and a proof that plans of one version of the format keep their bytes.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Encode_MakesTheCommittedBytes(int seed)
    {
        var path = Path.Combine(Samples.Root, "testdata", "fuzz", "compiled", $"random-{seed}.bin");
        var bytes = PlanCodec.Encode(Plans.Good(new RandomPipeline(seed).Make(), Input));
        if (Samples.UpdateGolden)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }

        Assert.Equal(File.ReadAllBytes(path), bytes);
    }

    [Fact]
    public void Codec_KeepsToolchains()
    {
        const string Text =
            """
            toolchains:
              cc: { debian: bookworm, packages: [gcc, make] }
            steps:
              build: { run: make, isolation: sandbox, toolchain: cc }
            """;
        var decoded = PlanCodec.Decode(PlanCodec.Encode(Plans.Good(Text)), out _).Pipeline;

        var toolchain = Assert.Single(decoded.Toolchains);
        var source = Assert.IsType<ToolchainSource.Debian>(toolchain.Source);
        Assert.Equal(("cc", "bookworm", true, false), (toolchain.Name, source.Suite, source.Essential, source.AllowExpired));
        Assert.Equal(["gcc", "make"], source.Packages);
        Assert.All(decoded.Steps, static s => Assert.Equal("cc", s.Toolchain!.ToString()));
    }

    /// <summary>A member that the codec does not know would be lost in every hot run.</summary>
    [Fact]
    public void Codec_KnowsEveryMemberOfTheModel()
    {
        Type[] types =
        [
            typeof(Plan), typeof(Job), typeof(Pipeline), typeof(Step), typeof(FetchPolicy), typeof(HostRules), typeof(StepLimits), typeof(Determinism), typeof(StepReference), typeof(StepAction.Script), typeof(StepAction.Command), typeof(EnvironmentEntry), typeof(RetryPolicy),
            typeof(CachePolicy), typeof(ToolCacheUse), typeof(MatrixDefinition), typeof(MatrixAxis), typeof(MatrixValue), typeof(MatrixRow), typeof(Parameter), typeof(ScopedParameter),
            typeof(Secret), typeof(SecretSource.Variable), typeof(SecretSource.File), typeof(SecretSource.Command), typeof(Service), typeof(ReadinessProbe), typeof(ReadinessCheck.Script),
            typeof(ReadinessCheck.Tcp), typeof(ReadinessCheck.Http), typeof(ReadinessCheck.Output), typeof(LockName), typeof(Toolchain), typeof(ToolchainSource.Debian), typeof(ToolchainReference), typeof(Diagnostic), typeof(DiagnosticNote), typeof(SourceSpan),
        ];
        var members = types.Select(t => $"{t.Name}: {string.Join(' ', PlanDump.MembersOf(t).Where(p => p.SetMethod is not null).Select(p => p.Name))}");
        const string Known =
            """
            Plan: Jobs Parameters Pipeline
            Job: ConditionHolds GeneratedDepth Id Index InputSpans Inputs Matrix MatrixKey Needs OutputSpans Outputs SkippedByPlan Step
            Pipeline: Description Environment Files Locks MaxParallel Name Parameters Secrets Services Steps Toolchains
            Step: Action AllowFailure Cache Condition Description Deterministic Environment Fetch Generates Inputs Isolation JUnitReports Limits Locks Matrix MaxParallel Name Needs Network Outputs Retries Services Span Strict Templates Timeout Toolchain WorkingDirectory
            FetchPolicy: Hosts
            HostRules: Patterns
            StepLimits: Cpus DiskBytes MemoryBytes OpenFiles Processes
            Determinism: Cpus FakeTime
            StepReference: Name Span
            Script: Shell Text
            Command: Arguments
            EnvironmentEntry: Name Span Value
            RetryPolicy: BackoffInitial BackoffMax Jitter Max OnExitCodes OnSignal OnTimeout
            CachePolicy: Enabled KeyExtra Paths
            ToolCacheUse: Name Path QuotaBytes Shared Span
            MatrixDefinition: Axes Exclude Include MaxJobs MaxParallel Span
            MatrixAxis: Computed Name Span Values
            MatrixValue: Computed Constant Span
            MatrixRow: Span Values
            Parameter: Allowed Default Description Name Required Span Type
            ScopedParameter: Computed Constant Items Parameter Span
            Secret: Name Source Span
            Variable: Name
            File: Path
            Command: Arguments
            Service: Action Environment Name Ready Span StopGrace WorkingDirectory
            ReadinessProbe: Check Interval Timeout
            Script: Text
            Tcp: Port
            Http: Url
            Output: Text
            LockName: Value
            Toolchain: Name Source Span
            Debian: AllowExpired Essential Packages Suite
            ToolchainReference: Name Span
            Diagnostic: Code Message Notes Severity Span Suggestion
            DiagnosticNote: Message Span
            SourceSpan: Column EndColumn EndLine File Line
            """;

        // When this fails, write and read the new member in `Planning/Compiled`, let `RandomPipeline` use it, and count `PlanCodec.Version` up.
        Assert.Equal(Known.Split('\n'), members);
    }

    private static void AssertSame(Plan plan, ImmutableArray<Diagnostic> diagnostics)
    {
        var bytes = PlanCodec.Encode(plan, diagnostics);
        var decoded = PlanCodec.Decode(bytes, out var said);
        Assert.Equal(bytes, PlanCodec.Encode(decoded, said));
        Assert.Equal(PlanDump.Of(plan, diagnostics), PlanDump.Of(decoded, said));

        // Having been looked at changes nothing.
        Assert.Equal(bytes, PlanCodec.Encode(decoded, said));
    }
}
