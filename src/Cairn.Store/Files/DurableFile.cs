namespace Cairn.Store.Files;

/// <summary>Replaces a file so that a crash leaves the old content or the new, never a part.</summary>
public static class DurableFile
{
    /// <summary>Writes beside the target, syncs, renames, syncs the folder.</summary>
    /// <param name="path">The target, absolute.</param>
    /// <param name="content">All of it.</param>
    /// <param name="durable">False where losing the newest version in a crash is no harm: then nothing is synced, but it is atomic still.</param>
    /// <param name="mode">Its permissions; null for what the umask leaves.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, bool durable = true, UnixFileMode? mode = null)
    {
        var folder = Path.GetDirectoryName(path) ?? throw new ArgumentException($"`{path}` has no folder", nameof(path));
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                if (mode is { } permissions)
                {
                    File.SetUnixFileMode(handle, permissions);
                }

                RandomAccess.Write(handle, content, 0);
                if (durable)
                {
                    RandomAccess.FlushToDisk(handle);
                }
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        if (durable)
        {
            using var directory = DirectoryHandle.Open(folder);
            directory.Sync();
        }
    }
}
