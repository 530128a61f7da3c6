namespace Cairn.Core;

/// <summary>Every limit of the language, the planner, the scheduler and the formats. Units come last in the names.</summary>
public static class Limits
{
    /// <summary>Diagnostics kept for one document.</summary>
    public const int DiagnosticsMax = 1_000;

    /// <summary>Bytes of one pipeline file.</summary>
    public const int PipelineFileBytesMax = 8 << 20;

    /// <summary>Nesting of mappings and sequences.</summary>
    public const int NodeDepthMax = 64;

    /// <summary>Nodes of one document after aliases are expanded (a YAML bomb stops here).</summary>
    public const int NodesMax = 1_000_000;

    /// <summary>Files that one pipeline includes, directly or through others.</summary>
    public const int IncludedFilesMax = 256;

    /// <summary>Include and template nesting.</summary>
    public const int IncludeDepthMax = 16;

    /// <summary>Processes that <c>limits</c> may allow a step.</summary>
    public const int StepProcessesMax = 4_000_000;

    /// <summary>Open files that <c>limits</c> may allow a process of a step.</summary>
    public const int StepOpenFilesMax = 1_048_576;

    /// <summary>Processors that <c>limits</c> may allow a step.</summary>
    public const int StepCpusMax = 8_192;

    /// <summary>Steps of a pipeline, generated ones among them.</summary>
    public const int StepsMax = 20_000;

    /// <summary>Jobs of one run, generated ones among them.</summary>
    public const int JobsMax = 50_000;

    /// <summary>Jobs that one matrix makes.</summary>
    public const int MatrixJobsMax = 4_096;

    /// <summary>Edges between the jobs of one run: two matrices, one needing the other, multiply theirs.</summary>
    public const int JobEdgesMax = 4_000_000;

    /// <summary>Depth of generated pipelines: a generated step may itself generate.</summary>
    public const int GeneratedDepthMax = 4;

    /// <summary>UTF-16 units of one expression.</summary>
    public const int ExpressionCharsMax = 16_384;

    /// <summary>Nesting of one expression.</summary>
    public const int ExpressionDepthMax = 64;

    /// <summary>UTF-16 units of a value that an expression makes.</summary>
    public const int ExpressionResultCharsMax = 4 << 20;

    /// <summary>Evaluation steps of one expression.</summary>
    public const int ExpressionStepsMax = 1_000_000;

    /// <summary>UTF-16 units of one glob.</summary>
    public const int GlobCharsMax = 4_096;

    /// <summary>Attempts of one job, the first among them.</summary>
    public const int AttemptsMax = 100;

    /// <summary>The longest timeout, in days.</summary>
    public const int TimeoutDaysMax = 365;

    /// <summary>Bytes of one encoded action, command, folder or result.</summary>
    public const int ActionBlobBytesMax = 64 << 20;

    /// <summary>Folders that a comparison of two trees looks into.</summary>
    public const int ComparedFoldersMax = 200_000;

    /// <summary>Bytes of one lock file.</summary>
    public const int LockFileBytesMax = 32 << 20;

    /// <summary>Packages of one lock file.</summary>
    public const int LockPackagesMax = 200_000;

    /// <summary>Needs of packages for others in one lock file.</summary>
    public const int LockNeedsMax = 2_000_000;

    /// <summary>Chains that tell why one package is there.</summary>
    public const int DependencyChainsMax = 100;

    /// <summary>Files, links and folders of a tree that is read from one blob.</summary>
    public const int TreeItemsMax = 1_000_000;

    /// <summary>Characters of all paths of such a tree.</summary>
    public const int TreePathCharsMax = 100_000_000;

    /// <summary>How deep folders of such a tree may stand in each other.</summary>
    public const int TreeDepthMax = 256;
}
