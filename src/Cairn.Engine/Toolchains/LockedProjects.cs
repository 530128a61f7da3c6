using System.Text;

using Cairn.Engine.Projects;
using Cairn.Store.Files;

namespace Cairn.Engine.Toolchains;

/// <summary>The projects whose toolchains must stay in the store: those that ran, and those that were only locked, which stand in a file of the state folder.</summary>
public sealed class LockedProjects(string stateDirectory)
{
    private readonly string _path = Path.Combine(stateDirectory, "toolchains", "projects");

    /// <summary>Notes that a project's toolchains were locked.</summary>
    public void Note(string projectDirectory)
    {
        ArgumentNullException.ThrowIfNull(projectDirectory);
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        using var turn = FileLock.TryAcquire(_path + ".lock", "toolchain");
        var all = Read();
        if (!projectDirectory.Contains('\n', StringComparison.Ordinal) && all.Add(projectDirectory))
        {
            DurableFile.Replace(_path, Encoding.UTF8.GetBytes(string.Concat(all.Where(Directory.Exists).Select(static path => path + "\n"))));
        }
    }

    /// <summary>The folders of all of them that are still there.</summary>
    public IReadOnlyCollection<string> List()
    {
        var all = Read();
        foreach (var project in new KnownProjects(stateDirectory).List())
        {
            all.Add(project.Path);
        }

        all.RemoveWhere(static path => !Directory.Exists(path));
        return all;
    }

    private SortedSet<string> Read() => new(File.Exists(_path) ? File.ReadAllLines(_path).Where(static line => line.StartsWith('/')) : [], StringComparer.Ordinal);
}
