using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies;

/// <summary>A file of cases as it is written. What is required is null after mistakes only.</summary>
internal sealed class CasesDraft
{
    public NameUse Policy { get; set; }

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public ImmutableArray<CaseDraft> Cases { get; set; } = [];
}

/// <summary>A case.</summary>
internal sealed class CaseDraft
{
    public SourceSpan Span { get; init; }

    public string? Name { get; set; }

    public EvidenceDraft? Evidence { get; set; }

    public ImmutableArray<ExpectedVerdict> Expected { get; set; } = [];

    public Verdict? Verdict { get; set; }
}

/// <summary>Evidence.</summary>
internal sealed class EvidenceDraft
{
    public DateTimeOffset? Now { get; set; }

    public ImmutableArray<Subject> Artifacts { get; set; } = [];

    public ImmutableArray<Subject>? Subjects { get; set; }

    public string? Project { get; set; }

    public string? Pipeline { get; set; }

    public string? Builder { get; set; }

    public Tier? Tier { get; set; }

    public DateTimeOffset? Finished { get; set; }

    public SourceEvidence? Source { get; set; }

    public ImmutableArray<JobEvidence>? Jobs { get; set; }

    public ImmutableArray<ToolchainEvidence>? Toolchains { get; set; }

    public ImmutableArray<SignerEvidence> Signers { get; set; } = [];

    public ImmutableArray<ApprovalDraft> Approvals { get; set; } = [];

    public ImmutableArray<BuildEvidence> Builds { get; set; } = [];

    public string? Log { get; set; }

    public ImmutableArray<string>? Witnesses { get; set; }

    public Evidence ToEvidence(DateTimeOffset now) => new()
    {
        Now = Now ?? now,
        Artifacts = Artifacts,
        Log = Log is null ? null : new LogEvidence(Log, 1, 2, []),
        Subjects = Subjects ?? Artifacts,
        Project = Project,
        Pipeline = Pipeline,
        Builder = Builder,
        Tier = Tier,
        Finished = Finished,
        Source = Source,
        Jobs = Jobs,
        Toolchains = Toolchains,
        Signers = Signers,
        Approvals = [.. Approvals.Select(a => new ApprovalEvidence(a.By!, a.Time ?? Now ?? now, a.Hashes ?? [.. Artifacts.Select(static s => s.Sha256)]))],
        Builds = Builds,
        Witnesses = Witnesses,
    };
}

internal sealed class SubjectDraft
{
    public string? Name { get; set; }

    public string? Sha256 { get; set; }
}

internal sealed class SourceDraft
{
    public string? Commit { get; set; }

    public bool? IsDirty { get; set; }
}

internal sealed class JobDraft
{
    public string? Step { get; set; }

    public string? Name { get; set; }

    public string Status { get; set; } = JobEvidence.Succeeded;

    public bool IsAllowed { get; set; }

    public string? Isolation { get; set; }

    public string? Network { get; set; }

    public bool? UsesHost { get; set; }

    public ImmutableArray<string> ToolCaches { get; set; } = [];

    public JobEvidence ToJob() => new() { Step = Step ?? "", Name = Name ?? Step ?? "", Status = Status, IsAllowed = IsAllowed, Isolation = Isolation, Network = Network, UsesHost = UsesHost, ToolCaches = ToolCaches };
}

internal sealed class ToolchainDraft
{
    public string? Name { get; set; }

    public string? Kind { get; set; }

    public string? Origin { get; set; }

    public ImmutableArray<string> Suites { get; set; } = [];

    public ImmutableArray<string> SignedBy { get; set; } = [];

    public ImmutableArray<string> Digests { get; set; } = [];

    public bool? IsHermetic { get; set; }

    public string? MadeBy { get; set; }

    public ToolchainEvidence ToToolchain() => new() { Name = Name ?? "", Kind = Kind, Origin = Origin, Suites = Suites, SignedBy = SignedBy, Digests = Digests, IsHermetic = IsHermetic, MadeBy = MadeBy };
}

internal sealed class SignerDraft
{
    public string? Name { get; set; }

    public string? Owner { get; set; }

    public string? KeyId { get; set; }

    public SignerEvidence ToSigner() => new(KeyId ?? Name ?? "", Name ?? "", Owner ?? Name ?? "");
}

internal sealed class ApprovalDraft
{
    public SignerEvidence? By { get; set; }

    public DateTimeOffset? Time { get; set; }

    public ImmutableArray<string>? Hashes { get; set; }
}

internal sealed class BuildDraft
{
    public string? Owner { get; set; }

    public string? Builder { get; set; }

    public string? Name { get; set; }

    public string? Sha256 { get; set; }

    public string? Action { get; set; }

    public BuildEvidence ToBuild() => new(Owner ?? "", Builder, Name ?? "", Sha256 ?? "", Action);
}
