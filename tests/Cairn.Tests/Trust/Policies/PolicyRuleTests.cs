using System.Collections.Immutable;
using System.Text;

using Cairn.Trust.Policies;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Trust.Policies;

/// <summary>Every rule, both ways, and what it says where nobody tells.</summary>
public sealed class PolicyRuleTests
{
    private const string Local = "https://cairn.build/builder/local/sandbox/v1";

    private static readonly string A = new('a', 64);
    private static readonly string B = new('b', 64);
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly SignerEvidence Builder = new("key-ci", "ci", "Builders");

    /// <summary>A run to which nothing can be objected.</summary>
    private static Evidence Good { get; } = new()
    {
        Now = Now,
        Artifacts = [new Subject("dist/app", A)],
        Subjects = [new Subject("dist/app", A), new Subject("dist/app.sbom", B)],
        Project = "zlib",
        Pipeline = "release",
        Builder = Local,
        Tier = Tier.Branch,
        Finished = Now.AddDays(-1),
        Source = new SourceEvidence("1f3f949", IsDirty: false),
        Jobs = [Job("build"), Job("test") with { Name = "test[opt=O2]" }, Job("docs") with { Status = JobEvidence.Skipped, Isolation = "process" }],
        Toolchains = [new ToolchainEvidence { Name = "cc", Kind = "debian", Origin = "debian bookworm", Suites = ["bookworm", "bookworm-security"], SignedBy = ["4CB50190207B4758A3F73A796ED0E7B82643E131"], Digests = [A], IsHermetic = true }],
        Signers = [Builder],
        Approvals = [Approved("alice", "Alice"), Approved("bob", "Bob")],
        Builds = [new BuildEvidence("Builders", Local, "dist/app", A, "act"), new BuildEvidence("Others", Local, "dist/app", A, "act")],
    };

    private static JobEvidence Job(string step) => new() { Step = step, Name = step, Status = JobEvidence.Succeeded, Isolation = "sandbox", Network = "none", UsesHost = false };

    private static ApprovalEvidence Approved(string name, string owner, string? hash = null) => new(new SignerEvidence($"key-{name}", name, owner), Now.AddHours(-1), [hash ?? A]);

    private static RuleResult Judge(string rule, Evidence evidence)
    {
        var read = PolicyReader.Read("p.yaml", Encoding.UTF8.GetBytes($"version: 1\nrequire:\n  {rule}\n"));
        Assert.Empty(read.Diagnostics);
        return Assert.Single(read.Policy!.Judge(evidence).Rules);
    }

    private static void Passes(string rule, Evidence? evidence = null)
    {
        var result = Judge(rule, evidence ?? Good);
        Assert.True(result.Verdict == Verdict.Pass, $"{result.Verdict}: {result.Reason}");
        Assert.NotEmpty(result.Reason);
    }

    private static void Fails(string rule, Evidence evidence, string reason, Verdict verdict = Verdict.Fail)
    {
        var result = Judge(rule, evidence);
        Assert.Contains(reason, result.Reason, StringComparison.Ordinal);
        Assert.Equal(verdict, result.Verdict);
    }

    private static Evidence With(Func<JobEvidence, JobEvidence> change) => Good with { Jobs = [change(Good.Jobs!.Value[0]), .. Good.Jobs.Value.Skip(1)] };

    [Fact]
    public void Steps_MustHaveSucceeded()
    {
        Passes("steps: [build, \"te*\"]");
        Passes("steps: \"*\"");
        Fails("steps: publish", Good, "No step `publish` is in the run");
        Fails("steps: docs", Good, "`docs` is `skipped`");
        Fails("steps: \"*\"", With(static j => j with { Status = "failed" }), "`build` did not succeed: it is `failed`");
        Fails("steps: \"*\"", With(static j => j with { Status = JobEvidence.NotRun }), "`not_run`");
        Passes("steps: \"*\"", With(static j => j with { Status = "failed", IsAllowed = true }));
        Fails("steps: build", With(static j => j with { Status = "failed", IsAllowed = true }), "nothing of `build` succeeded");
        Fails("steps: build", Good with { Jobs = null }, "names the jobs", Verdict.NotChecked);
    }

