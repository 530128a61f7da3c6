using Cairn.Core.Content;
using Cairn.Core.Tracing;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Tracing;

public sealed class TraceProposerTests
{
    private static readonly string[] Sources = ["a.c", "b.c", "cairn.yaml", "doc/x.md", "doc/y.md", "include/a.h", "include/b.h", "src/a.c", "src/b.c", "src/notes.md", "src/sub/c.c", "src/sub/readme"];

    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(2_000);

    private static readonly Gen<string> Names = Gen.Elements("a", "b.c", "c.c", "d.h", ".c", "x.c", "!e", "[f]", "g*.h", "h{i,j}.c", "k l");

    private static readonly Gen<List<string>> Trees =
        from paths in Gen.ListOf(from depth in Gen.Choose(1, 3) from parts in Gen.ListOf(Names, depth) select string.Join('/', parts))
        select WithoutFoldersAsFiles(paths);

    [Fact]
    public void Summary_Matches_What_Is_Meant_And_Nothing_Else() => Check.One(Many, Prop.ForAll(
        (from all in Trees from chosen in Gen.ListOf(Gen.Elements(true, true, false), all.Count) select (all, chosen)).ToArbitrary(),
        pair =>
        {
            var meant = pair.all.Where((_, i) => pair.chosen[i]).ToHashSet(StringComparer.Ordinal);
            var patterns = PathPatterns.Parse(GlobSummary.Of(pair.all, meant));
            return pair.all.TrueForAll(path => patterns.IsMatch(path) == meant.Contains(path));
        }));

    [Theory]
    [InlineData("src/a.c src/b.c", "src/*.c")]
    [InlineData("src/a.c src/b.c src/sub/c.c", "src/**/*.c")]
    [InlineData("src/a.c", "src/a.c")]
    [InlineData("doc/x.md doc/y.md include/a.h", "doc/** include/a.h")]
    [InlineData("a.c b.c", "*.c")]
    [InlineData("src/sub/c.c src/sub/readme", "src/sub/**")]
    public void Summary_Is_Short(string meant, string globs) =>
        Assert.Equal(globs.Split(' '), GlobSummary.Of(Sources, meant.Split(' ').ToHashSet(StringComparer.Ordinal)));

    [Fact]
    public void Propose_Keeps_What_Is_Declared_Truly()
    {
        var proposal = Propose(uses => uses.Read.UnionWith(["src/a.c", "src/b.c", "src/notes.md", "src/sub/c.c", "src/sub/readme", "include/a.h"]), subject => subject with { Inputs = PathPatterns.Parse("./src/**", "doc/**", "a.c") });
        Assert.Equal(["./src/**", "include/a.h"], proposal.Inputs.Proposed);
        Assert.Equal(["include/a.h"], proposal.Inputs.Undeclared);
        Assert.Equal(["doc/**", "a.c"], proposal.Inputs.Unused);
        Assert.False(proposal.Outputs.IsChanged);
    }

    [Fact]
    public void Propose_Leaves_A_True_Declaration_Alone()
    {
        var proposal = Propose(uses => uses.Read.UnionWith(["src/a.c", "src/b.c", "src/sub/c.c", "src/sub/readme"]), subject => subject with { Inputs = PathPatterns.Parse("src/**", "!src/*.md") });
        Assert.False(proposal.IsChanged);
        Assert.True(Propose(uses => uses.Read.UnionWith(Sources.Where(static s => s != "cairn.yaml")), static s => s).Inputs is { IsChanged: false, Declared: null });
    }

    [Fact]
    public void Propose_Takes_Listed_Folders_Whole_Where_Nothing_In_Them_Was_Read()
    {
        Assert.Equal(["doc/**"], Propose(uses => uses.Listed.Add("doc"), static s => s).Inputs.Proposed);
        var globbed = Propose(uses => { uses.Listed.Add("src"); uses.Read.UnionWith(["src/a.c", "src/b.c"]); }, static s => s);
        Assert.Equal(["src/*.c"], globbed.Inputs.Proposed);
        Assert.Contains("`src/**` to `inputs`", Assert.Single(globbed.Hints), StringComparison.Ordinal);
    }

    [Fact]
    public void Propose_Tells_Which_Steps_Are_Needed()
    {
        var proposal = Propose(uses => { uses.Read.UnionWith(["gen/x.h", "lib/y.a"]); uses.Missing.UnionWith(["late/z", "nowhere", "secret"]); }, static s => s);
        Assert.Equal(["gen", "late"], proposal.Needs);
        Assert.Equal(["`late/z` was looked for and is not there yet: `late` makes it", "`secret` was looked for and stayed unseen, because git ignores it: if the step needs it, add it to `inputs`"], proposal.Hints);
    }

    [Fact]
    public void Propose_Finds_Outputs()
    {
        var proposal = Propose(uses => uses.Made.UnionWith(["a.c", "b.c"]), subject => subject with { Left = ["out/x", "out/deep/y", "src/gen.h", "late/mine"], Changed = ["b.c"], Outputs = PathPatterns.Parse("never") });
        // `a.c` stood there from an earlier run; git tracks `b.c`.
        Assert.Equal(["a.c", "out/**", "src/gen.h"], proposal.Outputs.Proposed);
        Assert.Equal(["never"], proposal.Outputs.Unused);
        Assert.Contains(proposal.Hints, static h => h.StartsWith("`late/mine` is written here, but it is among the outputs of `late`", StringComparison.Ordinal));
        Assert.Contains(proposal.Hints, static h => h.StartsWith("It changes or removes what it was given, `b.c`", StringComparison.Ordinal));
    }

    [Fact]
    public void Propose_Drops_Nothing_After_A_Failure()
    {
        var proposal = Propose(uses => uses.Read.UnionWith(["src/a.c", "include/a.h"]), subject => subject with { Failed = true, Inputs = PathPatterns.Parse("src/**", "!src/*.md"), Outputs = PathPatterns.Parse("app") });
        Assert.Equal(["src/**", "!src/*.md", "include/a.h"], proposal.Inputs.Proposed);
        Assert.False(proposal.Outputs.IsChanged);
    }

    private static TraceProposal Propose(Action<FileUses> uses, Func<TraceSubject, TraceSubject> change)
    {
        var observed = new FileUses();
        uses(observed);
        return TraceProposer.Propose(observed, change(new TraceSubject
        {
            Sources = Sources,
            PipelineFiles = new HashSet<string> { "cairn.yaml" },
            Provided = new Dictionary<string, string>(StringComparer.Ordinal) { ["gen/x.h"] = "gen", ["lib/y.a"] = "lib" },
            Needs = new HashSet<string> { "lib" },
            Outputs = PathPatterns.None,
            Left = [],
            Changed = [],
            MakerOf = static path => path.StartsWith("late/", StringComparison.Ordinal) ? "late" : null,
            IsHidden = static path => path == "secret",
            IsTracked = static path => path == "b.c",
        }));
    }

    private static List<string> WithoutFoldersAsFiles(IEnumerable<string> paths)
    {
        var all = paths.Distinct(StringComparer.Ordinal).ToList();
        return all.FindAll(path => !all.Exists(other => other.StartsWith(path + "/", StringComparison.Ordinal)));
    }
}
