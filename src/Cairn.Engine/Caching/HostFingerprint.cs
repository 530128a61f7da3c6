using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Execution;

namespace Cairn.Engine.Caching;

/// <summary>
/// What a step in <c>process</c> isolation sees of the machine whatever it declares: the distribution, the architecture and the C library. Another
/// machine with the same three may still have other programs; such results never leave the machine.
/// </summary>
internal static class HostFingerprint
{
    private const string OsRelease = "/etc/os-release";
    private const string OsReleaseFallback = "/usr/lib/os-release";

    /// <summary>The machine's processor, in the words of the Linux kernel.</summary>
    public static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The machine's name.</summary>
    public static string MachineName { get; } = Environment.MachineName;

    /// <summary><c>NAME VERSION glibc N.NN DIGEST</c>: readable, and different where any part of os-release is.</summary>
    public static string Read()
    {
        var path = File.Exists(OsRelease) ? OsRelease : OsReleaseFallback;
        var content = File.Exists(path) ? File.ReadAllBytes(path) : [];
        var name = "linux";
        foreach (var line in System.Text.Encoding.UTF8.GetString(content).Split('\n'))
        {
            if (line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))
            {
                name = line["PRETTY_NAME=".Length..].Trim('"');
            }
        }

        return $"{name}, glibc {HostLibrary.Version}, os-release {Digest.Of(content).Hash[..12]}";
    }
}
