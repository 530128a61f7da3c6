using Cairn.Core.Content;

namespace Cairn.Core.Tracing;

/// <summary>What a proposal is made from, besides what was observed: the step's declarations and the files around it. Paths are relative to the project.</summary>
public sealed record TraceSubject
{
    /// <summary>The files that inputs can name: the project's, without what steps make.</summary>
    public required IReadOnlyCollection<string> Sources { get; init; }

    /// <summary>Those among the sources that the default inputs leave out.</summary>
    public required IReadOnlySet<string> PipelineFiles { get; init; }

    /// <summary>Files that stood there and that other steps make, with the name of the step.</summary>
    public required IReadOnlyDictionary<string, string> Provided { get; init; }

    /// <summary>The steps that the step needs.</summary>
    public required IReadOnlySet<string> Needs { get; init; }

    /// <summary>The inputs that it declares; null for the default.</summary>
    public PathPatterns? Inputs { get; init; }

    /// <summary>The outputs that it declares.</summary>
    public required PathPatterns Outputs { get; init; }

    /// <summary>The files and links that it left where none had been.</summary>
    public required IReadOnlyCollection<string> Left { get; init; }

    /// <summary>Files that it had been given and left changed or removed.</summary>
    public required IReadOnlyCollection<string> Changed { get; init; }

    /// <summary>The other step among whose declared outputs a path is, or null.</summary>
    public required Func<string, string?> MakerOf { get; init; }

    /// <summary>Whether a path exists in the project though the step could not see it.</summary>
    public required Func<string, bool> IsHidden { get; init; }

    /// <summary>Whether the step failed: then what it did not do says nothing.</summary>
    public bool Failed { get; init; }

    /// <summary>Whether a path is tracked by version control.</summary>
    public required Func<string, bool> IsTracked { get; init; }
}

/// <summary>A declaration of a step, and what it would be by what was observed.</summary>
public sealed record TracedPaths
{
    /// <summary>As it is declared; null where it is not.</summary>
    public required IReadOnlyList<string>? Declared { get; init; }

    /// <summary>As it is proposed.</summary>
    public required IReadOnlyList<string> Proposed { get; init; }

    /// <summary>The files that were observed, sorted.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Those among them that are not declared.</summary>
    public required IReadOnlyList<string> Undeclared { get; init; }

    /// <summary>Declared globs that none of them matches.</summary>
    public required IReadOnlyList<string> Unused { get; init; }

    /// <summary>Whether the proposal is another than what is declared.</summary>
    public bool IsChanged => Declared is null ? !IsSetByDefault : !Declared.SequenceEqual(Proposed, StringComparer.Ordinal);

    /// <summary>Whether leaving the declaration out means the same as the proposal.</summary>
    public bool IsSetByDefault { get; init; }
}

/// <summary>What a step should declare by what it was seen to do.</summary>
public sealed record TraceProposal
{
    /// <summary>What it reads.</summary>
    public required TracedPaths Inputs { get; init; }

    /// <summary>What it leaves.</summary>
    public required TracedPaths Outputs { get; init; }

    /// <summary>Steps whose outputs it reads and that it does not need yet, sorted.</summary>
    public required IReadOnlyList<string> Needs { get; init; }

    /// <summary>What a person should know besides, in sentences.</summary>
    public required IReadOnlyList<string> Hints { get; init; }

    /// <summary>Whether it differs from what is declared.</summary>
    public bool IsChanged => Inputs.IsChanged || Outputs.IsChanged || Needs.Count > 0;
}
