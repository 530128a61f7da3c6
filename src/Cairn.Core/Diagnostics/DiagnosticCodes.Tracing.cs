namespace Cairn.Core.Diagnostics;

/// <content>What <c>cairn trace</c> says: <c>CAIRN0595</c> to <c>CAIRN0599</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>The program that observes processes is not installed.</summary>
    public const string TracerMissing = "CAIRN0595";

    /// <summary>The machine does not let one process observe another.</summary>
    public const string TracingRefused = "CAIRN0596";

    /// <summary>What the tracer wrote cannot be read.</summary>
    public const string TraceUnreadable = "CAIRN0597";

    /// <summary>A proposal was not written into the pipeline.</summary>
    public const string TraceNotWritten = "CAIRN0598";

    /// <summary>The step that was observed failed.</summary>
    public const string TracedStepFailed = "CAIRN0599";
}
