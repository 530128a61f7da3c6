using System.CommandLine;
using System.Text;

using Cairn.Cli.Commands;
using Cairn.Cli.Completion;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.CommandLine;

/// <summary>From arguments to an exit code.</summary>
internal static class CommandRunner
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CommandServices services)
    {
        try
        {
            return await DispatchAsync(args, services);
        }
        catch (BrokenPipeException)
        {
            // `cairn logs | head`: the reader has what it wanted.
            return ExitCodes.Success;
        }
        catch (OutputFailedException exception)
        {
            return ReportOutput(exception, services);
        }
        catch (OperationCanceledException) when (services.CancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && services.Variable("CAIRN_DEBUG") != "1")
        {
            return ReportMachine(exception, services);
        }
#pragma warning disable CA1031 // The boundary: whatever a command did not expect ends here, with a message and an exit code of its own.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return ReportInternal(exception, services);
        }
    }

    /// <summary>The root with one command, or with all.</summary>
    public static Command BuildRoot(CommandServices services, CommandEntry? only)
    {
        var root = new Command("cairn", "Runs pipelines whose every result can be proved");
        foreach (var option in GlobalOptions.Create())
        {
            root.Add(option);
        }

        foreach (var entry in CommandCatalog.All)
        {
            if (only is null || ReferenceEquals(entry, only))
            {
                root.Add(entry.Create(services));
            }
        }

        return root;
    }

    private static Task<int> DispatchAsync(IReadOnlyList<string> args, CommandServices services)
    {
        if (args.Count > 0 && args[0] == "run" && RunArguments.TryReadPlain(args, from: 1) is { } plain)
        {
            return RunCommand.RunAsync(plain, GlobalOptions.Apply(args, services), services.CancellationToken);
        }

        if (args.Count > 0 && args[0] == Completer.CommandName)
        {
            return Task.FromResult(Completer.Run([.. args.Skip(1)], services));
        }

        var adjusted = GlobalOptions.Apply(args, services);
        args = GlobalOptions.MoveDirectory(args);
        var first = GlobalOptions.FirstWord(args);
        if (first < 0)
        {
            return Task.FromResult(Show(adjusted, HelpText.Root(adjusted)));
        }

        if (args[first] == "--version")
        {
            return Task.FromResult(Show(adjusted, Encoding.UTF8.GetString(BuildInfo.Line)));
        }

        if (CommandCatalog.Find(args[first]) is not { } entry)
        {
            return Task.FromResult(UsageErrors.ReportUnknownWord(adjusted, args[first]));
        }

        var root = BuildRoot(adjusted, entry);
        var parse = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.GetResult("--help") is { } help && help.Tokens.Count == 0 && IsGiven(args))
        {
            return Task.FromResult(Show(adjusted, HelpText.Of(parse.CommandResult.Command, entry, adjusted)));
        }

        if (UsageErrors.Find(parse, args) is { } mistake)
        {
            return Task.FromResult(UsageErrors.Report(adjusted, mistake.Message, mistake.Hint, mistake.Command));
        }

        return parse.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, adjusted.CancellationToken);
    }

    private static int Show(CommandServices services, string text)
    {
        services.Out.Write(text);
        return ExitCodes.Success;
    }

    private static bool IsGiven(IReadOnlyList<string> args)
    {
        foreach (var arg in args)
        {
            if (arg is "--help" or "-h")
            {
                return true;
            }

            if (arg == "--")
            {
                break;
            }
        }

        return false;
    }

    private static int ReportOutput(OutputFailedException exception, CommandServices services)
    {
        try
        {
            DiagnosticPrinter.Problem(services, exception.Message);
        }
        catch (IOException)
        {
            // It is standard error that failed; the exit code still tells.
        }

        return ExitCodes.Internal;
    }

    // A full disk, a folder that may not be written, a closed descriptor: nothing that a report of a defect would mend.
    private static int ReportMachine(Exception exception, CommandServices services)
    {
        try
        {
            DiagnosticPrinter.Problem(services, exception.Message);
        }
        catch (IOException)
        {
            // Standard error is gone too; the exit code still tells.
        }

        return ExitCodes.Internal;
    }

    private static int ReportInternal(Exception exception, CommandServices services)
    {
        try
        {
            services.Error.Write(services.Variable("CAIRN_DEBUG") == "1"
                ? $"internal error: {exception}\n"
                : $"""
                internal error: {exception.GetType().Name}: {exception.Message}
                This is a mistake in Cairn ({BuildInfo.Version}), not in your pipeline. Please report it in the project's issue
                tracker with the output of the same command under CAIRN_DEBUG=1.

                """);
        }
        catch (IOException)
        {
            // Standard error is gone too; the exit code still tells.
        }

        return ExitCodes.Internal;
    }
}
