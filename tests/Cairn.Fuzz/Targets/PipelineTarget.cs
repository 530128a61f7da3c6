using Cairn.Core.Diagnostics;
using Cairn.Core.Language;

namespace Cairn.Fuzz.Targets;

/// <summary>A pipeline from its bytes to its model; every included file has the same content.</summary>
internal sealed class PipelineTarget : IFuzzTarget
{
    private static readonly RenderOptions Options = new() { Width = 80 };

    public string Name => "pipeline";

    public IReadOnlyList<string> Words { get; } =
    [
        "version: 1\n", "name: x\n", "params: ", "env: ", "defaults: ", "steps:\n", "  a:\n", "    run: echo\n", "    command: [a, b]\n", "    uses: x\n", "    with: {}\n", "    needs: [a]\n",
        "    needs: [b, a]\n", "    inputs: [\"**\"]\n", "    outputs: [out/]\n", "    matrix: { a: [1, 2], include: [], exclude: [], limits: {} }\n", "    if: ${{ true }}\n", "    timeout: 10m\n",
        "    retries: { max: 2, on: [exit 75, timeout], backoff: 1s }\n", "    services: ", "    secrets: ", "    reports: { junit: x.xml }\n", "    concurrency: ", "    allow_failure: true\n",
        "    generates: p.yaml\n", "include: [other.yaml]\n", "templates: ", "type: boolean", "default: false", "enum: [a]", "required: true", "${{ params.x }}", "${{ matrix.a }}", "${{ steps.a.outputs.x }}",
        "${{ secrets.x }}", "../", "/abs", "99999999999999d", "64MiB", "*x", "&x ", "<<: *x\n", "[", "]", "{", "}", ": ", "- ", "\n", "\n  ", "\"", "'", "null", "max_parallel: 0", "isolation: sandbox",
    ];

    public void Run(byte[] input)
    {
        var result = PipelineReader.Read("cairn.yaml", new SameFile(input));
        var failed = false;
        foreach (var diagnostic in result.Diagnostics)
        {
            failed |= diagnostic.Severity == DiagnosticSeverity.Error;
        }

        InvariantException.Require((result.Pipeline is null) == failed, $"A pipeline is there exactly where no error is");
        DiagnosticRenderer.RenderAll(result.Diagnostics, result.Sources, Options);
    }

    private sealed class SameFile(byte[] content) : ISourceLoader
    {
        public byte[] Load(string path) => content;
    }
}
