using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies;

/// <summary>The keys of files of cases.</summary>
internal static class EvidenceKeys
{
    private const string Hint = "`cairn policy schema --cases` describes all keys";

    private static readonly ListKind<string> Texts = new(new TextKind("a text", "alice"), "a text or a list of texts", "[alice]");

    private static readonly ListKind<Subject> Subjects = new(
        Object(
            "subject", "a subject", "Something with its hash.",
            [
                new Key<SubjectDraft, string>("name", "Its name.", new TextKind("a name", "dist/app.tar.gz"), static (d, v, _) => d.Name = v) { Required = true },
                new Key<SubjectDraft, string>("sha256", "Its bytes.", new Sha256Kind(), static (d, v, _) => d.Sha256 = v) { Required = true },
            ], "{ name: app, sha256: … }").Then(static d => new Subject(d.Name ?? "", d.Sha256 ?? "")),
        "a list of mappings", "[{ name: app, sha256: … }]");

    private static readonly KeySet<JobDraft> Job = new("case_job", "a job", "A job of the run.",
    [
        new Key<JobDraft, string>("step", "Its step.", new TextKind("a name", "build"), static (d, v, _) => d.Step = v) { Required = true },
        new Key<JobDraft, string>("name", "Its name, with the values of the matrix.", new TextKind("a name", "test[opt=O2]"), static (d, v, _) => d.Name = v) { Default = "that of the step" },
        new Key<JobDraft, string>("status", "How it ended.", new TextKind("a word", "succeeded"), static (d, v, _) => d.Status = v) { Default = "`succeeded`" },
        new Key<JobDraft, bool>("allowed", "Whether the run may succeed without it.", BooleanKind.Instance, static (d, v, _) => d.IsAllowed = v) { Default = "false" },
        new Key<JobDraft, string>("isolation", "Where it ran.", new TextKind("a word", "sandbox"), static (d, v, _) => d.Isolation = v),
        new Key<JobDraft, string>("network", "What it reached.", new TextKind("a word", "none"), static (d, v, _) => d.Network = v),
        new Key<JobDraft, bool>("uses_host", "Whether it had programs of the machine.", BooleanKind.Instance, static (d, v, _) => d.UsesHost = v),
        new Key<JobDraft, ImmutableArray<string>>("tool_caches", "The tool caches it had.", Texts, static (d, v, _) => d.ToolCaches = v),
    ]);

    private static readonly KeySet<ToolchainDraft> Toolchain = new("case_toolchain", "a toolchain", "A toolchain that jobs had.",
    [
        new Key<ToolchainDraft, string>("name", "Its name.", new TextKind("a name", "cc"), static (d, v, _) => d.Name = v) { Required = true },
        new Key<ToolchainDraft, string>("kind", "Its kind.", new TextKind("a word", "debian"), static (d, v, _) => d.Kind = v),
        new Key<ToolchainDraft, string>("origin", "Where it is from.", new TextKind("a text", "debian bookworm"), static (d, v, _) => d.Origin = v),
        new Key<ToolchainDraft, ImmutableArray<string>>("suites", "Suites that vouch for its packages.", Texts, static (d, v, _) => d.Suites = v),
        new Key<ToolchainDraft, ImmutableArray<string>>("signed_by", "Fingerprints of the keys that vouch for it.", Texts, static (d, v, _) => d.SignedBy = v),
        new Key<ToolchainDraft, ImmutableArray<string>>("digests", "Of its tree, and of what it is made of.", Texts, static (d, v, _) => d.Digests = v),
        new Key<ToolchainDraft, bool>("hermetic", "Whether it is the same on each machine.", BooleanKind.Instance, static (d, v, _) => d.IsHermetic = v),
        new Key<ToolchainDraft, string>("made_by", "The job of the same run that made it.", new TextKind("a name", "build-tools"), static (d, v, _) => d.MadeBy = v),
    ]);

    private static readonly KeySet<SignerDraft> Signer = new("case_signer", "a signer", "A trusted key that signed.",
    [
        new Key<SignerDraft, string>("name", "Its name.", new TextKind("a name", "alice"), static (d, v, _) => d.Name = v) { Required = true },
        new Key<SignerDraft, string>("owner", "Whose it is.", new TextKind("a name", "Alice"), static (d, v, _) => d.Owner = v) { Default = "that of the key" },
        new Key<SignerDraft, string>("key", "The key id.", new TextKind("a key id", "8f2c…"), static (d, v, _) => d.KeyId = v) { Default = "that of the key" },
    ]);

    private static readonly Kind<SignerEvidence> SignerKind = new ShortKind<SignerDraft, string>(
        new TextKind("a name", "alice"), new ObjectKind<SignerDraft>(Signer, "{ name: alice, owner: Alice }", static (_, _) => new SignerDraft()), static (d, v) => d.Name = v, static () => new SignerDraft(), "a name or a mapping")
        .Then(static d => d.ToSigner());

