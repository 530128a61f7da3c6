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
    private bool _changed;

    /// <summary>Reads the file; what cannot be read is left out.</summary>
    public static DurationHistory Load(string path)
    {
        var history = new DurationHistory();
        try
        {
            var text = Encoding.UTF8.GetString(File.ReadAllBytes(path));
            for (var start = 0; start < text.Length;)
            {
                var end = text.IndexOf('\n', start);
                end = end < 0 ? text.Length : end;
                var line = text.AsSpan(start, end - start);
                start = end + 1;
                var space = line.IndexOf(' ');
                if (space > 0 && double.TryParse(line[..space], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= 0)
                {
                    history._milliseconds[line[(space + 1)..].ToString()] = value;
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
    public void Record(JobId job, double milliseconds)
    {
        _milliseconds[job.Value] = _milliseconds.TryGetValue(job.Value, out var known) ? known + (NewWeight * (milliseconds - known)) : milliseconds;
        _changed = true;
    }

    /// <summary>Writes the file where something was taken in; not synced.</summary>
    public void Save(string path)
    {
        if (!_changed)
        {
            return;
        }

        var text = new StringBuilder();
        foreach (var (job, value) in _milliseconds)
        {
            text.Append(CultureInfo.InvariantCulture, $"{value:0.###} {job}\n");
        }

        DurableFile.Replace(path, Encoding.UTF8.GetBytes(text.ToString()), durable: false);
    }
}
