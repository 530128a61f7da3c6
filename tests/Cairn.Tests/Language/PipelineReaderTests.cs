using System.Collections.Immutable;
using System.Text;

using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language;
using Cairn.Core.Language.Model;

namespace Cairn.Tests.Language;

public sealed class PipelineReaderTests
{
    [Fact]
    public void Read_FillsTheModel()
    {
        var pipeline = Samples.ReadFile(Path.Combine(Samples.Root, "testdata", "pipelines", "valid"), "everything.yaml").Pipeline!;

        Assert.Equal("everything", pipeline.Name);
        Assert.Equal(["everything.yaml", "parts/library.yaml", "parts/more.yaml"], pipeline.Files);
        Assert.Equal(["shared", "modules", "configure", "build", "test", "cross", "expand", "publish"], pipeline.Steps.Select(s => s.Name.Value));
        Assert.Equal(8, pipeline.MaxParallel);
        Assert.Equal("4", Assert.IsType<Value.Number>(pipeline.Parameters.Single(p => string.Equals(p.Name, "workers", StringComparison.Ordinal)).Default).Content.ToString());
        Assert.True(pipeline.Parameters.Single(p => string.Equals(p.Name, "channel", StringComparison.Ordinal)).Required);
        Assert.Equal(["FROM_MORE", "CFLAGS", "JOBS", "DEBUG", "WHO"], pipeline.Environment.Select(e => e.Name));
        Assert.Equal("false", pipeline.Environment.Single(e => string.Equals(e.Name, "DEBUG", StringComparison.Ordinal)).Value.Source);

        var shared = Find(pipeline, "shared");
        Assert.Equal(["dash", "-eu", "-c"], Assert.IsType<StepAction.Script>(shared.Action).Shell);
        Assert.Equal(TimeSpan.FromMinutes(1), shared.Timeout);

        var configure = Find(pipeline, "configure");
        Assert.Equal(TimeSpan.FromMinutes(5), configure.Timeout);
        Assert.Equal(["bash", "-euo", "pipefail", "-c"], Assert.IsType<StepAction.Script>(configure.Action).Shell);
        Assert.Equal(1, configure.Retries!.Max);
        Assert.Null(Find(pipeline, "build").Inputs);

        var retries = Find(pipeline, "build").Retries!;
        Assert.Equal([1, 2, 3, 75], retries.OnExitCodes);
        Assert.True(retries is { Max: 2, OnTimeout: true, OnSignal: true, Jitter: 0.1 });
        Assert.Equal(["cpu", "disk"], Find(pipeline, "build").Locks.Select(l => l.Value));

        var matrix = Find(pipeline, "test").Matrix!;
        Assert.Equal(["opt", "target"], matrix.Axes.Select(a => a.Name));
        Assert.NotNull(matrix.Axes[1].Computed);
        Assert.Equal((2, 16), (matrix.MaxParallel, matrix.MaxJobs));

        var web = pipeline.Services.Single(s => string.Equals(s.Name.Value, "web", StringComparison.Ordinal));
        Assert.Equal(TimeSpan.FromSeconds(90), web.StopGrace);
        Assert.Equal(new Uri("http://localhost:8080/"), Assert.IsType<ReadinessCheck.Http>(web.Ready!.Check).Url);
    }

