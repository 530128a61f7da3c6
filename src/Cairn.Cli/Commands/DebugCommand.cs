using System.CommandLine;
using System.Globalization;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Engine;
using Cairn.Engine.Debugging;
using Cairn.Engine.Explain;
using Cairn.Store.Roots;

namespace Cairn.Cli.Commands;

/// <summary><c>cairn debug</c>.</summary>
internal sealed class DebugCommand
{
    /// <summary>A shell that a person can work in, whatever the root has.</summary>
    public static readonly string[] Shell = ["/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash --norc; exec sh -i"];

    private readonly CommandServices _services;
    private readonly ProjectOptions _project = new();
    private readonly Argument<string?> _run = new("RUN") { Arity = ArgumentArity.ZeroOrOne, Description = "An id, a unique part of one, last, or last~2; may be left out for the last run" };
    private readonly Argument<string?> _step = new("STEP") { Arity = ArgumentArity.ZeroOrOne, Description = "A step that failed, or a job such as test[opt=O2]; the last that failed without" };
    private readonly Option<string?> _command = new("--command", "-c") { Description = "Run this command of a shell instead, and exit with its code", HelpName = "CMD" };
    private readonly Option<bool> _diff = new("--diff") { Description = "Show what sessions in this root changed" };
    private readonly Option<string?> _patch = new("--patch") { Description = "Write that as a patch, which git apply and patch -p1 take in the project, without the files that the step itself wrote", HelpName = "FILE" };
    private readonly Option<bool> _reset = new("--reset") { Description = "Drop what sessions in this root changed" };
    private readonly Option<bool> _secrets = new("--secrets") { Description = "Read the secrets again that the step had; without it they are not set" };

    private DebugCommand(CommandServices services) => _services = services;

    public static Command Create(CommandServices services)
    {
        var debug = new DebugCommand(services);
        var command = new Command("debug", "Enter the root of a step that failed")
        {
            debug._run, debug._step, debug._project.Directory, debug._command, debug._diff, debug._patch, debug._reset, debug._secrets,
        };
        command.SetAction(debug.InvokeAsync);
        return command;
    }

    /// <summary>Whether all that a program would get is a terminal, so that it can have one of its own: a redirected error stays where it was sent.</summary>
    public static bool IsOnTerminal(CommandServices services) => services.Terminal is { OutIsTerminal: true, ErrorIsTerminal: true } && NativeTerminal.IsTerminal(0);

