using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Expressions;

namespace Cairn.Engine.Preparation;

/// <summary>What git tells of a project, asked once for a run.</summary>
public sealed record GitState
{
    /// <summary>Whether the project stands in a git repository that git can read.</summary>
    public bool Present { get; init; }

    /// <summary>Why git's answer is missing although there is a repository, or null.</summary>
    public string? Problem { get; init; }

    /// <summary>The commit, 40 or 64 hex digits; null before the first.</summary>
    public string? Commit { get; init; }

    /// <summary>The branch; null where HEAD is detached.</summary>
    public string? Branch { get; init; }

    /// <summary>A tag at the commit, or null.</summary>
    public string? Tag { get; init; }

    /// <summary>Whether tracked files differ from the commit.</summary>
    public bool? Dirty { get; init; }

    /// <summary>The commit's subject, or null.</summary>
    public string? Message { get; init; }

    /// <summary>The commit's author: <c>Name &lt;mail&gt;</c>, or null.</summary>
    public string? Author { get; init; }

    /// <summary>Tracked files below the project, relative to it, sorted; null where they are not known.</summary>
    public ImmutableArray<string>? Tracked { get; init; }

    /// <summary>What was found out for the next run; null where git's program was asked for everything.</summary>
    internal Git.GitMemory? Memory { get; init; }

    /// <summary>The <c>git</c> root of expressions.</summary>
    public Value.Map ToValue()
    {
        if (!Present)
        {
            return new Value.Map([]);
        }

        static Value Text(string? text) => text is null ? Value.Null.Instance : Value.Of(text);
        return new Value.Map(
        [
            new("commit", Text(Commit)),
            new("short_commit", Text(Commit is { Length: > 12 } commit ? commit[..12] : Commit)),
            new("branch", Text(Branch)),
            new("tag", Text(Tag)),
            new("dirty", Dirty is { } dirty ? Value.Of(dirty) : Value.Null.Instance),
            new("message", Text(Message)),
            new("author", Text(Author)),
        ]);
    }

    /// <summary>Whether a path is tracked.</summary>
    public bool IsTracked(string path) => Tracked is { } tracked && tracked.BinarySearch(path, StringComparer.Ordinal) >= 0;

    /// <summary>The first tracked path below a folder, or null.</summary>
    public string? FirstTrackedBelow(string folder)
    {
        if (Tracked is not { } tracked)
        {
            return null;
        }

        var prefix = folder + "/";
        var at = tracked.BinarySearch(prefix, StringComparer.Ordinal);
        at = at < 0 ? ~at : at;
        return at < tracked.Length && tracked[at].StartsWith(prefix, StringComparison.Ordinal) ? tracked[at] : null;
    }

    /// <summary>The first tracked path that matches, or null.</summary>
    public string? FirstTrackedMatch(PathPatterns patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        foreach (var path in Tracked ?? [])
        {
            if (patterns.IsMatch(path))
            {
                return path;
            }
        }

        return null;
    }
}