    [Fact]
    public void Builders_AreThoseThatAreNamed()
    {
        Passes($"builders: {Local}");
        Passes("builders: https://cairn.build/builder/**");
        Fails("builders: https://cairn.build/builder/*", Good, "not `https://cairn.build/builder/*`");
        Fails("builders: x", Good with { Builder = null }, "names the builder", Verdict.NotChecked);
    }

    [Fact]
    public void Projects_AndPipelines_AreThoseThatAreNamed()
    {
        Passes("projects: [other, zlib]");
        Fails("projects: libz", Good, "The project is `zlib`, not `libz`");
        Fails("projects: zlib", Good with { Project = null }, "names the project", Verdict.NotChecked);
        Passes("pipelines: rel*");
        Fails("pipelines: nightly", Good, "The pipeline is `release`");
    }

    [Fact]
    public void Isolation_IsWhatIsAskedOrBetter()
    {
        Passes("isolation: sandbox");
        Passes("isolation: process");
        Passes("isolation: sandbox", With(static j => j with { Isolation = "vm" }));
        Fails("isolation: container", Good, "`build` ran in `sandbox`, which is less than `container`");
        Fails("isolation: sandbox", With(static j => j with { Isolation = "process" }), "`build` ran in `process`");
        Fails("isolation: process", With(static j => j with { Isolation = "magic" }), "`magic`");
        Passes("isolation: { at_least: sandbox, except: bu* }", With(static j => j with { Isolation = "process" }));
        Fails("isolation: sandbox", With(static j => j with { Isolation = null }), "does not say", Verdict.NotChecked);
        Fails("isolation: sandbox", Good with { Jobs = null }, "names the jobs", Verdict.NotChecked);
        Fails("isolation: sandbox", Good with { Jobs = [] }, "no job", Verdict.NotChecked);
    }

    [Fact]
    public void Network_IsWhatIsAllowedOrLess()
    {
        Passes("network: none");
        Fails("network: none", With(static j => j with { Network = "hosts" }), "`build` had the network `hosts`");
        Passes("network: hosts", With(static j => j with { Network = "hosts" }));
        Fails("network: hosts", With(static j => j with { Network = "wan" }), "more than `hosts`");
        Fails("network: host", With(static j => j with { Network = "moon" }), "`moon`");
        Passes("network: { at_most: none, except: [build] }", With(static j => j with { Network = "host" }));
        Fails("network: none", With(static j => j with { Network = null }), "does not say", Verdict.NotChecked);
    }

    [Fact]
    public void Toolchains_ComeFromAllowedSeeds()
    {
        Passes("toolchains: { kind: debian, suites: bookworm* }");
        Passes("toolchains: { signed_by: \"4CB5 0190 207B 4758 A3F7 3A79 6ED0 E7B8 2643 E131\" }");
        Passes($"toolchains: [{{ kind: oci }}, {{ digests: [\"sha256:{A}\"] }}]");
        Passes("toolchains: { origin: debian bookworm }");
        Fails("toolchains: { kind: oci }", Good, "its kind is `debian`");
        Fails("toolchains: { kind: debian, suites: bookworm }", Good, "the suite `bookworm-security`");
        Fails("toolchains: { signed_by: AAAAAAAAAAAAAAAA }", Good, "the key `4CB5");
        Fails($"toolchains: {{ digests: {B} }}", Good, "made of something else");
        Fails("toolchains: { origin: oci ** }", Good, "it comes from `debian bookworm`");
        Fails("toolchains: { signed_by: AAAAAAAAAAAAAAAA }", Good with { Toolchains = [Good.Toolchains!.Value[0] with { SignedBy = [] }] }, "nobody's signature");
        Fails("toolchains: { kind: debian }", With(static j => j with { UsesHost = true }), "programs of the machine");
        Passes("toolchains: [{ kind: debian }, { kind: host }]", With(static j => j with { UsesHost = true }));
        Fails("toolchains: { kind: debian }", Good with { Toolchains = null }, "names the toolchains", Verdict.NotChecked);
        Fails("toolchains: { kind: debian }", With(static j => j with { UsesHost = null }), "does not say", Verdict.NotChecked);
    }

