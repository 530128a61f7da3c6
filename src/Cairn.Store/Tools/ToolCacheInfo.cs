using System.Collections.Immutable;

namespace Cairn.Store.Tools;

/// <summary>How much tool caches may hold, and how long they are kept for nobody.</summary>
public sealed record ToolCacheOptions
{
    /// <summary>Bytes of a cache that has no quota of its own.</summary>
    public long QuotaBytes { get; init; } = 10L << 30;

    /// <summary>After how long a project that no longer uses a cache stops being its owner.</summary>
    public TimeSpan KeepUnused { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often a cache without a quota of its own is measured after a step.</summary>
    public TimeSpan MeasureInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often all caches are looked through after a step that used one.</summary>
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromDays(1);
}

/// <summary>A project that uses a tool cache.</summary>
/// <param name="Project">Its folder; null where the record of it is damaged.</param>
/// <param name="LastUsed">When it last did.</param>
public sealed record ToolCacheOwner(string? Project, DateTimeOffset LastUsed);

/// <summary>A tool cache as it stands.</summary>
/// <param name="Key">Its folder's name, unique.</param>
/// <param name="Name">Its name in pipelines; its key where the record of it is damaged.</param>
/// <param name="Shared">Whether all projects of the user share it.</param>
/// <param name="Directory">Where its files are.</param>
/// <param name="SizeBytes">What they take.</param>
/// <param name="Files">How many they are.</param>
/// <param name="QuotaBytes">What they may take.</param>
/// <param name="InUse">Whether a step uses it right now.</param>
/// <param name="Owners">Who uses it, the most recent first.</param>
public sealed record ToolCacheInfo(string Key, string Name, bool Shared, string Directory, long SizeBytes, long Files, long QuotaBytes, bool InUse, ImmutableArray<ToolCacheOwner> Owners)
{
    /// <summary>Whether it is that of sandboxed steps.</summary>
    public bool Sandboxed => Key.EndsWith(ToolCacheRecord.SandboxSuffix, StringComparison.Ordinal);

    /// <summary>When it was last used; null without owners.</summary>
    public DateTimeOffset? LastUsed => Owners.IsEmpty ? null : Owners[0].LastUsed;
}

/// <summary>What was removed.</summary>
/// <param name="Owners">Projects that are owners no longer.</param>
/// <param name="Removed">Caches that went, as they stood.</param>
/// <param name="TrimmedBytes">What was removed from caches that stay.</param>
/// <param name="InUse">Names of caches without an owner that stay for now, since a step uses them.</param>
public sealed record ToolCacheRemoval(int Owners, ImmutableArray<ToolCacheInfo> Removed, long TrimmedBytes, ImmutableArray<string> InUse);
