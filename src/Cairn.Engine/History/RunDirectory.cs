using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core;

namespace Cairn.Engine.History;

/// <summary>Where the files of a project's runs stand.</summary>
internal sealed class RunDirectory
{
    private const int FileNameCharsMax = 180;

    public RunDirectory(string projectDirectory, RunId run)
    {
        State = StateDirectory(projectDirectory);
        Root = Path.Combine(State, "runs", run.Value);
        Logs = Path.Combine(Root, "logs");
        Events = EventsFile(Root);
    }

    /// <summary><c>.cairn</c>.</summary>
    public string State { get; }

    /// <summary>The run's folder.</summary>
    public string Root { get; }

    /// <summary>Its logs.</summary>
    public string Logs { get; }

    /// <summary>Its events.</summary>
    public string Events { get; }

    /// <summary>Its receipt.</summary>
    public string Receipt => ReceiptFile(Root);

    /// <summary>What jobs took, shared by all runs.</summary>
    public string Durations => DurationsFile(State);

    public static string DurationsFile(string stateDirectory) => Path.Combine(stateDirectory, "durations");

    public static string StateDirectory(string projectDirectory) => Path.Combine(projectDirectory, ".cairn");

    public static string RunsDirectory(string projectDirectory) => Path.Combine(projectDirectory, ".cairn", "runs");

    public static string EventsFile(string runDirectory) => Path.Combine(runDirectory, "events.ndjson");

    /// <summary>The start of a job's file names in the logs folder: its id, cut and made unique where it is long.</summary>
    public static string FileStem(JobId job)
    {
        var text = job.Value.Replace('/', '%').Replace(':', '~');
        return text.Length <= FileNameCharsMax && Encoding.UTF8.GetByteCount(text) <= FileNameCharsMax
            ? text
            : string.Concat(text.AsSpan(0, FileNameCharsMax / 4), "~", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(job.Value)).AsSpan(0, 8)));
    }

    public static string ReceiptFile(string runDirectory) => Path.Combine(runDirectory, Receipts.RunReceipts.FileName);

    public string LogPath(JobId job, int attempt) => Path.Combine(Logs, string.Concat(FileStem(job), ".", attempt.ToString(CultureInfo.InvariantCulture), ".log"));

    public string IndexPath(JobId job, int attempt) => Path.Combine(Logs, string.Concat(FileStem(job), ".", attempt.ToString(CultureInfo.InvariantCulture), ".idx"));

    public string SummaryPath(JobId job) => Path.Combine(Logs, $"{FileStem(job)}.summary.md");
}
