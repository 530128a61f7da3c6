namespace Cairn.Core.Planning.Compiled;

/// <summary>Which members of a job are written.</summary>
internal static class JobMember
{
    public const uint MatrixKey = 1u << 0;
    public const uint Matrix = 1u << 1;

    /// <summary>The same as the job's before; so for inputs and outputs.</summary>
    public const uint SharedNeeds = 1u << 2;
    public const uint Inputs = 1u << 3;
    public const uint SharedInputs = 1u << 4;
    public const uint SharedOutputs = 1u << 5;
    public const uint SkippedByPlan = 1u << 6;
    public const uint ConditionHolds = 1u << 7;
    public const uint GeneratedDepth = 1u << 8;
    public const uint All = (1u << 9) - 1;
}

/// <summary>Which members of a step are written; those that are true or false are nothing but their bit.</summary>
internal static class StepMember
{
    public const uint Description = 1u << 0;
    public const uint Needs = 1u << 1;
    public const uint Environment = 1u << 2;
    public const uint WorkingDirectory = 1u << 3;
    public const uint Inputs = 1u << 4;
    public const uint Outputs = 1u << 5;
    public const uint Timeout = 1u << 6;
    public const uint Retries = 1u << 7;
    public const uint AllowFailure = 1u << 8;
    public const uint Condition = 1u << 9;
    public const uint Matrix = 1u << 10;
    public const uint Isolation = 1u << 11;
    public const uint Locks = 1u << 12;
    public const uint MaxParallel = 1u << 13;
    public const uint Services = 1u << 14;
    public const uint Cache = 1u << 15;
    public const uint JUnitReports = 1u << 16;
    public const uint Generates = 1u << 17;
    public const uint Templates = 1u << 18;
    public const uint Network = 1u << 19;
    public const uint Limits = 1u << 20;
    public const uint Strict = 1u << 21;
    public const uint Deterministic = 1u << 22;
    public const uint Toolchain = 1u << 23;
    public const uint Fetch = 1u << 24;
    public const uint All = (1u << 25) - 1;
}

/// <summary>What follows as a value.</summary>
internal enum ValueTag
{
    Null,
    False,
    True,
    Whole,
    Number,
    Text,
    List,
    Map,
}

/// <summary>What follows where an object may already have been written: its number, counted from <see cref="Known"/>, or the object.</summary>
internal static class ObjectTag
{
    public const uint None = 0;
    public const uint Literal = 1;
    public const uint Fresh = 2;
    public const uint Known = 3;
}

/// <summary>The kinds of <c>StepAction</c>.</summary>
internal enum ActionTag
{
    /// <summary>A script with the shell of the script before.</summary>
    ScriptOfSameShell,
    Script,
    Command,
    Bundle,
}

/// <summary>The kinds of <c>SecretSource</c>.</summary>
internal enum SecretTag
{
    Variable,
    File,
    Command,
}

/// <summary>The kinds of <c>ToolchainSource</c>.</summary>
internal enum ToolchainTag
{
    Debian,
    Oci,
    Archive,
    Step,
    Host,
    Dotnet,
}

/// <summary>The kinds of <c>ReadinessCheck</c>.</summary>
internal enum ReadinessTag
{
    None,
    Script,
    Tcp,
    Http,
    Output,
}
