using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>Expands a pipeline to jobs and checks their graph.</summary>
public static class Planner
{
    /// <summary>Plans a run.</summary>
    public static PlanResult Plan(Pipeline pipeline, PlanInput input)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(input);
        var diagnostics = new DiagnosticBag();
        if (ParameterValues.Resolve(pipeline.Parameters, input.Parameters, diagnostics) is not { } parameters)
        {
            return new PlanResult(null, diagnostics.ToSorted());
        }

        var jobs = new JobExpansion(parameters, input, diagnostics).Expand(pipeline.Steps);
        OutputOwnership.Check(jobs, firstNew: 0, input, diagnostics);
        ToolCachePlaces.Check(jobs, firstNew: 0, input, diagnostics);
        var plan = diagnostics.HasErrors ? null : new Plan(pipeline, jobs) { Parameters = parameters };
        return new PlanResult(plan, diagnostics.ToSorted());
    }

    /// <summary>
    /// Adds the steps of a generated pipeline. Each of its jobs needs <paramref name="generatingJob"/> besides what it names; existing jobs keep their
    /// indices. The steps of the result's pipeline include the new ones.
    /// </summary>
    public static PlanResult Extend(Plan plan, Pipeline generated, int generatingJob, PlanInput input)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentNullException.ThrowIfNull(input);
        var diagnostics = new DiagnosticBag();
        var generator = plan.Jobs[generatingJob];
        var place = generated.Steps.IsEmpty ? generator.Step.Span : generated.Steps[0].Span;
        if (generator.GeneratedDepth >= Limits.GeneratedDepthMax)
        {
            diagnostics.Error(DiagnosticCodes.PlanGeneratedDepth, $"`{generator.Id}` was itself generated, {Limits.GeneratedDepthMax} levels deep, and may not generate further steps",
                place, "generate all steps at once");
        }

        if (plan.Pipeline.Steps.Length + generated.Steps.Length > Limits.StepsMax)
        {
            diagnostics.Error(DiagnosticCodes.PlanTooLarge, $"With the generated steps the run has more than {Limits.StepsMax} steps", place);
        }

        CheckNames(plan, generated, diagnostics);
        if (diagnostics.HasErrors)
        {
            return new PlanResult(null, diagnostics.ToSorted());
        }

        var jobs = new JobExpansion(plan.Parameters, input, diagnostics) { Existing = plan.Jobs, GeneratedBy = generator }.Expand(generated.Steps);
        OutputOwnership.Check(jobs, plan.Jobs.Length, input, diagnostics);
        ToolCachePlaces.Check(jobs, plan.Jobs.Length, input, diagnostics);
        var extended = diagnostics.HasErrors
            ? null
            : plan with { Pipeline = plan.Pipeline with { Steps = [.. plan.Pipeline.Steps, .. generated.Steps] }, Jobs = jobs };
        return new PlanResult(extended, diagnostics.ToSorted());
    }

    /// <summary>
    /// Whether git tracks by now something that a job of the plan would write, which is a mistake: what remains to be asked where a plan is used again
    /// whose <see cref="PlanDependencies.Fingerprint"/> is the same.
    /// </summary>
    public static bool WouldWriteTracked(Plan plan, PlanInput input)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(input);
        return OutputOwnership.WouldWriteTracked(plan.Jobs, input);
    }

    private static void CheckNames(Plan plan, Pipeline generated, DiagnosticBag diagnostics)
    {
        var existing = new Dictionary<StepName, Step>();
        foreach (var step in plan.Pipeline.Steps)
        {
            existing[step.Name] = step;
        }

        foreach (var step in generated.Steps)
        {
            if (existing.TryGetValue(step.Name, out var first))
            {
                diagnostics.Add(new Diagnostic(DiagnosticCodes.PlanGeneratedName, DiagnosticSeverity.Error,
                    $"There is a step `{step.Name}` already", step.Span, "give the generated step another name")
                {
                    Notes = [new DiagnosticNote("It is defined here", first.Span)],
                });
            }
        }
    }
}
