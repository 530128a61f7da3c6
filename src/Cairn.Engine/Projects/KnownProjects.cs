using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Scheduling;
using Cairn.Store.Files;

namespace Cairn.Engine.Projects;

/// <summary>A project as this user's state folder knows it.</summary>
/// <param name="Path">Its folder, absolute.</param>
/// <param name="Pipeline">What its pipeline is called.</param>
/// <param name="LastRun">The id of the run that was noted last.</param>
/// <param name="LastStatus">How that ended.</param>
/// <param name="LastTime">When that ended.</param>
public sealed record KnownProject(string Path, string Pipeline, RunId LastRun, RunStatus LastStatus, DateTimeOffset LastTime)
{
    /// <summary>What the user called it; null where they did not.</summary>
    public string? GivenName { get; init; }

    /// <summary>What it is called.</summary>
    public string Name => GivenName ?? Pipeline;
}

/// <summary>
/// The projects that this user has run something in: <c>projects/</c> of the state folder. Each has a file of its own, named after its path, which is only ever replaced whole and
/// only by runs; a name that the user gives stands in a file beside it. So nobody has to lock anything.
/// </summary>
public sealed class KnownProjects(string stateDirectory)
{
    private const string Format = "cairn-project 1";
    private const string NameSuffix = ".name";
    private const int FileBytesMax = 64 << 10;

    // Of a run that ended as the one before, at most one in this time is noted: the project's own records are more exact anyway.
    private static readonly TimeSpan Recent = TimeSpan.FromHours(1);

    private readonly string _folder = Path.Combine(stateDirectory, "projects");

    /// <summary>Notes how a run ended; a single look at a small file where nothing but the time is new.</summary>
    public void Record(string path, string pipeline, RunId run, RunStatus status, DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(pipeline);
        var file = FileOf(path);
        if (Read(file) is { } known && known.LastStatus == status && known.LastTime <= time && time - known.LastTime < Recent && string.Equals(known.Pipeline, pipeline, StringComparison.Ordinal))
        {
            return;
        }

        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var text = new StringBuilder(256).Append(Format).Append('\n');
        Append(text, "path", path);
        Append(text, "pipeline", pipeline);
        Append(text, "run", run.Value);
        Append(text, "status", status.ToString());
        Append(text, "time", time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        // The next run notes it again: nothing is waited for.
        DurableFile.Replace(file, Encoding.UTF8.GetBytes(text.ToString()), durable: false);
    }

    /// <summary>All of them, the most recently used first; files that are no records are left out.</summary>
    public ImmutableArray<KnownProject> List()
    {
        if (!Directory.Exists(_folder))
        {
            return [];
        }

        var projects = new List<KnownProject>();
        foreach (var file in Directory.EnumerateFiles(_folder))
        {
            if (Path.GetExtension(file).Length == 0 && Read(file) is { } project)
            {
                projects.Add(project with { GivenName = ReadName(file) });
            }
        }

        projects.Sort(static (a, b) => b.LastTime != a.LastTime ? b.LastTime.CompareTo(a.LastTime) : string.CompareOrdinal(a.Path, b.Path));
        return [.. projects];
    }

    /// <summary>Gives a project another name.</summary>
    public void Rename(KnownProject project, ProjectName name)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(name);
        DurableFile.Replace(FileOf(project.Path) + NameSuffix, Encoding.UTF8.GetBytes(name.Value + "\n"));
    }

    /// <summary>Forgets a project; the next run in it makes it known again.</summary>
    public void Forget(KnownProject project)
    {
        ArgumentNullException.ThrowIfNull(project);
        var file = FileOf(project.Path);
        File.Delete(file);
        File.Delete(file + NameSuffix);
    }

    private string FileOf(string path) => Path.Combine(_folder, Hex.Lower(SHA256.HashData(Encoding.UTF8.GetBytes(path)).AsSpan(0, 16)));

    // A path may hold an end of line.
    private static void Append(StringBuilder text, string key, string value) =>
        text.Append(key).Append(' ').Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');

    private static string Unescape(ReadOnlySpan<char> value)
    {
        if (!value.Contains('\\'))
        {
            return value.ToString();
        }

        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            text.Append(value[i] != '\\' || i + 1 == value.Length ? value[i] : value[++i] == 'n' ? '\n' : value[i]);
        }

        return text.ToString();
    }

    private static string? ReadName(string file) =>
        ReadText(file + NameSuffix) is { } text && ProjectName.TryParse(text.TrimEnd('\n'), out var name, out _) ? name.Value : null;

    private static string? ReadText(string file)
    {
        try
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = RandomAccess.GetLength(handle);
            if (length > FileBytesMax)
            {
                return null;
            }

            var content = new byte[length];
            return Encoding.UTF8.GetString(content, 0, RandomAccess.Read(handle, content, 0));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static KnownProject? Read(string file)
    {
        // The first run in a project is no exception.
        if (!File.Exists(file) || ReadText(file) is not { } text || !text.StartsWith(Format, StringComparison.Ordinal))
        {
            return null;
        }

        string? path = null, pipeline = null;
        RunId? run = null;
        RunStatus? status = null;
        DateTimeOffset? time = null;
        // By hand: every run reads one, and an enumerator of spans would be compiled for it.
        for (int start = 0, end; start < text.Length; start = end + 1)
        {
            end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            var line = text.AsSpan(start, end - start);
            var space = line.IndexOf(' ');
            if (space < 0)
            {
                continue;
            }

            var value = line[(space + 1)..];
            switch (line[..space])
            {
                case "path":
                    path = Unescape(value);
                    break;
                case "pipeline":
                    pipeline = Unescape(value);
                    break;
                case "run":
                    run = RunId.TryParse(value.ToString(), out var id) ? id : null;
                    break;
                case "status":
                    status = value switch
                    {
                        nameof(RunStatus.Succeeded) => RunStatus.Succeeded,
                        nameof(RunStatus.Failed) => RunStatus.Failed,
                        nameof(RunStatus.Cancelled) => RunStatus.Cancelled,
                        _ => null,
                    };
                    break;
                case "time":
                    time = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var ms) && ms < 1L << 45 ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
                    break;
                default:
                    break;
            }
        }

        return path is not null && pipeline is not null && run is { } known && status is { } ended && time is { } at ? new KnownProject(path, pipeline, known, ended, at) : null;
    }
}
