using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Store.Files;

namespace Cairn.Engine.Isolation;

/// <summary>
/// Why a sandboxed step may have failed: it looked for a file that the project has and its sandbox had not. Without observing the step this goes by the words of its log's end
/// and of its command.
/// </summary>
internal sealed class MissingInputs
{
    private const int LogBytesMax = 64 << 10;
    private const int FoundMax = 3;
    private const int FilesMax = 50_000;
    private const int NamesakesMax = 2;

    private readonly Plan _plan;
    private readonly Job _job;
    private readonly MerkleTree _inputs;
    private readonly DirectoryHandle _project;
    private readonly List<string> _found = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private List<string>? _files;
    private HashSet<string>? _inputFolders;

    private MissingInputs(Plan plan, Job job, MerkleTree inputs, DirectoryHandle project)
    {
        _plan = plan;
        _job = job;
        _inputs = inputs;
        _project = project;
    }

    /// <summary>Sentences, at most a few.</summary>
    /// <param name="plan">Who makes what.</param>
    /// <param name="job">The job that failed.</param>
    /// <param name="inputs">What it was given.</param>
    /// <param name="project">The working tree.</param>
    /// <param name="logPath">Its log; null or missing for none.</param>
    /// <param name="arguments">Its program and arguments.</param>
    /// <param name="workingDirectory">Its folder as it saw it.</param>
    public static List<string> Explain(Plan plan, Job job, MerkleTree inputs, DirectoryHandle project, string? logPath, IReadOnlyList<string> arguments, string workingDirectory)
    {
        var missing = new MissingInputs(plan, job, inputs, project);
        var folder = SoughtFiles.ToPath(workingDirectory, "") ?? "";
        foreach (var word in SoughtFiles.InLog(ReadEnd(logPath)))
        {
            missing.Look(word, folder);
        }

        // The first argument is the program; a script is among the others.
        foreach (var word in SoughtFiles.InCommand(arguments))
        {
            missing.Look(word, folder);
        }

        return missing._found;
    }

    private static byte[] ReadEnd(string? path)
    {
        if (path is null || !File.Exists(path))
        {
            return [];
        }

        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var length = RandomAccess.GetLength(handle);
        var content = new byte[Math.Min(length, LogBytesMax)];
        return content[..RandomAccess.Read(handle, content, length - content.Length)];
    }

    private void Look(in SoughtWord word, string folder)
    {
        if (_found.Count >= FoundMax)
        {
            return;
        }

        if (word.IsModule)
        {
            foreach (var file in SoughtFiles.FilesOf(word.Text))
            {
                if (TryPath(file, folder, word.IsComplaint) || TryNamesakes(file))
                {
                    return;
                }
            }

            return;
        }

        if (!TryPath(word.Text, folder, word.IsComplaint) && word.IsComplaint && LooksLikeFile(word.Text))
        {
            _ = TryNamesakes(word.Text);
        }
    }

    private static bool LooksLikeFile(string word)
    {
        var dot = word.LastIndexOf('.');
        return !word.StartsWith('/') && (word.Contains('/', StringComparison.Ordinal) || (dot > 0 && dot < word.Length - 1));
    }

    /// <summary>Takes a word as a path; true where it was one, whether that explains anything or not.</summary>
    private bool TryPath(string word, string folder, bool isComplaint)
    {
        if (SoughtFiles.ToPath(word, folder) is not { Length: > 0 } path || IsOurs(path))
        {
            return false;
        }

        if (_inputs.TryGet(path) is not null || InputFolders().Contains(path))
        {
            return true;
        }

        if (isComplaint && MakerOf(path) is { } maker)
        {
            Add(path, $"`{path}` is made by `{maker.Id}`, which `{_job.Id}` does not need: add to its `needs`: `- {maker.Step.Name}`");
            return true;
        }

        if (Stat(path) is not { } stat || _job.Outputs.IsMatch(path) || (stat.Kind == FileKind.Directory && _job.Outputs.CouldMatchBelow(path)))
        {
            return false;
        }

        switch (stat.Kind)
        {
            case FileKind.Regular or FileKind.Symlink:
                Report(path, path);
                return true;
            case FileKind.Directory when isComplaint || word.Contains('/', StringComparison.Ordinal):
                // Names of folders are words like any other: `test`, `build`.
                Report(path, $"{path}/**");
                return true;
            default:
                return false;
        }
    }

