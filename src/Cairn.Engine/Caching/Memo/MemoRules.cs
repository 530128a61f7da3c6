using System.Collections.Immutable;

using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;

namespace Cairn.Engine.Caching.Memo;

/// <summary>What may be remembered: that which is a function of the pipeline's files, the parameters and the inputs.</summary>
internal static class MemoRules
{
    /// <summary>Whether the plan is the same whatever git, the run and other files say.</summary>
    public static bool IsFixed(Pipeline pipeline)
    {
        foreach (var step in pipeline.Steps)
        {
            // A condition that looks at steps is evaluated in each run; of the others the plan keeps the answer.
            if (step.Condition is { } condition && !IsFixed(condition, atPlanTime: true))
            {
                return false;
            }

            if (step.Matrix is { } matrix && !IsFixed(matrix))
            {
                return false;
            }

            if (!AreFixed(step.Inputs ?? [], atPlanTime: true) || !AreFixed(step.Outputs, atPlanTime: true) || (step.Generates is { } generates && !IsFixed(generates, atPlanTime: true)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a job's action is a function of its inputs alone, once the plan is given.</summary>
    public static bool IsFixed(Pipeline pipeline, Job job)
    {
        if (!AreFixed(pipeline.Environment) || !AreFixed(job.Step.Environment))
        {
            return false;
        }

        var action = job.Step.Action switch
        {
            StepAction.Script script => IsFixed(script.Text, atPlanTime: false),
            StepAction.Command command => AreFixed(command.Arguments, atPlanTime: false),
            _ => false,
        };
        if (!action || (job.Step.WorkingDirectory is { } folder && !IsFixed(folder, atPlanTime: false)) || (job.Step.Cache.KeyExtra is { } extra && !IsFixed(extra, atPlanTime: false)))
        {
            return false;
        }

        foreach (var use in job.Step.Services)
        {
            foreach (var service in pipeline.Services)
            {
                if (service.Name == use.Name && !IsFixed(service))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsFixed(Service service) =>
        AreFixed(service.Environment) && (service.WorkingDirectory is not { } folder || IsFixed(folder, atPlanTime: false)) && service.Action switch
        {
            StepAction.Script script => IsFixed(script.Text, atPlanTime: false),
            StepAction.Command command => AreFixed(command.Arguments, atPlanTime: false),
            _ => false,
        };

    private static bool IsFixed(MatrixDefinition matrix)
    {
        foreach (var axis in matrix.Axes)
        {
            if (axis.Computed is { } computed && !IsFixed(computed, atPlanTime: true))
            {
                return false;
            }

            foreach (var value in axis.Values)
            {
                if (value.Computed is { } template && !IsFixed(template, atPlanTime: true))
                {
                    return false;
                }
            }
        }

        return AreFixed(matrix.Include) && AreFixed(matrix.Exclude);
    }

    private static bool AreFixed(ImmutableArray<MatrixRow> rows)
    {
        foreach (var row in rows)
        {
            foreach (var value in row.Values)
            {
                if (value.Value.Computed is { } template && !IsFixed(template, atPlanTime: true))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool AreFixed(ImmutableArray<EnvironmentEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!IsFixed(entry.Value, atPlanTime: false))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreFixed(ImmutableArray<Template> templates, bool atPlanTime)
    {
        foreach (var template in templates)
        {
            if (!IsFixed(template, atPlanTime))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsFixed(Template template, bool atPlanTime)
    {
        if (template.IsLiteral)
        {
            return true;
        }

        foreach (var expression in template.Expressions)
        {
            if (!IsFixed(expression, atPlanTime))
            {
                return false;
            }
        }

        return true;
    }

    // At plan time `steps` and `env` are not to be had: what reads them is left to the run, and is no part of the plan.
    private static bool IsFixed(Expression expression, bool atPlanTime)
    {
        if (expression.UsesHashFiles)
        {
            return false;
        }

        foreach (var reference in expression.References)
        {
            var fixedRoot = reference.Root switch
            {
                "params" or "matrix" or "env" or "secrets" => true,
                "job" => !reference.Path.IsEmpty && reference.Path[0] is not "attempt",
                "steps" => atPlanTime,
                _ => false,
            };
            if (!fixedRoot)
            {
                return false;
            }
        }

        return true;
    }
}
