using System.Globalization;
using System.Text;

using Cairn.Core;
using Cairn.Store.Files;

namespace Cairn.Engine.History;

/// <summary>What jobs took in earlier runs, smoothed: <c>.cairn/durations</c>, a line <c>milliseconds id</c> each. For estimates and order only.</summary>
internal sealed class DurationHistory
{
    private const double NewWeight = 0.4;

    private readonly Dictionary<string, double> _milliseconds = new(StringComparer.Ordinal);

    /// <summary>Reads the file; what cannot be read is left out.</summary>
    public static DurationHistory Load(string path)
    {
        var history = new DurationHistory();
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                var space = line.IndexOf(' ', StringComparison.Ordinal);
                if (space > 0 && double.TryParse(line.AsSpan(0, space), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= 0)
                {
                    history._milliseconds[line[(space + 1)..]] = value;
                }
            }
        }
        catch (FileNotFoundException)
        {
            // The first run has none.
        }
        catch (DirectoryNotFoundException)
        {
            // The first run has none.
        }

        return history;
    }

    /// <summary>What a job is expected to take, or null.</summary>
    public TimeSpan? Expected(JobId job) => _milliseconds.TryGetValue(job.Value, out var value) ? TimeSpan.FromMilliseconds(value) : null;

    /// <summary>Takes in what a job took.</summary>
    public void Record(JobId job, double milliseconds) =>
        _milliseconds[job.Value] = _milliseconds.TryGetValue(job.Value, out var known) ? known + (NewWeight * (milliseconds - known)) : milliseconds;

    /// <summary>Writes the file; not synced.</summary>
    public void Save(string path)
    {
        var text = new StringBuilder();
        foreach (var (job, value) in _milliseconds)
        {
            text.Append(CultureInfo.InvariantCulture, $"{value:0.###} {job}\n");
        }

        DurableFile.Replace(path, Encoding.UTF8.GetBytes(text.ToString()), durable: false);
    }
}
