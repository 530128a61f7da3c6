using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Verification.Reading;

namespace Cairn.Fuzz.Targets;

/// <summary>A trust store; every file that it names has the same content.</summary>
internal sealed class TrustTarget : IFuzzTarget
{
    private static readonly RenderOptions Options = new() { Width = 80 };

    public string Name => "trust";

    public IReadOnlyList<string> Words { get; } =
    [
        "version: 1\n", "sign_with: laptop\n", "keys:\n", "  anna:\n", "    public: MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n", "    public: file:x.pub\n", "    owner: anna\n", "    tier: protected\n", "    builders: [https://x]\n",
        "    projects: [web, \"tools/**\"]\n", "    from: 2026-01-01\n", "    until: 2026-01-01T00:00:00Z\n", "    signer: [ssh, x]\n", "thresholds:\n", "  - signatures: 2\n", "    of: [anna, ci]\n", "    by: owner\n", "revoked:\n", "rotations:\n", "[", "]", "{", "}", "null",
    ];

    public void Run(byte[] input)
    {
        var mistakes = new DiagnosticBag();
        if (YamlReader.Decode("trust.yaml", input, mistakes) is not { } source)
        {
            return;
        }

        var file = TrustFileReader.Read(source, _ => input, mistakes);
        InvariantException.Require(file is not null || mistakes.HasErrors, $"A trust store is refused without a reason");
        DiagnosticRenderer.RenderAll(mistakes.ToSorted(), ImmutableDictionary<string, SourceText>.Empty.Add(source.Name, source), Options);
        if (file is not null && !mistakes.HasErrors)
        {
            _ = file.Store.Fingerprint;
        }
    }
}
