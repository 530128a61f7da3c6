using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Actions;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Trust.Json;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Checks;

/// <summary>What a statement says of how something was built: SLSA provenance of anybody's, an attestation of an action, a receipt. Null, or nothing, for what it does not say.</summary>
public sealed record Claims
{
    private const string OldProvenance = "https://slsa.dev/provenance/v0.2";
    private const string OldestProvenance = "https://slsa.dev/provenance/v0.1";

    /// <summary>Says nothing.</summary>
    public static Claims None { get; } = new();

    /// <summary>The id of the builder.</summary>
    public string? Builder { get; init; }

    /// <summary>The project.</summary>
    public string? Project { get; init; }

    /// <summary>The pipeline.</summary>
    public string? Pipeline { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The tier.</summary>
    public Tier? Tier { get; init; }

    /// <summary>The source.</summary>
    public SourceEvidence? Source { get; init; }

    /// <summary>The jobs.</summary>
    public ImmutableArray<JobEvidence>? Jobs { get; init; }

    /// <summary>The toolchains.</summary>
    public ImmutableArray<ToolchainEvidence>? Toolchains { get; init; }

    /// <summary>What it says to have been made by executions of its own.</summary>
    public ImmutableArray<(string Name, string Sha256, string? Action)> Built { get; init; } = [];

    /// <summary>What a receipt says.</summary>
    public static Claims Of(RunReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var built = ImmutableArray.CreateBuilder<(string, string, string?)>();
        foreach (var step in receipt.Steps)
        {
            // What the cache gave was executed by somebody else, or at another time.
            if (step is { Status: JobStatus.Succeeded, Cache: CacheState.Miss or CacheState.Off })
            {
                foreach (var output in step.Outputs)
                {
                    built.Add((output.Path, output.Sha256, step.Action));
                }
            }
        }

        return new Claims
        {
            Builder = receipt.Builder,
            Project = receipt.Project,
            Pipeline = receipt.Pipeline.Name,
            Time = receipt.Finished,
            Tier = TierWords.TryRead(receipt.Tier),
            Source = new SourceEvidence(receipt.Source.Commit, receipt.Source.IsDirty),
            Jobs = [.. receipt.Steps.Select(Job)],
            Toolchains = [.. receipt.Toolchains.Select(t => Toolchain(t) with { MadeBy = receipt.MakerOf(t)?.Job })],
            Built = built.DrainToImmutable(),
        };
    }

    /// <summary>What any other statement says.</summary>
    public static Claims Of(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return statement.PredicateType switch
        {
            ActionProvenance.PredicateType when ActionProvenance.TryReadAction(statement, out _) is { } action => OfAction(statement, action),
            ActionProvenance.PredicateType => OfProvenance(statement, statement.Predicate["runDetails"] as JsonValue.Object, "finishedOn", "startedOn"),
            OldProvenance or OldestProvenance => OfProvenance(statement, statement.Predicate, "buildFinishedOn", "buildStartedOn"),
            Approval.PredicateType when Approval.TryRead(statement, out _) is { } approval => new Claims { Time = approval.Time },
            _ => None,
        };
    }

    private static Claims OfProvenance(Statement statement, JsonValue.Object? details, params ReadOnlySpan<string> times)
    {
        var metadata = details?["metadata"] as JsonValue.Object;
        DateTimeOffset? time = null;
        foreach (var name in times)
        {
            time ??= DateTimeOffset.TryParse(metadata?.TextOf(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read) ? read : null;
        }

        return new Claims
        {
            Builder = (details?["builder"] as JsonValue.Object)?.TextOf("id"),
            Time = time,
            Tier = TierWords.TryRead(metadata?.TextOf(ActionProvenance.TierMember)),
            Built = [.. statement.Subjects.Select(static s => (s.Name, s.Sha256, (string?)null))],
        };
    }

    private static Claims OfAction(Statement statement, ActionDescription action)
    {
        const string Prefix = ActionProvenance.OutputsSubject + "/";
        var digest = ActionEncoder.Encode(action).Digest;
        var claims = OfProvenance(statement, statement.Predicate["runDetails"] as JsonValue.Object, "finishedOn", "startedOn");
        string? PropertyOf(string name) => action.Platform.Where(p => p.Key == name).Select(static p => p.Value).FirstOrDefault();
        return claims with
        {
            Jobs =
            [
                new JobEvidence
                {
                    Step = "action",
                    Name = $"action {digest.Hash[..12]}",
                    Status = JobEvidence.Succeeded,
                    Isolation = PropertyOf("isolation"),
                    Network = PropertyOf("network"),
                    UsesHost = BuilderIds.OfLocal(action.Platform) != BuilderIds.LocalSandbox,
                    ToolCaches = [.. action.Platform.Where(static p => p.Key.StartsWith("tool-cache:", StringComparison.Ordinal)).Select(static p => p.Value)],
                },
            ],
            Built = [.. claims.Built.Select(b => (b.Name.StartsWith(Prefix, StringComparison.Ordinal) ? b.Name[Prefix.Length..] : b.Name, b.Sha256, (string?)digest.Hash))],
        };
    }

    private static JobEvidence Job(ReceiptStep step) => new()
    {
        Step = step.Step,
        Name = step.Job,
        Status = RunProvenance.WordOf(step.Status),
        IsAllowed = step.IsAllowed,
        Isolation = step.Isolation,
        Network = step.Network,
        UsesHost = step.UsesHost,
        ToolCaches = step.ToolCaches,
    };

    private static ToolchainEvidence Toolchain(ReceiptToolchain toolchain) => new()
    {
        Name = toolchain.Name,
        Kind = toolchain.Kind,
        Origin = toolchain.Origin,
        Suites = toolchain.Suites,
        SignedBy = toolchain.SignedBy,
        Digests = [HashOf(toolchain.Tree), .. toolchain.Sources.Select(static s => s.Sha256)],
        IsHermetic = toolchain.IsHermetic,
    };

    private static string HashOf(string tree) => tree.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? tree[..slash] : tree;
}
