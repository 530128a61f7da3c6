using System.Globalization;

namespace Cairn.Core.Tracing;

/// <summary>The folder that each process of a trace is in. Threads have it in common; a child begins in its parent's, also where its first calls are shown before the call that made it.</summary>
internal sealed class TraceFolders
{
    private readonly List<Birth> _births;
    private readonly Dictionary<int, Folder> _folders = [];
    private readonly Folder _first;
    private int _next;

    private TraceFolders(List<Birth> births, string first)
    {
        _births = births;
        _first = new Folder { Path = first };
    }

    private readonly record struct Birth(int Line, int Parent, int Child, bool Shares);

    private sealed class Folder
    {
        public required string Path { get; set; }
    }

    /// <summary>How many processes and threads there were.</summary>
    public int Processes => _births.Count + 1;

    /// <summary>Finds who made whom.</summary>
    public static TraceFolders Read(IEnumerable<string> lines, string first)
    {
        var births = new List<Birth>();
        var reader = new StraceReader();
        foreach (var line in lines)
        {
            if (reader.Read(line) is { Name: "clone" or "clone3" or "fork" or "vfork" } call && int.TryParse(call.Result.AsSpan().TrimEnd(' '), NumberStyles.None, CultureInfo.InvariantCulture, out var child))
            {
                births.Add(new Birth(call.BegunAt, call.Process, child, call.Arguments.Any(static a => a.Contains("CLONE_FS", StringComparison.Ordinal))));
            }
        }

        births.Sort(static (a, b) => a.Line.CompareTo(b.Line));
        return new TraceFolders(births, first);
    }

    /// <summary>Lets all be born whose birth began up to a line.</summary>
    public void ComeTo(int line)
    {
        for (; _next < _births.Count && _births[_next].Line <= line; _next++)
        {
            var birth = _births[_next];
            var parent = Find(birth.Parent);
            _folders[birth.Child] = birth.Shares ? parent : new Folder { Path = parent.Path };
        }
    }

    /// <summary>The folder of a process.</summary>
    public string Of(int process) => Find(process).Path;

    /// <summary>A process goes to a folder, or is seen in it.</summary>
    public void Enter(int process, string folder) => Find(process).Path = folder;

    private Folder Find(int process)
    {
        if (!_folders.TryGetValue(process, out var folder))
        {
            // The first process, or one whose maker was killed while it made it.
            _folders[process] = folder = _folders.Count == 0 ? _first : new Folder { Path = _first.Path };
        }

        return folder;
    }
}
