using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Events;

namespace Cairn.Core.Actions;

/// <summary>A file or link that an action made.</summary>
/// <param name="Path">Relative to the project.</param>
/// <param name="Digest">Its content; of a link, <see cref="Digest.Empty"/>.</param>
/// <param name="Executable">Whether its owner may execute it.</param>
/// <param name="Target">Where the link leads; null for a file.</param>
public readonly record struct OutputFile(string Path, Digest Digest, bool Executable, string? Target = null);

/// <summary>What an action that succeeded left behind: enough to stand in for an execution.</summary>
public sealed record ActionResult
{
    /// <summary>The action.</summary>
    public required Digest Action { get; init; }

    /// <summary>Every file and link that matched the declared outputs, sorted by the bytes of their paths.</summary>
    public ImmutableArray<OutputFile> Outputs { get; init; } = [];

    /// <summary>The log as it was stored, after redaction; null where nothing was written.</summary>
    public Digest? Log { get; init; }

    /// <summary>The log's index (streams and times), or null.</summary>
    public Digest? LogIndex { get; init; }

    /// <summary>Step outputs from <c>$CAIRN_OUTPUT</c>, after redaction.</summary>
    public ImmutableSortedDictionary<string, string> StepOutputs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The content of <c>$CAIRN_SUMMARY</c>, or null.</summary>
    public Digest? Summary { get; init; }

    /// <summary>Test counts, or null.</summary>
    public TestCounts? Tests { get; init; }

    /// <summary>What the execution used.</summary>
    public required ResourceUse Resources { get; init; }

    /// <summary>The execution it comes from.</summary>
    public required ActionOrigin Origin { get; init; }
}

/// <summary>Where and when an action was executed.</summary>
/// <param name="Run">The run.</param>
/// <param name="Job">The job's id there.</param>
/// <param name="Time">When it ended, UTC, to the millisecond.</param>
/// <param name="Host">The machine.</param>
/// <param name="Project">The project's folder there.</param>
public sealed record ActionOrigin(string Run, string Job, DateTimeOffset Time, string Host, string Project);
