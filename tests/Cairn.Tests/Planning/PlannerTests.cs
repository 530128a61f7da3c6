using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Tests.Planning;

public sealed class PlannerTests
{
    [Fact]
    public void Plan_Makes_Needs_Of_A_Matrix_Step_Mean_All_Its_Jobs()
    {
        var plan = Plans.Good("""
            steps:
              build: { run: make }
              test: { run: make check, needs: [build], matrix: { opt: [O0, O2] } }
              publish: { run: make dist, needs: [test, build] }
            """);

        Assert.Equal(["build", "test[opt=O0]", "test[opt=O2]", "publish"], plan.Ids());
        Assert.Equal([0], plan.Job("test[opt=O2]").Needs.AsEnumerable());
        Assert.Equal([0, 1, 2], plan.Job("publish").Needs.AsEnumerable());
    }

    [Theory]
    [InlineData("params.fast", true, false)]
    [InlineData("!params.fast", false, true)]
    [InlineData("matrix.opt == 'O2'", false, true)]
    [InlineData("job.id == 'a[opt=O0]'", false, true)]
    [InlineData("success() && params.fast", false, false)]
    [InlineData("steps.z.status == 'succeeded'", false, false)]
    public void Plan_Decides_Conditions_That_The_Run_Cannot_Change(string condition, bool skipped, bool holds)
    {
        var plan = Plans.Good($$"""
            params: { fast: { type: boolean, default: false } }
            steps:
              z: { run: "true" }
              a: { run: "true", needs: [z], matrix: { opt: [O0, O2] }, if: "{{condition}}" }
            """);

        var job = plan.Job(condition.Contains("O0", StringComparison.Ordinal) ? "a[opt=O0]" : "a[opt=O2]");
        Assert.Equal((skipped, holds), (job.SkippedByPlan, job.ConditionHolds));
        var scheduled = PlanScheduling.ToScheduled(plan, 0, _ => null)[job.Index];
        Assert.Equal((skipped, !holds), (scheduled.SkippedByPlan, scheduled.HasCondition));
    }

