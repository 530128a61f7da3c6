using System.Collections.Immutable;

using Cairn.Trust.Keys;

namespace Cairn.Trust.Verification;

/// <summary>A key, and what it is trusted to say: its roles.</summary>
public sealed record TrustedKey
{
    /// <summary>The key. One that is not Ed25519 counts for what others signed, never for a hit of the cache.</summary>
    public required VerificationKey Key { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is this machine's own, with which alone results count that are a matter of this machine.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Whether other machines sign with it too, so that it is no machine's own although it signs here.</summary>
    public bool IsShared { get; init; }

    /// <summary>Whether somebody named it for one verification only.</summary>
    public bool IsGiven { get; init; }

    /// <summary>Whose it is, or null.</summary>
    public string? Owner { get; init; }

    /// <summary>The names of the keys whose place it took by rotation.</summary>
    public ImmutableArray<string> Predecessors { get; init; } = [];

    /// <summary>The id of the first key of those that took each other's place, which count as one; null where it took nobody's.</summary>
    public string? Lineage { get; init; }

    /// <summary>By what m-of-n counts keys: the public key, or that of which it is the successor.</summary>
    public string LineageOrId => Lineage ?? Key.Id;

    /// <summary>By what m-of-n counts owners: <see cref="Owner"/>, and the key where nobody is named.</summary>
    public string OwnerOrId => Owner ?? LineageOrId;

    /// <summary>The builders that it may speak for; empty for any.</summary>
    public ImmutableArray<string> Builders { get; init; } = [];

    /// <summary>The projects whose receipts it may sign; empty for any.</summary>
    public ImmutableArray<RolePattern> Projects { get; init; } = [];

    /// <summary>The pipelines whose receipts it may sign; empty for any.</summary>
    public ImmutableArray<RolePattern> Pipelines { get; init; } = [];

    /// <summary>The steps that it may sign for; empty for any.</summary>
    public ImmutableArray<RolePattern> Steps { get; init; } = [];

    /// <summary>The highest tier that its word is worth.</summary>
    public Tier Tier { get; init; } = Tier.Branch;

    /// <summary>From when on its signatures count, or null.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Until when its signatures count, or null.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Since when it is revoked; nothing of it counts, whatever time it claims. Null where it is not.</summary>
    public DateTimeOffset? Revoked { get; init; }

    /// <summary>Why it is revoked, or null.</summary>
    public string? RevokedFor { get; init; }

    /// <summary>The command that signs with it where the private key is elsewhere; empty for none.</summary>
    public ImmutableArray<string> Signer { get; init; } = [];

    /// <summary>Why its signature does not count at a time; null where it does.</summary>
    public string? ProblemAt(DateTimeOffset now) =>
        Revoked is { } since ? $"its key `{Name}` is revoked since {since:yyyy-MM-dd HH:mm 'UTC'}{(RevokedFor is null ? "" : $" ({RevokedFor})")}"
        : From > now ? $"its key `{Name}` is not valid before {From:yyyy-MM-dd HH:mm 'UTC'}"
        : Until <= now ? $"its key `{Name}` was valid until {Until:yyyy-MM-dd HH:mm 'UTC'}"
        : null;

    /// <summary>Whether it may speak for a builder.</summary>
    public bool MaySpeakFor(string builder) => Builders.IsEmpty || Builders.Contains(builder, StringComparer.Ordinal);
}
