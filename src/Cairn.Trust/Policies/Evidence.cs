using System.Collections.Immutable;

using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies;

/// <summary>
/// What a policy is held against: what is verified, and what trusted keys say of it. Only what a trusted key signed that may say so gets in here. Null, or nothing, stands for what nobody
/// says: rules answer <see cref="Verdict.NotChecked"/> then, never <see cref="Verdict.Pass"/>.
/// </summary>
public sealed record Evidence
{
    /// <summary>The time of the judgement.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>What is verified.</summary>
    public ImmutableArray<Subject> Artifacts { get; init; } = [];

    /// <summary>Everything that the statement is about, what is verified among it.</summary>
    public ImmutableArray<Subject> Subjects { get; init; } = [];

    /// <summary>The project it was built from.</summary>
    public string? Project { get; init; }

    /// <summary>The pipeline that built it.</summary>
    public string? Pipeline { get; init; }

    /// <summary>The id of the builder.</summary>
    public string? Builder { get; init; }

    /// <summary>The tier: the lower one of what is claimed and what the key's word is worth.</summary>
    public Tier? Tier { get; init; }

    /// <summary>When it was built.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The source it was built from.</summary>
    public SourceEvidence? Source { get; init; }

    /// <summary>Each job of the run; null where the statement names none.</summary>
    public ImmutableArray<JobEvidence>? Jobs { get; init; }

    /// <summary>The toolchains that jobs had; null where the statement does not say.</summary>
    public ImmutableArray<ToolchainEvidence>? Toolchains { get; init; }

    /// <summary>The trusted keys that signed the statement.</summary>
    public ImmutableArray<SignerEvidence> Signers { get; init; } = [];

    /// <summary>Who approved what, by trusted keys.</summary>
    public ImmutableArray<ApprovalEvidence> Approvals { get; init; } = [];

    /// <summary>The log that it stands in, or why it is not known to; null where no log is known.</summary>
    public LogEvidence? Log { get; init; }

    /// <summary>Who says to have built which bytes by an execution of their own.</summary>
    public ImmutableArray<BuildEvidence> Builds { get; init; } = [];

    /// <summary>The trusted witnesses that cosigned the checkpoint of the log in which it was found to stand; null where nobody looked.</summary>
    public ImmutableArray<string>? Witnesses { get; init; }
}

/// <summary>An entry of a transparency log that is believed.</summary>
/// <param name="Origin">Which log it is; null where there is a problem.</param>
/// <param name="Index">Where the entry stands.</param>
/// <param name="Size">How many entries the checkpoint has that proves it.</param>
/// <param name="Cosigners">The trusted witnesses that cosigned that checkpoint.</param>
public sealed record LogEvidence(string? Origin, long Index, long Size, ImmutableArray<string> Cosigners)
{
    /// <summary>Why it is not known to stand in a log; null where it does.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether that is a fault also where nobody asks for a log: a proof was given, or taken along, and does not hold.</summary>
    public bool IsFault { get; init; }

    /// <summary>How many other statements that were found are proved to stand in a log.</summary>
    public int Others { get; init; }
}

/// <summary>A source state.</summary>
/// <param name="Commit">The commit; null outside version control.</param>
/// <param name="IsDirty">Whether files differed from the commit; null where nobody says.</param>
public sealed record SourceEvidence(string? Commit, bool? IsDirty);

/// <summary>A job of a run.</summary>
public sealed record JobEvidence
{
    /// <summary>A job that succeeded.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>A job that its condition kept from running.</summary>
    public const string Skipped = "skipped";

    /// <summary>A job whose needs were not met.</summary>
    public const string NotRun = "not_run";

    /// <summary>Its step.</summary>
    public required string Step { get; init; }

    /// <summary>Its name: that of the step, with the values of the matrix.</summary>
    public required string Name { get; init; }

    /// <summary>How it ended: <c>succeeded</c>, <c>failed</c>, <c>skipped</c>, …</summary>
    public required string Status { get; init; }

    /// <summary>Whether the run may succeed without it.</summary>
    public bool IsAllowed { get; init; }

    /// <summary>Where it ran: a word of <see cref="Scales.Isolation"/>; null where nobody says.</summary>
    public string? Isolation { get; init; }

    /// <summary>What it reached: a word of <see cref="Scales.Network"/>; null where nobody says.</summary>
    public string? Network { get; init; }

    /// <summary>Whether it had programs of the machine; null where nobody says.</summary>
    public bool? UsesHost { get; init; }

    /// <summary>The tool caches that it had.</summary>
    public ImmutableArray<string> ToolCaches { get; init; } = [];

    /// <summary>Whether anything ran.</summary>
    public bool HasRun => Status is not (Skipped or NotRun);
}

/// <summary>A toolchain, and the seed that it comes from.</summary>
public sealed record ToolchainEvidence
{
    /// <summary>Its name in the pipeline.</summary>
    public required string Name { get; init; }

    /// <summary><c>debian</c>, <c>oci</c>, <c>archive</c>, <c>dotnet</c>, <c>step</c> or <c>host</c>; null where nobody says.</summary>
    public string? Kind { get; init; }

    /// <summary>Where it is from, in a few words: <c>debian bookworm</c>, <c>oci docker.io/library/gcc</c>.</summary>
    public string? Origin { get; init; }

    /// <summary>The suites whose releases vouch for its packages.</summary>
    public ImmutableArray<string> Suites { get; init; } = [];

    /// <summary>The fingerprints of the keys that signed where it comes from.</summary>
    public ImmutableArray<string> SignedBy { get; init; } = [];

    /// <summary>SHA-256s that name it: of its tree, and of what it was made from.</summary>
    public ImmutableArray<string> Digests { get; init; } = [];

    /// <summary>Whether it is the same on each machine; null where nobody says.</summary>
    public bool? IsHermetic { get; init; }

    /// <summary>The job of the same run that made it; null for one from elsewhere.</summary>
    public string? MadeBy { get; init; }
}

/// <summary>A trusted key that signed.</summary>
/// <param name="KeyId">The key id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Owner">Whose it is; the key id where nobody is named.</param>
public sealed record SignerEvidence(string KeyId, string Name, string Owner);

/// <summary>An approval.</summary>
/// <param name="By">Whose key signed it.</param>
/// <param name="Time">When, as the statement says.</param>
/// <param name="Hashes">The SHA-256s of what was approved.</param>
public sealed record ApprovalEvidence(SignerEvidence By, DateTimeOffset Time, ImmutableArray<string> Hashes);

/// <summary>Somebody's word to have built something.</summary>
/// <param name="Owner">Whose key signed it.</param>
/// <param name="Builder">The id of the builder.</param>
/// <param name="Name">The name of the subject.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Action">The digest of the action that made it; null where the statement is of none.</param>
public sealed record BuildEvidence(string Owner, string? Builder, string Name, string Sha256, string? Action);
