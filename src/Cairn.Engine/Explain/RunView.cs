using Cairn.Core;
using Cairn.Core.Events;

namespace Cairn.Engine.Explain;

/// <summary>The jobs of a run as its events tell.</summary>
public sealed class RunView
{
    private readonly Dictionary<string, JobSummary> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StepFinished> _finished = new(StringComparer.Ordinal);
    private readonly List<JobSummary> _jobs = [];

    private RunView(RunId id) => Id = id;

    /// <summary>The run.</summary>
    public RunId Id { get; }

    /// <summary>Its jobs in plan order, those of generated pipelines last.</summary>
    public IReadOnlyList<JobSummary> Jobs => _jobs;

    /// <summary>How they ended, by id.</summary>
    public IReadOnlyDictionary<string, StepFinished> Finished => _finished;

    /// <summary>Reads a record.</summary>
    public static RunView Of(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var view = new RunView(record.Summary.Id);
        foreach (var runEvent in record.Events)
        {
            switch (runEvent)
            {
                case PipelineStarted started:
                    view._jobs.AddRange(started.Jobs);
                    break;
                case PipelineExtended extended:
                    view._jobs.AddRange(extended.Jobs);
                    break;
                case StepFinished finished:
                    view._finished[finished.Job] = finished;
                    break;
            }
        }

        foreach (var job in view._jobs)
        {
            view._byId[job.Id] = job;
        }

        return view;
    }

    /// <summary>A job, or null.</summary>
    public JobSummary? Find(string id) => _byId.GetValueOrDefault(id);
}
