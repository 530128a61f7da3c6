using System.CommandLine;
using System.Text;

using Cairn.Cli.Terminal;

namespace Cairn.Cli.CommandLine;

/// <summary>Help as a person reads it: what it does, how it is called, what it takes, and examples.</summary>
internal static class HelpText
{
    private const int WidthMin = 40;
    private const int WidthMax = 100;
    private const int LabelMax = 30;

    /// <summary>Exit codes, as all commands use them.</summary>
    public static readonly (int Code, string Meaning)[] Exits =
    [
        (ExitCodes.Success, "all went well"),
        (ExitCodes.StepFailed, "a step failed"),
        (ExitCodes.Usage, "wrong usage, or a pipeline or configuration with mistakes"),
        (ExitCodes.Internal, "Cairn itself failed, or the machine lacks what it needs"),
        (ExitCodes.Cancelled, "cancelled"),
    ];

    /// <summary>Help on cairn itself.</summary>
    public static string Root(CommandServices services)
    {
        var page = new Page(services.Terminal);
        page.Line("Cairn runs pipelines whose every result can be proved.");
        page.Heading("Usage");
        page.Line("  cairn COMMAND [OPTIONS]");
        foreach (var group in CommandCatalog.All.GroupBy(e => e.Group, StringComparer.Ordinal))
        {
            page.Heading(group.Key);
            page.Rows([.. group.Select(e => ($"  {e.Name}", e.Summary))], minimum: 14);
        }

        page.Heading("Options of every command");
        page.Rows([.. GlobalOptions.Create().Select(o => ("  " + Label(o), o.Description ?? "")), ("  --version", "Print the version")]);
        page.Heading("Exit codes");
        page.Rows([.. Exits.Select(e => ($"  {e.Code}", e.Meaning))], minimum: 6);
        page.Line("");
        page.Line("`cairn help COMMAND` shows a command's options and examples.");
        return page.ToString();
    }

    /// <summary>Help on a command or subcommand.</summary>
    public static string Of(Command command, CommandEntry entry, CommandServices services)
    {
        var page = new Page(services.Terminal);
        var isTop = command.Name == entry.Name && command.Parents.OfType<Command>().FirstOrDefault()?.Name == "cairn";
        page.Paragraph(command.Description ?? entry.Summary);
        if (isTop && entry.Details is { } details)
        {
            page.Line("");
            page.Paragraph(details);
        }

        page.Heading("Usage");
        page.Line($"  {UsageOf(command)}");
        if (command.Arguments.Any(a => !a.Hidden))
        {
            page.Heading("Arguments");
            page.Rows([.. command.Arguments.Where(a => !a.Hidden).Select(a => ($"  {(a.HelpName ?? a.Name).ToUpperInvariant()}", Describe(a)))]);
        }

        if (command.Subcommands.Any(c => !c.Hidden))
        {
            page.Heading("Subcommands");
            page.Rows([.. command.Subcommands.Where(c => !c.Hidden).Select(c => ($"  {c.Name}", c.Description ?? ""))], minimum: 14);
        }

        if (command.Options.Any(o => !o.Hidden))
        {
            page.Heading("Options");
            page.Rows([.. command.Options.Where(o => !o.Hidden).Select(o => ("  " + Label(o), Describe(o)))]);
        }

        page.Heading("Options of every command");
        page.Rows([.. GlobalOptions.Create().Select(o => ("  " + Label(o), o.Description ?? ""))]);
        var path = UsageErrors.PathOf(command);
        var examples = entry.Examples.Where(e => isTop || e.Line == path || e.Line.StartsWith(path + " ", StringComparison.Ordinal)).ToList();
        if (examples.Count > 0)
        {
            page.Heading("Examples");
            page.Examples(examples);
        }

        return page.ToString();
    }

