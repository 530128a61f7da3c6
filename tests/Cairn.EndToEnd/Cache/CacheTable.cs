using System.Collections.Immutable;

namespace Cairn.EndToEnd.Cache;

/// <summary>A line of the table: after a first run something happens, then a run shows these states.</summary>
/// <param name="Name">What happens, as the page of hits has it.</param>
/// <param name="Expected">The state of each job.</param>
/// <param name="Act">What happens; the run whose states count.</param>
internal sealed record CacheRow(string Name, string Expected, Func<CacheProject, Task<CacheRun>> Act)
{
    /// <summary>The pipeline; null for the standard one, which has run once.</summary>
    public string? Pipeline { get; init; }
}

/// <summary>Lines under a heading.</summary>
internal sealed record CacheSection(string Heading, params ImmutableArray<CacheRow> Rows);
