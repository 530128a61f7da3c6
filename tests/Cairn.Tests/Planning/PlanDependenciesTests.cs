using Cairn.Core.Expressions;
using Cairn.Core.Planning;
using Cairn.Core.Planning.Compiled;
using Cairn.Tests.Language;

namespace Cairn.Tests.Planning;

public sealed class PlanDependenciesTests
{
    [Theory]
    [InlineData("run: \"echo ${{ run.id }}\", env: { A: \"${{ git.commit }}\" }", "")]
    [InlineData("run: x, if: git.branch == 'main'", "git.branch")]
    [InlineData("run: x, if: git.branch == 'main' && success()", "")]
    [InlineData("run: x, if: git.branch == 'main' && steps.b.status == 'failed', needs: [b]", "")]
    [InlineData("run: x, if: \"run.ci && git['tag'] != ''\"", "git.tag run.ci")]
    [InlineData("run: x, if: \"git[params.p] == 'a'\"", "git.*")]
    [InlineData("run: x, if: hashFiles('a') == ''", "files")]
    [InlineData("run: x, inputs: [\"${{ git.branch }}/x\"], outputs: [\"o/${{ run.user }}\"]", "git.branch run.user")]
    [InlineData("run: x, generates: \"${{ git.commit }}.yaml\"", "git.commit")]
    [InlineData("run: x, matrix: { a: \"${{ fromJson(git.message) }}\" }", "git.message")]
    [InlineData("run: x, matrix: { a: [1, \"${{ run.host }}\"], include: [{ b: \"${{ git.author }}\" }], exclude: [{ a: \"${{ git.tag }}\" }] }", "git.author git.tag run.host")]
    [InlineData("uses: t, with: { v: \"${{ git.branch }}\" }", "git.branch")]
    [InlineData("uses: t, with: { v: \"${{ hashFiles('x') }}\" }", "files")]
    public void OfPlanning_NamesWhatPlanningReads(string step, string expected) =>
        Assert.Equal(expected, Show(PlanDependencies.OfPlanning(Plans.Read($"params: {{ p: x }}\ntemplates: {{ t: {{ params: {{ v: z }}, run: y, inputs: [\"${{{{ params.v }}}}\"] }} }}\nsteps: {{ a: {{ {step} }}, b: {{ run: z }} }}"))));

    [Theory]
    [InlineData("run: x, if: run.ci", "git.branch")]
    [InlineData("run: \"${{ run.id }} ${{ job.attempt }}\", env: { T: \"${{ secrets.t }}\", E: \"${{ env.X }}\" }, working_directory: \"${{ steps.b.outputs.d }}\", needs: [b]", "git.branch run.id job.attempt steps env secrets")]
    [InlineData("command: [a, \"${{ hashFiles('x') }}\"]", "git.branch files")]
    [InlineData("run: x, services: [s, t]", "git.branch git.commit git.tag run.id run.user secrets")]
    [InlineData("run: x, services: [t]", "git.branch run.id")]
    public void OfStep_NamesWhatItsJobsReadWhenTheyStart(string step, string expected)
    {
        var pipeline = Plans.Read($"env: {{ P: \"${{{{ git.branch }}}}\" }}\nsecrets: {{ t: {{ env: T }} }}\nservices: {{ s: {{ run: \"serve ${{{{ git.commit }}}}\", env: {{ U: \"${{{{ run.user }}}}\", T: \"${{{{ secrets.t }}}}\" }}, working_directory: \"${{{{ git.tag }}}}\" }}, t: {{ command: [a, \"${{{{ run.id }}}}\"] }} }}\nsteps: {{ a: {{ {step} }}, b: {{ run: z }} }}");
        Assert.Equal(expected, Show(PlanDependencies.OfStep(pipeline, pipeline.Steps[0])));
    }

    [Fact]
    public void OfAll_NamesWhatAnythingReads() => Assert.Equal(
        "git.branch git.commit git.dirty git.tag run.user steps",
        Show(PlanDependencies.OfAll(Plans.Read(
            """
            env: { P: "${{ git.branch }}" }
            services: { s: { run: "serve ${{ git.commit }}", env: { U: "${{ run.user }}" } } }
            steps: { a: { run: x, if: "always() && git.tag", reports: { junit: "${{ git.dirty }}.xml" }, services: [s] } }
            """))));

