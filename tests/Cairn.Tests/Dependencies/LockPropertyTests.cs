using System.Globalization;
using System.Text;

using Cairn.Core;
using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;
using Cairn.Tests.Language;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Dependencies;

public sealed class LockPropertyTests
{
    private const int Cases = 300;

    private static readonly string[] Files =
        ["packages.lock.json", "package-lock.json", "Cargo.lock", "go.mod", "Gemfile.lock", "composer.lock", "poetry.lock", "uv.lock", "pylock.toml", "requirements.txt", "pom.xml"];

    [Fact]
    public void Read_NeverThrows() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases),
        Prop.ForAll(ArbMap.Default.ArbFor<string>().Filter(text => text is not null), text =>
        {
            foreach (var file in Files)
            {
                Agrees(file, text);
            }
        }));

    [Fact]
    public void Read_NeverThrows_OnPiecesOfLockFiles()
    {
        var part = Gen.Elements(
            "[[package]]\n", "[package.dependencies]\n", "[metadata]\n", "name = \"a\"\n", "version = \"1\"\n", "version = 1\n", "lock-version = \"2.0\"\n", "dependencies = [", "\"a\"", "]\n", "{ name = \"a\" }", ", ", "= ", "\n",
            "{", "}", "\"packages\": {", "\"lockfileVersion\": 3,", "\"version\": 1,", "\"\": {", "\"node_modules/a\": {", "\"version\": \"1\"", "\"dependencies\": {", "\"a\": \"1\"", "[", "]", ":", "null",
            "module x\n", "require (\n", ")\n", "a v1\n", "replace a => ../b\n", "// indirect\n", "GEM\n", "  specs:\n", "    a (1)\n", "      b (>= 1)\n", "DEPENDENCIES\n", "  a!\n", "CHECKSUMS\n",
            "a==1 \\\n", "    --hash=sha256:00\n", "    # via b\n", "-e ./a\n", "<project>", "</project>", "<dependencies>", "<dependency>", "<artifactId>a</artifactId>", "<groupId>${groupId}</groupId>", "<!--", "&lt;",
            "\"\"\"", "'''", "\\u00e9", "\\", "1979-05-27 07:32:00Z", "0x1F", "1e5", "😀", "\u2028", "<<<<<<< HEAD\n");
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Cases * 4).WithEndSize(40),
            Prop.ForAll(
                (from parts in Gen.ListOf(part) from file in Gen.Elements(Files) select (File: file, Text: string.Concat(parts))).ToArbitrary(),
                sample => Agrees(sample.File, sample.Text)));
    }

    [Fact]
    public void Read_NeverThrows_OnCutAndChangedSamples()
    {
        var samples = Directory.EnumerateFiles(Path.Combine(Samples.Root, "testdata", "deps"), "*", SearchOption.AllDirectories)
            .Where(f => Files.Contains(Path.GetFileName(f))).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), File.ReadAllText(f))).ToArray();
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Cases * 2),
            Prop.ForAll((from sample in Gen.Elements(samples) from at in Gen.Choose(0, 10_000) from length in Gen.Choose(0, 40) select (sample, at, length)).ToArbitrary(), cut =>
            {
                var ((file, text), at, length) = cut;
                var start = at % text.Length;
                Agrees(file, text[..start]);
                Agrees(file, text.Remove(start, Math.Min(length, text.Length - start)));
            }));
    }

    [Fact]
    public void Read_Refuses_TooManyVersionsTimesNeeds()
    {
        var text = new StringBuilder("GEM\n  specs:\n");
        for (var i = 0; i < 3_000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"    a ({i})\n    b{i} (1)\n      a\n");
        }

        var diagnostics = LockSamples.Read(("Gemfile.lock", text.ToString())).Diagnostics;
        Assert.Equal(DiagnosticCodes.LockFileTooLarge, Assert.Single(diagnostics).Code);
        Assert.Contains($"{Limits.LockNeedsMax} needs", diagnostics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_Refuses_TooManyBytes()
    {
        var diagnostics = new DiagnosticBag();
        Assert.Null(LockFile.Decode("go.mod", "go.mod", new byte[Limits.LockFileBytesMax + 1], diagnostics));
        Assert.Equal(DiagnosticCodes.LockFileTooLarge, Assert.Single(diagnostics.ToSorted()).Code);
    }

    /// <summary>There is a graph or an error, and what a graph says holds together.</summary>
    private static void Agrees(string file, string text)
    {
        var (graphs, diagnostics) = LockSamples.Read((file, text));
        Assert.NotEqual(graphs.IsEmpty, diagnostics.All(d => d.Severity == DiagnosticSeverity.Warning));
        foreach (var graph in graphs)
        {
            for (var i = 0; i < graph.Packages.Length; i++)
            {
                Assert.Equal(i, graph.Packages[i].Index);
                Assert.All(graph.Packages[i].Needs, n => Assert.InRange(n.To, 0, graph.Packages.Length - 1));
                _ = DependencyReasons.Of(graph, i);
            }
        }

        Assert.All(diagnostics, d => Assert.True(d.Span.Line >= 1 && d.Span.Column >= 1));
    }
}
