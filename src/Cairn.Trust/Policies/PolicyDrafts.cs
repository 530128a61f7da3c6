using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Trust.Policies.Rules;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies;

/// <summary>A policy as it is written.</summary>
internal sealed class PolicyDraft
{
    public string? Name { get; set; }

    public string? Description { get; set; }

    public string? Extends { get; set; }

    public bool? FailsUnchecked { get; set; }

    public RulesDraft? Rules { get; set; }
}

/// <summary>The rules of a policy as they are written.</summary>
internal sealed class RulesDraft
{
    private readonly Dictionary<string, PolicyRule?> _byKey = new(StringComparer.Ordinal);

    /// <summary>How many are asked for, to see whether there can be so many.</summary>
    public List<DemandDraft> Demands { get; } = [];

    public List<SeedDraft> Seeds { get; } = [];

    /// <summary>Whether a key is there, be it to turn a rule off.</summary>
    public bool Has(string key) => _byKey.ContainsKey(key);

    /// <summary>The rule of a key; null where it is not there, or turned off.</summary>
    public PolicyRule? Find(string key) => _byKey.GetValueOrDefault(key);

    public void Set(PolicyRule rule) => _byKey[rule.Key] = rule;

    public void Set(PolicyRule rule, IEnumerable<DemandDraft> demands)
    {
        Set(rule);
        Demands.AddRange(demands);
    }

    public void Set(PolicyRule rule, IEnumerable<SeedDraft> seeds)
    {
        Set(rule);
        Seeds.AddRange(seeds);
    }

    public void SetIf(string key, PolicyRule? rule) => _byKey[key] = rule;
}

/// <summary><c>isolation</c> or <c>network</c>.</summary>
internal sealed class FenceDraft
{
    /// <summary>Null after mistakes.</summary>
    public string? Word { get; set; }

    public ImmutableArray<RolePattern> Except { get; set; } = [];
}

/// <summary>A seed.</summary>
internal sealed class SeedDraft
{
    public SourceSpan Span { get; init; }

    public string? Kind { get; set; }

    public RolePattern? Origin { get; set; }

    public ImmutableArray<RolePattern> Suites { get; set; } = [];

    public ImmutableArray<string> SignedBy { get; set; } = [];

    public ImmutableArray<string> Digests { get; set; } = [];

    public ToolchainSeed ToSeed() => new() { Kind = Kind, Origin = Origin, Suites = Suites, SignedBy = SignedBy, Digests = Digests };
}

/// <summary>How many, and whose.</summary>
internal sealed class DemandDraft
{
    public SourceSpan Span { get; set; }

    public int Count { get; set; } = 1;

    public ImmutableArray<RolePattern> By { get; set; } = [];

    public TimeSpan? Age { get; set; }

    public SignerDemand ToDemand() => new(Count, By);
}

/// <summary>An artifact.</summary>
internal sealed class ArtifactDraft
{
    /// <summary>Null after mistakes.</summary>
    public Glob? Path { get; set; }

    public string? Sha256 { get; set; }
}
