using System.Collections.Immutable;
using System.CommandLine;
using System.Runtime.InteropServices;

using Cairn.Cli.Keys;
using Cairn.Cli.Logs;
using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Store;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn run</c>.</summary>
internal sealed class RunCommand
{
    // About twelve frames a second: smooth enough for an elapsed time, and next to no work.
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan StreamInterval = TimeSpan.FromMilliseconds(40);

    private readonly CommandServices _services;
    private readonly RunArguments _arguments;

    private RunCommand(CommandServices services, RunArguments arguments)
    {
        _services = services;
        _arguments = arguments;
    }

    public static Command Create(CommandServices services)
    {
        var options = new RunOptions();
        var command = new Command("run", "Run a pipeline");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(options.Read(parsed), services, cancellationToken));
        return command;
    }

    /// <summary>Runs what a command line asks for.</summary>
    public static Task<int> RunAsync(RunArguments arguments, CommandServices services, CancellationToken cancellationToken) =>
        new RunCommand(services, arguments).InvokeAsync(cancellationToken);

    /// <summary>What a command line asks for; null after telling what is wrong with it.</summary>
    public static RunRequest? TryRequest(CommandServices services, Project project, RunArguments arguments)
    {
        var command = new RunCommand(services, arguments);
        return command.LoadSettings(project) is { } settings ? command.Request(project, settings) : null;
    }

    private async Task<int> InvokeAsync(CancellationToken cancellationToken)
    {
        if (Conflict() is { } conflict)
        {
            return DiagnosticPrinter.Usage(_services, conflict);
        }

        if (ProjectOptions.Resolve(_services, _arguments.Directory, _arguments.File) is not { } project || LoadSettings(project) is not { } settings || Request(project, settings) is not { } request)
        {
            return ExitCodes.Usage;
        }

        if (_arguments.Fetch is { } fetch)
        {
            if (await FetchCommand.AimAsync(_services, request, fetch, Print, cancellationToken) is not var (exitCode, aimed))
            {
                return ExitCodes.Usage;
            }

            if (aimed is null)
            {
                return exitCode;
            }

            request = aimed;
        }

        await using var guards = new Guards(isNeeded: !_arguments.DryRun);
        var prepared = await RunEngine.PrepareAsync(request, cancellationToken);
        if (prepared.Plan is not { } plan)
        {
            Print(prepared);
            return ExitCodes.Usage;
        }

        if (_arguments.DryRun)
        {
            Print(prepared);
            var text = new ByteText();
            if (_arguments.Json)
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

        if (!RunKey.TryOpen(_services, ref request, _arguments.PassphraseFd, out var opened))
        {
            return ExitCodes.Usage;
        }

        using var key = opened;
        var (code, result) = await RunAsync(project, settings, opened is null ? prepared : prepared with { Request = request }, plan, guards);
        if (!result.Handlers.IsEmpty)
        {
            HandlerProblems.Print(_services, result.Handlers);
        }

        if (_arguments is { Fetch: { } fetched, Json: false, Quiet: false })
        {
            FetchCommand.Report(_services, result.Fetched, fetched.DryRun);
        }

        return code;
    }

    private async Task<(int ExitCode, RunResult Result)> RunAsync(Project project, Settings settings, PreparedRun prepared, Plan plan, Guards guards)
    {
        var (view, interval) = View(settings.View, new ViewOptions
        {
            Style = Style.OfOutput(_services.Terminal),
            Expected = ExpectedById(plan, prepared.Expected),
            CommandSuffix = project.CommandSuffix,
            RunSuffix = RunSuffix(project, _arguments.Parameters),
            TailLines = settings.TailLines,
            ShowRoot = _arguments.Keep,
        });
        using var control = new RunControl();
        await using var pump = new ViewPump(view, _services.OutBytes, _services.Terminal, _services.Time, interval);
        await guards.WatchAsync(control, pump);

        // A run ends through its control, gracefully first; a token would tear it down.
        var result = await RunEngine.RunAsync(prepared, pump, control, CancellationToken.None);
        if (result.Refused is { } refused)
        {
            pump.Restore();
            Print(refused);
            return (ExitCodes.Usage, result);
        }

        if (result is { Directory: null, Status: RunStatus.Cancelled })
        {
            pump.Notice("cancelled before it began");
        }

        if (result.RecordError is not null)
        {
            return (ExitCodes.Internal, result);
        }

        return (result.Status switch
        {
            RunStatus.Succeeded => ExitCodes.Success,
            RunStatus.Failed => ExitCodes.StepFailed,
            _ => ExitCodes.Cancelled,
        }, result);
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

    private (IRunView View, TimeSpan Interval) View(RunView configured, ViewOptions options)
    {
        if (_arguments.Json)
        {
            return (new JsonView(), StreamInterval);
        }

        var chosen = _arguments.Quiet ? RunView.Quiet : _arguments.Plain ? RunView.Plain : configured;
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

    private string? Conflict()
    {
        var views = new List<string>(3);
        if (_arguments.Json)
        {
            views.Add("`--json`");
        }

        if (_arguments.Plain)
        {
            views.Add("`--plain`");
        }

        if (_arguments.Quiet)
        {
            views.Add("`--quiet`");
        }

        return views.Count > 1 ? $"{string.Join(" and ", views)} exclude each other"
            : _arguments is { Keep: true, KeepGoing: true } ? "`--keep` and `--keep-going` exclude each other" : null;
    }

    private RunRequest? Request(Project project, Settings settings)
    {
        var parameters = _arguments.Parameters.Length == 0 ? null : ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var text in _arguments.Parameters)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                DiagnosticPrinter.Usage(_services, $"`{text}` does not set a parameter", "write `--param name=value`");
                return null;
            }

            if (!parameters!.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                DiagnosticPrinter.Usage(_services, $"The parameter `{text[..equals]}` is set twice");
                return null;
            }
        }

        var maxParallel = _arguments.MaxParallel;
        if (maxParallel is < 1)
        {
            DiagnosticPrinter.Usage(_services, $"`--max-parallel {maxParallel}` would run nothing", "give a number of at least 1");
            return null;
        }

        RunId? retry = null;
        if (_arguments.RetryFailed is { } earlier)
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
            Parameters = parameters?.ToImmutable() ?? ImmutableDictionary<string, string>.Empty,
            Only = [.. _arguments.Only],
            From = [.. _arguments.From],
            Until = [.. _arguments.Until, .. _arguments.Steps],
            RetryFailedOf = retry,
            KeepGoing = _arguments.KeepGoing || settings.KeepGoing,
            MaxParallel = maxParallel ?? settings.MaxParallel,
            StopGrace = settings.StopGrace,
            Isolation = settings.Isolation,
            Deterministic = _arguments.Deterministic,
            Program = CairnProgram.Path,
            PidNamespace = settings.PidNamespace != Availability.Off,
            KeepRuns = settings.KeepRuns,
            KeepDays = settings.KeepDays,
            UntrustedLint = settings.UntrustedLint,
            CacheDirectory = CacheFolder.Of(_services, settings),
            CacheQuotaBytes = settings.CacheQuotaBytes,
            StopAtFailure = _arguments.Keep,
            DebugKeepDays = settings.DebugKeepDays,
            DebugQuotaBytes = settings.DebugQuotaBytes,
            NoCache = _arguments.NoCache,
            Force = [.. _arguments.Force],
            StateDirectory = UserFolders.State(_services.Variable),
            Handlers = settings.Handlers,
            KeysDirectory = KeyFolders.Of(_services),
            SignWith = _arguments.Key ?? _services.Variable(RunKey.Variable),
            Log = settings.Log is LogTarget.Remote remote ? remote with { Token = LogTokens.Find(_services, settings) } : settings.Log,
            Version = BuildInfo.Version,
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
    /// What every run has from before its record is begun: signals that cancel it gracefully, so that the record says how it ended, and the terminal's cursor back however the
    /// process ends, short of SIGKILL. To register signals takes a few milliseconds: it is done beside the preparation, during which a signal ends the process as if nothing
    /// were registered.
    /// </summary>
    private sealed class Guards : IAsyncDisposable
    {
        private readonly PosixSignalRegistration?[] _signals = new PosixSignalRegistration?[3];
        private readonly Task _registered;
        private RunControl? _control;
        private ViewPump? _pump;

        public Guards(bool isNeeded) => _registered = isNeeded ? Blocking.BeginAsync(Register) : Task.CompletedTask;

        /// <summary>From here on a signal cancels this run.</summary>
        public async Task WatchAsync(RunControl control, ViewPump pump)
        {
            _pump = pump;
            Volatile.Write(ref _control, control);
            AppDomain.CurrentDomain.ProcessExit += OnExit;
            AppDomain.CurrentDomain.UnhandledException += OnUnhandled;
            await _registered;
        }

        public async ValueTask DisposeAsync()
        {
            await _registered;
            foreach (var signal in _signals)
            {
                signal?.Dispose();
            }

            AppDomain.CurrentDomain.ProcessExit -= OnExit;
            AppDomain.CurrentDomain.UnhandledException -= OnUnhandled;
        }

        private void Register()
        {
            _signals[0] = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
            _signals[1] = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
            _signals[2] = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        }

        private void OnSignal(PosixSignalContext context)
        {
            if (Volatile.Read(ref _control) is not { } control)
            {
                return;
            }

            context.Cancel = true;
            var again = control.CancelToken.IsCancellationRequested;
            _pump!.Notice(again ? "killing all steps" : "cancelling: waiting for steps to end, press Ctrl-C again to kill them");
            control.Cancel();
        }

        private void OnExit(object? sender, EventArgs e) => _pump!.Restore();

        private void OnUnhandled(object sender, UnhandledExceptionEventArgs e) => _pump!.Restore();
    }
}
