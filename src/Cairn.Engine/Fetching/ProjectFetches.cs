using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Toolchains;

namespace Cairn.Engine.Fetching;

/// <summary>What the fetch steps of a project brought, as its lock has it, and what a run adds to that. Thread-safe.</summary>
public sealed class ProjectFetches
{
    private readonly Lock _gate = new();
    private readonly List<FetchOutcome> _outcomes = [];

    private ProjectFetches(FetchLock content, string? lockProblem)
    {
        Lock = content;
        LockProblem = lockProblem;
    }

    /// <summary>Those of a project without any.</summary>
    public static ProjectFetches None => new(FetchLock.Empty, null);

    /// <summary>The pins; empty where there are none or they cannot be read.</summary>
    public FetchLock Lock { get; }

    /// <summary>Why the lock cannot be read, or null.</summary>
    public string? LockProblem { get; }

    /// <summary>What this run fetched and what it found pinned, in the order of jobs.</summary>
    public ImmutableArray<FetchOutcome> Outcomes
    {
        get
        {
            lock (_gate)
            {
                return [.. _outcomes.OrderBy(static o => o.Pin.Job, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>What memos depend on: two texts that are equal stand for the same pins.</summary>
    internal string Key
    {
        get
        {
            var text = new StringBuilder();
            foreach (var pin in Lock.Pins)
            {
                text.Append(pin.Job).Append(' ').Append(pin.Asked.Hash).Append(' ').Append(pin.Tree.Hash).Append('\n');
            }

            return text.ToString();
        }
    }

    /// <summary>Reads the lock of a project whose pipeline fetches.</summary>
    public static ProjectFetches Load(ProjectLock file, Pipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(pipeline);
        foreach (var step in pipeline.Steps)
        {
            if (step.Fetch is not null || step.Generates is not null)
            {
                return file.TryReadFetches(out var problem) is { } content ? new ProjectFetches(content, null) : new ProjectFetches(FetchLock.Empty, problem);
            }
        }

        return None;
    }

    /// <summary>Notes how a job's fetch ended.</summary>
    internal void Record(FetchOutcome outcome)
    {
        lock (_gate)
        {
            _outcomes.RemoveAll(o => string.Equals(o.Pin.Job, outcome.Pin.Job, StringComparison.Ordinal));
            _outcomes.Add(outcome);
        }
    }

    /// <summary>Writes what is new into the lock, and leaves out pins of steps that fetch no longer. Throws <see cref="IOException"/>.</summary>
    internal void Save(string projectDirectory, Plan plan)
    {
        var content = Lock;
        foreach (var outcome in Outcomes)
        {
            content = outcome.State is FetchState.Pinned ? content.With(outcome.Pin) : content;
        }

        // Only a plan that was run to its end tells what generated steps there are.
        if (!plan.Pipeline.Steps.Any(static s => s.Generates is not null))
        {
            var steps = plan.Pipeline.Steps.Where(static s => s.Fetch is not null).Select(static s => s.Name.Value).ToHashSet(StringComparer.Ordinal);
            content = new FetchLock([.. content.Pins.Where(p => steps.Contains(StepOf(p.Job)))]);
        }

        ProjectLock.Write(projectDirectory, content);
    }

    /// <summary>Adds what is wrong with the pins of the steps that a run executes, each step once.</summary>
    internal void Check(RunRequest request, Plan plan, IReadOnlyList<string?> leftOut, DiagnosticBag diagnostics)
    {
        if (request.InspectOnly)
        {
            return;
        }

        Step? last = null;
        foreach (var job in plan.Jobs)
        {
            if (job.Step.Fetch is null || leftOut[job.Index] is not null || job.SkippedByPlan || ReferenceEquals(job.Step, last))
            {
                continue;
            }

            if (LockProblem is not null)
            {
                diagnostics.Add(Error(DiagnosticCodes.FetchLockInvalid, job, $"`{ToolchainLock.FileName}` cannot be used: {LockProblem}", $"take it from version control, or remove it and run `cairn fetch`{(plan.Pipeline.Toolchains.IsEmpty ? "" : " and `cairn toolchain lock`")}"));
                return;
            }

            // A condition that is not decided yet may spare it.
            if (request.Pinning is null && (job.Step.Condition is null || job.ConditionHolds) && Lock.Find(job.Id.Value) is null)
            {
                diagnostics.Add(Error(DiagnosticCodes.FetchNotPinned, job, NotPinned(job), Remedy(job)));
                last = job.Step;
            }
        }
    }

    /// <summary>What is wrong where a job has no pin.</summary>
    internal static string NotPinned(Job job) => $"`{job.Id}` fetches from the network, and `{ToolchainLock.FileName}` does not say yet what";

    /// <summary>What pins a job.</summary>
    internal static string Remedy(Job job) => $"run `cairn fetch {job.Step.Name}` and keep `{ToolchainLock.FileName}` with the pipeline";

    private static string StepOf(string job)
    {
        var bracket = job.IndexOf('[', StringComparison.Ordinal);
        return bracket < 0 ? job : job[..bracket];
    }

    private static Diagnostic Error(string code, Job job, string message, string suggestion) => new(code, DiagnosticSeverity.Error, message, job.Step.Span, suggestion);
}

/// <summary>What became of a fetch.</summary>
public enum FetchState
{
    /// <summary>It is pinned, and the store had it.</summary>
    Current,

    /// <summary>It is pinned, the store did not have it, and what the hosts sent is the same.</summary>
    Verified,

    /// <summary>It was fetched and is pinned from now on.</summary>
    Pinned,
}

/// <summary>How a fetch ended.</summary>
/// <param name="State">What became of it.</param>
/// <param name="Pin">What was fetched, or stands pinned.</param>
/// <param name="Before">What was pinned before, where that was something else; null otherwise.</param>
public sealed record FetchOutcome(FetchState State, FetchPin Pin, FetchPin? Before)
{
    /// <summary>How many files are new; null where what was there before is not known.</summary>
    public int? Added { get; init; }

    /// <summary>How many files have changed.</summary>
    public int? Changed { get; init; }

    /// <summary>How many files are gone.</summary>
    public int? Removed { get; init; }
}

/// <summary>What <c>cairn fetch</c> asks of a run.</summary>
/// <param name="Update">Steps or jobs to fetch again although they are pinned.</param>
/// <param name="DryRun">Whether neither the lock nor the working tree is changed.</param>
public sealed record FetchPinning(ImmutableArray<string> Update, bool DryRun)
{
    internal bool Updates(Job job) => Update.Contains(job.Step.Name.Value, StringComparer.Ordinal) || Update.Contains(job.Id.Value, StringComparer.Ordinal);
}
