using Cairn.Core;
using Cairn.Core.Events;

namespace Cairn.Engine;

/// <summary>Which pipe bytes came from.</summary>
public enum OutputSource
{
    /// <summary>Standard output.</summary>
    Stdout,

    /// <summary>Standard error.</summary>
    Stderr,
}

/// <summary>
/// Looks on while a run happens. Calls come one at a time, in order, from the run's own loop or its output thread; they must return
/// quickly and never throw, since what they do delays the run.
/// </summary>
public interface IRunObserver
{
    /// <summary>Something happened. The same events, in the same order, stand in <c>events.ndjson</c>.</summary>
    void OnEvent(RunEvent runEvent);

    /// <summary>A job (or <c>service:NAME</c>) wrote bytes; already redacted. The span is valid during the call only.</summary>
    void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes);
}
