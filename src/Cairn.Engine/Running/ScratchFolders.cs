using System.Collections.Concurrent;

using Cairn.Store.Files;

namespace Cairn.Engine.Running;

/// <summary>A step's empty home, and the files it may write to beside it.</summary>
/// <param name="Home">The folder behind <c>HOME</c>.</param>
/// <param name="OutputFile">The file behind <c>CAIRN_OUTPUT</c>; made by the step.</param>
/// <param name="SummaryFile">The file behind <c>CAIRN_SUMMARY</c>; made by the step.</param>
/// <param name="ScriptFile">Where a long script is put.</param>
internal sealed record Scratch(string Home, string OutputFile, string SummaryFile, string ScriptFile);

/// <summary>
/// Gives each attempt an empty home. One that its step did not touch (the folder's status-change time tells) serves again: making and removing
/// folders costs more than a small step does.
/// </summary>
internal sealed class ScratchFolders : IDisposable
{
    private readonly DirectoryHandle _root;
    private readonly string _path;
    private readonly ConcurrentBag<(string Name, FileStat Fresh)> _free = [];
    private readonly ConcurrentDictionary<string, FileStat> _taken = new(StringComparer.Ordinal);
    private int _last;

    public ScratchFolders(string path)
    {
        _path = path;
        _root = DirectoryHandle.Open(path);
    }

    /// <summary>Takes what one attempt needs; <see cref="Return"/> gives it back.</summary>
    public Scratch Take(string attempt)
    {
        if (!_free.TryTake(out var home))
        {
            var name = $"home.{Interlocked.Increment(ref _last)}";
            Directory.CreateDirectory(Path.Combine(_path, name));
            home = (name, _root.TryStat(name) ?? throw new IOException($"`{_path}/{name}` vanished"));
        }

        _taken[home.Name] = home.Fresh;
        return new Scratch(Path.Combine(_path, home.Name), Path.Combine(_path, attempt + ".output"), Path.Combine(_path, attempt + ".summary"), Path.Combine(_path, attempt + ".script"));
    }

    /// <summary>Clears up after an attempt.</summary>
    public void Return(Scratch scratch)
    {
        var name = Path.GetFileName(scratch.Home);
        if (_taken.TryRemove(name, out var fresh) && _root.TryStat(name) == fresh && IsEmpty(name))
        {
            _free.Add((name, fresh));
        }
        else
        {
            _root.RemoveTree(name);
        }

        foreach (var file in (ReadOnlySpan<string>)[scratch.OutputFile, scratch.SummaryFile, scratch.ScriptFile])
        {
            // Whatever the step made of it: nothing, a file, or a folder.
            var leaf = Path.GetFileName(file);
            if (_root.TryStat(leaf) is not null)
            {
                _root.RemoveTree(leaf);
            }
        }
    }

    // Times are only as fine as the kernel's tick: what was written within it does not show in them.
    private bool IsEmpty(string name)
    {
        using var home = _root.TryOpen(name);
        return home is not null && home.List().Count == 0;
    }

    public void Dispose() => _root.Dispose();
}
