using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Expressions;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;

namespace Cairn.Engine.Running;

/// <summary>A template of a job could not be evaluated.</summary>
internal sealed class EvaluationException(ImmutableArray<Diagnostic> diagnostics) : Exception(Describe(diagnostics))
{
    public ImmutableArray<Diagnostic> Diagnostics { get; } = diagnostics;

    private static string Describe(ImmutableArray<Diagnostic> diagnostics)
    {
        var text = new StringBuilder();
        foreach (var diagnostic in diagnostics)
        {
            text.Append(text.Length > 0 ? "; " : "").Append(diagnostic.Message);
            if (diagnostic.Span.HasPlace)
            {
                text.Append(" (").Append(diagnostic.Span).Append(')');
            }
        }

        return text.ToString();
    }
}

/// <summary>What finished steps tell to those that follow.</summary>
internal sealed record StepResult(JobStatus Status, ImmutableSortedDictionary<string, string> Outputs, Func<string?> Digest);

/// <summary>What the expressions of one job see. Built only when an expression is evaluated: most jobs have none.</summary>
internal sealed class JobScope
{
    private readonly RunScope _run;
    private readonly Job? _job;
    private readonly int _attempt;
    private readonly NeedsStatus? _needs;
    private readonly DiagnosticBag _diagnostics = new();
    private EvaluationContext? _context;

    public JobScope(RunScope run, Job? job, int attempt, NeedsStatus? needs)
    {
        _run = run;
        _job = job;
        _attempt = attempt;
        _needs = needs;
    }

    /// <summary>The scope of a service: no job, matrix or steps.</summary>
    public static JobScope ForService(RunScope run) => new(run, job: null, attempt: 1, needs: null);

    /// <summary>A text, or <see cref="EvaluationException"/>.</summary>
    public string Text(Template template) =>
        template.LiteralText ?? template.EvaluateText(Context, _diagnostics) ?? throw new EvaluationException(_diagnostics.ToSorted());

    /// <summary>Whether the job's condition holds.</summary>
    public bool Condition(Expression condition) =>
        condition.EvaluateCondition(Context, _diagnostics) ?? throw new EvaluationException(_diagnostics.ToSorted());

    /// <summary>From here on <c>env</c> has these variables.</summary>
    public void SetEnvironment(IEnumerable<KeyValuePair<string, string>> variables) =>
        _context = Context with { Roots = Context.Roots.SetItem("env", new Value.Map([.. variables.Select(v => KeyValuePair.Create(v.Key, Value.Of(v.Value)))])) };

    private EvaluationContext Context => _context ??= Build();

    private EvaluationContext Build()
    {
        var roots = ImmutableDictionary.CreateBuilder<string, Value>(StringComparer.Ordinal);
        roots["params"] = _run.Plan.Parameters;
        roots["git"] = _run.Git;
        roots["run"] = _run.Run;
        roots["env"] = new Value.Map([]);
        if (_job is null)
        {
            return new EvaluationContext { Roots = roots.ToImmutable(), HashFiles = _run.HashFiles };
        }

        roots["matrix"] = _job.Matrix ?? new Value.Map([]);
        roots["job"] = new Value.Map(
        [
            new("id", Value.Of(_job.Id.Value)),
            new("name", Value.Of(_job.Step.Name.Value)),
            new("step", Value.Of(_job.Step.Name.Value)),
            new("attempt", Value.Of(_attempt)),
        ]);
        roots["steps"] = _run.Steps();
        return new EvaluationContext { Roots = roots.ToImmutable(), Needs = _needs, HashFiles = _run.HashFiles };
    }
}

/// <summary>What the expressions of all jobs of a run see.</summary>
internal sealed class RunScope(Plan plan, Value.Map git, Value.Map run, Func<ImmutableArray<string>, string> hashFiles)
{
    private readonly Dictionary<int, StepResult> _results = [];
    private readonly Lock _lock = new();

    public Plan Plan { get; set; } = plan;

    public Value.Map Git { get; } = git;

    public Value.Map Run { get; } = run;

    public Func<ImmutableArray<string>, string> HashFiles { get; } = hashFiles;

    /// <summary>Notes how a job ended.</summary>
    public void Record(int job, StepResult result)
    {
        lock (_lock)
        {
            _results[job] = result;
        }
    }

    /// <summary>How a job ended, or null while it has not.</summary>
    public StepResult? ResultOf(int job)
    {
        lock (_lock)
        {
            return _results.GetValueOrDefault(job);
        }
    }

    /// <summary>The <c>steps</c> root: finished steps; for a matrix step <c>outputs</c> and <c>digest</c> are maps by job key.</summary>
    public Value.Map Steps()
    {
        lock (_lock)
        {
            var steps = new Dictionary<string, List<(Job Job, StepResult Result)>>(StringComparer.Ordinal);
            var order = new List<string>();
            foreach (var job in Plan.Jobs)
            {
                if (!_results.TryGetValue(job.Index, out var result))
                {
                    continue;
                }

                if (!steps.TryGetValue(job.Step.Name.Value, out var list))
                {
                    steps[job.Step.Name.Value] = list = [];
                    order.Add(job.Step.Name.Value);
                }

                list.Add((job, result));
            }

            return new Value.Map([.. order.Select(name => KeyValuePair.Create<string, Value>(name, ToValue(steps[name])))]);
        }
    }

    private static Value.Map ToValue(List<(Job Job, StepResult Result)> jobs)
    {
        if (jobs.Count == 1 && jobs[0].Job.MatrixKey is null)
        {
            var (_, result) = jobs[0];
            return new Value.Map([new("status", Value.Of(RunEventWriter.NameOf(result.Status))), new("outputs", OutputsOf(result)), new("digest", DigestOf(result))]);
        }

        return new Value.Map(
        [
            new("status", Value.Of(RunEventWriter.NameOf(Worst(jobs)))),
            new("outputs", new Value.Map([.. jobs.Select(j => KeyValuePair.Create<string, Value>(j.Job.MatrixKey ?? "", OutputsOf(j.Result)))])),
            new("digest", new Value.Map([.. jobs.Select(j => KeyValuePair.Create(j.Job.MatrixKey ?? "", DigestOf(j.Result)))])),
        ]);
    }

    private static Value.Map OutputsOf(StepResult result) => new([.. result.Outputs.Select(o => KeyValuePair.Create(o.Key, Value.Of(o.Value)))]);

    private static Value DigestOf(StepResult result) => result.Digest() is { } digest ? Value.Of(digest) : Value.Null.Instance;

    private static JobStatus Worst(List<(Job Job, StepResult Result)> jobs)
    {
        ReadOnlySpan<JobStatus> worstFirst = [JobStatus.Failed, JobStatus.TimedOut, JobStatus.Cancelled, JobStatus.NotRun, JobStatus.Succeeded, JobStatus.Skipped];
        foreach (var status in worstFirst)
        {
            if (jobs.Exists(j => j.Result.Status == status))
            {
                return status;
            }
        }

        return JobStatus.Waiting;
    }
}
