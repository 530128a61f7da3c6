using System.Diagnostics;

#pragma warning disable RS0030 // Tests start real programs by the platform's own means, not by those under test.

namespace Cairn.Testing;

/// <summary>Runs a shell script for a test.</summary>
public static class Shell
{
    /// <summary>Runs a script file; its exit code.</summary>
    public static int Run(string scriptPath)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", [scriptPath]) { UseShellExecute = false, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode;
    }
}
