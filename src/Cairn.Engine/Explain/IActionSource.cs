using System.Collections.Immutable;

using Cairn.Core.Actions;

namespace Cairn.Engine.Explain;

/// <summary>The actions of a project's runs, by their digests as events have them.</summary>
public interface IActionSource
{
    /// <summary>What changed from one action to another. Null where one of them is not known.</summary>
    ActionDifference? Compare(string before, string after);

    /// <summary>The declared outputs of an action; null where it is not known.</summary>
    ImmutableArray<string>? Outputs(string action);
}

/// <summary>A change of a job's action, with what the job's run tells about it.</summary>
/// <param name="Change">The change.</param>
/// <param name="MadeBy">Of an input: the needed job whose outputs it is one of; null for a source file.</param>
public sealed record JobChange(ActionChange Change, string? MadeBy = null);

/// <summary>The changes of a job's action.</summary>
/// <param name="Changes">The command first, then the environment, the platform and the outputs, the inputs last.</param>
/// <param name="IsComplete">Whether these are all.</param>
public sealed record JobChanges(ImmutableArray<JobChange> Changes, bool IsComplete)
{
    /// <summary>No changes.</summary>
    public static JobChanges None { get; } = new([], IsComplete: true);
}
