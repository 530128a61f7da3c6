using Cairn.Cli.Terminal;

namespace Cairn.Cli.Doctor;

/// <summary>What can be done in a folder, found out by doing it; nothing is left behind and no folder is made.</summary>
/// <param name="Folder">The folder, or the nearest one above that exists.</param>
/// <param name="Problem">Why nothing can be written there, or null.</param>
/// <param name="FreeBytes">What its disk has left for this user, or null.</param>
/// <param name="IsCaseSensitive">Whether <c>a</c> and <c>A</c> are two files.</param>
/// <param name="Written">The file system's time when the probe was written.</param>
internal sealed record FolderProbe(string Folder, string? Problem, long? FreeBytes, bool IsCaseSensitive, DateTimeOffset? Written)
{
    /// <summary>The command that mends the problem, or null.</summary>
    public string? Remedy { get; private init; }

    public static FolderProbe Try(string path)
    {
        var folder = path;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } above)
        {
            if (File.Exists(folder))
            {
                return new FolderProbe(folder, "a file stands where the folder should be", null, IsCaseSensitive: true, null) { Remedy = $"mv {ShellText.Quote(folder)} {ShellText.Quote(folder + ".old")}" };
            }

            folder = above;
        }

        var probe = Path.Combine(folder, $".cairn-doctor-{Environment.ProcessId}.tmp");
        try
        {
            try
            {
                File.WriteAllText(probe, "");
                var isSensitive = !File.Exists(Path.Combine(folder, Path.GetFileName(probe).ToUpperInvariant()));
                return new FolderProbe(folder, null, new DriveInfo(folder).AvailableFreeSpace, isSensitive, new DateTimeOffset(File.GetLastWriteTimeUtc(probe), TimeSpan.Zero));
            }
            finally
            {
                File.Delete(probe);
            }
        }
        catch (UnauthorizedAccessException)
        {
            // Never a change of owner above the folder itself: that may be the root of the machine.
            var remedy = folder == path ? $"sudo chown -R \"$(id -un)\" {ShellText.Quote(path)}" : $"sudo install -d -o \"$(id -un)\" {ShellText.Quote(path)}";
            return new FolderProbe(folder, $"no permission to write{(folder == path ? "" : $" in {folder}")}", null, IsCaseSensitive: true, null) { Remedy = remedy };
        }
        catch (IOException)
        {
            return new FolderProbe(folder, $"cannot be written{(folder == path ? "" : $" in {folder}")}: the disk is full or read-only", null, IsCaseSensitive: true, null) { Remedy = $"df -h {ShellText.Quote(folder)}" };
        }
    }
}
