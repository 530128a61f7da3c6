using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>Makes the jobs of steps: matrices, needs, conditions that can be known already, paths.</summary>
internal sealed class JobExpansion
{
    private readonly PlanInput _input;
    private readonly DiagnosticBag _diagnostics;
    private readonly EvaluationContext _context;
    private readonly Dictionary<StepName, (int First, int Count)> _jobsOf = [];
    private long _edges;

    public JobExpansion(Value.Map parameters, PlanInput input, DiagnosticBag diagnostics)
    {
        _input = input;
        _diagnostics = diagnostics;
        _context = new EvaluationContext
        {
            Roots = ImmutableDictionary.CreateRange(StringComparer.Ordinal,
            [
                KeyValuePair.Create<string, Value>("params", parameters),
                KeyValuePair.Create<string, Value>("git", input.Git),
                KeyValuePair.Create<string, Value>("run", input.Run),
            ]),
            HashFiles = input.HashFiles,
        };
    }

    /// <summary>The jobs that the new ones are added to.</summary>
    public ImmutableArray<Job> Existing { get; init; } = [];

    /// <summary>The job that generated the steps; every job of theirs needs it.</summary>
    public Job? GeneratedBy { get; init; }

    /// <summary>The existing jobs and those of the steps. Not to be used where mistakes were added.</summary>
    public ImmutableArray<Job> Expand(ImmutableArray<Step> steps)
    {
        foreach (var job in Existing)
        {
            _jobsOf[job.Step.Name] = _jobsOf.TryGetValue(job.Step.Name, out var range) ? (range.First, range.Count + 1) : (job.Index, 1);
            _edges += job.Needs.Length;
        }

        if (StepCycle.Find(steps) is { } cycle)
        {
            _diagnostics.Error(DiagnosticCodes.PlanCycle, $"Steps need each other in a circle: {string.Join(" -> ", cycle.Select(s => $"`{s.Name}`"))}", cycle[0].Span);
            return Existing;
        }

        var combinations = new List<ImmutableArray<MatrixCombination>?>(steps.Length);
        var count = Existing.Length;
        foreach (var step in steps)
        {
            var expanded = step.Matrix is { } matrix ? MatrixExpansion.Expand(step, matrix, _context, _diagnostics) ?? [] : (ImmutableArray<MatrixCombination>?)null;
            var jobsOfStep = expanded?.Length ?? 1;
            _jobsOf[step.Name] = (count, jobsOfStep);
            combinations.Add(expanded);
            count += jobsOfStep;
            if (count > Limits.JobsMax)
            {
                _diagnostics.Error(DiagnosticCodes.PlanTooLarge, $"The run would have more than {Limits.JobsMax} jobs", step.Span, "make matrices smaller, or let one job do more");
                return Existing;
            }
        }

        var jobs = ImmutableArray.CreateBuilder<Job>(count);
        jobs.AddRange(Existing);
        for (var i = 0; i < steps.Length; i++)
        {
            if (!AddJobs(steps[i], combinations[i], jobs))
            {
                return Existing;
            }
        }

        return jobs.DrainToImmutable();
    }

    private bool AddJobs(Step step, ImmutableArray<MatrixCombination>? combinations, ImmutableArray<Job>.Builder jobs)
    {
        var needs = NeedsOf(step);
        var paths = new JobPaths(step, _diagnostics);
        var count = combinations?.Length ?? 1;
        _edges += (long)count * needs.Length;
        if (_edges > Limits.JobEdgesMax)
        {
            _diagnostics.Error(DiagnosticCodes.PlanTooLarge, $"With `{step.Name}` more than {Limits.JobEdgesMax} needs stand between jobs", step.Span,
                "put a step without a matrix between the two matrices");
            return false;
        }

        var errors = _diagnostics.ErrorCount;
        for (var i = 0; i < count; i++)
        {
            var combination = combinations?[i];
            var job = new Job
            {
                Index = jobs.Count,
                Id = JobId.Of(step.Name, combination?.Key),
                Step = step,
                MatrixKey = combination?.Key,
                Matrix = combination?.Values,
                Needs = needs,
                GeneratedDepth = GeneratedBy is { } generator ? generator.GeneratedDepth + 1 : 0,
            };

            // What is wrong with one job of a matrix is mostly wrong with all; once is enough to be told.
            jobs.Add(_diagnostics.ErrorCount > errors ? job : Evaluate(job, paths));
        }

        return true;
    }

    private Job Evaluate(Job job, JobPaths paths)
    {
        var context = new Lazy<EvaluationContext>(() => ContextOf(job), isThreadSafe: false);
        var condition = KnownCondition(job.Step, context);
        var inputs = paths.Inputs(context);
        var outputs = paths.Outputs(context);
        return job with
        {
            Inputs = inputs?.Patterns,
            InputSpans = inputs?.Spans ?? [],
            Outputs = outputs.Patterns,
            OutputSpans = outputs.Spans,
            SkippedByPlan = condition == false,
            ConditionHolds = condition == true,
        };
    }

    /// <summary>All jobs of the steps that it needs, ascending; shared by all jobs of the step.</summary>
    private ImmutableArray<int> NeedsOf(Step step)
    {
        if (step.Needs.IsEmpty && GeneratedBy is null)
        {
            return [];
        }

        var needs = new SortedSet<int>();
        foreach (var need in step.Needs)
        {
            if (!_jobsOf.TryGetValue(need.Name, out var range))
            {
                _diagnostics.Error(DiagnosticCodes.PlanUnknownNeed, $"`{step.Name}` needs `{need.Name}`, which is not a step of this run", need.Span,
                    Suggestions.Nearest(need.Name.Value, _jobsOf.Keys.Select(n => n.Value)) is { } nearest ? $"did you mean `{nearest}`?" : null);
                continue;
            }

            for (var i = 0; i < range.Count; i++)
            {
                needs.Add(range.First + i);
            }
        }

        if (GeneratedBy is { } generator)
        {
            needs.Add(generator.Index);
        }

        return [.. needs];
    }

    private EvaluationContext ContextOf(Job job) => _context with
    {
        Roots = _context.Roots
            .SetItem("matrix", job.Matrix ?? new Value.Map([]))
            .SetItem("job", new Value.Map([new("id", Value.Of(job.Id.Value)), new("step", Value.Of(job.Step.Name.Value))])),
    };

    /// <summary>The condition's value where nothing that happens in the run can change it, else null.</summary>
    private bool? KnownCondition(Step step, Lazy<EvaluationContext> context)
    {
        if (step.Condition is not { } condition || !PlanDependencies.IsKnownByPlan(condition))
        {
            return null;
        }

        // Files that needed steps make are hashed after they were made.
        if (condition.UsesHashFiles && (_input.HashFiles is null || !step.Needs.IsEmpty || GeneratedBy is not null))
        {
            return null;
        }

        return condition.EvaluateCondition(context.Value, _diagnostics);
    }
}
