using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

namespace Cairn.Core.Language.Model;

/// <summary>Whether and how the result of a step may be taken from an earlier run: <c>cache</c>.</summary>
public sealed record CachePolicy
{
    /// <summary>What a step has that says nothing.</summary>
    public static CachePolicy Default { get; } = new();

    /// <summary>False for <c>cache: false</c>: the step executes in every run.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary><c>key-extra</c>: a text that becomes part of the action; null for none.</summary>
    public Template? KeyExtra { get; init; }

    /// <summary><c>paths</c>: the tool caches that the step sees.</summary>
    public ImmutableArray<ToolCacheUse> Paths { get; init; } = [];
}

/// <summary>A folder that outlives steps: of a package manager or a compiler cache, say. Its content is never part of an action.</summary>
/// <param name="Name">Its name, which steps that share it use.</param>
/// <param name="Path">Where the step finds it, relative to its HOME when it starts with <c>~/</c>, else to the project.</param>
/// <param name="Shared">Whether all projects of the user share it by its name; otherwise it is the project's own.</param>
/// <param name="Span">Where it is declared.</param>
public sealed record ToolCacheUse(string Name, string Path, bool Shared, SourceSpan Span)
{
    /// <summary>Bytes after which the least recently used files go, or null for the store's own quota.</summary>
    public long? QuotaBytes { get; init; }

    /// <summary>Whether it stands in the project and not in the step's HOME.</summary>
    public bool IsInProject => ToolCachePaths.IsOfProject(Path);
}
