using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Store.Content;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn logs</c>.</summary>
internal sealed class LogsCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();
    private readonly Argument<string?> _run = new("RUN") { Arity = ArgumentArity.ZeroOrOne, Description = "An id, a unique part of one, last, or last~2; may be left out for the last run" };
    private readonly Argument<string?> _step = new("STEP") { Arity = ArgumentArity.ZeroOrOne, Description = "A step, a job such as test[opt=O2], or service:NAME; all of them without" };
    private readonly Option<int?> _attempt = new("--attempt") { Description = "Only this attempt, from 1", HelpName = "N" };
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Go on showing what is added until the run ends" };
    private readonly Option<bool> _raw = new("--raw") { Description = "Write the bytes as the steps wrote them, also into a pipe" };
    private readonly Option<bool> _timestamps = new("--timestamps", "-t") { Description = "Begin each line with its time" };
    private readonly Option<int?> _tail = new("--tail") { Description = "Only the last N lines of each log", HelpName = "N" };

    private ContentStore? _store;
    private string _directory = "";

    private LogsCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var logs = new LogsCommand(services);
        var command = new Command("logs", "Show what steps wrote") { logs._run, logs._step, logs._project.Directory, logs._attempt, logs._follow, logs._raw, logs._timestamps, logs._tail };
        command.SetAction(logs.InvokeAsync);
        return command;
    }

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            return await ShowAsync(parsed, cancellationToken);
        }
        finally
        {
            _store?.Dispose();
        }
    }

    private async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_attempt) is < 1 || parsed.GetValue(_tail) is < 0)
        {
            return DiagnosticPrinter.Usage(_services, "`--attempt` and `--tail` take numbers: attempts count from 1, lines from 0");
        }

        if (_project.Resolve(_services, parsed, withFile: false) is not { } project)
        {
            return ExitCodes.Usage;
        }

        _directory = project.Directory;
        var history = new RunHistory(project.Directory);
        if (Find(history, parsed.GetValue(_run), parsed.GetValue(_step)) is not var (record, step))
        {
            return ExitCodes.Usage;
        }

        if (Jobs(history, record, step) is not { } jobs)
        {
            return DiagnosticPrinter.Usage(_services, $"Run `{record.Summary.Id}` has no step `{step}`", Help(record, step!));
        }

        try
        {
            var follow = parsed.GetValue(_follow) && record.Summary.State == RunState.Running;
            var format = new LogFormat(
                parsed.GetValue(_raw) || (_services.Terminal.OutIsTerminal && !(follow && jobs.Count > 1)), parsed.GetValue(_timestamps), Prefix: follow && jobs.Count > 1);
            using var session = new LogSession(history, record, step, jobs, format, parsed.GetValue(_attempt), parsed.GetValue(_tail), this);
            if (follow)
            {
                await session.FollowAsync(cancellationToken);
            }
            else
            {
                session.PrintAll(headers: !parsed.GetValue(_raw));
            }

            return session.IsIncomplete ? ExitCodes.Usage : ExitCodes.Success;
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Cancelled;
        }
    }

    // One argument alone is a step of the last run where it has such a step, else a run.
    private (RunRecord Record, string? Step)? Find(RunHistory history, string? run, string? step)
    {
        if (run is not null && step is null && history.Resolve("last", out _) is { } last && history.Read(last) is { } lastRecord)
        {
            if (Jobs(history, lastRecord, run) is not null)
            {
                return (lastRecord, run);
            }

            if (history.Resolve(run, out _) is null)
            {
                DiagnosticPrinter.Usage(_services, $"`{run}` is neither one run nor a step of the last run", Help(lastRecord, run));
                return null;
            }
        }

        if (RunsCommand.Resolve(_services, history, run ?? "last") is not { } id)
        {
            return null;
        }

        if (history.Read(id) is { } record)
        {
            return (record, step);
        }

        DiagnosticPrinter.Problem(_services, $"The record of run `{id}` cannot be read");
        return null;
    }

    /// <summary>The jobs that a step means in a run; null where it has none.</summary>
    private static List<string>? Jobs(RunHistory history, RunRecord record, string? step)
    {
        var jobs = new List<string>();
        foreach (var runEvent in record.Events)
        {
            var added = runEvent switch
            {
                PipelineStarted started => started.Jobs,
                PipelineExtended extended => extended.Jobs,
                _ => [],
            };
            foreach (var job in added)
            {
                if (step is null || string.Equals(job.Id, step, StringComparison.Ordinal) || string.Equals(job.Step, step, StringComparison.Ordinal))
                {
                    jobs.Add(job.Id);
                }
            }

            if (runEvent is ServiceStarted service && (step is null || string.Equals(step, $"service:{service.Service}", StringComparison.Ordinal)) && !jobs.Contains($"service:{service.Service}"))
            {
                jobs.Add($"service:{service.Service}");
            }
        }

        return jobs.Count > 0 || step is null || !history.Logs(record.Summary.Id, new JobId(step)).IsEmpty ? jobs.Count == 0 && step is not null ? [step] : jobs : null;
    }

    // A mistake in a settings file is told by the commands that obey it.
    private Settings Settings() =>
        SettingsLoader.LoadWithOrigins(SettingsLoader.UserPath(_services.Variable), SettingsLoader.ProjectPath(_directory), new DiagnosticBag()).Settings;

    private Stream? OpenBlob(Digest digest)
    {
        if (_store is null)
        {
            try
            {
                _store = CacheFolder.TryOpenStore(_services, Settings());
            }
            catch (StoreException exception)
            {
                DiagnosticPrinter.Problem(_services, exception.Message);
            }
        }

        return _store?.TryOpen(digest);
    }

    private static string Help(RunRecord record, string step)
    {
        var names = new List<string>();
        foreach (var job in record.Started.Jobs)
        {
            names.Add(job.Id);
            names.Add(job.Step);
        }

        return Suggestions.Nearest(step, names) is { } nearest ? $"did you mean `{nearest}`?" : $"`cairn runs show {record.Summary.Id}` lists its jobs";
    }

    // The logs of one call, opened as they appear.
    private sealed class LogSession(RunHistory history, RunRecord record, string? step, List<string> jobs, LogFormat format, int? onlyAttempt, int? tail, LogsCommand command) : IDisposable
    {
        private const int TicksPerRecordRead = 5;

        private readonly CachedLogs _cached = new(history, command.OpenBlob);
        private readonly Dictionary<string, StepFinished> _hits = HitsOf(record);
        private List<string> _jobs = jobs;
        private readonly Dictionary<string, AttemptReader> _readers = new(StringComparer.Ordinal);
        private readonly LogPrinter _printer = new(command._services.OutBytes, format, Style.OfOutput(command._services.Terminal));

        /// <summary>Whether a log is no longer to be had.</summary>
        public bool IsIncomplete { get; private set; }

        public void PrintAll(bool headers)
        {
            foreach (var job in _jobs)
            {
                var attempts = LogsOf(job);
                foreach (var attempt in attempts)
                {
                    if (onlyAttempt is { } only && attempt.Attempt != only)
                    {
                        continue;
                    }

                    if (headers && (_jobs.Count > 1 || (attempts.Length > 1 && onlyAttempt is null)))
                    {
                        _printer.Header(attempts.Length > 1 ? $"{job}, attempt {attempt.Attempt}" : job);
                    }

                    using var reader = Open(attempt);
                    _printer.Print(reader, job, complete: true);
                }

                _cached.Release(job);
            }
        }

        public async Task FollowAsync(CancellationToken cancellationToken)
        {
            using var timer = new PeriodicTimer(PollInterval, command._services.Time);
            for (var tick = 1; ; tick++)
            {
                // Asked before reading: what was written before the end is then all shown.
                var ended = tick % TicksPerRecordRead == 0 && HasEnded();
                foreach (var job in _jobs)
                {
                    Print(job, ended);
                }

                if (ended)
                {
                    return;
                }

                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }

        public void Dispose()
        {
            foreach (var reader in _readers.Values)
            {
                reader.Dispose();
            }

            _cached.Dispose();
        }

        private static Dictionary<string, StepFinished> HitsOf(RunRecord record)
        {
            var hits = new Dictionary<string, StepFinished>(StringComparer.Ordinal);
            foreach (var runEvent in record.Events)
            {
                if (runEvent is StepFinished { IsCached: true } hit)
                {
                    hits[hit.Job] = hit;
                }
            }

            return hits;
        }

        private ImmutableArray<AttemptLog> LogsOf(string job)
        {
            if (!_hits.TryGetValue(job, out var hit))
            {
                return history.Logs(record.Summary.Id, new JobId(job));
            }

            var logs = _cached.Of(hit, out var problem);
            if (problem is not null)
            {
                IsIncomplete = true;
                DiagnosticPrinter.Problem(command._services, problem, $"`cairn run --force {ShellText.Quote(job)}` executes it again and stores its log");
            }

            return logs;
        }

        private void Print(string job, bool ended)
        {
            var attempts = LogsOf(job);
            for (var i = 0; i < attempts.Length; i++)
            {
                var attempt = attempts[i];
                if (onlyAttempt is { } only && attempt.Attempt != only)
                {
                    continue;
                }

                if (!_readers.TryGetValue(attempt.LogPath, out var reader))
                {
                    _readers[attempt.LogPath] = reader = Open(attempt);
                }

                _printer.Print(reader, job, complete: ended || i < attempts.Length - 1);
            }
        }

        private AttemptReader Open(AttemptLog attempt)
        {
            var reader = new AttemptReader(attempt, format.Timestamps);
            if (tail is { } lines)
            {
                reader.SkipToLast(lines);
            }

            return reader;
        }

        // Jobs that a step generates join; one followed step is enough to have ended.
        private bool HasEnded()
        {
            if (history.Read(record.Summary.Id) is not { } now)
            {
                return true;
            }

            _jobs = Jobs(history, now, step) ?? _jobs;
            foreach (var (job, hit) in HitsOf(now))
            {
                _hits[job] = hit;
            }

            if (now.Summary.State != RunState.Running)
            {
                return true;
            }

            if (step is null)
            {
                return false;
            }

            var open = _jobs.Count;
            foreach (var runEvent in now.Events)
            {
                open -= runEvent is StepFinished finished && _jobs.Contains(finished.Job) ? 1 : 0;
            }

            return open <= 0;
        }
    }
}
