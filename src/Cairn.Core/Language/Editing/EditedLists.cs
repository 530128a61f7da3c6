namespace Cairn.Core.Language.Editing;

/// <summary>The lists of a step that an edit sets; null leaves one as it is.</summary>
public sealed record EditedLists
{
    /// <summary>Its <c>needs</c>.</summary>
    public IReadOnlyList<string>? Needs { get; init; }

    /// <summary>Its <c>inputs</c>.</summary>
    public IReadOnlyList<string>? Inputs { get; init; }

    /// <summary>Its <c>outputs</c>.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }

    /// <summary>Those that are set, in the order in which they are written.</summary>
    internal IEnumerable<(string Key, IReadOnlyList<string> Values)> Set
    {
        get
        {
            if (Needs is not null)
            {
                yield return ("needs", Needs);
            }

            if (Inputs is not null)
            {
                yield return ("inputs", Inputs);
            }

            if (Outputs is not null)
            {
                yield return ("outputs", Outputs);
            }
        }
    }
}

/// <summary>A file after an edit, or why it was not done.</summary>
/// <param name="Text">All of it; null where it cannot be edited safely.</param>
/// <param name="Problem">Why not; null where it was done.</param>
public sealed record StepEdit(string? Text, string? Problem);