    [Fact]
    public void Read_TakesCacheOfTheStep_ThenItsTemplate_ThenTheDefaults()
    {
        var pipeline = Samples.Read("""
            version: 1
            defaults: { cache: false }
            templates:
              compile:
                params: { level: 2 }
                run: make
                cache: { key_extra: "v${{ params.level }}", paths: { ccache: ~/.cache/ccache/, objects: { path: ./obj/x, shared: true, quota: 2GiB } } }
            steps:
              plain: { run: x }
              on: { run: x, cache: true }
              mapping: { run: x, cache: {} }
              of_template: { uses: compile }
              replaced: { uses: compile, cache: { key_extra: mine } }
              off: { uses: compile, cache: false }
            """).Pipeline!;

        Assert.False(Find(pipeline, "plain").Cache.Enabled);
        Assert.True(Find(pipeline, "on").Cache.Enabled);
        Assert.Equal(CachePolicy.Default, Find(pipeline, "mapping").Cache);
        Assert.True(Find(pipeline, "replaced").Cache is { Enabled: true, KeyExtra.Source: "mine", Paths: [] });
        Assert.True(Find(pipeline, "off").Cache is { Enabled: false, KeyExtra: null, Paths: [] });

        var cache = Find(pipeline, "of_template").Cache;
        Assert.Equal(["ccache ~/.cache/ccache False ", "objects obj/x True 2147483648"], cache.Paths.Select(p => $"{p.Name} {p.Path} {p.Shared} {p.QuotaBytes}"));
        var context = new EvaluationContext { Roots = ImmutableDictionary<string, Value>.Empty };
        Assert.Equal("v2", cache.KeyExtra!.EvaluateText(context, new DiagnosticBag()));
    }

    [Fact]
    public void Read_GivesTemplatesTheirOwnParams_AndTheCallerIts()
    {
        var pipeline = Samples.Read("""
            version: 1
            params: { target: mine, level: 9 }
            templates:
              compile:
                params: { target: { required: true }, level: 2, debug: false, files: [x] }
                command: [make, "${{ params.target }}", "-O${{ params.level }}", "${{ params.debug }}", "${{ join(params.files, ',') }}"]
                env: { INNER: "${{ params.target }}", BOTH: inner }
              cross:
                params: { os: linux, debug: "true" }
                uses: compile
                with: { target: "${{ params.os }}-x64", debug: "${{ params.debug }}", level: "3", files: [a, "${{ params.os }}"] }
                if: ${{ params.os == 'darwin' }}
                needs: [first]
            steps:
              first: { run: "true" }
              second: { run: "true" }
              darwin:
                uses: cross
                with: { os: "${{ matrix.os }}" }
                matrix: { os: [darwin] }
                needs: [second]
                env: { OUTER: "${{ params.target }}", BOTH: outer }
            """).Pipeline!;
        var step = Find(pipeline, "darwin");
        var context = Context(("params", Map(("target", Value.Of("mine")), ("level", Value.Of(9)))), ("matrix", Map(("os", Value.Of("darwin")))));

        Assert.Equal(["make", "darwin-x64", "-O3", "true", "a,darwin"], Assert.IsType<StepAction.Command>(step.Action).Arguments.Select(a => Text(a, context)));
        Assert.Equal(
            ["INNER=darwin-x64", "BOTH=inner", "OUTER=mine", "BOTH=outer"],
            step.Environment.Select(e => $"{e.Name}={Text(e.Value, context)}"));
        Assert.True(step.Condition!.EvaluateCondition(context, new DiagnosticBag()));
        Assert.Equal(["second", "first"], step.Needs.Select(n => n.Name.Value));
        Assert.Equal(["cross", "compile"], step.Templates.Select(t => t.Template));
        Assert.Equal(["matrix"], step.Condition.References.Select(r => r.Root));
    }

    [Fact]
    public void Read_EvaluatesOnlyTheTemplateParametersThatAreRead()
    {
        var pipeline = Samples.Read("""
            version: 1
            templates:
              t:
                params: { name: { required: true }, version: { required: true } }
                command: [pack, "${{ params.version }}"]
                outputs: ["out/${{ params.name }}"]
            steps:
              v: { run: "true" }
              pack: { uses: t, needs: v, with: { name: app, version: "${{ steps.v.outputs.version }}" } }
            """).Pipeline!;

        Assert.Equal("out/app", Text(Find(pipeline, "pack").Outputs[0], Context()));
    }

    [Fact]
    public void ResolveParams_SaysWhichValueDoesNotFit()
    {
        var pipeline = Samples.Read("""
            version: 1
            params: { level: high }
            templates: { t: { params: { level: 1 }, command: [make, "${{ params.level }}"] } }
            steps: { a: { uses: t, with: { level: "${{ params.level }}" } } }
            """).Pipeline!;
        var diagnostics = new DiagnosticBag();

        Assert.Null(Find(pipeline, "a").Templates[0].ResolveParams(Context(("params", Map(("level", Value.Of("high"))))), diagnostics));
        var mistake = Assert.Single(diagnostics.ToSorted());
        Assert.Equal("Parameter `level` is a number; `high` is not", mistake.Message);
        Assert.Equal("cairn.yaml:4:39", mistake.Span.ToString());
    }

