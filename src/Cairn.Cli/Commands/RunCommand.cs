using System.Collections.Immutable;
using System.CommandLine;
using System.Runtime.InteropServices;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Engine.Configuration;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn run</c>.</summary>
internal sealed class RunCommand
{
    // About twelve frames a second: smooth enough for an elapsed time, and next to no work.
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan StreamInterval = TimeSpan.FromMilliseconds(40);

    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();
    private readonly Argument<string[]> _steps = new("STEP") { Arity = ArgumentArity.ZeroOrMore, Description = "Steps to run with everything they need, as with --until; all steps without" };
    private readonly Option<string[]> _parameters = Many("--param", "NAME=VALUE", "Set a parameter of the pipeline; may be repeated", "-p");
    private readonly Option<string[]> _only = Many("--only", "STEP", "Run only this step, without what it needs; may be repeated");
    private readonly Option<string[]> _from = Many("--from", "STEP", "Run this step and everything that follows from it; may be repeated");
    private readonly Option<string[]> _until = Many("--until", "STEP", "Run this step and everything it needs; may be repeated");
    private readonly Option<bool> _keepGoing = new("--keep-going", "-k") { Description = "Go on with what does not depend on a failed step" };
    private readonly Option<string?> _retryFailed = new("--retry-failed") { Description = "Run again what failed in RUN (an id, a part of one, or last) and what follows", HelpName = "RUN" };
    private readonly Option<bool> _noCache = new("--no-cache") { Description = "Execute every step, and neither ask nor fill the cache" };
    private readonly Option<string[]> _force = Many("--force", "STEP", "Execute this step although its result is in the cache, and replace that; may be repeated");
    private readonly Option<int?> _maxParallel = new("--max-parallel", "-j") { Description = "Jobs at once; otherwise what the pipeline says, or the number of processors", HelpName = "N" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would run and why, and run nothing" };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object a line: every event, and every line that a step writes" };
    private readonly Option<bool> _plain = new("--plain") { Description = "Write lines that only ever follow each other, as in CI" };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Say nothing but failures and how the run ended" };

