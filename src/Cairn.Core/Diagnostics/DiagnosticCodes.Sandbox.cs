namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A step has limits, but runs without a sandbox, which alone can hold them.</summary>
    public const string LimitsNeedSandbox = "CAIRN0580";

    /// <summary>A step is to have less than the machine's network, but runs without a sandbox.</summary>
    public const string NetworkNeedsSandbox = "CAIRN0581";

    /// <summary>A step asks for a kind of network that cannot be given.</summary>
    public const string NetworkUnavailable = "CAIRN0582";

    /// <summary>A step succeeded although it ran into a limit.</summary>
    public const string LimitReached = "CAIRN0583";
}
