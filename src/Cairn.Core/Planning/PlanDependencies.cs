using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning.Compiled;

namespace Cairn.Core.Planning;

/// <summary>
/// What expressions read besides the pipeline's files and parameters. A plan is a pure function of the files, the parameters as given, what
/// <see cref="OfPlanning"/> names, and whether git tracks an output (<see cref="Planner.WouldWriteTracked"/>).
/// </summary>
public sealed record PlanDependencies
{
    /// <summary>Stands for all members of a root: it is read as a whole, or by a name that is computed.</summary>
    public const string All = "*";

    /// <summary>The members of <c>git</c>, sorted.</summary>
    public ImmutableArray<string> Git { get; init; } = [];

    /// <summary>The members of <c>run</c>, sorted.</summary>
    public ImmutableArray<string> Run { get; init; } = [];

    /// <summary>The members of <c>job</c>, sorted.</summary>
    public ImmutableArray<string> Job { get; init; } = [];

    /// <summary>Whether results of other steps are read, or how they ended.</summary>
    public bool ReadsSteps { get; init; }

    /// <summary>Whether <c>env</c> is read.</summary>
    public bool ReadsEnvironment { get; init; }

    /// <summary>Whether <c>secrets</c> are read.</summary>
    public bool ReadsSecrets { get; init; }

    /// <summary>Whether <c>hashFiles</c> is called.</summary>
    public bool ReadsFiles { get; init; }

    /// <summary>Whether no other run yields the same: the run's id or start is read.</summary>
    public bool ReadsIdentity => Contains(Run, "id") || Contains(Run, "started_at");

    /// <summary>Whether a plan can be used again where <see cref="Fingerprint"/> is equal; otherwise there is none.</summary>
    public bool IsRepeatable => !ReadsIdentity && !ReadsFiles;

    /// <summary>What planning reads: matrices, path patterns, and conditions that the plan settles.</summary>
    public static PlanDependencies OfPlanning(Pipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        var reads = new Collector();
        foreach (var step in pipeline.Steps)
        {
            if (step.Condition is { } condition && IsKnownByPlan(condition))
            {
                reads.Add(condition);
            }

            reads.Add(step.Inputs ?? []);
            reads.Add(step.Outputs);
            reads.Add(step.Generates);
            reads.Add(step.Matrix);
        }

        return reads.ToDependencies();
    }

    /// <summary>
    /// What the jobs of a step read when they start: in the command, the variables (the pipeline's among them), the folder and <c>key-extra</c>, and in how its
    /// services are started.
    /// </summary>
    public static PlanDependencies OfStep(Pipeline pipeline, Step step)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(step);
        var reads = new Collector();
        reads.Add(pipeline.Environment);
        AddStart(reads, step);
        foreach (var service in pipeline.Services)
        {
            foreach (var used in step.Services)
            {
                if (used.Name == service.Name)
                {
                    AddStart(reads, service);
                    break;
                }
            }
        }