    private static readonly KeySet<ApprovalDraft> Approval = new("case_approval", "an approval", "Somebody's approval.",
    [
        new Key<ApprovalDraft, SignerEvidence>("by", "Whose key signed it.", SignerKind, static (d, v, _) => d.By = v) { Required = true },
        new Key<ApprovalDraft, DateTimeOffset>("time", "When.", new TimeKind(), static (d, v, _) => d.Time = v) { Default = "`now`" },
        new Key<ApprovalDraft, ImmutableArray<string>>("hashes", "What was approved.", new ListKind<string>(new Sha256Kind(), "a SHA-256 or a list of them", "[…]"), static (d, v, _) => d.Hashes = v) { Default = "all artifacts" },
    ]);

    private static readonly KeySet<BuildDraft> Build = new("case_build", "a build", "Somebody's word to have built something.",
    [
        new Key<BuildDraft, string>("owner", "Whose key signed it.", new TextKind("a name", "Alice"), static (d, v, _) => d.Owner = v) { Required = true },
        new Key<BuildDraft, string>("builder", "The id of the builder.", new TextKind("a builder's id", "https://cairn.build/builder/local/v1"), static (d, v, _) => d.Builder = v),
        new Key<BuildDraft, string>("name", "What was built.", new TextKind("a name", "app"), static (d, v, _) => d.Name = v) { Required = true },
        new Key<BuildDraft, string>("sha256", "Its bytes.", new Sha256Kind(), static (d, v, _) => d.Sha256 = v) { Required = true },
        new Key<BuildDraft, string>("action", "The action that made it.", new TextKind("a digest", "2b1e…/171"), static (d, v, _) => d.Action = v),
    ]);

    private static readonly KeySet<EvidenceDraft> Evidence = new("evidence", "`evidence`", "What trusted keys say. What is left out is what nobody says.",
    [
        new Key<EvidenceDraft, DateTimeOffset>("now", "The time of the judgement.", new TimeKind(), static (d, v, _) => d.Now = v) { Default = "that of the file" },
        new Key<EvidenceDraft, ImmutableArray<Subject>>("artifacts", "What is verified.", Subjects, static (d, v, _) => d.Artifacts = v),
        new Key<EvidenceDraft, ImmutableArray<Subject>>("subjects", "Everything that is attested.", Subjects, static (d, v, _) => d.Subjects = v) { Default = "the artifacts" },
        new Key<EvidenceDraft, string>("project", "The project.", new TextKind("a name", "zlib"), static (d, v, _) => d.Project = v),
        new Key<EvidenceDraft, string>("pipeline", "The pipeline.", new TextKind("a name", "release"), static (d, v, _) => d.Pipeline = v),
        new Key<EvidenceDraft, string>("builder", "The id of the builder.", new TextKind("a builder's id", "https://cairn.build/builder/local/v1"), static (d, v, _) => d.Builder = v),
        new Key<EvidenceDraft, string>("tier", "The tier.", new WordKind(Scales.Tiers.Subject, Scales.Tiers.Words), static (d, v, _) => d.Tier = TierWords.TryRead(v)),
        new Key<EvidenceDraft, DateTimeOffset>("finished", "When it was built.", new TimeKind(), static (d, v, _) => d.Finished = v),
        new Key<EvidenceDraft, SourceDraft>("source", "The source.", new ObjectKind<SourceDraft>(
            new KeySet<SourceDraft>("case_source", "`source`", "A source state.",
            [
                new Key<SourceDraft, string>("commit", "The commit.", new TextKind("a commit", "1f3f949"), static (d, v, _) => d.Commit = v),
                new Key<SourceDraft, bool>("dirty", "Whether files differed from it.", BooleanKind.Instance, static (d, v, _) => d.IsDirty = v),
            ]), "{ commit: 1f3f949, dirty: false }", static (_, _) => new SourceDraft()), static (d, v, _) => d.Source = new SourceEvidence(v.Commit, v.IsDirty)),
        new Key<EvidenceDraft, ImmutableArray<JobEvidence>>("jobs", "The jobs of the run.", new ListKind<JobEvidence>(Of(Job, "{ step: build, isolation: sandbox }", static () => new JobDraft()).Then(static d => d.ToJob()), "a list of mappings", "[{ step: build }]"), static (d, v, _) => d.Jobs = v),
        new Key<EvidenceDraft, ImmutableArray<ToolchainEvidence>>("toolchains", "The toolchains that jobs had.", new ListKind<ToolchainEvidence>(Of(Toolchain, "{ name: cc, kind: debian }", static () => new ToolchainDraft()).Then(static d => d.ToToolchain()), "a list of mappings", "[{ name: cc, kind: debian }]"), static (d, v, _) => d.Toolchains = v),
        new Key<EvidenceDraft, ImmutableArray<SignerEvidence>>("signers", "The trusted keys that signed: names, or mappings.", new ListKind<SignerEvidence>(SignerKind, "a name, a mapping, or a list of them", "[alice]"), static (d, v, _) => d.Signers = v),
        new Key<EvidenceDraft, ImmutableArray<ApprovalDraft>>("approvals", "Approvals.", new ListKind<ApprovalDraft>(Of(Approval, "{ by: bob }", static () => new ApprovalDraft()).Then(static d => d), "a list of mappings", "[{ by: bob }]"), static (d, v, _) => d.Approvals = v),
        new Key<EvidenceDraft, string>("log", "The origin of the log that it stands in.", new TextKind("an origin", "log.example - 12"), static (d, v, _) => d.Log = v),
        new Key<EvidenceDraft, ImmutableArray<BuildEvidence>>("builds", "Who says to have built which bytes.", new ListKind<BuildEvidence>(Of(Build, "{ owner: Alice, name: app, sha256: … }", static () => new BuildDraft()).Then(static d => d.ToBuild()), "a list of mappings", "[{ owner: Alice, name: app, sha256: … }]"), static (d, v, _) => d.Builds = v),
        new Key<EvidenceDraft, ImmutableArray<string>>("witnesses", "The names of the witnesses that cosigned.", Texts, static (d, v, _) => d.Witnesses = v),
    ])
    { AllKeysHint = Hint };