    /// <summary>What a person's terminal is, and who they are in.</summary>
    public static Dictionary<string, string> TerminalVariables(CommandServices services, string job)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["PS1"] = $"({job.Replace('\\', '_').Replace('$', '_').Replace('`', '_')}) \\w \\$ " };
        if (services.Variable("TERM") is { } terminal)
        {
            variables["TERM"] = terminal;
        }

        return variables;
    }

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var modes = (parsed.GetValue(_diff) ? 1 : 0) + (parsed.GetValue(_patch) is null ? 0 : 1) + (parsed.GetValue(_reset) ? 1 : 0) + (parsed.GetValue(_command) is null ? 0 : 1);
        if (modes > 1)
        {
            return DiagnosticPrinter.Usage(_services, "`--command`, `--diff`, `--patch` and `--reset` exclude each other");
        }

        if (_project.Resolve(_services, parsed, withFile: false) is not { } project || Find(project, parsed.GetValue(_run), parsed.GetValue(_step)) is not var (record, failed))
        {
            return ExitCodes.Usage;
        }

        if (failed.Root is not { } root)
        {
            return DiagnosticPrinter.Usage(_services, $"No root of `{failed.Job}` is kept", WhyNone(project, failed));
        }

        try
        {
            await using var session = DebugSession.Open(root, CairnProgram.Path);
            return parsed.GetValue(_diff) || parsed.GetValue(_patch) is not null ? Diff(session, parsed.GetValue(_patch))
                : parsed.GetValue(_reset) ? Reset(session)
                : await EnterAsync(session, record, parsed.GetValue(_command), parsed.GetValue(_secrets), cancellationToken);
        }
        catch (DebugException exception)
        {
            return DiagnosticPrinter.Usage(_services, exception.Message);
        }
    }

    private async Task<int> EnterAsync(DebugSession session, RunRecord record, string? command, bool secrets, CancellationToken cancellationToken)
    {
        var onTerminal = IsOnTerminal(_services);
        var variables = onTerminal ? TerminalVariables(_services, session.Root.Job) : [];
        using var interruption = new Interruption(cancellationToken);
        try
        {
            if (secrets)
            {
                foreach (var (name, value) in await session.ReadSecretsAsync(record.Started.File, Warn, interruption.Token))
                {
                    variables[name] = value;
                }
            }

            if (onTerminal && command is null)
            {
                Introduce(session.Root, secrets);
            }

            return session.Run(command is null ? Shell : ["/bin/sh", "-c", command], variables, onTerminal, Warn, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
    }

    private void Introduce(KeptRoot root, bool secrets)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"the root of {AnsiText.Clean(root.Job)} in run {root.Run}, as attempt {root.Attempt} left it: {AnsiText.Clean(root.Reason)}\n");
        text.Append("the step ran: ").Append(AnsiText.Clean(string.Join(' ', root.Arguments.Select(ShellText.Quote)).ReplaceLineEndings(" ⏎ "))).Append('\n');
        if (!root.SecretVariables.IsEmpty && !secrets)
        {
            text.Append("not set without --secrets: ").AppendJoin(", ", root.SecretVariables.Keys).Append('\n');
        }

        text.Append("what you change is kept above it: cairn debug --diff, --patch FILE, --reset\n");
        _services.Error.Write(text.ToString());
    }

    private int Diff(DebugSession session, string? file)
    {
        var patch = session.Diff(forProject: file is not null);
        foreach (var path in patch.LeftOut)
        {
            Warn($"`{path}` differs, and is no text that a patch could hold");
        }

        foreach (var path in patch.OfTheStep)
        {
            Warn($"`{path}` is as the step wrote it, not as the project has it: what you changed there is no part of the patch; `--diff` shows it");
        }

        if (file is null)
        {
            _services.OutBytes.Write(Encoding.UTF8.GetBytes(patch.Text));
        }
        else
        {
            File.WriteAllText(Path.GetFullPath(file, _services.CurrentDirectory), patch.Text);
        }

        return ExitCodes.Success;
    }

    private int Reset(DebugSession session)
    {
        _services.Out.Write(session.Reset() ? "Dropped what sessions changed; what the step wrote stands as it was\n" : "Nothing was changed\n");
        return ExitCodes.Success;
    }

    private void Warn(string text) => _services.Error.Write($"warning: {AnsiText.Clean(text)}\n");

    /// <summary>The run and the failure that a person means; null after telling why there is none.</summary>
    private (RunRecord Record, StepFinished Failed)? Find(Project project, string? run, string? step)
    {
        var history = new RunHistory(project.Directory);
        // One argument alone is a step of the last run where it has such a step, else a run.
        if (run is not null && step is null && history.Resolve("last", out _) is { } last && history.Read(last) is { } lastRecord)
        {
            if (Jobs(lastRecord, run).Count > 0)
            {
                (run, step) = ("last", run);
            }
            else if (history.Resolve(run, out _) is null)
            {
                var known = RunView.Of(lastRecord).Jobs.SelectMany(static j => (string[])[j.Id, j.Step]);
                DiagnosticPrinter.Usage(_services, $"`{run}` is neither one run nor a step of the last run", Suggestions.Nearest(run, known) is { } near ? $"did you mean `{near}`?" : "`cairn runs` lists runs");
                return null;
            }
        }

        if (WhyCommand.Read(_services, history, run ?? "last", out _) is not { } record)
        {
            return null;
        }

        var jobs = Jobs(record, step);
        if (step is not null && jobs.Count == 0)
        {
            var names = RunView.Of(record).Jobs.SelectMany(static j => (string[])[j.Id, j.Step]);
            DiagnosticPrinter.Usage(
                _services, $"Run `{record.Summary.Id}` has no step `{step}`", Suggestions.Nearest(step, names) is { } nearest ? $"did you mean `{nearest}`?" : $"`cairn runs show {record.Summary.Id}` lists its jobs");
            return null;
        }

        StepFinished? failed = null, other = null;
        foreach (var item in record.Events)
        {
            if (item is StepFinished finished && jobs.Contains(finished.Job))
            {
                failed = finished is StepFailed && (finished.Root is not null || failed?.Root is null) ? finished : failed;
                other = finished;
            }
        }

        if (failed is null)
        {
            var (message, help) = step is null ? ($"No step of run `{record.Summary.Id}` failed", "`cairn runs` lists runs; `cairn exec STEP -- CMD` enters the fresh sandbox of any step")
                : (other is null ? $"`{step}` has not ended in run `{record.Summary.Id}`" : $"`{step}` did not fail in run `{record.Summary.Id}`: {RunEventWriter.NameOf(other.Status)}",
                    $"only failed steps are kept; `cairn exec {ShellText.Quote(step)} -- CMD` enters its fresh sandbox");
            DiagnosticPrinter.Usage(_services, message, help);
            return null;
        }

        return (record, failed);
    }

    private static HashSet<string> Jobs(RunRecord record, string? step)
    {
        var jobs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in RunView.Of(record).Jobs)
        {
            if (step is null || string.Equals(job.Id, step, StringComparison.Ordinal) || string.Equals(job.Step, step, StringComparison.Ordinal))
            {
                jobs.Add(job.Id);
            }
        }

        return jobs;
    }

    private static string WhyNone(Project project, StepFinished failed)
    {
        using var actions = new LoggedActions(project.Directory);
        return failed.Cache?.Action is { } action && actions.Isolation(action) is { } isolation
            ? isolation == "process" ? "it ran in isolation `process`, in the working tree itself: look there, or run it with `isolation: sandbox`" : "it could not be kept, or failed before its process ran; a warning of the run says why"
            : "only steps with `isolation: sandbox` that ran and failed have one";
    }
}
