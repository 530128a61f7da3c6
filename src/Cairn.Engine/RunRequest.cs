using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Syntax;
using Cairn.Engine.Caching.Memo;
using Cairn.Engine.Configuration;
using Cairn.Engine.Fetching;
using Cairn.Engine.Handlers;
using Cairn.Engine.History;
using Cairn.Engine.Log;
using Cairn.Engine.Preparation;
using Cairn.Engine.Running;
using Cairn.Engine.Toolchains;
using Cairn.Trust.Keys;

namespace Cairn.Engine;

/// <summary>What a caller asks for.</summary>
public sealed record RunRequest
{
    /// <summary>The project's folder, absolute: where the pipeline file stands.</summary>
    public required string ProjectDirectory { get; init; }

    /// <summary>The pipeline file, relative to the project.</summary>
    public string PipelineFile { get; init; } = "cairn.yaml";

    /// <summary>Values of parameters.</summary>
    public ImmutableDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Run only these steps (names or job ids), without what they need.</summary>
    public ImmutableArray<string> Only { get; init; } = [];

    /// <summary>Run these steps and everything that follows from them.</summary>
    public ImmutableArray<string> From { get; init; } = [];

    /// <summary>Run these steps and everything they need.</summary>
    public ImmutableArray<string> Until { get; init; } = [];

    /// <summary>Run again what failed in that run, and what follows.</summary>
    public RunId? RetryFailedOf { get; init; }

    /// <summary>Whether to go on after a failure.</summary>
    public bool KeepGoing { get; init; }

    /// <summary>Jobs at once; null means what the pipeline says, or the number of processors.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>From SIGTERM to SIGKILL for a step that is stopped.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The <c>PATH</c> of steps where nobody sets another.</summary>
    public static string DefaultStepPath => StepEnvironment.DefaultPath;

    /// <summary>The <c>PATH</c> of steps.</summary>
    public string StepPath { get; init; } = StepEnvironment.DefaultPath;

    /// <summary>The isolation of steps that name none.</summary>
    public IsolationLevel Isolation { get; init; } = IsolationLevel.Process;

    /// <summary>Whether every step is deterministic, whatever it says.</summary>
    public bool Deterministic { get; init; }

    /// <summary>The executable <c>cairn</c>, which sandboxes start.</summary>
    public string Program { get; init; } = "cairn";

    /// <summary>Whether a pid namespace may keep the steps' processes together where the machine offers one.</summary>
    public bool PidNamespace { get; init; } = true;

    /// <summary>How many runs are kept; older records are removed after a run.</summary>
    public int KeepRuns { get; init; } = 200;

    /// <summary>After how many days a record is removed although it is among those kept; null for never.</summary>
    public int? KeepDays { get; init; }

    /// <summary>What happens where untrusted text becomes part of a shell script.</summary>
    public LintLevel UntrustedLint { get; init; }

    /// <summary>Where named locks stand: the user's state folder for Cairn.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The user's keys, with the trust store beside them; null for a folder in the state folder, and no trust store, where there is no home.</summary>
    public string? KeysDirectory { get; init; }

    /// <summary>Who is told of what happens, from the user's configuration.</summary>
    public ImmutableArray<HandlerSettings> Handlers { get; init; } = [];

    /// <summary>The name of the key that signs; null for what the trust store says, or the default one.</summary>
    public string? SignWith { get; init; }

    /// <summary>That key where a passphrase had to open it; null where the run opens it by itself.</summary>
    public ISigner? Signer { get; init; }

    /// <summary>Where what the run signs is logged.</summary>
    public LogTarget Log { get; init; } = LogTarget.Local.Instance;

    /// <summary>The version of Cairn, as attestations name it.</summary>
    public string Version { get; init; } = "0";

    /// <summary>The store: the user's cache folder for Cairn. Null where there is none to be had; then nothing is cached.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Bytes that the store may take; null for its own default.</summary>
    public long? CacheQuotaBytes { get; init; }

    /// <summary>Whether the action cache is neither asked nor filled.</summary>
    public bool NoCache { get; init; }

    /// <summary>Whether the run ends at the first failure, without another attempt, so that a person can look at it.</summary>
    public bool StopAtFailure { get; init; }

    /// <summary>After how many days the root of a failed step is no longer kept.</summary>
    public int DebugKeepDays { get; init; } = 7;

    /// <summary>Bytes that kept roots may take.</summary>
    public long DebugQuotaBytes { get; init; } = 5L << 30;

    /// <summary>Steps (names or job ids) that execute although the action cache has their result, which is then replaced.</summary>
    public ImmutableArray<string> Force { get; init; } = [];

    /// <summary>That what fetch steps bring is pinned anew where that is due; null where it must be what is pinned.</summary>
    public FetchPinning? Pinning { get; init; }

    /// <summary>
    /// Whether the plan is only looked at and never run: then a step may ask for its own project, and required parameters without a value
    /// take one that fits.
    /// </summary>
    public bool InspectOnly { get; init; }
}

/// <summary>A run that could start: read, planned, selected. Or the reasons why it cannot.</summary>
public sealed record PreparedRun(RunRequest Request, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources)
{
    // A frozen generic over our own key would be compiled at each start.
    private static readonly Dictionary<JobId, ImmutableSortedDictionary<string, string>> NoOutputs = [];

    /// <summary>The id that the run will have.</summary>
    public required RunId Id { get; init; }

    /// <summary>The plan; null after errors.</summary>
    public Plan? Plan { get; init; }

    /// <summary>What the plan was made from; null after errors.</summary>
    public PlanInput PlanInput { get; init; } = new();

    /// <summary>What git tells.</summary>
    public GitState Git { get; init; } = new();

    /// <summary>For each job of the plan: null where it will run (its condition permitting), else why it was left out (<c>not in --only</c>).</summary>
    public ImmutableArray<string?> LeftOut { get; init; } = [];

    /// <summary>Expected duration of each job from earlier runs; null where there is none.</summary>
    public ImmutableArray<TimeSpan?> Expected { get; init; } = [];

    /// <summary>What <see cref="Expected"/> was taken from, and where the run notes what its jobs take.</summary>
    internal DurationHistory Durations { get; init; } = new();

    /// <summary>What the steps' toolchains are.</summary>
    public ProjectToolchains Toolchains { get; init; } = ProjectToolchains.None;

    /// <summary>What fetch steps brought.</summary>
    public ProjectFetches Fetches { get; init; } = ProjectFetches.None;

    /// <summary>The plan as the memo has it, or is to get it; null after errors.</summary>
    internal CompiledPipeline? Compiled { get; init; }

    /// <summary>Step outputs of jobs that an earlier run finished and this one leaves out.</summary>
    public IReadOnlyDictionary<JobId, ImmutableSortedDictionary<string, string>> PriorOutputs { get; init; } = NoOutputs;
}
