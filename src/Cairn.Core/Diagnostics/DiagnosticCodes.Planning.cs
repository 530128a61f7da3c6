namespace Cairn.Core.Diagnostics;

/// <content>The plan: <c>CAIRN0300</c> to <c>CAIRN0349</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A parameter is given that the pipeline does not have.</summary>
    public const string PlanUnknownParameter = "CAIRN0300";

    /// <summary>A required parameter is not given.</summary>
    public const string PlanMissingParameter = "CAIRN0301";

    /// <summary>A parameter's value is not of its type, or not among those allowed.</summary>
    public const string PlanBadParameter = "CAIRN0302";

    /// <summary>A matrix makes more jobs than it may.</summary>
    public const string PlanMatrixTooLarge = "CAIRN0303";

    /// <summary>A matrix makes a combination twice.</summary>
    public const string PlanMatrixDuplicate = "CAIRN0304";

    /// <summary>The expression of a matrix axis does not yield a list.</summary>
    public const string PlanMatrixNotList = "CAIRN0305";

    /// <summary>Warning: a matrix has no combination, so its step has no job.</summary>
    public const string PlanMatrixEmpty = "CAIRN0306";

    /// <summary>The run would have too many jobs, steps, or edges between jobs.</summary>
    public const string PlanTooLarge = "CAIRN0307";

    /// <summary>A path or pattern depends on something that is known only while the run goes on.</summary>
    public const string PlanTooEarly = "CAIRN0308";

    /// <summary>Two jobs write one path.</summary>
    public const string PlanOutputConflict = "CAIRN0310";

    /// <summary>A job writes a file that git tracks.</summary>
    public const string PlanOutputTracked = "CAIRN0311";

    /// <summary>A job reads what a step writes that it does not need.</summary>
    public const string PlanInputNotNeeded = "CAIRN0312";

    /// <summary>The path of a generated pipeline is not one plain path.</summary>
    public const string PlanGeneratesPattern = "CAIRN0313";

    /// <summary>A generated step has the name of a step that exists.</summary>
    public const string PlanGeneratedName = "CAIRN0320";

    /// <summary>Generated steps generate steps too often in turn.</summary>
    public const string PlanGeneratedDepth = "CAIRN0321";

    /// <summary>A step needs a step that is not in the run.</summary>
    public const string PlanUnknownNeed = "CAIRN0330";

    /// <summary>Steps need each other in a circle.</summary>
    public const string PlanCycle = "CAIRN0331";

    /// <summary>A selection names no step and no job.</summary>
    public const string PlanUnknownSelection = "CAIRN0340";
}
