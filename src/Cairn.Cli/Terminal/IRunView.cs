using Cairn.Core;
using Cairn.Core.Events;
using Cairn.Engine;

namespace Cairn.Cli.Terminal;

/// <summary>A way to show a run: events, bytes and times in, text out. Pure; not safe for use by several threads.</summary>
internal interface IRunView
{
    /// <summary>Bytes that wait for the next <see cref="Render"/>.</summary>
    int PendingBytes { get; }

    /// <summary>Takes an event.</summary>
    void OnEvent(RunEvent runEvent, TimeSpan now);

    /// <summary>Takes what a job wrote.</summary>
    void OnOutput(JobId job, OutputSource source, ReadOnlySpan<byte> bytes, DateTimeOffset time);

    /// <summary>Says something to the person, such as that Ctrl-C was heard.</summary>
    void OnNotice(string text);

    /// <summary>Appends what shall be written now.</summary>
    void Render(ByteText output, TimeSpan now, TerminalSize size);

    /// <summary>Appends what leaves the terminal as it should be, whatever happened.</summary>
    void Close(ByteText output, TerminalSize size);
}

/// <summary>What views need besides events.</summary>
internal sealed record ViewOptions
{
    /// <summary>Colours and signs.</summary>
    public required Style Style { get; init; }

    /// <summary>Expected durations by job id.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Expected { get; init; } = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);

    /// <summary>What proposed commands need so that they mean this project, such as <c> -C samples/hello-c</c>.</summary>
    public string CommandSuffix { get; init; } = "";

    /// <summary>What a proposed <c>cairn run</c> needs to mean this pipeline with these parameters.</summary>
    public string RunSuffix { get; init; } = "";

    /// <summary>Lines shown of a failing job.</summary>
    public int TailLines { get; init; } = 40;

    /// <summary>Whether to tell where the root of a failed step is kept.</summary>
    public bool ShowRoot { get; init; }
}