    private RunCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var run = new RunCommand(services);
        var command = new Command("run", "Run a pipeline")
        {
            run._steps, run._project.Directory, run._project.File, run._parameters, run._only, run._from, run._until, run._keepGoing,
            run._retryFailed, run._noCache, run._force, run._maxParallel, run._dryRun, run._json, run._plain, run._quiet,
        };
        command.SetAction((parsed, cancellationToken) => run.InvokeAsync(parsed, cancellationToken));
        return command;
    }

    private static Option<string[]> Many(string name, string helpName, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = helpName, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (Conflict(parsed) is { } conflict)
        {
            return DiagnosticPrinter.Usage(_services, conflict);
        }

        if (_project.Resolve(_services, parsed) is not { } project || LoadSettings(project) is not { } settings || Request(parsed, project, settings) is not { } request)
        {
            return ExitCodes.Usage;
        }

        var prepared = await RunEngine.PrepareAsync(request, cancellationToken);
        if (prepared.Plan is not { } plan)
        {
            Print(prepared);
            return ExitCodes.Usage;
        }

        if (parsed.GetValue(_dryRun))
        {
            Print(prepared);
            var text = new ByteText();
            if (parsed.GetValue(_json))
            {
                PlanText.AppendJson(text, prepared);
            }
            else
            {
                PlanText.Append(text, prepared, Style.OfOutput(_services.Terminal));
            }

            _services.OutBytes.Write(text.Span);
            return ExitCodes.Success;
        }

        return await RunAsync(parsed, project, settings, prepared, plan);
    }

    private async Task<int> RunAsync(ParseResult parsed, Project project, Settings settings, PreparedRun prepared, Plan plan)
    {
        var (view, interval) = View(parsed, settings.View, new ViewOptions
        {
            Style = Style.OfOutput(_services.Terminal),
            Expected = ExpectedById(plan, prepared.Expected),
            CommandSuffix = project.CommandSuffix,
            RunSuffix = RunSuffix(project, parsed.GetValue(_parameters)),
            TailLines = settings.TailLines,
        });
        using var control = new RunControl();
        using var guards = new Guards();
        await using var pump = new ViewPump(view, _services.OutBytes, _services.Terminal, _services.Time, interval, guards.Begin);
        guards.Set(control, pump);

        // A run ends through its control, gracefully first; a token would tear it down.
        var result = await RunEngine.RunAsync(prepared, pump, control, CancellationToken.None);
        if (result.Refused is { } refused)
        {
            pump.Restore();
            Print(refused);
            return ExitCodes.Usage;
        }

        if (result is { Directory: null, Status: RunStatus.Cancelled })
        {
            pump.Notice("cancelled before it began");
        }

        if (result.RecordError is not null)
        {
            return ExitCodes.Internal;
        }

        return result.Status switch
        {
            RunStatus.Succeeded => ExitCodes.Success,
            RunStatus.Failed => ExitCodes.StepFailed,
            _ => ExitCodes.Cancelled,
        };
    }

    private static string RunSuffix(Project project, string[]? parameters)
    {
        var suffix = project.RunSuffix;
        foreach (var parameter in parameters ?? [])
        {
            suffix += $" -p {ShellText.Quote(parameter)}";
        }

        return suffix;
    }

    private (IRunView View, TimeSpan Interval) View(ParseResult parsed, RunView configured, ViewOptions options)
    {
        if (parsed.GetValue(_json))
        {
            return (new JsonView(), StreamInterval);
        }

        var chosen = parsed.GetValue(_quiet) ? RunView.Quiet : parsed.GetValue(_plain) ? RunView.Plain : configured;
        return chosen switch
        {
            RunView.Quiet => (new QuietView(options), StreamInterval),
            RunView.Auto when _services.Terminal.CanRepaint => (new LiveView(options), LiveInterval),
            // Who asks for it gets it under CI=true too, but nothing can be painted over in a pipe.
            RunView.Live when _services.Terminal is { OutIsTerminal: true, IsDumb: false } => (new LiveView(options), LiveInterval),
            _ => (new PlainView(options), StreamInterval),
        };
    }

    private Settings? LoadSettings(Project project)
    {
        var (user, own) = (SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(project.Directory));
        if (!SettingsLoader.Exist(user, own))
        {
            return Settings.Default;
        }

        var mistakes = new DiagnosticBag();
        var loaded = SettingsLoader.LoadWithOrigins(user, own, mistakes);
        DiagnosticPrinter.Print(_services, mistakes.ToSorted(), loaded.Sources);
        return mistakes.HasErrors ? null : loaded.Settings;
    }

    // Places as the caller would name them.
    private void Print(PreparedRun prepared)
    {
        var shown = PipelineInspection.Rebase(prepared.Request.PipelineFile, prepared, Path.GetRelativePath(_services.CurrentDirectory, prepared.Request.ProjectDirectory));
        DiagnosticPrinter.Print(_services, shown.Diagnostics, shown.Sources);
    }

    private string? Conflict(ParseResult parsed)
    {
        var views = new List<string>(3);
        foreach (var option in (ReadOnlySpan<Option<bool>>)[_json, _plain, _quiet])
        {
            if (parsed.GetValue(option))
            {
                views.Add($"`{option.Name}`");
            }
        }

        return views.Count > 1 ? $"{string.Join(" and ", views)} exclude each other" : null;
    }

    private RunRequest? Request(ParseResult parsed, Project project, Settings settings)
    {
        var parameters = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var text in parsed.GetValue(_parameters) ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                DiagnosticPrinter.Usage(_services, $"`{text}` does not set a parameter", "write `--param name=value`");
                return null;
            }

            if (!parameters.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                DiagnosticPrinter.Usage(_services, $"The parameter `{text[..equals]}` is set twice");
                return null;
            }
        }

        var maxParallel = parsed.GetValue(_maxParallel);
        if (maxParallel is < 1)
        {
            DiagnosticPrinter.Usage(_services, $"`--max-parallel {maxParallel}` would run nothing", "give a number of at least 1");
            return null;
        }

        RunId? retry = null;
        if (parsed.GetValue(_retryFailed) is { } earlier)
        {
            retry = new RunHistory(project.Directory).Resolve(earlier, out var error);
            if (retry is null)
            {
                DiagnosticPrinter.Usage(_services, error ?? $"There is no run `{earlier}`");
                return null;
            }
        }

        var request = new RunRequest
        {
            ProjectDirectory = project.Directory,
            PipelineFile = project.PipelineFile,
            Parameters = parameters.ToImmutable(),
            Only = [.. parsed.GetValue(_only) ?? []],
            From = [.. parsed.GetValue(_from) ?? []],
            Until = [.. parsed.GetValue(_until) ?? [], .. parsed.GetValue(_steps) ?? []],
            RetryFailedOf = retry,
            KeepGoing = parsed.GetValue(_keepGoing) || settings.KeepGoing,
            MaxParallel = maxParallel ?? settings.MaxParallel,
            StopGrace = settings.StopGrace,
            PidNamespace = settings.PidNamespace != Availability.Off,
            KeepRuns = settings.KeepRuns,
            KeepDays = settings.KeepDays,
            UntrustedLint = settings.UntrustedLint,
            CacheDirectory = CacheFolder.Of(_services),
            NoCache = parsed.GetValue(_noCache),
            Force = [.. parsed.GetValue(_force) ?? []],
            StateDirectory = UserFolders.State(_services.Variable),
        };
        return settings.ProcessPath is { } path ? request with { StepPath = path } : request;
    }

    private static Dictionary<string, TimeSpan> ExpectedById(Plan plan, ImmutableArray<TimeSpan?> expected)
    {
        var byId = new Dictionary<string, TimeSpan>(expected.Length, StringComparer.Ordinal);
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] is { } duration)
            {
                byId[plan.Jobs[i].Id.Value] = duration;
            }
        }

        return byId;
    }

    /// <summary>
    /// What a run wants while something goes on: signals that cancel it gracefully, and the terminal's cursor back however the process ends, short of SIGKILL. It
    /// begins before the first step; a run that has nothing to do may as well be ended by a signal as by itself.
    /// </summary>
    private sealed class Guards : IDisposable
    {
        private readonly List<PosixSignalRegistration> _signals = [];
        private RunControl? _control;
        private ViewPump? _pump;

        public void Set(RunControl control, ViewPump pump) => (_control, _pump) = (control, pump);

        public void Begin()
        {
            AppDomain.CurrentDomain.ProcessExit += OnExit;
            AppDomain.CurrentDomain.UnhandledException += OnUnhandled;
            foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
            {
                _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
            }
        }

        public void Dispose()
        {
            foreach (var signal in _signals)
            {
                signal.Dispose();
            }

            AppDomain.CurrentDomain.ProcessExit -= OnExit;
            AppDomain.CurrentDomain.UnhandledException -= OnUnhandled;
        }

        private void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            var again = _control!.CancelToken.IsCancellationRequested;
            _pump!.Notice(again ? "killing all steps" : "cancelling: waiting for steps to end, press Ctrl-C again to kill them");
            _control.Cancel();
        }

        private void OnExit(object? sender, EventArgs e) => _pump!.Restore();

        private void OnUnhandled(object sender, UnhandledExceptionEventArgs e) => _pump!.Restore();
    }
}
