using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning;

/// <summary>Expands a pipeline to jobs and checks their graph.</summary>
public static class Planner
{
    /// <summary>Plans a run.</summary>
    public static PlanResult Plan(Pipeline pipeline, PlanInput input) => throw new NotSupportedException();

    /// <summary>Adds the steps of a generated pipeline. Each of its jobs needs <paramref name="generatingJob"/> besides what it names; existing jobs keep their indices.</summary>
    public static PlanResult Extend(Plan plan, Pipeline generated, int generatingJob, PlanInput input) => throw new NotSupportedException();
}