        return reads.ToDependencies();
    }

    /// <summary>What anything in the pipeline reads at any time.</summary>
    public static PlanDependencies OfAll(Pipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        var reads = new Collector();
        reads.Add(pipeline.Environment);
        foreach (var service in pipeline.Services)
        {
            AddStart(reads, service);
        }

        foreach (var step in pipeline.Steps)
        {
            AddStart(reads, step);
            reads.Add(step.Condition);
            reads.Add(step.Inputs ?? []);
            reads.Add(step.Outputs);
            reads.Add(step.Generates);
            reads.Add(step.JUnitReports);
            reads.Add(step.Matrix);
        }

        return reads.ToDependencies();
    }

    /// <summary>
    /// The parameters as given and the values of all that is read, in a form whose bytes are equal exactly where those are; null where the plan of one run
    /// is never that of another. It is text of others: hash it before it becomes part of a name.
    /// </summary>
    public byte[]? Fingerprint(PlanInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (!IsRepeatable)
        {
            return null;
        }

        var writer = new CompactWriter();
        var names = new List<string>(input.Parameters.Keys);
        names.Sort(StringComparer.Ordinal);
        writer.WriteCount(names.Count);
        foreach (var name in names)
        {
            writer.WriteText(name);
            writer.WriteText(input.Parameters[name]);
        }

        var model = new ModelEncoder(writer);
        WriteValues(model, writer, Git, input.Git);
        WriteValues(model, writer, Run, input.Run);
        return writer.ToArray(PlanCodec.Version);
    }

    /// <inheritdoc/>
    public bool Equals(PlanDependencies? other) => other is not null
        && Git.AsSpan().SequenceEqual(other.Git.AsSpan()) && Run.AsSpan().SequenceEqual(other.Run.AsSpan()) && Job.AsSpan().SequenceEqual(other.Job.AsSpan())
        && ReadsSteps == other.ReadsSteps && ReadsEnvironment == other.ReadsEnvironment && ReadsSecrets == other.ReadsSecrets && ReadsFiles == other.ReadsFiles;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Git.Length, Run.Length, Job.Length, ReadsSteps, ReadsEnvironment, ReadsSecrets, ReadsFiles);

    /// <summary>Whether the plan knows all that a condition reads, so that it can settle it.</summary>
    internal static bool IsKnownByPlan(Expression condition)
    {
        if (condition.UsesStatusFunction)
        {
            return false;
        }

        foreach (var reference in condition.References)
        {
            var known = reference.Root switch
            {
                "params" or "git" or "run" or "matrix" => true,
                "job" => reference.Path is ["id" or "step", ..],
                _ => false,
            };
            if (!known)
            {
                return false;
            }
        }

        return true;
    }

    private static void AddStart(Collector reads, Step step)
    {
        reads.Add(step.Action);
        reads.Add(step.Environment);
        reads.Add(step.WorkingDirectory);
        reads.Add(step.Cache.KeyExtra);
    }

    private static void AddStart(Collector reads, Service service)
    {
        reads.Add(service.Action);
        reads.Add(service.Environment);
        reads.Add(service.WorkingDirectory);
    }

    private static bool Contains(ImmutableArray<string> members, string name) => members.AsSpan().IndexOf(name) >= 0 || members.AsSpan().IndexOf(All) >= 0;

    private static void WriteValues(ModelEncoder model, CompactWriter writer, ImmutableArray<string> members, Value.Map root)
    {
        writer.WriteCount(members.Length);
        foreach (var member in members)
        {
            var value = string.Equals(member, All, StringComparison.Ordinal) ? root : root.Find(member);
            writer.WriteText(member);
            writer.WriteBoolean(value is not null);
            model.Write(value ?? Value.Null.Instance);
        }
    }

    private sealed class Collector
    {
        private readonly SortedSet<string> _git = new(StringComparer.Ordinal);
        private readonly SortedSet<string> _run = new(StringComparer.Ordinal);
        private readonly SortedSet<string> _job = new(StringComparer.Ordinal);
        private bool _steps;
        private bool _environment;
        private bool _secrets;
        private bool _files;

        public PlanDependencies ToDependencies() => new()
        {
            Git = [.. _git],
            Run = [.. _run],
            Job = [.. _job],
            ReadsSteps = _steps,
            ReadsEnvironment = _environment,
            ReadsSecrets = _secrets,
            ReadsFiles = _files,
        };

        public void Add(Expression? expression)
        {
            if (expression is null)
            {
                return;
            }

            _files |= expression.UsesHashFiles;
            _steps |= expression.UsesStatusFunction;
            foreach (var reference in expression.References)
            {
                var member = reference.Path.IsDefaultOrEmpty ? All : reference.Path[0];
                switch (reference.Root)
                {
                    case "git":
                        _git.Add(member);
                        break;
                    case "run":
                        _run.Add(member);
                        break;
                    case "job":
                        _job.Add(member);
                        break;
                    case "steps":
                        _steps = true;
                        break;
                    case "env":
                        _environment = true;
                        break;
                    case "secrets":
                        _secrets = true;
                        break;
                }
            }
        }

        public void Add(Template? template)
        {
            if (template is null || template.IsLiteral)
            {
                return;
            }

            foreach (var expression in template.Expressions)
            {
                Add(expression);
            }
        }

        public void Add(ImmutableArray<Template> templates)
        {
            foreach (var template in templates)
            {
                Add(template);
            }
        }

        public void Add(ImmutableArray<EnvironmentEntry> environment)
        {
            foreach (var entry in environment)
            {
                Add(entry.Value);
            }
        }

        public void Add(StepAction action)
        {
            switch (action)
            {
                case StepAction.Script script:
                    Add(script.Text);
                    break;
                case StepAction.Command command:
                    Add(command.Arguments);
                    break;
                case StepAction.Bundle bundle:
                    Add(bundle.Name);
                    Add(bundle.Files);
                    break;
            }
        }

        public void Add(MatrixDefinition? matrix)
        {
            if (matrix is null)
            {
                return;
            }

            foreach (var axis in matrix.Axes)
            {
                Add(axis.Computed);
                foreach (var value in axis.Values)
                {
                    Add(value.Computed);
                }
            }

            Add(matrix.Include);
            Add(matrix.Exclude);
        }

        private void Add(ImmutableArray<MatrixRow> rows)
        {
            foreach (var row in rows)
            {
                foreach (var (_, value) in row.Values)
                {
                    Add(value.Computed);
                }
            }
        }
    }
}
