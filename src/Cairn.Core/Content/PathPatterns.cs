using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>A list of globs over paths relative to the project, with <c>/</c> between segments; later ones win over earlier ones.</summary>
public sealed partial class PathPatterns
{
    /// <summary>Matches nothing.</summary>
    public static PathPatterns None { get; } = new([]);

    /// <summary>Takes globs; a leading <c>!</c> was already turned into <see cref="PathPattern.Exclude"/>.</summary>
    public PathPatterns(ImmutableArray<PathPattern> patterns) => Patterns = patterns;

    /// <summary>The globs in order.</summary>
    public ImmutableArray<PathPattern> Patterns { get; }

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => Patterns.IsEmpty;
}

/// <summary>One glob.</summary>
/// <param name="Glob">The glob.</param>
/// <param name="Exclude">Whether matching paths are taken out again.</param>
public sealed record PathPattern(Glob Glob, bool Exclude);
