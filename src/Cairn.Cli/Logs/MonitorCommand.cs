using System.Collections.Immutable;
using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Configuration;
using Cairn.Engine.Log;
using Cairn.Engine.Log.Monitoring;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Logs;

/// <summary><c>cairn monitor</c>.</summary>
internal sealed class MonitorCommand
{
    private const int FilesMax = 100_000;
    private static readonly TimeSpan IntervalMin = TimeSpan.FromSeconds(1);

    private readonly CommandServices _services;
    private readonly Argument<string[]> _places = new("URL|DIR") { Description = "The logs [default: those of trust.yaml that have a url, and the machine's own]", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _once = new("--once") { Description = "Look once, and end" };
    private readonly Option<string> _interval = new("--interval") { Description = "How long to wait between two looks", HelpName = "DURATION", DefaultValueFactory = _ => "1m" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, a finding a line" };
    private readonly Option<string[]> _watch = new("--watch") { Description = "Tell of entries with KIND=VALUE: key, attestation, action, outputs, or of statements that are known: builder, project, subject; may be given again", HelpName = "KIND=VALUE", AllowMultipleArgumentsPerToken = false };
    private readonly Option<string[]> _statements = new("--attestations") { Description = "A folder of attestations, from which builder, project and subjects of entries are known; may be given again", HelpName = "DIR", AllowMultipleArgumentsPerToken = false };

    private MonitorCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var monitor = new MonitorCommand(services);
        var command = new Command("monitor", "Follow logs, and tell of what should not be in them") { monitor._places, monitor._once, monitor._interval, monitor._json, monitor._watch, monitor._statements };
        command.SetAction((parsed, _) => monitor.MonitorAsync(parsed));
        return command;
    }

    private async Task<int> MonitorAsync(ParseResult parsed)
    {
        if (!Durations.TryParse(parsed.GetValue(_interval)!, out var interval, out _) || interval < IntervalMin)
        {
            return DiagnosticPrinter.Usage(_services, $"`{parsed.GetValue(_interval)}` is no time to wait", "write a duration of a second at least, such as 30s or 5m");
        }

        if (WatchesOf(parsed) is not { } watches || StatementsOf(parsed) is not { } statements || TrustedLogs.Of(_services) is not { } trust || SourcesOf(parsed, trust) is not { } sources)
        {
            return ExitCodes.Usage;
        }

        using var ending = new Interruption(_services.CancellationToken);
        try
        {
            using var monitor = LogMonitor.TryOpen(Path.Combine(UserFolders.State(_services.Variable), LogMonitor.FolderName), watches, statements, _services.Time);
            if (monitor is null)
            {
                DiagnosticPrinter.Problem(_services, "Another `cairn monitor` is running", "end that one, or set XDG_STATE_HOME for another", DiagnosticCodes.LogStateBusy);
                return ExitCodes.Usage;
            }

            return await FollowAsync(monitor, sources, trust, parsed.GetValue(_once), interval, parsed.GetValue(_json), ending.Token);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Cancelled;
        }
        finally
        {
            foreach (var source in sources)
            {
                source.Dispose();
            }
        }
    }

    private async Task<int> FollowAsync(LogMonitor monitor, IReadOnlyList<ILogSource> sources, LogTrust trust, bool once, TimeSpan interval, bool json, CancellationToken cancellationToken)
    {
        // What goes on being wrong is told once.
        var told = new HashSet<string>(StringComparer.Ordinal);
        for (var exit = ExitCodes.Success; ;)
        {
            foreach (var source in sources)
            {
                var findings = await monitor.FollowAsync(source, trust, cancellationToken);
                foreach (var finding in findings)
                {
                    exit = finding.IsAlarm ? ExitCodes.NotVerified : finding is MonitorFinding.Unreachable && exit == ExitCodes.Success ? ExitCodes.Unverifiable : exit;
                    var text = new ByteText();
                    MonitorText.Append(text, finding, _services.Time.GetUtcNow(), json, Style.OfOutput(_services.Terminal));
                    if (once || MonitorText.IsWorthTelling(finding, told))
                    {
                        _services.OutBytes.Write(text.Span);
                    }
                }

                if (!findings.Any(static f => f is MonitorFinding.Broke or MonitorFinding.Unreachable))
                {
                    told.RemoveWhere(t => t.StartsWith(source.Place + "\n", StringComparison.Ordinal));
                }
            }

            if (once)
            {
                return exit;
            }

            await Task.Delay(interval, _services.Time, cancellationToken);
        }
    }

    private ImmutableArray<MonitorWatch>? WatchesOf(ParseResult parsed)
    {
        var watches = ImmutableArray.CreateBuilder<MonitorWatch>();
        foreach (var text in parsed.GetValue(_watch) ?? [])
        {
            if (MonitorWatch.TryParse(text) is not { } watch)
            {
                var kind = text.Split('=')[0];
                var nearest = Suggestions.Nearest(kind, MonitorWatch.Words);
                DiagnosticPrinter.Problem(_services, $"`{text}` is nothing that can be watched", nearest is null || nearest == text ? $"write KIND=VALUE; the kinds are {string.Join(", ", MonitorWatch.Words)}" : nearest != kind ? $"did you mean `{nearest}=…`?" : $"write `{kind}=` and a hash, or the beginning of one, in lower-case hex digits", DiagnosticCodes.WatchInvalid);
                return null;
            }

            if (watch.Kind is MonitorWatchKind.Builder or MonitorWatchKind.Project or MonitorWatchKind.Subject && parsed.GetValue(_statements) is null or [])
            {
                DiagnosticPrinter.Problem(_services, $"`{text}` cannot be seen in a log, which has hashes only", "give the folder of the statements that you have with --attestations", DiagnosticCodes.WatchInvalid);
                return null;
            }

            watches.Add(watch);
        }

        return watches.DrainToImmutable();
    }

    private Dictionary<string, Statement>? StatementsOf(ParseResult parsed)
    {
        var statements = new Dictionary<string, Statement>(StringComparer.Ordinal);
        var files = 0;
        foreach (var folder in parsed.GetValue(_statements) ?? [])
        {
            var path = Path.GetFullPath(folder, _services.CurrentDirectory);
            if (!Directory.Exists(path))
            {
                _ = DiagnosticPrinter.Usage(_services, $"There is no folder `{folder}`", "name the folder of the attestations");
                return null;
            }

            foreach (var file in Directory.EnumerateFiles(path, "*.json*", SearchOption.AllDirectories))
            {
                if (++files > FilesMax)
                {
                    _ = DiagnosticPrinter.Usage(_services, $"`{folder}` has more than {FilesMax} files", "name a smaller folder");
                    return null;
                }

                if (new FileInfo(file).Length > Trust.Limits.EnvelopeBytesMax)
                {
                    continue;
                }

                foreach (var found in AttestationFile.Read(file, File.ReadAllBytes(file)).Found)
                {
                    if (found.Envelope is { PayloadType: Envelope.InTotoType } envelope && Statement.TryRead(envelope.Payload.AsSpan(), out _) is { } statement)
                    {
                        statements[envelope.PayloadHash] = statement;
                    }
                }
            }
        }

        return statements;
    }

    private List<ILogSource>? SourcesOf(ParseResult parsed, LogTrust trust)
    {
        var places = parsed.GetValue(_places) ?? [];
        var sources = new List<ILogSource>();
        try
        {
            foreach (var place in places)
            {
                sources.Add(LogSources.Open(place, _services.CurrentDirectory, _services.Time));
            }
        }
        catch (LogUnavailableException exception)
        {
            sources.ForEach(static s => s.Dispose());
            DiagnosticPrinter.Problem(_services, exception.Message, "name the folder that has its file `checkpoint`, or its address", DiagnosticCodes.LogUntrusted);
            return null;
        }

        if (places.Length == 0)
        {
            sources.AddRange(trust.Logs.Where(static l => l.Url is not null).Select(l => new HttpLogSource(l.Url!, _services.Time)));
            using var own = TrustedLogs.OpenOwn(_services);
            if (own is { Exists: true })
            {
                sources.Add(new FolderLogSource(own.Path));
            }
        }

        if (sources.Count > 0)
        {
            return sources;
        }

        DiagnosticPrinter.Problem(_services, "There is no log to follow", "name one, or write logs with their url under `logs` in ~/.config/cairn/trust.yaml", DiagnosticCodes.LogUntrusted);
        return null;
    }
}
