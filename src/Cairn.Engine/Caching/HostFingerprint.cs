using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Engine.Isolation;
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

    // Where package managers note what is installed; each is written with every change.
    private static readonly string[] PackageRecords =
        ["/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages", "/var/lib/pacman/local", "/lib/apk/db/installed", "/usr/local/bin", "/usr/local/lib"];

    /// <summary>
    /// What a sandboxed step sees of the machine: as <see cref="Read"/>, and the state of its packages, by size and time of the package managers' records, and of the settings that
    /// belong to them. It is right for this machine only, as is what is made with it.
    /// </summary>
    public static string ReadWithPackages(string host)
    {
        var text = new System.Text.StringBuilder();
        foreach (var path in PackageRecords)
        {
            FileSystemInfo record = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
            if (record.Exists)
            {
                text.Append(path).Append(' ').Append((record as FileInfo)?.Length ?? 0).Append(' ').Append(record.LastWriteTimeUtc.Ticks).Append('\n');
            }
        }

        text.Append(BaseLayer.State());
        return $"{host}, packages {Digest.Of(System.Text.Encoding.UTF8.GetBytes(text.ToString())).Hash[..12]}";
    }

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
