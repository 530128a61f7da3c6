using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Trust.Policies;
using Cairn.Trust.Policies.Rules;

namespace Cairn.Tests.Trust.Policies;

public sealed class PolicyReaderTests
{
    private static PolicyReadResult Read(string text) => PolicyReader.Read("release.yaml", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Read_TakesTheNameFromTheFile()
    {
        var policy = Read("version: 1\nrequire: { signatures: 1 }\n").Policy!;

        Assert.Equal("release", policy.Name);
        Assert.True(policy.FailsUnchecked);
        Assert.IsType<SignaturesRule>(Assert.Single(policy.Rules));
        Assert.Equal(64, policy.Sha256.Length);
    }

    [Fact]
    public void Read_PutsRulesInTheOrderOfTheDocumentation()
    {
        var policy = Read("version: 1\nrequire: { log: true, age: 1d, signatures: 1, network: none }\n").Policy!;

        Assert.Equal(["signatures", "age", "network", "log"], policy.Rules.Select(static r => r.Key));
    }

    [Fact]
    public void Read_OfALevel_ReplacesAndTurnsOff()
    {
        var policy = Read("version: 1\nextends: strict\nrequire: { signatures: 2, log: false }\n").Policy!;

        Assert.Equal(["signatures", "steps", "isolation", "network", "pinned"], policy.Rules.Select(static r => r.Key));
        Assert.Equal(2, Assert.IsType<SignaturesRule>(policy.Rules[0]).Demands[0].Count);
        Assert.True(policy.FailsUnchecked);
        Assert.False(Read("version: 1\nextends: basic\nrequire: {}\n").Policy!.FailsUnchecked);
        Assert.True(Read("version: 1\nextends: basic\nnot_checked: fail\nrequire: {}\n").Policy!.FailsUnchecked);
    }

    [Fact]
    public void Read_TellsAllMistakesAtOnce()
    {
        var result = Read("""
            version: 1
            requires: {}
            require:
              isolation: sandbx
              network: [none]
              signatures: 0
              age: 30
              aproved: 2
              toolchains: [{}, { kind: oci, suites: bookworm }, { signed_by: short }]
              artifacts: { path: a, sha256: xyz }
              approvals: { count: 3, by: [alice, bob] }

            """);

        Assert.Null(result.Policy);
        Assert.Equal(
            [
                $"2:1 {DiagnosticCodes.UnknownKey}", $"4:14 {DiagnosticCodes.PolicyWord}", $"5:12 {DiagnosticCodes.WrongType}", $"6:15 {DiagnosticCodes.InvalidValue}", $"7:8 {DiagnosticCodes.InvalidDuration}",
                $"8:3 {DiagnosticCodes.UnknownKey}", $"9:16 {DiagnosticCodes.PolicyEmpty}", $"9:20 {DiagnosticCodes.PolicyImpossible}", $"9:66 {DiagnosticCodes.PolicyValue}", $"10:33 {DiagnosticCodes.PolicyValue}",
                $"11:30 {DiagnosticCodes.PolicyImpossible}",
            ], result.Diagnostics.Select(static d => $"{d.Span.Line}:{d.Span.Column} {d.Code}"));
        Assert.Equal("Did you mean `sandbox`?", result.Diagnostics[1].Suggestion);
        Assert.Equal("Did you mean `require`?", result.Diagnostics[0].Suggestion);
        Assert.All(result.Diagnostics, static d => Assert.NotNull(d.Suggestion));
    }

    [Theory]
    [InlineData("version: 1\nrequire: {}\n", DiagnosticCodes.PolicyEmpty)]
    [InlineData("version: 1\nrequire: { log: false, pinned: false }\n", DiagnosticCodes.PolicyEmpty)]
    [InlineData("version: 1\n", DiagnosticCodes.MissingKey)]
    [InlineData("require: { signatures: 1 }\n", DiagnosticCodes.MissingKey)]
    [InlineData("version: 2\nrequire: { signatures: 1 }\n", DiagnosticCodes.UnsupportedVersion)]
    [InlineData("[]\n", DiagnosticCodes.WrongType)]
    [InlineData("version: 1\nrequire: { steps: [] }\n", DiagnosticCodes.EmptyValue)]
    [InlineData("version: 1\nrequire: { signatures: { count: 1, by: \"\" } }\n", DiagnosticCodes.PolicyValue)]
    [InlineData("version: 1\nextends: strikt\nrequire: {}\n", DiagnosticCodes.PolicyWord)]
    public void Read_RefusesWhatChecksNothingOrIsWrong(string text, string code)
    {
        var result = Read(text);

        Assert.Null(result.Policy);
        Assert.Equal(code, Assert.Single(result.Diagnostics).Code);
    }

    [Fact]
    public void Levels_AreInTheLanguage()
    {
        Assert.Equal(["basic", "strict"], PolicyLevels.Names);
        foreach (var name in PolicyLevels.Names)
        {
            Assert.Equal(name, PolicyLevels.Find(name)!.Name);
            Assert.Equal(name, Read(PolicyLevels.TextOf(name)!).Policy!.Name);
            Assert.NotNull(PolicyLevels.Find(name)!.Description);
        }

        Assert.Null(PolicyLevels.Find("Basic"));
    }

    [Fact]
    public void Cases_AreRunAgainstThePolicy()
    {
        var mistakes = new DiagnosticBag();
        var cases = PolicyCases.Read("x.cases.yaml", Encoding.UTF8.GetBytes("""
            version: 1
            policy: basic
            x-good: &good { signers: [ci], jobs: [{ step: build }] }
            cases:
              - name: good
                evidence: *good
                expect: { verdict: pass, steps: pass, signatures: pass }
              - name: a failed step
                evidence: { <<: *good, jobs: [{ step: build, status: failed }] }
                expect: { verdict: fail, steps: fail }
              - name: wrongly expected
                evidence: { <<: *good, signers: [] }
                expect: { verdict: pass, signatures: pass }

            """), mistakes, out _)!;

        Assert.False(mistakes.HasErrors);
        cases.Check(PolicyLevels.Find("basic")!, mistakes);
        Assert.False(mistakes.HasErrors);
        Assert.Empty(cases.Cases[0].Run(PolicyLevels.Find("basic")!));
        Assert.Empty(cases.Cases[1].Run(PolicyLevels.Find("basic")!));
        Assert.Equal(
            ["`signatures`: expected pass, but it is fail: No trusted key signed it", "The policy: expected pass, but it is fail: `signatures`: No trusted key signed it"],
            cases.Cases[2].Run(PolicyLevels.Find("basic")!));
    }

    [Fact]
    public void Cases_TellMistakesWithTheirPlaces()
    {
        var mistakes = new DiagnosticBag();
        Assert.Null(PolicyCases.Read("x.cases.yaml", "version: 1\npolicy: basic\ncases:\n- name: a\n  evidence: { signer: [x] }\n  expect: { steps: passed }\n- { name: b, evidence: {}, expect: {} }\n"u8.ToArray(), mistakes, out _));
        Assert.Equal([$"5:15 {DiagnosticCodes.UnknownKey}", $"6:20 {DiagnosticCodes.PolicyWord}"], mistakes.ToSorted().Select(static d => $"{d.Span.Line}:{d.Span.Column} {d.Code}"));

        mistakes = new DiagnosticBag();
        Assert.Null(PolicyCases.Read("x.cases.yaml", "version: 1\npolicy: basic\ncases:\n- { name: b, evidence: {}, expect: {} }\n"u8.ToArray(), mistakes, out _));
        Assert.Equal(DiagnosticCodes.PolicyCaseEmpty, Assert.Single(mistakes.ToSorted()).Code);

        mistakes = new DiagnosticBag();
        var cases = PolicyCases.Read("x.cases.yaml", "version: 1\npolicy: basic\ncases:\n- { name: b, evidence: {}, expect: { signature: pass } }\n"u8.ToArray(), mistakes, out _)!;
        cases.Check(PolicyLevels.Find("basic")!, mistakes);
        Assert.Equal("Did you mean `signatures`?", Assert.Single(mistakes.ToSorted()).Suggestion);
    }
}
