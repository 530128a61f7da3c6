using System.Collections.Immutable;

using Cairn.Core.Language.Model;
using Cairn.Engine.Log;

namespace Cairn.Engine.Configuration;

/// <summary>Every key of the configuration. Help, completion, validation and the reference page come from this table.</summary>
public static class SettingKeys
{
    /// <summary>The keys, grouped by section.</summary>
    public static ImmutableArray<SettingKey> All { get; } =
    [
        new("run.max_parallel", new SettingType.Whole(1, 1024), "", "Jobs at once; without it what the pipeline says, or the number of processors.",
            static (s, v) => s with { MaxParallel = (int)v! }),
        new("run.keep_going", new SettingType.Switch(), "false", "Whether a run goes on after a failure, as with --keep-going.",
            static (s, v) => s with { KeepGoing = (bool)v! }),
        new("run.isolation", new SettingType.Choice<IsolationLevel>(("sandbox", IsolationLevel.Sandbox), ("process", IsolationLevel.Process)), "sandbox",
            "The isolation of steps that name none.", static (s, v) => s with { Isolation = (IsolationLevel)v! }),
        new("run.stop_grace", new SettingType.Duration(TimeSpan.FromHours(1)), "10s", "How long a step that is stopped may take between SIGTERM and SIGKILL.",
            static (s, v) => s with { StopGrace = (TimeSpan)v! }),
        new("run.view", new SettingType.Choice<RunView>(("auto", RunView.Auto), ("live", RunView.Live), ("plain", RunView.Plain), ("quiet", RunView.Quiet)), "auto",
            "How a run is shown; auto is live on a terminal and plain elsewhere.", static (s, v) => s with { View = (RunView)v! }),
        new("run.tail_lines", new SettingType.Whole(0, 10_000), "40", "How many lines of a failing step's log are shown.",
            static (s, v) => s with { TailLines = (int)v! }),
        new("history.keep_runs", new SettingType.Whole(1, 100_000), "200", "How many runs are kept in .cairn/runs.",
            static (s, v) => s with { KeepRuns = (int)v! }),
        new("history.keep_days", new SettingType.Whole(1, 36_500), "", "How many days a run is kept; without it as long as history.keep_runs permits.",
            static (s, v) => s with { KeepDays = (int)v! }),
        new("cache.directory", new SettingType.Folder(), "", "Where the cache stands; without it ~/.cache/cairn. Several users can share one folder.",
            static (s, v) => s with { CacheDirectory = (string)v! }),
        new("cache.quota", new SettingType.Size(), "", "What the cache may take of the disk; without it 20GiB, or a tenth of the disk if that is less.",
            static (s, v) => s with { CacheQuotaBytes = (long)v! }),
        new("debug.keep_days", new SettingType.Whole(0, 36_500), "7", "How many days the root of a failed sandboxed step is kept for cairn debug.",
            static (s, v) => s with { DebugKeepDays = (int)v! }),
        new("debug.quota", new SettingType.Size(), "5GiB", "What the kept roots of failed steps may take of the disk.",
            static (s, v) => s with { DebugQuotaBytes = (long)v! }),
        new("process.pid_namespace", new SettingType.Choice<Availability>(("auto", Availability.Auto), ("off", Availability.Off)), "auto",
            "Whether steps run in a pid namespace where the machine permits it, so that nothing survives them.", static (s, v) => s with { PidNamespace = (Availability)v! }),
        new("process.path", new SettingType.SearchPath(), "", "The PATH of steps; without it Cairn's own fixed one.",
            static (s, v) => s with { ProcessPath = (string)v! }),
        new("lint.untrusted", new SettingType.Choice<LintLevel>(("warn", LintLevel.Warn), ("error", LintLevel.Error), ("off", LintLevel.Off)), "warn",
            "What happens where untrusted text (a branch name, a parameter) is put into a shell script.", static (s, v) => s with { UntrustedLint = (LintLevel)v! }),
        new("log", new SettingType.Log(), "local", "Where receipts and attestations of runs are logged: the machine's own log, nowhere, or a log elsewhere.",
            static (s, v) => s with { Log = (LogTarget)v! }, userOnly: true),
        new("log_token_file", new SettingType.Folder(), "", "The file with the token for a log elsewhere; CAIRN_LOG_TOKEN wins over it.",
            static (s, v) => s with { LogTokenFile = (string)v! }, userOnly: true),
        new("color", new SettingType.Choice<ColorMode>(("auto", ColorMode.Auto), ("always", ColorMode.Always), ("never", ColorMode.Never)), "auto",
            "When to use colour; --color and NO_COLOR win over it.", static (s, v) => s with { Color = (ColorMode)v! }, userOnly: true),
    ];

    /// <summary>The key of that name, or null.</summary>
    public static SettingKey? Find(string name)
    {
        foreach (var key in All)
        {
            if (key.Name == name)
            {
                return key;
            }
        }

        return null;
    }
}
