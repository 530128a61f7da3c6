using System.Collections.Immutable;

using Cairn.Core.Scheduling;

namespace Cairn.Core.Events;

/// <summary>
/// The names under which handlers find an event: its type, and what else a person would call it. <c>cache.hit</c> is no event of its own but a name of the <c>step.completed</c> that a hit
/// brings, so that the record of a run in which nothing changed is not twice as long.
/// </summary>
public static class EventNames
{
    /// <summary>Every name that an event can have.</summary>
    public static ImmutableArray<string> All { get; } =
    [
        "pipeline.started", "pipeline.extended", "pipeline.finished", "pipeline.completed", "pipeline.failed", "pipeline.cancelled",
        "step.started", "step.retrying", "step.fetched", "step.completed", "step.failed", "step.skipped", "step.cancelled",
        "cache.hit", "cache.miss", "signature.created", "verification.completed", "verification.failed",
        "service.started", "service.ready", "service.stopped", "lock.waiting", "lock.acquired", "warning",
    ];

    /// <summary>The names of an event, the one that says most first.</summary>
    public static ImmutableArray<string> Of(RunEvent runEvent)
    {
        ArgumentNullException.ThrowIfNull(runEvent);
        var type = RunEventWriter.TypeOf(runEvent);
        return runEvent switch
        {
            PipelineFinished finished => [NameOf(finished.Status), type],
            VerificationCompleted { Artifact.Conclusion: not VerifiedArtifact.Passed } => ["verification.failed", type],
            StepFinished { Cache.State: CacheState.Hit } => [type, "cache.hit"],
            StepFinished { Cache.State: CacheState.Miss } => [type, "cache.miss"],
            _ => [type],
        };
    }

    private static string NameOf(RunStatus status) => status switch
    {
        RunStatus.Succeeded => "pipeline.completed",
        RunStatus.Failed => "pipeline.failed",
        RunStatus.Cancelled => "pipeline.cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A run cannot end so"),
    };
}

/// <summary>A name with <c>*</c> for any characters, none among them: <c>step.*</c>, <c>release/*</c>.</summary>
/// <param name="Text">The pattern as it was written.</param>
public readonly record struct NamePattern(string Text)
{
    /// <summary>Whether a name is one of those that are meant. Takes time in proportion to both lengths at most.</summary>
    public bool IsMatch(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var (at, star, mark) = (0, -1, 0);
        for (var i = 0; i < name.Length;)
        {
            if (at < Text.Length && Text[at] == '*')
            {
                (star, mark) = (at++, i);
            }
            else if (at < Text.Length && Text[at] == name[i])
            {
                at++;
                i++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                i = ++mark;
            }
            else
            {
                return false;
            }
        }

        while (at < Text.Length && Text[at] == '*')
        {
            at++;
        }

        return at == Text.Length;
    }

    /// <summary>Whether one of the patterns means one of the names.</summary>
    public static bool IsAnyMatch(ImmutableArray<NamePattern> patterns, params ReadOnlySpan<string> names)
    {
        foreach (var pattern in patterns)
        {
            foreach (var name in names)
            {
                if (pattern.IsMatch(name))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