    private static readonly KeySet<CaseDraft> Case = new("case", "a case", "Evidence, and what the policy should make of it.",
    [
        new Key<CaseDraft, string>("name", "What it is called.", new TextKind("a text", "a build with an open network"), static (d, v, _) => d.Name = v) { Required = true },
        new Key<CaseDraft, EvidenceDraft>("evidence", "The evidence.", Of(Evidence, "{ signers: [alice] }", static () => new EvidenceDraft()), static (d, v, _) => d.Evidence = v) { Required = true },
        new Key<CaseDraft, Expectations>("expect", "What rules answer, by their keys: `pass`, `fail` or `not_checked`; `verdict` is what the whole policy answers.", new ExpectationsKind(), static (d, v, _) => (d.Expected, d.Verdict) = (v.Rules, v.Whole)) { Required = true },
    ]);

    /// <summary>The document.</summary>
    public static KeySet<CasesDraft> Cases { get; } = new("cases", "a file of cases", "Cases for a policy: its tests.",
    [
        new Key<CasesDraft, int>("version", "The version of the language: `1`.", new DocumentVersionKind("cases"), static (_, _, _) => { }) { Required = true },
        new Key<CasesDraft, string>("policy", "The policy: `basic`, `strict`, or the path of a file relative to this one.", new TextKind("a level or a path", "release.yaml"), static (d, v, e) => d.Policy = new NameUse(v, e.Value.Span)) { Required = true },
        new Key<CasesDraft, DateTimeOffset>("now", "The time of the judgement.", new TimeKind(), static (d, v, _) => d.Now = v) { Default = "2026-01-01" },
        new Key<CasesDraft, ImmutableArray<CaseDraft>>("cases", "The cases.", new ListKind<CaseDraft>(new ObjectKind<CaseDraft>(Case, "{ name: a good run, evidence: {}, expect: { verdict: pass } }", static (_, node) => new CaseDraft { Span = ObjectKind<CaseDraft>.Start(node.Span) }), "a list of cases", "[{ name: …, evidence: …, expect: … }]", single: false, allowEmpty: false), static (d, v, _) => d.Cases = v) { Required = true },
    ])
    { HasExtensions = true };

    private static ObjectKind<TDraft> Of<TDraft>(KeySet<TDraft> keys, string example, Func<TDraft> create) => new(keys, example, (_, _) => create());

    private static ObjectKind<SubjectDraft> Object(string name, string title, string doc, Key<SubjectDraft>[] keys, string example) => Of(new KeySet<SubjectDraft>(name, title, doc, keys), example, static () => new SubjectDraft());

    /// <summary>What a case expects.</summary>
    internal sealed record Expectations(ImmutableArray<ExpectedVerdict> Rules, Verdict? Whole);

    private sealed class ExpectationsKind : Kind<Expectations>
    {
        private const string Whole = "verdict";
        private static readonly WordKind Word = new("`pass`, `fail` or `not_checked`", [.. VerdictWords.All]);

        public override string Expected => "a mapping of rules";

        public override string Example => "{ verdict: fail, network: fail }";

        public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Expectations value)
        {
            value = null;
            if (node is not MappingNode mapping)
            {
                return binder.WrongType(node, this);
            }

            var rules = ImmutableArray.CreateBuilder<ExpectedVerdict>();
            Verdict? whole = null;
            var key = binder.CurrentKey;
            foreach (var entry in mapping.Entries)
            {
                binder.CurrentKey = entry.Key.Text;
                if (Word.TryRead(binder, entry.Value, out var word))
                {
                    var verdict = (Verdict)((List<string>)[.. VerdictWords.All]).IndexOf(word);
                    if (entry.Key.Text == Whole)
                    {
                        whole = verdict;
                    }
                    else
                    {
                        rules.Add(new ExpectedVerdict(entry.Key.Text, verdict, entry.Key.Span));
                    }
                }
            }

            binder.CurrentKey = key;
            value = new Expectations(rules.DrainToImmutable(), whole);
            return true;
        }

        public override void WriteSchema(SchemaWriter schema)
        {
            schema.Type("object");
            schema.Object("additionalProperties", Word.WriteSchema);
        }
    }
}