    [Fact]
    public void Fingerprint_ChangesWithWhatIsRead_AndWithNothingElse()
    {
        var reads = PlanDependencies.OfPlanning(Plans.Read("params: { p: a }\nsteps: { a: { run: x, if: git.branch == 'main' || run.ci } }"));
        var input = Input("main", "c1", "r1", ci: false);
        var print = reads.Fingerprint(input)!;
        Assert.Equal(print, reads.Fingerprint(Input("main", "c2", "r2", ci: false)));
        Assert.NotEqual(print, reads.Fingerprint(Input("other", "c1", "r1", ci: false))!);
        Assert.NotEqual(print, reads.Fingerprint(Input("main", "c1", "r1", ci: true))!);
        Assert.NotEqual(print, reads.Fingerprint(input with { Git = new Value.Map([]) })!);
        Assert.NotEqual(print, reads.Fingerprint(input with { Parameters = input.Parameters.Add("p", "b") })!);
        Assert.Equal(
            reads.Fingerprint(input with { Parameters = input.Parameters.Add("p", "b").Add("q", "c") }),
            reads.Fingerprint(input with { Parameters = input.Parameters.Add("q", "c").Add("p", "b") }));
    }

    [Theory]
    [InlineData("run.id == 'x'")]
    [InlineData("run.started_at == 'x'")]
    [InlineData("toJson(run) == 'x'")]
    [InlineData("hashFiles('x') == 'x'")]
    public void Fingerprint_IsMissing_WhereNoOtherRunHasThePlan(string condition)
    {
        var reads = PlanDependencies.OfPlanning(Plans.Read($"steps: {{ a: {{ run: x, if: \"{condition}\" }} }}"));
        Assert.False(reads.IsRepeatable);
        Assert.Null(reads.Fingerprint(new PlanInput()));
    }

    [Fact]
    public void PlansAreEqual_WhereFingerprintsAre()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var pipeline = Samples.Read($"version: 1\n{new RandomPipeline(seed).Make()}").Pipeline!;
            var reads = PlanDependencies.OfPlanning(pipeline);
            var (first, second) = (Input("main", "c1", "r1", ci: false), Input("main", "c2", "r2", ci: false));
            if (reads.Fingerprint(first) is not { } print || !print.AsSpan().SequenceEqual(reads.Fingerprint(second)))
            {
                continue;
            }

            Assert.Equal(PlanCodec.Encode(Planner.Plan(pipeline, first).Plan!), PlanCodec.Encode(Planner.Plan(pipeline, second).Plan!));
        }
    }

    [Theory]
    [InlineData("o/x", true)]
    [InlineData("o/x/below", true)]
    [InlineData("g/y.c", true)]
    [InlineData("g/y.h", false)]
    [InlineData("i", false)]
    public void WouldWriteTracked_AsksGitAgain(string tracked, bool expected)
    {
        var plan = PlanCodec.Decode(PlanCodec.Encode(Plans.Good("steps: { a: { run: x, inputs: [i], outputs: [o/x, \"g/*.c\"] } }")));
        Assert.Equal(expected, Planner.WouldWriteTracked(plan, new PlanInput
        {
            IsTracked = path => string.Equals(path, tracked, StringComparison.Ordinal),
            FirstTrackedBelow = folder => tracked.StartsWith(folder + "/", StringComparison.Ordinal) ? tracked : null,
            FirstTrackedMatch = patterns => patterns.IsMatch(tracked) ? tracked : null,
        }));
        Assert.False(Planner.WouldWriteTracked(plan, new PlanInput()));
    }

    private static PlanInput Input(string branch, string commit, string id, bool ci) => new()
    {
        Git = new Value.Map([new("branch", Value.Of(branch)), new("commit", Value.Of(commit))]),
        Run = new Value.Map([new("id", Value.Of(id)), new("user", Value.Of("ann")), new("ci", Value.Of(ci))]),
        HashFiles = _ => id,
    };

    private static string Show(PlanDependencies reads) => string.Join(' ',
    [
        .. reads.Git.Select(m => $"git.{m}"), .. reads.Run.Select(m => $"run.{m}"), .. reads.Job.Select(m => $"job.{m}"),
        .. new[] { (reads.ReadsSteps, "steps"), (reads.ReadsEnvironment, "env"), (reads.ReadsSecrets, "secrets"), (reads.ReadsFiles, "files") }.Where(r => r.Item1).Select(r => r.Item2),
    ]);
}
