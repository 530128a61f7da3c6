using System.CommandLine;
using System.CommandLine.Parsing;

using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;

namespace Cairn.Cli.CommandLine;

/// <summary>A mistake in a command line.</summary>
internal sealed record UsageMistake(string Message, string? Hint, Command Command);

/// <summary>Finds what is wrong with a command line and says it in one message, with the nearest right word.</summary>
internal static class UsageErrors
{
    /// <summary>The first mistake, or null.</summary>
    public static UsageMistake? Find(ParseResult parse, IReadOnlyList<string> args)
    {
        var command = parse.CommandResult.Command;
        if (UnknownOption(parse, args) is { } option)
        {
            return new UsageMistake($"`{PathOf(command)}` has no option `{option}`", Nearest(OptionName(option), OptionNames(parse.CommandResult)), command);
        }

        foreach (var word in parse.UnmatchedTokens)
        {
            return command.Subcommands.Count > 0
                ? new UsageMistake($"`{PathOf(command)}` has no subcommand `{word}`", Nearest(word, command.Subcommands.Select(c => c.Name)) ?? SubcommandList(command), command)
                : new UsageMistake($"`{PathOf(command)}` does not take `{word}`", command.Arguments.Count == 0 ? null : Usage(command), command);
        }

        if (parse.Errors.Count == 0)
        {
            return command.Action is null && command.Subcommands.Count > 0 ? new UsageMistake($"`{PathOf(command)}` needs a subcommand", SubcommandList(command), command) : null;
        }

        return Explain(parse.Errors[0], command);
    }

    /// <summary>Reports a first word that is no command.</summary>
    public static int ReportUnknownWord(CommandServices services, string word)
    {
        if (word.StartsWith('-'))
        {
            var options = GlobalOptions.Create().Select(o => o.Name).Append("--version");
            return Report(services, $"`cairn` has no option `{word}`", Nearest(OptionName(word), options), command: null);
        }

        return Report(services, $"`{AnsiText.Clean(word)}` is not a command of cairn", Nearest(word, CommandCatalog.All.Select(e => e.Name)), command: null);
    }

    /// <summary>Writes the message and where to read on.</summary>
    public static int Report(CommandServices services, string message, string? hint, Command? command)
    {
        var path = command is null ? "cairn" : PathOf(command);
        var split = message.IndexOf("\nhelp: ", StringComparison.Ordinal);
        if (split >= 0)
        {
            (hint, message) = (message[(split + "\nhelp: ".Length)..], message[..split]);
        }

        DiagnosticPrinter.Problem(services, message, hint);
        services.Error.Write($"`{path} --help` shows how to use it\n");
        return ExitCodes.Usage;
    }

    /// <summary><c>cairn config set</c>.</summary>
    public static string PathOf(Command command)
    {
        var path = command.Name;
        for (var at = command.Parents.OfType<Command>().FirstOrDefault(); at is not null; at = at.Parents.OfType<Command>().FirstOrDefault())
        {
            path = $"{at.Name} {path}";
        }

        return path;
    }

    /// <summary>An argument of the command that looks like an option: the parser takes unknown options for arguments where it can.</summary>
    private static string? UnknownOption(ParseResult parse, IReadOnlyList<string> args)
    {
        var literalFrom = args.Count;
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == "--")
            {
                literalFrom = i;
                break;
            }
        }

        foreach (var token in parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).Concat(parse.UnmatchedTokens))
        {
            if (token.Length > 1 && token[0] == '-' && args.Take(literalFrom).Any(a => a == token))
            {
                return token;
            }
        }

        return null;
    }

    private static UsageMistake Explain(ParseError error, Command command)
    {
        switch (error.SymbolResult)
        {
            case OptionResult { Tokens.Count: 0 } option when option.Option.Arity.MinimumNumberOfValues > 0:
                return new UsageMistake($"`{option.IdentifierToken?.Value ?? option.Option.Name}` needs a value", ValueHint(option.Option), command);
            case ArgumentResult { Tokens.Count: 0 } argument when argument.Parent is OptionResult option:
                return new UsageMistake($"`{option.IdentifierToken?.Value ?? option.Option.Name}` needs a value", ValueHint(option.Option), command);
            case ArgumentResult { Tokens.Count: 0 } argument:
                return new UsageMistake($"`{PathOf(command)}` needs {Placeholder(argument.Argument)}", Usage(command), command);
            case CommandResult when command.Action is null && command.Subcommands.Count > 0:
                return new UsageMistake($"`{PathOf(command)}` needs a subcommand", SubcommandList(command), command);
            case CommandResult when MissingArgument(error, command) is { } missing:
                return new UsageMistake($"`{PathOf(command)}` needs {Placeholder(missing)}", Usage(command), command);
            case ArgumentResult { Parent: OptionResult option } when IsParserText(error.Message):
                return new UsageMistake($"`{option.Option.Name}` takes {TypeName(option.Option.ValueType)}, not `{error.SymbolResult.Tokens[^1].Value}`", null, command);
            case OptionResult option when IsParserText(error.Message):
                return option.Tokens.Count > option.Option.Arity.MaximumNumberOfValues
                    ? new UsageMistake($"`{option.Option.Name}` is given more than once", null, command)
                    : new UsageMistake($"`{option.Option.Name}` takes {TypeName(option.Option.ValueType)}, not `{option.Tokens[^1].Value}`", null, command);
            default:
                return new UsageMistake(error.Message.TrimEnd('.'), null, command);
        }
    }

    // Messages of our own validators quote with backticks; the parser's quote with apostrophes.
    private static bool IsParserText(string message) => message.StartsWith("Cannot parse", StringComparison.Ordinal) || !message.Contains('`', StringComparison.Ordinal);

    private static Argument? MissingArgument(ParseError error, Command command) =>
        IsParserText(error.Message) ? command.Arguments.FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0) : null;

    private static string TypeName(Type type) =>
        type == typeof(int) || type == typeof(int?) ? "a whole number"
        : type == typeof(double) || type == typeof(double?) ? "a number"
        : type == typeof(bool) ? "true or false"
        : "one value";

    private static string? ValueHint(Option option)
    {
        var values = OptionValues.Of(option);
        return values.Count > 0 ? $"it takes {OptionValues.Join(values)}" : option.Description;
    }

    private static string Usage(Command command) => "usage: " + HelpText.UsageOf(command);

    private static string Placeholder(Argument argument) => $"{(argument.HelpName ?? argument.Name).ToUpperInvariant()}{(argument.Description is { } description ? $": {description}" : "")}";

    private static string SubcommandList(Command command) => $"it has {OptionValues.Join([.. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)])}";

    private static string OptionName(string word)
    {
        var end = word.IndexOfAny(['=', ':']);
        return end > 0 ? word[..end] : word;
    }

    private static IEnumerable<string> OptionNames(CommandResult result)
    {
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult { Command: var command })
            {
                foreach (var option in command.Options)
                {
                    if (!option.Hidden && (ReferenceEquals(at, result) || option.Recursive))
                    {
                        yield return option.Name;
                    }
                }
            }
        }
    }

    /// <summary>The nearest candidate, or the only one that the word begins.</summary>
    private static string? Nearest(string word, IEnumerable<string> candidates)
    {
        var all = candidates.ToList();
        var begun = word.TrimStart('-').Length > 1 ? all.FindAll(c => c.StartsWith(word, StringComparison.Ordinal)) : [];
        return begun.Count == 1 ? $"did you mean `{begun[0]}`?" : Suggestions.Nearest(word, all) is { } nearest ? $"did you mean `{nearest}`?" : null;
    }
}