    [Fact]
    public void Read_FindsAllMistakesOfOneDocument()
    {
        var result = Samples.Read("""
            version: 1
            defaults: { timeout: 10 }
            steps:
              a: { run: make, need: b }
              b: { run: "${{ params.x }}", needs: c }
              c: { command: make }
            """);

        Assert.Null(result.Pipeline);
        Assert.Equal(["CAIRN0107", "CAIRN0101", "CAIRN0141", "CAIRN0102"], result.Diagnostics.Select(d => d.Code));
    }

    [Fact]
    public void Read_SaysThatThereIsNoFile()
    {
        var mistake = Assert.Single(PipelineReader.Read("cairn.yaml", new Samples.MemoryLoader()).Diagnostics);
        Assert.Equal((DiagnosticCodes.FileNotFound, "There is no file `cairn.yaml`"), (mistake.Code, mistake.Message));
    }

    [Fact]
    public void Read_SaysWhyAFileCannotBeRead()
    {
        var mistake = Assert.Single(Samples.Read(("cairn.yaml", "version: 1\ninclude: a.yaml\nsteps: { a: { run: x } }\n"), ("a.yaml", "<unreadable>")).Diagnostics);
        Assert.Equal((DiagnosticCodes.FileUnreadable, "`a.yaml` cannot be read: permission denied", "cairn.yaml:2:10"), (mistake.Code, mistake.Message, mistake.Span.ToString()));
    }

    [Fact]
    public void Read_LimitsNestedIncludes()
    {
        var files = Enumerable.Range(0, 30).Select(i => ($"f{i}.yaml", i == 0 ? "version: 1\ninclude: f1.yaml\nsteps: { a: { run: x } }\n" : $"include: f{i + 1}.yaml\n"));
        var mistake = Assert.Single(Samples.Read([.. files]).Diagnostics);
        Assert.Equal((DiagnosticCodes.IncludeLimit, "f16.yaml:1:10"), (mistake.Code, mistake.Span.ToString()));
    }

    [Fact]
    public void Read_LimitsIncludedFiles()
    {
        var includes = string.Join(", ", Enumerable.Range(0, 300).Select(i => $"p{i}.yaml"));
        var files = Enumerable.Range(0, 300).Select(i => ($"p{i}.yaml", "description: x\n")).Prepend(("cairn.yaml", $"version: 1\ninclude: [{includes}]\nsteps: {{ a: {{ run: x }} }}\n"));
        var result = Samples.Read([.. files]);
        Assert.Equal(300 - Limits.IncludedFilesMax, result.Diagnostics.Count(d => string.Equals(d.Code, DiagnosticCodes.IncludeLimit, StringComparison.Ordinal)));
    }

    [Fact]
    public void Read_LimitsSteps()
    {
        var text = new StringBuilder("version: 1\nsteps:\n");
        for (var i = 0; i <= Limits.StepsMax; i++)
        {
            text.Append($"  s{i}: {{ run: x }}\n");
        }

        Assert.Equal(DiagnosticCodes.TooManySteps, Assert.Single(Samples.Read(text.ToString()).Diagnostics).Code);
    }

    [Fact]
    public void Read_TakesAThousandStepsThatNeedEachOther()
    {
        var text = new StringBuilder("version: 1\nsteps:\n  s0: { run: x }\n");
        for (var i = 1; i < 1_000; i++)
        {
            text.Append($"  s{i}:\n    run: echo {i}\n    needs: [s{i - 1}]\n    env: {{ V: \"${{{{ steps.s0.status }}}}\" }}\n");
        }

        Assert.Equal(1_000, Samples.Read(text.ToString()).Pipeline!.Steps.Length);
    }

