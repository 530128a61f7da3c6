using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Language.Binding;
using Cairn.Trust.Policies.Rules;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies;

/// <summary>The keys of policies. Reader, schema and reference come from here.</summary>
internal static class PolicyKeys
{
    /// <summary>The most that rules may ask for of keys, approvals and builders.</summary>
    public const int CountMax = 100;

    private const string Hint = "`cairn policy schema` describes all keys";

    private static readonly ListKind<RolePattern> Steps = new(new RolePatternKind("publish"), "a step, a pattern, or a list of them", "[build, \"test*\"]", allowEmpty: false);

    private static readonly ListKind<RolePattern> Signers = new(new RolePatternKind("release-*"), "the name or owner of a key, a pattern, or a list of them", "[alice, bob]", allowEmpty: false);

    private static readonly IntegerKind Count = new("a number", 1, CountMax, "2");

    private static readonly ObjectKind<FenceDraft> Isolation = new(
        new KeySet<FenceDraft>("isolation", "`isolation`", "Where jobs run.",
        [
            new Key<FenceDraft, string>("at_least", "The weakest that is enough: `process`, `sandbox`, `container`, `gvisor`, `vm`, in this order.", new WordKind(Scales.Isolation.Subject, Scales.Isolation.Words), static (d, v, _) => d.Word = v) { Required = true, Example = "sandbox" },
            new Key<FenceDraft, ImmutableArray<RolePattern>>("except", "Steps that it is not asked of.", Steps, static (d, v, _) => d.Except = v),
        ]), "{ at_least: sandbox, except: [publish] }", static (_, _) => new FenceDraft());

    private static readonly ObjectKind<FenceDraft> Network = new(
        new KeySet<FenceDraft>("network", "`network`", "What jobs reach.",
        [
            new Key<FenceDraft, string>("at_most", "The most that is allowed: `none`, `hosts` (what a `uses: fetch` step names, and `cairn.lock` pins), `wan`, `host`, in this order.", new WordKind(Scales.Network.Subject, Scales.Network.Words), static (d, v, _) => d.Word = v) { Required = true, Example = "none" },
            new Key<FenceDraft, ImmutableArray<RolePattern>>("except", "Steps that it is not asked of.", Steps, static (d, v, _) => d.Except = v),
        ]), "{ at_most: none, except: [publish] }", static (_, _) => new FenceDraft());

    private static readonly ObjectKind<SeedDraft> Seed = new(
        new KeySet<SeedDraft>("seed", "a seed", "Where a toolchain may come from. All that is given has to fit.",
        [
            new Key<SeedDraft, string>("kind", "Its kind.", new WordKind("a kind of toolchain", "debian", "oci", "archive", "dotnet", "step", "host"), static (d, v, _) => d.Kind = v) { Example = "debian" },
            new Key<SeedDraft, RolePattern>("origin", "Where it is from, as `cairn toolchain list` shows it; a pattern.", new RolePatternKind("oci docker.io/library/**"), static (d, v, _) => d.Origin = v),
            new Key<SeedDraft, ImmutableArray<RolePattern>>("suites", "The suites of Debian that its packages may come from; patterns.", new ListKind<RolePattern>(new RolePatternKind("bookworm*"), "a suite, a pattern, or a list of them", "[bookworm, bookworm-security]", allowEmpty: false), static (d, v, _) => d.Suites = v),
            new Key<SeedDraft, ImmutableArray<string>>("signed_by", "Fingerprints of the keys that may vouch for it: those of an archive's releases, or of what signed an archive. All that did must be among these.", new ListKind<string>(new FingerprintKind(), "a fingerprint or a list of them", "[4CB50190207B4758A3F73A796ED0E7B82643E131]", allowEmpty: false), static (d, v, _) => d.SignedBy = v),
            new Key<SeedDraft, ImmutableArray<string>>("digests", "SHA-256s, of which it has one: of its tree, of the signed release, the archive or the image's manifest it was made from.", new ListKind<string>(new Sha256Kind(), "a SHA-256 or a list of them", "[e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855]", allowEmpty: false), static (d, v, _) => d.Digests = v),
        ]), "{ kind: debian, suites: [bookworm] }", static (_, node) => new SeedDraft { Span = node.Span });

    private static readonly ObjectKind<DemandDraft> Signature = new(
        new KeySet<DemandDraft>("signatures", "`signatures`", "How many keys signed. Each public key counts once.",
        [
            new Key<DemandDraft, int>("count", "How many at least.", Count, static (d, v, _) => d.Count = v) { Default = "1" },
            new Key<DemandDraft, ImmutableArray<RolePattern>>("by", "The keys that count, by their names or owners in `trust.yaml`; patterns.", Signers, static (d, v, e) => (d.By, d.Span) = (v, e.Value.Span)) { Default = "all trusted keys that may sign for it" },
        ]), "{ count: 2, by: [alice, bob, carol] }", static (_, node) => new DemandDraft { Span = node.Span });

