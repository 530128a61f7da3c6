using System.Collections.Immutable;

using Cairn.Core.Language.Model;
using Cairn.Engine.Handlers;
using Cairn.Engine.Log;

namespace Cairn.Engine.Configuration;

/// <summary>When to use colour.</summary>
public enum ColorMode
{
    /// <summary>On a terminal that has it, unless <c>NO_COLOR</c> is set.</summary>
    Auto,

    /// <summary>Also in pipes and files.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>How <c>cairn run</c> shows a run.</summary>
public enum RunView
{
    /// <summary>Live on a terminal, plain elsewhere and under <c>CI=true</c>.</summary>
    Auto,

    /// <summary>One line per running job, redrawn.</summary>
    Live,

    /// <summary>Lines that only ever follow each other.</summary>
    Plain,

    /// <summary>Failures and the last line only.</summary>
    Quiet,
}

/// <summary>What a lint does when it finds something.</summary>
public enum LintLevel
{
    /// <summary>It warns.</summary>
    Warn,

    /// <summary>It refuses the pipeline.</summary>
    Error,

    /// <summary>It says nothing.</summary>
    Off,
}

/// <summary>Whether a means that not every machine has is used.</summary>
public enum Availability
{
    /// <summary>Where it can be had.</summary>
    Auto,

    /// <summary>Never.</summary>
    Off,
}

/// <summary>The settings of a user and a project, defaults applied. <see cref="SettingKeys"/> documents each.</summary>
public sealed record Settings
{
    /// <summary>The defaults.</summary>
    public static Settings Default { get; } = new();

    /// <summary><c>run.max_parallel</c>: jobs at once; null means what the pipeline says, or the number of processors.</summary>
    public int? MaxParallel { get; init; }

    /// <summary><c>run.keep_going</c>: whether a run goes on after a failure.</summary>
    public bool KeepGoing { get; init; }

    /// <summary><c>run.isolation</c>: the isolation of steps that name none.</summary>
    public IsolationLevel Isolation { get; init; } = IsolationLevel.Sandbox;

    /// <summary><c>run.stop_grace</c>: from SIGTERM to SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>run.view</c>: how a run is shown.</summary>
    public RunView View { get; init; }

    /// <summary><c>run.tail_lines</c>: lines of a failing step's log that are shown.</summary>
    public int TailLines { get; init; } = 40;

    /// <summary><c>history.keep_runs</c>: runs kept in <c>.cairn/runs</c>.</summary>
    public int KeepRuns { get; init; } = 200;

    /// <summary><c>history.keep_days</c>: days that a run is kept; null for as long as <see cref="KeepRuns"/> permits.</summary>
    public int? KeepDays { get; init; }

    /// <summary><c>cache.directory</c>: where blobs and results are kept; null for <see cref="UserFolders.Cache"/>.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary><c>cache.quota</c>: bytes that the cache may take; null for the store's own default.</summary>
    public long? CacheQuotaBytes { get; init; }

    /// <summary><c>debug.keep_days</c>: days that the root of a failed step is kept.</summary>
    public int DebugKeepDays { get; init; } = 7;

    /// <summary><c>debug.quota</c>: bytes that kept roots may take.</summary>
    public long DebugQuotaBytes { get; init; } = 5L << 30;

    /// <summary><c>process.pid_namespace</c>: whether steps get a pid namespace, so that nothing survives them.</summary>
    public Availability PidNamespace { get; init; }

    /// <summary><c>process.path</c>: the <c>PATH</c> of steps; null for Cairn's fixed one.</summary>
    public string? ProcessPath { get; init; }

    /// <summary><c>log</c>: where what runs sign is logged.</summary>
    public LogTarget Log { get; init; } = LogTarget.Local.Instance;

    /// <summary><c>log_token_file</c>: the file with the token for a log elsewhere; null for none.</summary>
    public string? LogTokenFile { get; init; }

    /// <summary><c>lint.untrusted</c>: what happens where untrusted text is put into a shell script.</summary>
    public LintLevel UntrustedLint { get; init; }

    /// <summary><c>color</c>: when to use colour.</summary>
    public ColorMode Color { get; init; }

    /// <summary><c>handlers</c>: who is told of what happens in runs. The user's file only.</summary>
    public ImmutableArray<HandlerSettings> Handlers { get; init; } = [];
}

/// <summary>Where a setting's value comes from; later ones win.</summary>
public enum SettingLevel
{
    /// <summary>Nobody set it.</summary>
    Default,

    /// <summary><c>~/.config/cairn/config.yaml</c>.</summary>
    User,

    /// <summary><c>.cairn/config.yaml</c> in the project, which git ignores.</summary>
    Project,
}

/// <summary>A setting as it stands.</summary>
/// <param name="Key">The key.</param>
/// <param name="Text">Its value as it is written in YAML; empty where there is neither value nor default.</param>
/// <param name="Level">Where it comes from.</param>
public sealed record SettingValue(SettingKey Key, string Text, SettingLevel Level);

/// <summary>Settings with their origins.</summary>
/// <param name="Settings">The merged settings.</param>
/// <param name="Values">One value for each known key, in the table's order.</param>
/// <param name="Sources">The files that were read, by name, to show lines of.</param>
public sealed record LoadedSettings(Settings Settings, ImmutableArray<SettingValue> Values, ImmutableDictionary<string, Cairn.Core.Syntax.SourceText> Sources);