    [Fact]
    public void Read_PrintsALongCircleOnce()
    {
        var text = new StringBuilder("version: 1\nsteps:\n");
        for (var i = 0; i < 1_000; i++)
        {
            text.Append($"  s{i}: {{ run: x, needs: s{(i + 1) % 1_000} }}\n");
        }

        var mistake = Assert.Single(Samples.Read(text.ToString()).Diagnostics);
        Assert.Equal(DiagnosticCodes.NeedCycle, mistake.Code);
        Assert.Contains("`s0 -> s1 -> s2 -> ", mistake.Message, StringComparison.Ordinal);
        Assert.EndsWith("(950 more) -> s0`", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_LimitsNestedTemplates()
    {
        var text = new StringBuilder("version: 1\ntemplates:\n  t0: { run: x }\n");
        for (var i = 1; i < 40; i++)
        {
            text.Append($"  t{i}: {{ uses: t{i - 1} }}\n");
        }

        var mistake = Assert.Single(Samples.Read(text.Append("steps: { a: { uses: t39 } }\n").ToString()).Diagnostics);
        Assert.Equal((DiagnosticCodes.TemplateCycle, "Step `a` is made from more than 16 templates"), (mistake.Code, mistake.Message));
    }

    [Fact]
    public void Read_TakesJson() =>
        Assert.NotNull(Samples.Read("""{ "version": 1, "steps": { "a": { "command": ["make", "all"] } } }""").Pipeline);

    [Fact]
    public void ReadGenerated_JoinsAnExistingPipeline()
    {
        var existing = Samples.Read("""
            version: 1
            params: { mode: fast }
            env: { BASE: a }
            services: { db: { command: [postgres] } }
            secrets: { token: { env: TOKEN } }
            steps: { build: { run: make }, other: { run: x, needs: build } }
            """).Pipeline!;
        var result = Generated("""
            version: 1
            env: { EXTRA: "1" }
            steps:
              more:
                command: [test, "${{ params.mode }}", "${{ steps.build.status }}"]
                needs: other
                services: db
                env: { TOKEN: "${{ secrets.token }}" }
            """, existing);

        Assert.Equal("", Samples.List(result.Diagnostics));
        var more = Assert.Single(result.Pipeline!.Steps);
        Assert.Equal(["EXTRA", "TOKEN"], more.Environment.Select(e => e.Name));
        Assert.Equal(existing.Services, result.Pipeline.Services);
    }

    [Fact]
    public void ReadGenerated_RefusesWhatOnlyAPipelineHas_AndNamesThatExist()
    {
        var existing = Samples.Read("version: 1\nsteps: { build: { run: make } }\n").Pipeline!;
        var result = Generated("version: 1\nparams: { a: b }\nsteps: { build: { run: x }, c: { run: x, needs: biuld } }\n", existing);

        Assert.Equal(
            """
            more.yaml:2:1 error CAIRN0104: `params` has no place in a generated pipeline
              help: Move it to the pipeline file
            more.yaml:3:10 error CAIRN0121: The run already has a step `build`
              help: Choose another name
              note: Defined here (cairn.yaml:2:10)
            more.yaml:3:49 error CAIRN0130: There is no step `biuld`
              help: Did you mean `build`?

            """,
            Samples.List(result.Diagnostics));
    }

    private static ReadResult Generated(string text, Pipeline existing) => PipelineReader.ReadGenerated("more.yaml", new Samples.MemoryLoader(("more.yaml", text)), existing);

    private static Step Find(Pipeline pipeline, string name) => pipeline.Steps.Single(s => string.Equals(s.Name.Value, name, StringComparison.Ordinal));

    private static string? Text(Template template, EvaluationContext context) => template.EvaluateText(context, new DiagnosticBag());

    private static Value.Map Map(params (string Name, Value Value)[] entries) => new([.. entries.Select(e => KeyValuePair.Create(e.Name, e.Value))]);

    private static EvaluationContext Context(params (string Name, Value Value)[] roots) =>
        new() { Roots = roots.ToImmutableDictionary(r => r.Name, r => r.Value) };
}
