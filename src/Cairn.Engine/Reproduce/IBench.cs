using System.Collections.Immutable;

using Cairn.Execution;

namespace Cairn.Engine.Reproduce;

/// <summary>Under which conditions a recipe is executed.</summary>
/// <param name="Vary">What is not as it was recorded.</param>
/// <param name="FrozenAt">The second since 1970 at which the clock stands still, later where the time is varied; null for a clock that goes.</param>
/// <param name="Longest">After which it is given up, as if it had failed.</param>
internal readonly record struct Conditions(Variations Vary, long? FrozenAt, TimeSpan Longest);

/// <summary>What executes recipes.</summary>
internal interface IBench
{
    /// <summary>Whether clocks can be set and made to stand still.</summary>
    bool MovesClocks { get; }

    /// <summary>A folder for files on their way to a person.</summary>
    string Scratch { get; }

    /// <summary>Values that must not be shown.</summary>
    ImmutableArray<string> Secrets { get; }

    /// <summary>Executes a recipe. Throws <see cref="IOException"/> with what the machine refuses, and <see cref="MissingInputException"/>.</summary>
    Task<Specimen> ExecuteAsync(Recipe recipe, Conditions conditions, CancellationToken cancellationToken);

    /// <summary>Runs a program of the machine over two hostile files, in a sandbox: it gets their names at the end of its arguments. Throws <see cref="IOException"/>.</summary>
    Task<CapturedOutput> ExamineAsync(ImmutableArray<string> program, string first, string second, int bytesMax, TimeSpan timeout, CancellationToken cancellationToken);
}