    /// <summary><c>cairn logs RUN [STEP] [OPTIONS]</c>.</summary>
    public static string UsageOf(Command command)
    {
        var usage = new StringBuilder(UsageErrors.PathOf(command));
        if (command.Subcommands.Any(c => !c.Hidden))
        {
            usage.Append(command.Action is null ? " SUBCOMMAND" : " [SUBCOMMAND]");
        }

        foreach (var argument in command.Arguments)
        {
            if (!argument.Hidden)
            {
                var name = (argument.HelpName ?? argument.Name).ToUpperInvariant();
                var many = argument.Arity.MaximumNumberOfValues > 1 ? "…" : "";
                usage.Append(argument.Arity.MinimumNumberOfValues > 0 ? $" {name}{many}" : $" [{name}{many}]");
            }
        }

        return usage.Append(command.Options.Any(o => !o.Hidden) || command.Subcommands.Count > 0 ? " [OPTIONS]" : "").ToString();
    }

    /// <summary><c>-j, --max-parallel N</c>.</summary>
    public static string Label(Option option)
    {
        var aliases = option.Aliases.Where(a => a.Length == 2).Order(StringComparer.Ordinal).ToList();
        var shorts = aliases.Count > 0 ? string.Join(", ", aliases) + ", " : "    ";
        var longs = string.Concat(option.Aliases.Where(a => a.Length > 2).Order(StringComparer.Ordinal).Select(a => ", " + a));
        var value = option.ValueType == typeof(bool) ? "" : " " + (option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant());
        return shorts + option.Name + longs + value;
    }

    /// <summary>The description with the values it takes.</summary>
    public static string Describe(Option option) => WithValues(option.Description ?? "", OptionValues.Of(option));

    public static string Describe(Argument argument) => WithValues(argument.Description ?? "", OptionValues.Of(argument));

    private static string WithValues(string text, IReadOnlyList<string> values) =>
        values.Count is 0 or > 8 || values.All(v => text.Contains(v, StringComparison.Ordinal)) ? text : $"{text}: {OptionValues.Join(values)}";

    private sealed class Page(TerminalInfo terminal)
    {
        private readonly StringBuilder _text = new();
        private readonly bool _color = terminal.OutColor != ColorLevel.None;
        private readonly int _width = Math.Clamp(terminal.Size.Columns, WidthMin, WidthMax);

        public override string ToString() => terminal.IsUnicode ? _text.ToString() : _text.ToString().Replace("…", "...", StringComparison.Ordinal);

        public void Line(string text) => _text.Append(text).Append('\n');

        public void Heading(string text)
        {
            _text.Append('\n').Append(_color ? $"\e[1m{text}\e[0m" : text).Append('\n');
        }

        public void Paragraph(string text) => Wrap(text, indent: 0, column: 0);

        public void Rows(IReadOnlyList<(string Label, string Text)> rows, int minimum = 0)
        {
            var column = Math.Min(LabelMax, Math.Max(minimum, rows.Where(r => r.Label.Length <= LabelMax - 2).Select(r => r.Label.Length).DefaultIfEmpty(0).Max() + 2));
            foreach (var (label, text) in rows)
            {
                _text.Append(label);
                if (label.Length > column - 2)
                {
                    _text.Append('\n').Append(' ', column);
                }
                else
                {
                    _text.Append(' ', column - label.Length);
                }

                Wrap(text, column, column);
            }
        }

        public void Examples(List<Example> examples)
        {
            foreach (var (line, meaning) in examples)
            {
                _text.Append("  ").Append(_color ? $"\e[36m{line}\e[0m" : line).Append("\n      ");
                Wrap(meaning, 6, 6);
            }
        }

        private void Wrap(string text, int indent, int column)
        {
            var isFirst = true;
            foreach (var word in text.Split(' '))
            {
                if (!isFirst && column + 1 + word.Length > _width)
                {
                    _text.Append('\n').Append(' ', indent);
                    column = indent;
                }
                else if (!isFirst)
                {
                    _text.Append(' ');
                    column++;
                }

                _text.Append(word);
                column += word.Length;
                isFirst = false;
            }

            _text.Append('\n');
        }
    }
}
