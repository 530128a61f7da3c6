using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

namespace Cairn.Core.Language.Model;

/// <summary>A step as it was read, defaults applied.</summary>
public sealed record Step(StepName Name, StepAction Action, SourceSpan Span)
{
    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>The steps whose success and outputs it waits for.</summary>
    public ImmutableArray<StepReference> Needs { get; init; } = [];

    /// <summary>Its variables: defaults' first, its own last; later ones win.</summary>
    public ImmutableArray<EnvironmentEntry> Environment { get; init; } = [];

    /// <summary>Its folder, relative to the project.</summary>
    public Template? WorkingDirectory { get; init; }

    /// <summary>Globs of files it reads; null means the default inputs.</summary>
    public ImmutableArray<Template>? Inputs { get; init; }

    /// <summary>Globs of files it writes.</summary>
    public ImmutableArray<Template> Outputs { get; init; } = [];

    /// <summary>Wall time of one attempt, or null for none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>When to try again; null means never.</summary>
    public RetryPolicy? Retries { get; init; }

    /// <summary>Whether the run may succeed although it fails.</summary>
    public bool AllowFailure { get; init; }

    /// <summary>Whether it runs; null means <c>success()</c>. A condition without a status function is taken as <c>success() &amp;&amp; (…)</c>.</summary>
    public Expression? Condition { get; init; }

    /// <summary>The matrix, or null for one job.</summary>
    public MatrixDefinition? Matrix { get; init; }

    /// <summary>Where it runs; null means what the run's default is.</summary>
    public IsolationLevel? Isolation { get; init; }

    /// <summary>The toolchain whose programs it has; null means those of the machine, as does one that <see cref="ToolchainUse.IsHost"/>.</summary>
    public ToolchainUse? Toolchain { get; init; }

    /// <summary>What of the network it reaches; null means the least that its isolation can give.</summary>
    public NetworkAccess? Network { get; init; }

    /// <summary>From where it fetches, where it is a fetch step; else null.</summary>
    public FetchPolicy? Fetch { get; init; }

    /// <summary>Bounds of an attempt, or null.</summary>
    public StepLimits? Limits { get; init; }

    /// <summary>Whether a write outside its outputs is a failure.</summary>
    public bool Strict { get; init; }

    /// <summary>What of the machine and the day is hidden from it; null for no more than its isolation hides.</summary>
    public Determinism? Deterministic { get; init; }

    /// <summary>Locks each of its jobs holds while it runs, sorted by name.</summary>
    public ImmutableArray<LockName> Locks { get; init; } = [];

    /// <summary>Jobs of this step at once, or null for no limit of its own.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>Services that must be ready.</summary>
    public ImmutableArray<StepReference> Services { get; init; } = [];

    /// <summary>Whether and how its result may come from an earlier run.</summary>
    public CachePolicy Cache { get; init; } = CachePolicy.Default;

    /// <summary>Globs of JUnit XML reports it writes.</summary>
    public ImmutableArray<Template> JUnitReports { get; init; } = [];

    /// <summary>The pipeline file it writes and whose steps then join the run, or null.</summary>
    public Template? Generates { get; init; }

    /// <summary>
    /// The templates it was made from, outermost first, with what each one's parameters stand for; empty for a plain step.
    /// Evaluators need not look at it: every expression that came out of a template carries its own scope (see
    /// <see cref="ParameterScope"/>), while those that the using step added read the pipeline's parameters.
    /// </summary>
    public ImmutableArray<ParameterScope> Templates { get; init; } = [];
}

/// <summary>A name of a step (or service) where it is used.</summary>
public readonly record struct StepReference(StepName Name, SourceSpan Span);

/// <summary>What a step executes.</summary>
public abstract record StepAction
{
    private StepAction()
    {
    }

    /// <summary>A shell script: <c>run</c>.</summary>
    /// <param name="Text">The script.</param>
    /// <param name="Shell">The program and arguments that take the script as one more argument, such as <c>sh -eu -c</c>.</param>
    public sealed record Script(Template Text, ImmutableArray<string> Shell) : StepAction;

    /// <summary>A program with its arguments, without a shell: <c>command</c>.</summary>
    public sealed record Command(ImmutableArray<Template> Arguments) : StepAction;

    /// <summary>A bundle, which Cairn makes itself: <c>uses: bundle</c>.</summary>
    /// <param name="Name">The path of the bundle.</param>
    /// <param name="Files">Globs of the files that it holds, of the sources and of what the step needs.</param>
    public sealed record Bundle(Template Name, ImmutableArray<Template> Files) : StepAction
    {
        /// <summary>The word of the language.</summary>
        public const string Word = "bundle";
    }
}

/// <summary>When to try a failed attempt again.</summary>
/// <param name="Max">Attempts beyond the first.</param>
/// <param name="OnExitCodes">The exit codes that count, ascending. Empty, with <paramref name="OnTimeout"/> and <paramref name="OnSignal"/> false: every failure.</param>
/// <param name="OnTimeout">Whether a timeout counts.</param>
/// <param name="OnSignal">Whether an exit by signal counts.</param>
/// <param name="BackoffInitial">The wait before the second attempt; doubled for each further one.</param>
/// <param name="BackoffMax">The longest wait.</param>
/// <param name="Jitter">0 to 1: the part of the wait that is random.</param>
public sealed record RetryPolicy(int Max, ImmutableArray<int> OnExitCodes, bool OnTimeout, bool OnSignal, TimeSpan BackoffInitial, TimeSpan BackoffMax, double Jitter);

/// <summary>A matrix. It is never an expression as a whole: the names of its axes are known when the pipeline is read.</summary>
public sealed record MatrixDefinition(SourceSpan Span)
{
    /// <summary>The axes in order; each value is a constant or an expression over <c>params</c>, <c>git</c>, <c>run</c>.</summary>
    public ImmutableArray<MatrixAxis> Axes { get; init; } = [];

    /// <summary>Combinations to add, or values to add to matching combinations.</summary>
    public ImmutableArray<MatrixRow> Include { get; init; } = [];

    /// <summary>Combinations to leave out.</summary>
    public ImmutableArray<MatrixRow> Exclude { get; init; } = [];

    /// <summary>Jobs of the matrix at once, or null.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>Jobs of the matrix in all; more is an error.</summary>
    public int MaxJobs { get; init; } = Limits.MatrixJobsMax;
}

/// <summary>An axis: its values one by one, or one template that yields a list.</summary>
public sealed record MatrixAxis(string Name, ImmutableArray<MatrixValue> Values, Template? Computed, SourceSpan Span);

/// <summary>One value of an axis.</summary>
public sealed record MatrixValue(Value Constant, Template? Computed, SourceSpan Span);

/// <summary>A row of <c>include</c> or <c>exclude</c>.</summary>
public sealed record MatrixRow(ImmutableArray<KeyValuePair<string, MatrixValue>> Values, SourceSpan Span);
