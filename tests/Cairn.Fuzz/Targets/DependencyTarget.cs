using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Fuzz.Targets;

/// <summary>A lock file whose name is the first line: there is a graph or an error, graphs hold together, and every mistake can be shown.</summary>
internal sealed class DependencyTarget : IFuzzTarget
{
    private static readonly RenderOptions Options = new() { Color = false, Unicode = true, Width = 80 };

    public string Name => "deps";

    public IReadOnlyList<string> Words { get; } =
    [
        "Cargo.lock\n", "package-lock.json\n", "packages.lock.json\n", "go.mod\n", "Gemfile.lock\n", "composer.lock\n", "poetry.lock\n", "uv.lock\n", "pylock.toml\n", "requirements.txt\n", "pom.xml\n",
        "[[package]]\n", "[package.dependencies]\n", "[metadata]\n", "name = \"a\"\n", "version = \"1\"\n", "version = 1\n", "a.b.c = 1\n", "dependencies = [\n", "{ name = \"a\" },", "]\n", "\"\"\"", "'''", "\\u00e9",
        "1979-05-27 07:32:00Z", "\"packages\": {", "\"lockfileVersion\": 3,", "\"node_modules/a\": {", "\"version\": \"1\",", "\"dependencies\": {", "\"a\": \"1\",", "}", "{", "[", "null", "module x\n", "require (\n",
        ")\n", "a v1 // indirect\n", "replace a => ../b\n", "GEM\n  specs:\n", "    a (1)\n", "      a (>= 1)\n", "DEPENDENCIES\n  a!\n", "CHECKSUMS\n  a (1) sha256=00\n", "a==1 \\\n", "    --hash=sha256:00\n", "    # via a\n",
        "-e ./a\n", "<project>", "</project>", "<dependency>", "</dependency>", "<version>${version}</version>", "<![CDATA[", "<!DOCTYPE", "&#0;", "<<<<<<< HEAD\n", "\0", "\uFEFF", "😀",
    ];

    public void Run(byte[] input)
    {
        var newline = Array.IndexOf(input, (byte)'\n');
        var name = newline < 0 ? "" : System.Text.Encoding.Latin1.GetString(input, 0, newline);
        // A slash would make it the name of a file in a folder.
        name = !name.Contains('/', StringComparison.Ordinal) && DependencyReader.IsWanted(name) ? name : DependencyReader.FormatNames[name.Length % DependencyReader.FormatNames.Length];
        var diagnostics = new DiagnosticBag();
        var file = LockFile.Decode(name, name, input.AsSpan(newline + 1), diagnostics);
        var graphs = DependencyReader.Read(file is null ? [] : [file], "fuzz", diagnostics);
        var isCompanion = name is "go.sum" or "composer.json" or "pyproject.toml" or "lockfile.json";
        InvariantException.Require(diagnostics.HasErrors != !graphs.IsEmpty || isCompanion, $"There is neither a graph nor an error, or both");
        foreach (var graph in graphs)
        {
            Check(graph);
        }

        var sources = new Dictionary<string, SourceText>(StringComparer.Ordinal);
        if (file is not null)
        {
            sources[file.Text.Name] = file.Text;
        }

        foreach (var diagnostic in diagnostics.ToSorted())
        {
            InvariantException.Require(diagnostic.Span.Line >= 1 && diagnostic.Span.Column >= 1, $"The place {diagnostic.Span} does not exist");
            InvariantException.Require(file is null || diagnostic.Span.EndLine <= file.Text.LineCount, $"The place {diagnostic.Span} ends after the file");
        }

        _ = DiagnosticRenderer.RenderAll(diagnostics.ToSorted(), sources, Options);
    }

    private static void Check(DependencyGraph graph)
    {
        for (var i = 0; i < graph.Packages.Length; i++)
        {
            var package = graph.Packages[i];
            InvariantException.Require(package.Index == i, $"The package {i} has the index {package.Index}");
            InvariantException.Require(package.IsProject || package.Purl!.StartsWith("pkg:", StringComparison.Ordinal), $"`{package.Purl}` is no package URL");
            foreach (var need in package.Needs)
            {
                InvariantException.Require(need.To >= 0 && need.To < graph.Packages.Length && need.To != i, $"`{package.Title}` needs {need.To}");
            }
        }

        foreach (var package in graph.Packages.AsSpan()[..Math.Min(graph.Packages.Length, 16)])
        {
            foreach (var chain in DependencyReasons.Of(graph, package.Index).Chains)
            {
                InvariantException.Require(chain.Steps[^1].To == package.Index, $"A chain does not lead to `{package.Title}`");
            }
        }

        _ = DependencySummary.Of([graph]);
    }
}