    [Fact]
    public void Plan_Tells_A_Mistake_In_A_Matrix_Jobs_Paths_Once()
    {
        var result = Plans.Make("""
            steps:
              a: { run: "true", matrix: { opt: [O0, O2] }, outputs: ["/etc/${{ matrix.opt }}"] }
            """);

        Assert.StartsWith("3: The pattern `/etc/O0` is wrong", result.Error(DiagnosticCodes.GlobInvalid), StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_Gives_Each_Job_Its_Own_Paths()
    {
        var plan = Plans.Good("""
            params: { files: { type: list, default: [a.c, b.c] } }
            steps:
              a:
                run: "true"
                matrix: { opt: [O0, O2] }
                inputs: ["${{ params.files }}", "!b.*"]
                outputs: ["out/${{ matrix.opt }}", "${{ run.user }}-${{ matrix.opt }}.log"]
            """, new PlanInput { Run = new Value.Map([new("user", Value.Of("ada"))]) });

        var job = plan.Job("a[opt=O2]");
        Assert.Equal("a.c, b.c, !b.*", job.Inputs!.ToString());
        Assert.Equal("out/O2, ada-O2.log", job.Outputs.ToString());
    }

    [Fact]
    public void Plan_Refuses_Two_Jobs_That_Write_One_Path()
    {
        var result = Plans.Make("""
            steps:
              a: { run: "true", outputs: [out/x] }
              b: { run: "true", outputs: [out/x] }
            """);

        Assert.Equal("4: `a` and `b` both write `out/x`; give each step its own outputs", result.Error(DiagnosticCodes.PlanOutputConflict));
        Assert.Equal(3, Assert.Single(result.Diagnostics[0].Notes).Span.Line);
    }

    [Theory]
    [InlineData("out", "out/sub/x", true)]
    [InlineData("out/sub/x", "out", true)]
    [InlineData("out/*", "out/x", false)]
    [InlineData("outer", "out/x", false)]
    [InlineData("out", "out/x', '!out/x", false)]
    public void Plan_Refuses_A_Path_Within_The_Folder_Of_Another(string first, string second, bool refused)
    {
        var result = Plans.Make($$"""
            steps:
              a: { run: "true", outputs: ['{{first}}'] }
              b: { run: "true", outputs: ['{{second}}'] }
            """);

        Assert.Equal(refused, result.Plan is null);
    }

    [Fact]
    public void Plan_Refuses_Jobs_Of_One_Matrix_That_Write_One_Path()
    {
        var result = Plans.Make("""
            steps:
              a: { run: "true", matrix: { n: [1, 2, 3] }, outputs: [report.xml] }
            """);

        Assert.Equal("3: `a[n=1]` and `a[n=2]` both write `report.xml`; give each job of the matrix its own path, with ${{ matrix.… }} in it",
            result.Error(DiagnosticCodes.PlanOutputConflict));
    }

    [Fact]
    public void Plan_Lets_Alternatives_Write_One_Path()
    {
        var plan = Plans.Good("""
            params: { fast: { type: boolean, default: false } }
            steps:
              quick: { run: "true", if: "params.fast", outputs: [x] }
              slow: { run: "true", if: "!params.fast", outputs: [x] }
            """);

        Assert.True(plan.Job("quick").SkippedByPlan);
    }

    [Theory]
    [InlineData("src/main.c", "src/main.c")]
    [InlineData("src", "src/main.c")]
    [InlineData("src/*.c", "src/main.c")]
    [InlineData("build/*.c", null)]
    [InlineData("main.c", null)]
    public void Plan_Refuses_Outputs_That_Git_Tracks(string output, string? tracked)
    {
        string[] files = ["README.md", "src/main.c", "src/main.h"];
        var result = Plans.Make($"steps: {{ a: {{ run: 'true', outputs: ['{output}'] }} }}", new PlanInput
        {
            IsTracked = files.Contains,
            FirstTrackedBelow = folder => Array.Find(files, f => f.StartsWith($"{folder}/", StringComparison.Ordinal)),
            FirstTrackedMatch = patterns => Array.Find(files, f => patterns.IsMatch(f)),
        });

        if (tracked is null)
        {
            Assert.Empty(result.Diagnostics);
        }
        else
        {
            Assert.StartsWith($"2: `a` would write `{tracked}`, which git tracks", result.Error(DiagnosticCodes.PlanOutputTracked), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("build/zconf.h")]
    [InlineData("gen/deep/x.h")]
    public void Plan_Refuses_An_Input_That_A_Step_Writes_That_Is_Not_Needed(string input)
    {
        var result = Plans.Make($$"""
            steps:
              configure: { run: "true", outputs: [build/zconf.h, gen] }
              middle: { run: "true", needs: [configure] }
              build: { run: "true", needs: [middle], inputs: ["*.c", {{input}}] }
            """);

        Assert.Equal($"5: `build` reads `{input}`, which `configure` writes, but does not need that step; add `configure` to the `needs` of `build`",
            result.Error(DiagnosticCodes.PlanInputNotNeeded));
    }

    [Fact]
    public void Plan_Takes_A_Generated_Pipeline_For_An_Output()
    {
        var plan = Plans.Good("""
            steps: { a: { run: "true", generates: "gen/${{ params.p }}.yaml", outputs: [x] } }
            params: { p: q }
            """);

        Assert.Equal("x, gen/q.yaml", plan.Jobs[0].Outputs.ToString());
    }

    [Fact]
    public void Plan_Refuses_More_Edges_Than_A_Run_May_Have()
    {
        var values = string.Join(", ", Enumerable.Range(0, 2_100));
        var result = Plans.Make($$"""
            steps:
              a: { run: "true", matrix: { n: [{{values}}] } }
              b: { run: "true", matrix: { n: [{{values}}] }, needs: [a] }
            """);

        Assert.Contains("more than 4000000 needs", result.Error(DiagnosticCodes.PlanTooLarge), StringComparison.Ordinal);
    }

    [Fact]
    public void Extend_Appends_Jobs_That_Need_The_Generating_Job()
    {
        var plan = Plans.Good("steps: { gen: { run: 'true', generates: more.yaml }, other: { run: 'true' } }");
        var extended = Plans.Extend(plan, """
            env: { A: "1" }
            steps:
              x: { run: "true", matrix: { n: [1, 2] }, env: { B: "2" }, needs: [other] }
              y: { run: "true", needs: [x] }
            """).Plan!;

        Assert.Equal(["gen", "other", "x[n=1]", "x[n=2]", "y"], extended.Ids());
        Assert.Equal([0, 1], extended.Jobs[2].Needs.AsEnumerable());
        Assert.Equal([0, 2, 3], extended.Jobs[4].Needs.AsEnumerable());
        Assert.Equal(1, extended.Jobs[4].GeneratedDepth);
        Assert.Equal(["A", "B"], extended.Jobs[2].Step.Environment.Select(e => e.Name), StringComparer.Ordinal);
        Assert.Equal(4, extended.Pipeline.Steps.Length);
    }

    [Fact]
    public void Extend_Refuses_Outputs_Of_Existing_Jobs_And_Further_Generations_Too_Deep()
    {
        var plan = Plans.Good("steps: { gen: { run: 'true', generates: more.yaml, outputs: [x] } }");
        Assert.Contains("both write `x`", Plans.Extend(plan, "steps: { b: { run: 'true', outputs: [x] } }").Error(DiagnosticCodes.PlanOutputConflict), StringComparison.Ordinal);

        for (var depth = 0; depth < Limits.GeneratedDepthMax; depth++)
        {
            plan = Plans.Extend(plan, $"steps: {{ s{depth}: {{ run: 'true' }} }}", plan.Jobs.Length - 1).Plan!;
        }

        Assert.Contains("4 levels deep", Plans.Extend(plan, "steps: { b: { run: 'true' } }", plan.Jobs.Length - 1).Error(DiagnosticCodes.PlanGeneratedDepth), StringComparison.Ordinal);
    }

    [Fact]
    public void Escapes_Are_Taken_Out_Of_Constants()
    {
        var plan = Plans.Good("""
            templates: { t: { params: { v: z, l: { type: list, default: [a] } }, command: ["${{ params.v }}", "${{ join(params.l, ' ') }}"] } }
            steps:
              a: { run: x, matrix: { m: ["$${{ x }}", 1] } }
              b: { uses: t, with: { v: "$${{ y }}", l: ["$${{ z }}", c] } }
            """);
        Assert.Equal(new Value.String("${{ x }}"), plan.Jobs[0].Matrix!.Find("m"));
        Assert.Equal(new Value.Number(1), plan.Jobs[1].Matrix!.Find("m"));
        var mistakes = new DiagnosticBag();
        var arguments = ((StepAction.Command)plan.Jobs[2].Step.Action).Arguments;
        Assert.Equal(["${{ y }}", "${{ z }} c"], arguments.Select(a => a.EvaluateText(new EvaluationContext { Roots = System.Collections.Immutable.ImmutableDictionary<string, Value>.Empty }, mistakes)));
        Assert.False(mistakes.HasErrors);
    }

    [Fact]
    public void Needs_Are_Ascending_And_Each_Only_Once()
    {
        var plan = Plans.Good("""
            steps:
              last: { run: x, needs: [wide, first, middle] }
              wide: { run: x, matrix: { i: [1, 2, 3] } }
              middle: { run: x, matrix: { i: [1, 2] } }
              first: { run: x }
            """);
        Assert.Equal([1, 2, 3, 4, 5, 6], plan.Jobs[0].Needs);

        var extended = Plans.Extend(plan, "steps: { new: { run: x, needs: [other, first, wide] }, other: { run: x } }", 2).Plan!;
        Assert.Equal([1, 2, 3, 6, 8], extended.Jobs[7].Needs);
        Assert.Equal([2], extended.Jobs[8].Needs);
    }

    [Fact]
    public void Extend_Refuses_A_Name_That_Exists()
    {
        var plan = Plans.Good("steps: { gen: { run: 'true', generates: more.yaml } }");
        var generated = Plans.Read("steps: { gen: { run: 'true' } }");
        var result = Planner.Extend(plan, generated, 0, new PlanInput());
        Assert.Contains("There is a step `gen` already", result.Error(DiagnosticCodes.PlanGeneratedName), StringComparison.Ordinal);
        Assert.Equal(2, Assert.Single(result.Diagnostics[0].Notes).Span.Line);
    }

    [Fact]
    public void Plan_Shows_A_Circle_And_An_Unknown_Need_Where_No_Reader_Did()
    {
        var good = Plans.Read("steps: { alpha: { run: 'true' }, beta: { run: 'true', needs: [alpha] } }");
        var beta = good.Steps[1];
        var circle = good with { Steps = [good.Steps[0] with { Needs = [new(beta.Name, beta.Span)] }, beta] };
        Assert.Contains("`alpha` -> `beta` -> `alpha`", Planner.Plan(circle, new PlanInput()).Error(DiagnosticCodes.PlanCycle), StringComparison.Ordinal);

        var unknown = good with { Steps = [good.Steps[0], beta with { Needs = [new(StepName.Parse("alhpa"), beta.Span)] }] };
        Assert.EndsWith("did you mean `alpha`?", Planner.Plan(unknown, new PlanInput()).Error(DiagnosticCodes.PlanUnknownNeed), StringComparison.Ordinal);
    }

    [Fact]
    public void GroupLimits_Take_The_Smaller_Limit_Of_Step_And_Matrix()
    {
        var plan = Plans.Good("""
            steps:
              a: { run: "true" }
              b: { run: "true", concurrency: { max_parallel: 3 }, matrix: { n: [1, 2], limits: { max_parallel: 2 } } }
              c: { run: "true", retries: { max: 2 } }
            """);

        var scheduled = PlanScheduling.ToScheduled(plan, 0, job => job.Index == 0 ? TimeSpan.FromSeconds(9) : null);
        Assert.Equal([-1, 1, 1, -1], scheduled.Select(j => j.Group));
        Assert.Equal(2, PlanScheduling.GroupLimits(plan)[1]);
        Assert.Empty(PlanScheduling.GroupLimits(plan, 3));
        Assert.Equal((3, true), (scheduled[3].AttemptsMax, scheduled[3].Retry.Any));
        Assert.Equal([9, 1, 1, 1], scheduled.Select(j => j.Expected.TotalSeconds));
    }

    [Fact]
    public void Plan_Reads_Parameters_By_Their_Types()
    {
        const string Yaml = """
            params:
              flag: { type: boolean, default: false }
              count: { type: number, default: 1 }
              names: { type: list, default: [] }
              json: { type: list, default: [] }
              level: { type: string, enum: [low, high], default: low }
              text: { type: string, required: true }
            steps: { a: { run: 'true' } }
            """;
        var plan = Plans.Good(Yaml, Plans.With(("flag", "true"), ("count", "2.5"), ("names", "a, b"), ("json", "[\"x,y\", 1]"), ("level", "high"), ("text", "007")));
        Assert.Equal("""{"flag":true,"count":2.5,"names":["a","b"],"json":["x,y","1"],"level":"high","text":"007"}""", ValueText.ToJson(plan.Parameters, 1_000));

        var result = Plans.Make(Yaml, Plans.With(("flag", "yes"), ("count", "many"), ("json", "[1"), ("level", "hihg"), ("txet", "x")));
        Assert.Null(result.Plan);
        Assert.Equal(
            [
                (DiagnosticCodes.PlanUnknownParameter, "did you mean `text`?"),
                (DiagnosticCodes.PlanMissingParameter, "add `--param text=VALUE`"),
                (DiagnosticCodes.PlanBadParameter, null),
                (DiagnosticCodes.PlanBadParameter, null),
                (DiagnosticCodes.PlanBadParameter, null),
                (DiagnosticCodes.PlanBadParameter, "did you mean `high`?"),
            ],
            result.Diagnostics.Select(d => (d.Code, d.Suggestion)));
    }
}