    [Fact]
    public void Pinned_WantsEverythingByContent()
    {
        Passes("pinned: true");
        Passes("pinned: true", With(static j => j with { Network = "hosts" }));
        Fails("pinned: true", Good with { Source = new SourceEvidence("1f3f949", IsDirty: true) }, "differed from the commit");
        Fails("pinned: true", Good with { Source = new SourceEvidence(null, IsDirty: null) }, "no commit");
        Fails("pinned: true", With(static j => j with { UsesHost = true }), "programs of the machine");
        Fails("pinned: true", With(static j => j with { Network = "wan" }), "its network was `wan`");
        Fails("pinned: true", With(static j => j with { ToolCaches = ["npm"] }), "the tool cache `npm`");
        Fails("pinned: true", Good with { Toolchains = [new ToolchainEvidence { Name = "sdk", IsHermetic = false }] }, "files of the machine");
        Fails("pinned: true", Good with { Source = null }, "whether the source", Verdict.NotChecked);
        Fails("pinned: true", Good with { Source = new SourceEvidence("1f3f949", IsDirty: null) }, "whether the source", Verdict.NotChecked);
        Fails("pinned: true", Good with { Jobs = null }, "names the jobs", Verdict.NotChecked);
        Fails("pinned: true", With(static j => j with { UsesHost = null }), "does not say", Verdict.NotChecked);
        Fails("pinned: true", (Good with { Source = null }) with { Jobs = With(static j => j with { UsesHost = true }).Jobs }, "programs of the machine");
    }

    [Fact]
    public void Age_IsCountedFromTheEndOfTheBuild()
    {
        Passes("age: 2d");
        Fails("age: 12h", Good, "more than 12h ago");
        Fails("age: 12h", Good with { Finished = Now.AddHours(1) }, "yet to come");
        Passes("age: 12h", Good with { Finished = Now.AddMinutes(1) });
        Fails("age: 12h", Good with { Finished = null }, "when it was built", Verdict.NotChecked);
    }

    [Fact]
    public void Tier_IsWhatIsAskedOrHigher()
    {
        Passes("tier: untrusted");
        Passes("tier: branch");
        Fails("tier: protected", Good, "lower than `protected`");
        Fails("tier: branch", Good with { Tier = null }, "claims a tier", Verdict.NotChecked);
    }

    [Fact]
    public void Signatures_CountEachKeyOnce()
    {
        Passes("signatures: 1");
        Fails("signatures: 2", Good, "2 signatures needed, 1 there: `ci`");
        Fails("signatures: 2", Good with { Signers = [Builder, Builder] }, "1 there");
        Passes("signatures: 2", Good with { Signers = [Builder, new SignerEvidence("k2", "release", "Alice")] });
        Fails("signatures: 1", Good with { Signers = [] }, "No trusted key signed it");
        Fails("signatures: { count: 1, by: release }", Good, "1 signature by `release` needed, none there: `ci` signed");
        Passes("signatures: { by: Builders }");
        Fails("signatures: [{ by: ci }, { by: release-* }]", Good, "`release-*`");
        Passes("signatures: [{ by: ci }, { by: Builders }]");
    }

    [Fact]
    public void Approvals_AreOfOthersThanTheBuilder()
    {
        Passes("approvals: 2");
        Fails("approvals: 3", Good, "3 approvals needed, 2 there: `alice`, `bob`");
        Fails("approvals: 1", Good with { Approvals = [] }, "1 approval needed, none there");
        Fails("approvals: 2", Good with { Approvals = [Approved("alice", "Alice"), Approved("alice2", "Alice")] }, "1 there");
        Fails("approvals: 1", Good with { Approvals = [Approved("ci2", "Builders")] }, "`ci2` built it");
        Fails("approvals: 1", Good with { Approvals = [new ApprovalEvidence(Builder with { Owner = "Somebody else" }, Now, [A])] }, "`ci` built it");
        Fails("approvals: 1", Good with { Approvals = [Approved("alice", "Alice", B)] }, "`alice` approved something else");
        Fails("approvals: { count: 1, by: Carol }", Good, "`alice` is not one of those who count");
        Fails("approvals: { count: 2, age: 30m }", Good, "more than 30m ago");
        Passes("approvals: { count: 2, by: [Alice, bob], age: 2h }");
        Fails("approvals: 1", Good with { Artifacts = [] }, "nothing that could be approved", Verdict.NotChecked);
    }

