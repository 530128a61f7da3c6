using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core;
using Cairn.Core.Actions;
using Cairn.Core.Analysis;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Explain;
using Cairn.Engine.History;
using Cairn.Store.Files;

namespace Cairn.Engine.Analysis;

/// <summary>What is to be analysed.</summary>
/// <param name="Directory">The project's folder.</param>
/// <param name="Name">What the analysis calls it; empty where it is the only one.</param>
public sealed record AnalysedProject(string Directory, string Name);

/// <summary>Reads the records of projects into one analysis. Holds no more than one record for each thread.</summary>
public static class ProjectAnalysis
{
    private const int RecordBytesMax = 256 << 20;
    private const int ReadersMax = 4;
    private const int DamageToldMax = 5;

    /// <summary>Analyses projects.</summary>
    /// <param name="projects">Which.</param>
    /// <param name="pipeline">Only this pipeline; null for all.</param>
    /// <param name="window">When.</param>
    /// <param name="diagnostics">Takes what could not be read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static AnalysisReport Run(IReadOnlyList<AnalysedProject> projects, string? pipeline, AnalysisWindow window, DiagnosticBag diagnostics, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(projects);
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var analysis = new HistoryAnalysis(window);
        var damage = new List<string>();
        foreach (var project in projects)
        {
            Read(project, pipeline, window, analysis, damage, cancellationToken);
        }

        damage.Sort(StringComparer.Ordinal);
        foreach (var message in damage.Take(DamageToldMax))
        {
            diagnostics.Warning(DiagnosticCodes.AnalysisRecordDamaged, message, SourceSpan.None);
        }

        if (damage.Count > DamageToldMax)
        {
            diagnostics.Warning(DiagnosticCodes.AnalysisRecordDamaged, $"{damage.Count - DamageToldMax} more records are damaged", SourceSpan.None);
        }

        return analysis.ToReport(step => Evidence(projects, step));
    }

    /// <summary>The names of the pipelines that there are records of, to say what could have been meant.</summary>
    public static ImmutableArray<string> Pipelines(AnalysisReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return [.. report.Pipelines.Select(static p => p.Pipeline).Distinct(StringComparer.Ordinal)];
    }

    private static void Read(AnalysedProject project, string? pipeline, AnalysisWindow window, HistoryAnalysis analysis, List<string> damage, CancellationToken cancellationToken)
    {
        var ids = Ids(project, window);
        var gate = new Lock();
        var next = -1;
        Parallel.For(0, Math.Clamp(Environment.ProcessorCount, 1, ReadersMax), new ParallelOptions { CancellationToken = cancellationToken }, _ =>
        {
            var reader = new RunFactsReader(project.Name, pipeline);
            var buffer = Array.Empty<byte>();
            for (int i; (i = Interlocked.Increment(ref next)) < ids.Count && !cancellationToken.IsCancellationRequested;)
            {
                var directory = new RunDirectory(project.Directory, ids[i]);
                var problem = Load(directory.Events, ref buffer, out var length);
                var run = problem is null ? reader.Read(ids[i].Value, buffer.AsSpan(0, length), () => FileLock.IsHeld(EventLog.LockPath(directory.Events)), out problem) : null;
                lock (gate)
                {
                    if (run is not null)
                    {
                        analysis.Add(run);
                    }

                    if (problem is not null)
                    {
                        damage.Add($"The record of run `{ids[i]}`{In(project)} is left out: {problem}");
                    }
                    else if (run is not null && reader.DamagedLines > 0)
                    {
                        damage.Add(string.Create(CultureInfo.InvariantCulture, $"{reader.DamagedLines} damaged {(reader.DamagedLines == 1 ? "line" : "lines")} in the record of run `{ids[i]}`{In(project)} {(reader.DamagedLines == 1 ? "is" : "are")} left out"));
                    }
                }
            }
        });
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static string In(AnalysedProject project) => project.Name.Length == 0 ? "" : $" of {project.Name}";

    /// <summary>The runs of the two periods, by the times in their ids, the newest first.</summary>
    private static List<RunId> Ids(AnalysedProject project, AnalysisWindow window)
    {
        var ids = new List<RunId>();
        var runs = RunDirectory.RunsDirectory(project.Directory);
        if (!Directory.Exists(runs))
        {
            return ids;
        }

        // Ids begin with the second.
        var oldest = window.PreviousSince > DateTimeOffset.UnixEpoch ? RunId.Create(window.PreviousSince.AddSeconds(-1), 0).Value : "";
        foreach (var path in Directory.EnumerateDirectories(runs))
        {
            if (RunId.TryParse(Path.GetFileName(path), out var id) && string.CompareOrdinal(id.Value, oldest) >= 0)
            {
                ids.Add(id);
            }
        }

        ids.Sort(static (a, b) => string.CompareOrdinal(b.Value, a.Value));
        return ids;
    }

    private static string? Load(string path, ref byte[] buffer, out int length)
    {
        length = 0;
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var size = RandomAccess.GetLength(handle);
            if (size > RecordBytesMax)
            {
                return $"it is larger than {RecordBytesMax >> 20} MiB";
            }

            if (buffer.Length < size)
            {
                buffer = new byte[Math.Max(size, 64 << 10)];
            }

            for (int count; length < size && (count = RandomAccess.Read(handle, buffer.AsSpan(length, (int)size - length), length)) > 0;)
            {
                length += count;
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception is UnauthorizedAccessException ? "permission denied" : "it has no events";
        }
    }

    /// <summary>What changed between the last misses of a step, job by job: what changed most often first.</summary>
    private static ImmutableArray<MissEvidence> Evidence(IReadOnlyList<AnalysedProject> projects, StepTotals step)
    {
        const int NamedMax = 3;
        if (projects.FirstOrDefault(p => string.Equals(p.Name, step.Project, StringComparison.Ordinal)) is not { } project)
        {
            return [];
        }

        var changes = new Dictionary<string, int>(StringComparer.Ordinal);
        var compared = 0;
        try
        {
            using var actions = new LoggedActions(project.Directory) { InputsMax = 100 };
            foreach (var job in step.LastMisses.GroupBy(static miss => miss.Job, StringComparer.Ordinal))
            {
                var misses = job.ToList();
                for (var i = 0; i + 1 < misses.Count; i++)
                {
                    if (misses[i].Action == misses[i + 1].Action || actions.Compare(misses[i + 1].Action.ToString(), misses[i].Action.ToString()) is not { Changes: { IsEmpty: false } found })
                    {
                        continue;
                    }

                    compared++;
                    foreach (var what in found.Select(What).Distinct(StringComparer.Ordinal))
                    {
                        changes[what] = changes.GetValueOrDefault(what) + 1;
                    }
                }
            }
        }
        catch (IOException)
        {
            return [];
        }

        return [.. changes.OrderByDescending(static c => c.Value).ThenBy(static c => c.Key, StringComparer.Ordinal).Take(NamedMax).Select(c => new MissEvidence(c.Key, c.Value, compared))];
    }

    private static string What(ActionChange change) => change.Kind switch
    {
        ActionChangeKind.Input => $"`{change.Name}`",
        ActionChangeKind.Variable => $"the variable `{change.Name}`",
        ActionChangeKind.Script => "its script",
        ActionChangeKind.Argument or ActionChangeKind.WorkingDirectory => "its command",
        ActionChangeKind.Property => $"`{change.Name}` of its platform",
        ActionChangeKind.Output or ActionChangeKind.OutputOrder => "its declared outputs",
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };
}
