using System.Runtime.InteropServices;

namespace Cairn.Cli;

/// <summary>What was built; <c>Version</c>, <c>Commit</c> and <c>Line</c> are constants that the build writes, so that asking for them costs nothing.</summary>
internal static partial class BuildInfo
{
    /// <summary>The runtime: <c>.NET 10.0.1</c>.</summary>
    public static string Runtime => RuntimeInformation.FrameworkDescription;

    /// <summary>The system: <c>linux-x64</c>.</summary>
    public static string System => RuntimeInformation.RuntimeIdentifier;
}
