using System.Globalization;
using System.Text;

using Cairn.Core;
using Cairn.Core.Dependencies;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Dependencies;

public sealed class DependencyChainTests
{
    [Fact]
    public void Of_HasTheShortestChains_OfEachDirectDependency()
    {
        var graph = Cargo(("app", ["a", "b", "target"]), ("a", ["x", "y"]), ("b", ["a"]), ("x", ["target"]), ("y", ["target"]), ("target", []));
        Assert.Equal(["target", "a x target", "a y target", "b a x target", "b a y target"], Chains(graph, "target"));
    }

    [Fact]
    public void Of_Ends_WhereCratesNeedEachOther()
    {
        var graph = Cargo(("app", ["a"]), ("a", ["b"]), ("b", ["a", "c"]), ("c", []));
        Assert.Equal(["a b c"], Chains(graph, "c"));
    }

    [Fact]
    public void Of_CountsWhatItDoesNotList()
    {
        // Forty layers of two: 2^40 shortest ways.
        var crates = new List<(string, string[])> { ("app", ["l0a"]), ("l0a", ["l1a", "l1b"]) };
        for (var layer = 1; layer < 40; layer++)
        {
            string[] next = layer == 39 ? ["end"] : [$"l{layer + 1}a", $"l{layer + 1}b"];
            crates.Add(($"l{layer}a", next));
            crates.Add(($"l{layer}b", next));
        }

        crates.Add(("end", []));
        var graph = Cargo([.. crates]);
        var reasons = DependencyReasons.Of(graph, graph.Find("end").Index);
        Assert.Equal(1L << 39, reasons.Total);
        Assert.Equal(Limits.DependencyChainsMax, reasons.Chains.Length);
    }

    [Fact]
    public void Of_AgreesWithASearch_OnRandomGraphs() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll(Gen.ListOf(Gen.Choose(0, 63)).Resize(30).ToArbitrary(), edges =>
        {
            // Eight crates; each number is a pair of them.
            var needs = Enumerable.Range(0, 8).Select(i => edges.Where(e => e / 8 == i && e % 8 != i).Select(e => $"c{e % 8}").Distinct(StringComparer.Ordinal).ToArray()).ToArray();
            var graph = Cargo([("app", ["c0", "c1"]), .. needs.Select((n, i) => ($"c{i}", n))]);
            foreach (var package in graph.Packages.Where(p => !p.IsProject))
            {
                Assert.Equal(Search(needs, package.Name), Chains(graph, package.Name).Order(StringComparer.Ordinal));
                Assert.Equal(package.IsReached, DependencyReasons.Of(graph, package.Index).Total > 0);
            }
        }));

    [Fact]
    public void Find_TakesNames_WithVersions_AndLastParts()
    {
        var graph = LockSamples.One(("go.mod", "module x\nrequire (\n  github.com/a/thing v1.0.0\n  github.com/b/other v2.0.0\n)\n"));
        Assert.Equal("github.com/a/thing", Assert.Single(PackageNames.Find(graph, "github.com/A/thing")).Name);
        Assert.Equal("github.com/a/thing", Assert.Single(PackageNames.Find(graph, "thing@v1.0.0")).Name);
        Assert.Empty(PackageNames.Find(graph, "thing@v2.0.0"));
        Assert.Empty(PackageNames.Find(graph, "hing"));
    }

    private static DependencyGraph Cargo(params (string Name, string[] Needs)[] crates)
    {
        var text = new StringBuilder("version = 4\n");
        foreach (var (name, needs) in crates)
        {
            text.Append(CultureInfo.InvariantCulture, $"[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{(name == "app" ? "" : "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n")}");
            text.Append("dependencies = [").AppendJoin(", ", needs.Select(n => $"\"{n}\"")).Append("]\n");
        }

        return LockSamples.One(("Cargo.lock", text.ToString()));
    }

    private static List<string> Chains(DependencyGraph graph, string name) =>
        [.. DependencyReasons.Of(graph, graph.Find(name).Index).Chains.Select(c => string.Join(' ', c.Steps.Select(s => graph.Packages[s.To].Name)))];

    /// <summary>All shortest ways from each direct crate, by trying all of them.</summary>
    private static IEnumerable<string> Search(string[][] needs, string target)
    {
        var found = new List<string>();
        foreach (var direct in new[] { "c0", "c1" })
        {
            var ways = new List<string>();
            Go(direct, direct);
            var shortest = ways.Count == 0 ? 0 : ways.Min(w => w.Length);
            found.AddRange(ways.Where(w => w.Length == shortest));

            void Go(string at, string way)
            {
                if (at == target)
                {
                    ways.Add(way);
                    return;
                }

                foreach (var next in needs[at[1] - '0'])
                {
                    if (!way.Contains(next, StringComparison.Ordinal))
                    {
                        Go(next, $"{way} {next}");
                    }
                }
            }
        }

        return found.Order(StringComparer.Ordinal);
    }
}