    [Fact]
    public void Reproduced_CountsOwnersWhoMadeTheSame()
    {
        Passes("reproduced: 2");
        Passes("reproduced: 1", Good with { Builds = [.. Good.Builds.Take(1)] });
        Fails("reproduced: 3", Good, "was built by `Builders`, `Others`, and must be by 3");
        Fails("reproduced: 2", Good with { Builds = [Good.Builds[0], Good.Builds[0] with { Builder = "https://other" }] }, "must be by 2");
        Fails("reproduced: 1", Good with { Builds = [] }, "nobody who is trusted");
        Fails("reproduced: 1", Good with { Builds = [Good.Builds[0], Good.Builds[1] with { Sha256 = B }] }, "`Others` executed the same action and made another `dist/app`");
        Fails("reproduced: 1", Good with { Artifacts = [] }, "nothing that could be reproduced", Verdict.NotChecked);
    }

    [Fact]
    public void Artifacts_AreNamedAndAttested()
    {
        Passes("artifacts: dist/*");
        Passes($"artifacts: [{{ path: dist/app, sha256: {A} }}, dist/app.sbom]");
        Fails("artifacts: [dist/app, dist/app.sig]", Good, "Nothing that was attested is `dist/app.sig`");
        Fails($"artifacts: {{ path: dist/app, sha256: {B} }}", Good, "No `dist/app` that was attested has the SHA-256");
        Fails("artifacts: \"*.sbom\"", Good, "Nothing that was attested is `*.sbom`");
        Fails("artifacts: dist/app.sbom", Good, "`dist/app` is none of `dist/app.sbom`");
        Fails($"artifacts: [dist/*.sbom, {{ path: dist/app, sha256: {A} }}]", Good with { Artifacts = [new Subject("dist/app", B)] }, "not the one that is asked for");
        Fails("artifacts: dist/*", Good with { Artifacts = [] }, "no artifact", Verdict.NotChecked);
    }

    [Fact]
    public void Log_HasToBeKnown_AndToHaveIt()
    {
        Passes("log: true", Good with { Log = new LogEvidence("log.example - 12", 3, 9, ["w1"]) });
        Fails("log: true", Good, "No log is known here", Verdict.NotChecked);
        Fails("log: true", Good with { Log = new LogEvidence(null, 0, 0, []) { Problem = "It does not stand in the machine's log" } }, "does not stand");
    }

    [Fact]
    public void Witnesses_AreCountedOnce()
    {
        Passes("witnesses: 2", Good with { Witnesses = ["w1", "w2"] });
        Fails("witnesses: 2", Good with { Witnesses = ["w1", "w1"] }, "2 witnesses needed, `w1` cosigned");
        Fails("witnesses: 1", Good with { Witnesses = [] }, "1 witness needed, none cosigned");
        Fails("witnesses: 1", Good, "No proof of a log", Verdict.NotChecked);
    }

    [Fact]
    public void Levels_JudgeTheSameRunDifferently()
    {
        Assert.Equal(Verdict.Pass, PolicyLevels.Find("basic")!.Judge(Good).Verdict);
        var strict = PolicyLevels.Find("strict")!.Judge(Good);
        Assert.Equal(Verdict.Fail, strict.Verdict);
        Assert.Equal(["log"], strict.Rules.Where(static r => r.Verdict != Verdict.Pass).Select(static r => r.Rule));
        Assert.Equal(Verdict.Fail, PolicyLevels.Find("basic")!.Judge(Good with { Signers = [] }).Verdict);
        Assert.Equal(Verdict.Pass, PolicyLevels.Find("basic")!.Judge(Good with { Jobs = null }).Verdict);
    }

    [Fact]
    public void Judge_OfNothing_NeverPasses()
    {
        var nothing = new Evidence { Now = Now };
        foreach (var rule in (ImmutableArray<string>)["signatures: 1", "builders: \"**\"", "projects: \"**\"", "pipelines: \"**\"", "tier: untrusted", "age: 300d", "steps: \"*\"", "isolation: process", "network: host", "toolchains: { kind: host }", "pinned: true", "reproduced: 1", "approvals: 1", "artifacts: \"**\"", "log: true", "witnesses: 1"])
        {
            var result = Judge(rule, nothing);
            Assert.True(result.Verdict != Verdict.Pass, rule);
            Assert.DoesNotContain("  ", result.Reason, StringComparison.Ordinal);
        }
    }
}
