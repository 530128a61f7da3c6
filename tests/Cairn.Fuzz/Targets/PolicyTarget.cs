using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Policies;

namespace Cairn.Fuzz.Targets;

/// <summary>A policy, and a file of cases.</summary>
internal sealed class PolicyTarget : IFuzzTarget
{
    private static readonly RenderOptions Options = new() { Width = 80 };
    private static readonly Evidence Nothing = new() { Now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) };

    public string Name => "policy";

    public IReadOnlyList<string> Words { get; } =
    [
        "version: 1\n", "extends: basic\n", "not_checked: fail\n", "require:\n", "  signatures: 2\n", "  signatures: { count: 2, by: [a, b] }\n", "  builders: https://**\n", "  steps: [build, \"*\"]\n", "  isolation: sandbox\n",
        "  network: { at_most: none, except: [x] }\n", "  toolchains: [{ kind: debian, suites: bookworm, signed_by: AAAAAAAAAAAAAAAA }]\n", "  pinned: true\n", "  reproduced: 2\n", "  approvals: { count: 2, age: 7d }\n",
        "  artifacts: [\"dist/*\", { path: a, sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 }]\n", "  log: true\n", "  age: 1d\n", "  tier: release\n", "policy: basic\n", "cases:\n", "- name: a\n",
        "  evidence: { signers: [a], jobs: [{ step: build }] }\n", "  expect: { verdict: pass, steps: fail }\n", "x-a: &a ", "*a", "<<: *a\n", "[", "]", "{", "}", "null", "2026-01-01",
    ];

    public void Run(byte[] input)
    {
        var read = PolicyReader.Read("p.yaml", input);
        InvariantException.Require((read.Policy is null) == read.Diagnostics.Any(static d => d.Severity == DiagnosticSeverity.Error), $"A policy is there exactly where no error is");
        DiagnosticRenderer.RenderAll(read.Diagnostics, SourcesOf(read.Source), Options);
        if (read.Policy is { } policy)
        {
            InvariantException.Require(policy.Rules.Length > 0, $"A policy checks nothing");
            foreach (var result in policy.Judge(Nothing).Rules)
            {
                InvariantException.Require(result.Verdict != Verdict.Pass && result.Reason.Length > 0, $"`{result.Rule}` passes without evidence");
            }
        }

        var mistakes = new DiagnosticBag();
        var cases = PolicyCases.Read("c.yaml", input, mistakes, out var source);
        InvariantException.Require((cases is null) == mistakes.HasErrors, $"Cases are there exactly where no error is");
        DiagnosticRenderer.RenderAll(mistakes.ToSorted(), SourcesOf(source), Options);
        foreach (var item in cases?.Cases ?? [])
        {
            _ = item.Run(PolicyLevels.Find("strict")!);
        }
    }

    private static ImmutableDictionary<string, SourceText> SourcesOf(SourceText? source) => source is null ? ImmutableDictionary<string, SourceText>.Empty : ImmutableDictionary<string, SourceText>.Empty.Add(source.Name, source);
}
