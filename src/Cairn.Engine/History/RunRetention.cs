using Cairn.Core;
using Cairn.Store.Files;

namespace Cairn.Engine.History;

/// <summary>Removes the records of old runs, with what they moved to the trash.</summary>
internal static class RunRetention
{
    /// <summary>Keeps the newest, less those from before a time; a run that goes on is never touched.</summary>
    public static void Prune(string projectDirectory, int keep, DateTimeOffset? keepSince = null)
    {
        var runs = RunDirectory.RunsDirectory(projectDirectory);
        var ids = new List<string>();
        foreach (var path in Directory.EnumerateDirectories(runs))
        {
            if (RunId.TryParse(Path.GetFileName(path), out var id))
            {
                ids.Add(id.Value);
            }
        }

        // Ids begin with the time, so their order is that of time.
        ids.Sort(StringComparer.Ordinal);
        var oldest = keepSince is { } since ? RunId.Create(since, 0).Value : "";
        var removed = Math.Max(ids.Count - keep, ids.Count(id => string.CompareOrdinal(id, oldest) < 0));
        if (removed <= 0)
        {
            return;
        }

        using var runsHandle = DirectoryHandle.Open(runs);
        var trash = Path.Combine(RunDirectory.StateDirectory(projectDirectory), "trash");
        using var trashHandle = Directory.Exists(trash) ? DirectoryHandle.Open(trash) : null;
        foreach (var id in ids.Take(removed))
        {
            if (!FileLock.IsHeld(EventLog.LockPath(RunDirectory.EventsFile(Path.Combine(runs, id)))))
            {
                runsHandle.RemoveTree(id);
                trashHandle?.RemoveTree(id);
            }
        }
    }
}
