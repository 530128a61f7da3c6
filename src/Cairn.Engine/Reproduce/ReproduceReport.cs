using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Events;

namespace Cairn.Engine.Reproduce;

/// <summary>What a caller wants to have executed again.</summary>
public sealed record ReproduceRequest
{
    /// <summary>The project and the machine's settings, as for a run.</summary>
    public required RunRequest Run { get; init; }

    /// <summary>The jobs, as some run recorded them.</summary>
    public required ImmutableArray<RecordedJob> Jobs { get; init; }

    /// <summary>What is varied.</summary>
    public Variations Vary { get; init; } = VariationNames.All;

    /// <summary>How often each job is executed as it was recorded, and varied.</summary>
    public int Times { get; init; } = 1;
}

/// <summary>A job that a run executed.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Job">The job's id.</param>
/// <param name="Step">Its step.</param>
/// <param name="Action">The digest of its action, as the record has it.</param>
public sealed record RecordedJob(string Run, string Job, string Step, string Action)
{
    /// <summary>How its run began; null where that is not recorded here.</summary>
    public PipelineStarted? Started { get; init; }
}

/// <summary>What came of a job.</summary>
public enum ReproduceVerdict
{
    /// <summary>Every execution made the same.</summary>
    Identical,

    /// <summary>Executions made different things.</summary>
    Differs,

    /// <summary>It could not be executed again.</summary>
    Refused,
}

/// <summary>A job that was executed again.</summary>
/// <param name="Recorded">What was recorded.</param>
/// <param name="Verdict">What came of it.</param>
public sealed record JobReproduction(RecordedJob Recorded, ReproduceVerdict Verdict)
{
    /// <summary>Why it was refused, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>What a person should know before relying on the verdict.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>What was varied.</summary>
    public Variations Varied { get; init; }

    /// <summary>Whether the recorded result was there to compare with.</summary>
    public bool ComparedWithRecord { get; init; }

    /// <summary>How often it was executed.</summary>
    public int Executions { get; init; }

    /// <summary>How many files and step outputs it makes.</summary>
    public int Files { get; init; }

    /// <summary>The files that differ, sorted by path.</summary>
    public ImmutableArray<FileDifference> Differences { get; init; } = [];

    /// <summary>What the first execution made, with nothing varied; null where it failed.</summary>
    public ActionResult? Made { get; init; }
}

/// <summary>Why a file differs.</summary>
public enum DifferenceCause
{
    /// <summary>Variations, named beside it.</summary>
    Varied,

    /// <summary>Nothing but chance: two executions that began together, with nothing varied, made different things.</summary>
    Itself,

    /// <summary>The recorded result is another, and no variation explains it.</summary>
    Recorded,

    /// <summary>It differed, and not again when the cause was looked for.</summary>
    Unknown,
}

/// <summary>A file that differs.</summary>
/// <param name="Path">Its path in the project; of a step that failed, <c>(exit)</c>; of a step output, <c>output:KEY</c>.</param>
/// <param name="Cause">Why.</param>
/// <param name="Variations">The variations each of which changes it; where <paramref name="Together"/>, those that change it only together.</param>
/// <param name="Together">Whether one variation alone does not change it.</param>
/// <param name="What">What differs, in words.</param>
/// <param name="Detail">Lines that show the difference; may be empty.</param>
public sealed record FileDifference(string Path, DifferenceCause Cause, Variations Variations, bool Together, string What, ImmutableArray<string> Detail);
