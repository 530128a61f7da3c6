using System.Collections.Immutable;

using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies.Rules;

/// <summary>Where toolchains may come from. A condition that is not given holds for all; of what a toolchain has several of, each must be allowed.</summary>
public sealed record ToolchainSeed
{
    /// <summary>Its kind; null for any.</summary>
    public string? Kind { get; init; }

    /// <summary>Its origin; null for any.</summary>
    public RolePattern? Origin { get; init; }

    /// <summary>The suites that may vouch for its packages; none for any.</summary>
    public ImmutableArray<RolePattern> Suites { get; init; } = [];

    /// <summary>The fingerprints of the keys that may have signed it; none for any.</summary>
    public ImmutableArray<string> SignedBy { get; init; } = [];

    /// <summary>The SHA-256s of its tree or of what it is made of, one of which it has; none for any.</summary>
    public ImmutableArray<string> Digests { get; init; } = [];

    /// <summary>Why a toolchain does not come from here; null where it does.</summary>
    public string? ProblemOf(ToolchainEvidence toolchain)
    {
        ArgumentNullException.ThrowIfNull(toolchain);
        return Kind is not null && Kind != toolchain.Kind ? $"its kind is `{toolchain.Kind ?? "unknown"}`"
            : Origin is not null && !Origin.IsMatch(toolchain.Origin ?? "") ? $"it comes from `{toolchain.Origin ?? "nowhere that is told"}`"
            : Suites.Length > 0 && Strange(toolchain.Suites, s => RolePattern.AnyMatches(Suites, s)) is { } suite ? suite.Length == 0 ? "no suite vouches for it" : $"packages of it come from the suite `{suite}`"
            : SignedBy.Length > 0 && Strange(toolchain.SignedBy, s => SignedBy.Contains(s, StringComparer.OrdinalIgnoreCase)) is { } key ? key.Length == 0 ? "nobody's signature vouches for it" : $"the key `{key}` vouches for it"
            : Digests.Length > 0 && !toolchain.Digests.Any(d => Digests.Contains(d, StringComparer.Ordinal)) ? "it is made of something else"
            : null;
    }

    /// <summary>The first that is not allowed; empty where there is none at all, null where all are.</summary>
    private static string? Strange(ImmutableArray<string> found, Func<string, bool> isAllowed)
    {
        foreach (var item in found)
        {
            if (!isAllowed(item))
            {
                return item;
            }
        }

        return found.IsEmpty ? "" : null;
    }
}

/// <summary><c>toolchains</c>: all of them come from allowed seeds.</summary>
public sealed record ToolchainsRule(ImmutableArray<ToolchainSeed> Seeds) : PolicyRule("toolchains")
{
    private const string Host = "host";

    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Toolchains is not { } toolchains || evidence.Jobs is not { } jobs)
        {
            return NotChecked("No attestation names the toolchains");
        }

        var mayUseHost = Seeds.Any(static s => s is { Kind: Host, Origin: null, Suites.IsEmpty: true, SignedBy.IsEmpty: true, Digests.IsEmpty: true });
        foreach (var job in jobs)
        {
            if (job is { HasRun: true, UsesHost: true } && !mayUseHost)
            {
                return Fail($"`{job.Name}` used programs of the machine");
            }
        }

        foreach (var toolchain in toolchains)
        {
            // What a job of the run made comes from where that job's toolchains do, which are asked themselves.
            string? nearest = null;
            var isAllowed = toolchain.MadeBy is not null;
            foreach (var seed in Seeds)
            {
                var problem = seed.ProblemOf(toolchain);
                isAllowed |= problem is null;
                nearest = seed.Kind is null || seed.Kind == toolchain.Kind ? nearest ?? problem : nearest;
            }

            if (!isAllowed)
            {
                return Fail($"The toolchain `{toolchain.Name}` comes from no allowed seed: {nearest ?? $"its kind is `{toolchain.Kind ?? "unknown"}`"}");
            }
        }

        foreach (var job in jobs)
        {
            if (job is { HasRun: true, UsesHost: null })
            {
                return NotChecked($"`{job.Name}` does not say which programs it had");
            }
        }

        return Pass(toolchains.IsEmpty ? "No job had a toolchain" : $"{Listed.Names(toolchains.Select(static t => t.Name))} {(toolchains.Length == 1 ? "comes from an allowed seed" : "come from allowed seeds")}");
    }
}

/// <summary><c>pinned</c>: nothing went in that the attestation does not name by content.</summary>
public sealed record PinnedRule() : PolicyRule("pinned")
{
    private static readonly int PinnedReach = Scales.Network.IndexOf("hosts");

    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Source is { } source && (source.IsDirty is true || source.Commit is null))
        {
            return Fail(source.Commit is null ? "The source is no commit" : $"Files differed from the commit `{source.Commit}`");
        }

        foreach (var toolchain in evidence.Toolchains ?? [])
        {
            if (toolchain.IsHermetic is false)
            {
                return Fail($"The toolchain `{toolchain.Name}` is made of files of the machine");
            }
        }

        string? open = evidence.Source is null or { IsDirty: null } ? "No attestation says whether the source was a commit" : evidence.Jobs is null ? "No attestation names the jobs of the run" : null;
        foreach (var job in evidence.Jobs ?? [])
        {
            if (!job.HasRun)
            {
                continue;
            }

            if (job.UsesHost is true)
            {
                return Fail($"`{job.Name}` used programs of the machine");
            }

            if (job.Network is { } network && (Scales.Network.IndexOf(network) is var reach && (reach < 0 || reach > PinnedReach)))
            {
                return Fail($"`{job.Name}` could take in what it liked: its network was `{network}`");
            }

            if (!job.ToolCaches.IsEmpty)
            {
                return Fail($"`{job.Name}` used the tool cache `{job.ToolCaches[0]}`");
            }

            open ??= job.UsesHost is null || job.Network is null ? $"`{job.Name}` does not say what it had" : null;
        }

        return open is null ? Pass($"Commit `{evidence.Source!.Commit}`, and nothing that is not named by its content") : NotChecked(open);
    }
}