    private static readonly ObjectKind<DemandDraft> Approvals = new(
        new KeySet<DemandDraft>("approvals", "`approvals`", "How many people approved what is verified. Owners count, each once; whose key signed the build does not.",
        [
            new Key<DemandDraft, int>("count", "How many at least.", Count, static (d, v, _) => d.Count = v) { Default = "1" },
            new Key<DemandDraft, ImmutableArray<RolePattern>>("by", "Whose count, by the names or owners of keys in `trust.yaml`; patterns.", Signers, static (d, v, e) => (d.By, d.Span) = (v, e.Value.Span)) { Default = "all trusted keys" },
            new Key<DemandDraft, TimeSpan>("age", "How old an approval may be.", new DurationKind("7d"), static (d, v, _) => d.Age = v) { Default = "any age" },
        ]), "{ count: 2, age: 7d }", static (_, node) => new DemandDraft { Span = node.Span });

    private static readonly ObjectKind<ArtifactDraft> Artifact = new(
        new KeySet<ArtifactDraft>("artifact", "an artifact", "Something that is attested.",
        [
            new Key<ArtifactDraft, Glob>("path", "Its name there; a glob.", new PathGlobKind(), static (d, v, _) => d.Path = v) { Required = true },
            new Key<ArtifactDraft, string>("sha256", "The bytes that it has.", new Sha256Kind(), static (d, v, _) => d.Sha256 = v) { Default = "any" },
        ]), "{ path: dist/app.tar.gz }", static (_, _) => new ArtifactDraft());

