using Cairn.Core;
using Cairn.Execution.Files;

namespace Cairn.Engine.History;

/// <summary>Removes the records of old runs, with what they moved to the trash.</summary>
internal static class RunRetention
{
    /// <summary>Keeps the newest; a run that goes on is never touched.</summary>
    public static void Prune(string projectDirectory, int keep)
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

        if (ids.Count <= keep)
        {
            return;
        }

        ids.Sort(StringComparer.Ordinal);
        using var runsHandle = DirectoryHandle.Open(runs);
        var trash = Path.Combine(RunDirectory.StateDirectory(projectDirectory), "trash");
        using var trashHandle = Directory.Exists(trash) ? DirectoryHandle.Open(trash) : null;
        foreach (var id in ids.Take(ids.Count - keep))
        {
            if (!FileLock.IsHeld(EventLog.LockPath(RunDirectory.EventsFile(Path.Combine(runs, id)))))
            {
                runsHandle.RemoveTree(id);
                trashHandle?.RemoveTree(id);
            }
        }
    }
}