    /// <summary>Files of the project whose paths end as a compiler prints them; too many tell nothing.</summary>
    private bool TryNamesakes(string word)
    {
        var ending = "/" + word.TrimStart('.', '/');
        var namesakes = new List<string>();
        foreach (var file in Files())
        {
            if (file.EndsWith(ending, StringComparison.Ordinal) || file.AsSpan().SequenceEqual(ending.AsSpan(1)))
            {
                if (_inputs.TryGet(file) is not null)
                {
                    return true;
                }

                if (!_job.Outputs.IsMatch(file))
                {
                    namesakes.Add(file);
                }
            }
        }

        if (namesakes.Count is 0 or > NamesakesMax)
        {
            return false;
        }

        foreach (var file in namesakes)
        {
            Report(file, file);
        }

        return true;
    }

    private void Report(string path, string line)
    {
        if (MakerOf(path) is { } maker)
        {
            Add(path, $"`{path}` is made by `{maker.Id}`, which `{_job.Id}` does not need: add to its `needs`: `- {maker.Step.Name}`");
            return;
        }

        Add(path, _job.Inputs is null
            ? $"`{path}` exists but git ignores it, so it is not an input of `{_job.Id}`: give it `inputs` with the line `- {line}`"
            : $"`{path}` exists but is not an input of `{_job.Id}`: add to its `inputs`: `- {line}`");
    }

    private void Add(string path, string sentence)
    {
        if (_found.Count < FoundMax && _paths.Add(path))
        {
            _found.Add(sentence);
        }
    }

    private Job? MakerOf(string path)
    {
        foreach (var job in _plan.Jobs)
        {
            if (job.Index != _job.Index && !job.Outputs.IsEmpty && job.Outputs.IsMatch(path) && !_job.Needs.Contains(job.Index))
            {
                return job;
            }
        }

        return null;
    }

    private FileStat? Stat(string path)
    {
        try
        {
            return _project.TryStatPath(path);
        }
        catch (IOException)
        {
            // Too long for a name, or not to be read.
            return null;
        }
    }

    private static bool IsOurs(string path) => path is ".git" or ".cairn" || path.StartsWith(".git/", StringComparison.Ordinal) || path.StartsWith(".cairn/", StringComparison.Ordinal);

    private HashSet<string> InputFolders()
    {
        if (_inputFolders is null)
        {
            var folders = _inputFolders = new HashSet<string>(StringComparer.Ordinal);
            _inputs.ForEach((path, _) =>
            {
                for (var slash = path.LastIndexOf('/'); slash > 0 && folders.Add(path[..slash]); slash = path.LastIndexOf('/', slash - 1))
                {
                }
            });
        }

        return _inputFolders;
    }

    private List<string> Files()
    {
        if (_files is not null)
        {
            return _files;
        }

        _files = [];
        var pending = new Queue<string>();
        pending.Enqueue("");
        while (pending.TryDequeue(out var folder) && _files.Count < FilesMax)
        {
            try
            {
                using var directory = _project.TryOpenPath(folder);
                foreach (var entry in directory?.List() ?? [])
                {
                    var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
                    if (!entry.IsUtf8 || IsOurs(path))
                    {
                        continue;
                    }

                    if (entry.Kind == FileKind.Directory)
                    {
                        pending.Enqueue(path);
                    }
                    else
                    {
                        _files.Add(path);
                    }
                }
            }
            catch (IOException)
            {
                // Not to be read: no input either.
            }
        }

        return _files;
    }
}