    /// <summary>The rules, in the order in which they answer.</summary>
    public static KeySet<RulesDraft> Rules { get; } = new("require", "`require`", "The rules. What is not named is not asked.",
    [
        new Key<RulesDraft, ImmutableArray<DemandDraft>>("signatures", "How many trusted keys signed: a number, a mapping, or a list of mappings all of which hold. Each public key counts once.", new ListKind<DemandDraft>(new ShortKind<DemandDraft, int>(Count, Signature, static (d, v) => d.Count = v, static () => new DemandDraft(), "a number or a mapping"), "a number, a mapping, or a list of mappings", "2", allowEmpty: false), static (d, v, _) => d.Set(new SignaturesRule([.. v.Select(static i => i.ToDemand())]), v)),
        new Key<RulesDraft, ImmutableArray<RolePattern>>("builders", "The ids of builders that it may come from; patterns.", new ListKind<RolePattern>(new RolePatternKind("https://cairn.build/builder/**"), "a builder's id, a pattern, or a list of them", "[https://cairn.build/builder/local/v1]", allowEmpty: false), static (d, v, _) => d.Set(new NamedRule("builders", "builder", v, static e => e.Builder))),
        new Key<RulesDraft, ImmutableArray<RolePattern>>("projects", "The projects that it may come from; patterns. Without it a receipt of another project, signed by the same key, passes.", new ListKind<RolePattern>(new RolePatternKind("zlib"), "a project, a pattern, or a list of them", "[zlib]", allowEmpty: false), static (d, v, _) => d.Set(new NamedRule("projects", "project", v, static e => e.Project))),
        new Key<RulesDraft, ImmutableArray<RolePattern>>("pipelines", "The pipelines that it may come from; patterns.", new ListKind<RolePattern>(new RolePatternKind("release"), "a pipeline, a pattern, or a list of them", "[release]", allowEmpty: false), static (d, v, _) => d.Set(new NamedRule("pipelines", "pipeline", v, static e => e.Pipeline))),
        new Key<RulesDraft, string>("tier", "The tier that it is of at least: `untrusted`, `branch`, `protected`, `release`, in this order.", new WordKind(Scales.Tiers.Subject, Scales.Tiers.Words), static (d, v, _) => d.Set(new TierRule(TierWords.TryRead(v)!.Value))),
        new Key<RulesDraft, TimeSpan>("age", "How long ago it may have been built.", new DurationKind("90d"), static (d, v, _) => d.Set(new AgeRule(v))),
        new Key<RulesDraft, ImmutableArray<RolePattern>>("steps", "Steps that are in the run and succeeded; patterns. Each is found at least once, and nothing that it fits failed. What a condition skipped did not succeed.", Steps, static (d, v, _) => d.Set(new StepsRule(v))) { Example = "[build, \"test*\"]" },
        new Key<RulesDraft, FenceDraft>("isolation", "Where every job ran at least: a word, or a mapping.", new ShortKind<FenceDraft, string>(new WordKind(Scales.Isolation.Subject, Scales.Isolation.Words), Isolation, static (d, v) => d.Word = v, static () => new FenceDraft(), "an isolation level or a mapping"), static (d, v, _) => d.SetIf("isolation", v.Word is { } word ? new IsolationRule(word, v.Except) : null)) { Example = "sandbox" },
        new Key<RulesDraft, FenceDraft>("network", "What every job reached at most: a word, or a mapping.", new ShortKind<FenceDraft, string>(new WordKind(Scales.Network.Subject, Scales.Network.Words), Network, static (d, v) => d.Word = v, static () => new FenceDraft(), "a network mode or a mapping"), static (d, v, _) => d.SetIf("network", v.Word is { } word ? new NetworkRule(word, v.Except) : null)) { Example = "none" },
        new Key<RulesDraft, ImmutableArray<SeedDraft>>("toolchains", "The seeds that toolchains may come from. A job that used programs of the machine comes from none, unless `{ kind: host }` is among them.", new ListKind<SeedDraft>(Seed.Then(static s => s), "a mapping or a list of them", "[{ kind: debian, suites: [bookworm] }]", allowEmpty: false), static (d, v, _) => d.Set(new ToolchainsRule([.. v.Select(static s => s.ToSeed())]), v)),
        new Key<RulesDraft, bool>("pinned", "Nothing went in that the attestation does not name by content: the source is a commit without changes, and no job had programs of the machine, an open network (`wan`, `host`) or tool caches.", BooleanKind.Instance, static (d, v, _) => d.SetIf("pinned", v ? new PinnedRule() : null)),
        new Key<RulesDraft, int>("reproduced", "How many owners of builders made the same bytes, each by an execution of its own; the first one counts.", Count, static (d, v, _) => d.Set(new ReproducedRule(v))),
        new Key<RulesDraft, DemandDraft>("approvals", "How many people approved it, none of whom built it: a number, or a mapping.", new ShortKind<DemandDraft, int>(Count, Approvals, static (d, v) => d.Count = v, static () => new DemandDraft(), "a number or a mapping"), static (d, v, _) => d.Set(new ApprovalsRule(v.ToDemand(), v.Age), [v])),
        new Key<RulesDraft, ImmutableArray<ArtifactDraft>>("artifacts", "What may be verified, and has to be attested: names, or mappings with a hash.", new ListKind<ArtifactDraft>(new ShortKind<ArtifactDraft, Glob>(new PathGlobKind(), Artifact, static (d, v) => d.Path = v, static () => new ArtifactDraft(), "a glob or a mapping"), "a glob, a mapping, or a list of them", "[\"dist/*.tar.gz\"]", allowEmpty: false), static (d, v, _) => d.Set(new ArtifactsRule([.. v.Where(static a => a.Path is not null).Select(static a => new ArtifactDemand(a.Path!, a.Sha256))]))),
        new Key<RulesDraft, bool>("log", "It stands in a transparency log that is believed: the machine's own, or one of `logs` in trust.yaml.", BooleanKind.Instance, static (d, v, _) => d.SetIf("log", v ? new LogRule() : null)),
        new Key<RulesDraft, int>("witnesses", "How many witnesses of trust.yaml cosigned the checkpoint of the log in which it stands.", Count, static (d, v, _) => d.Set(new WitnessesRule(v))),
    ])
    { AllKeysHint = Hint };

    /// <summary>The document.</summary>
    public static KeySet<PolicyDraft> Policy { get; } = new("policy", "a policy", "What must hold of an artifact before it is used.",
    [
        new Key<PolicyDraft, int>("version", "The version of the language: `1`.", new DocumentVersionKind("policies"), static (_, _, _) => { }) { Required = true },
        new Key<PolicyDraft, string>("name", "What it is called.", new TextKind("a text", "release"), static (d, v, _) => d.Name = v) { Default = "the name of the file" },
        new Key<PolicyDraft, string>("description", "What it is for.", new TextKind("a text", "What we ship"), static (d, v, _) => d.Description = v),
        new Key<PolicyDraft, string>("extends", "A level whose rules hold too, except for those that are given here: `basic` or `strict`.", new WordKind("a level", [.. PolicyLevels.Names]), static (d, v, _) => d.Extends = v) { Default = "none", Example = "basic" },
        new Key<PolicyDraft, string>("not_checked", "What a rule means that could not be checked: `fail`, or `allow`.", new WordKind("`fail` or `allow`", "allow", "fail"), static (d, v, _) => d.FailsUnchecked = v == "fail") { Default = "`fail`, or what the level says" },
        new Key<PolicyDraft, RulesDraft>("require", "The rules.", new ObjectKind<RulesDraft>(Rules, "{ signatures: 1 }", static (_, _) => new RulesDraft()), static (d, v, _) => d.Rules = v) { Required = true, Example = "{ signatures: 1 }" },
    ])
    { HasExtensions = true, AllKeysHint = Hint };
}
