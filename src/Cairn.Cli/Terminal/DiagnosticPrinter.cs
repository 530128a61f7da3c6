using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Cli.Terminal;

/// <summary>Shows diagnostics on standard error.</summary>
internal static class DiagnosticPrinter
{
    /// <summary>Prints them all in one write.</summary>
    public static void Print(CommandServices services, ImmutableArray<Diagnostic> diagnostics, ImmutableDictionary<string, SourceText> sources)
    {
        if (!diagnostics.IsEmpty)
        {
            services.Error.Write(DiagnosticRenderer.RenderAll(diagnostics, sources, Options(services.Terminal)));
        }
    }

    /// <summary>Says that the command line asks for something that cannot be, and how to ask better.</summary>
    public static int Usage(CommandServices services, string message, string? help = null)
    {
        Problem(services, message, help);
        return ExitCodes.Usage;
    }

    /// <summary>Says what is wrong, where no file has a place for it.</summary>
    public static void Problem(CommandServices services, string message, string? help = null, string? code = null) => Tell(services, Ink.Bad, code is null ? "error" : $"error[{code}]", message, help);

    /// <summary>Says what could not be done beside what was asked for, which was.</summary>
    public static void Warn(CommandServices services, string message, string code) => Tell(services, Ink.Warning, $"warning[{code}]", message, help: null);

    /// <summary>Tells something that is no mistake, and that whoever reads the result should know.</summary>
    public static void Note(CommandServices services, string message) => Tell(services, Ink.Warning, "note", message, help: null);

    private static void Tell(CommandServices services, Ink ink, string head, string message, string? help)
    {
        var text = new ByteText();
        var style = new Style(services.Terminal.ErrorColor != ColorLevel.None, services.Terminal.IsUnicode);
        style.Write(text, ink, head).Append(": ").Append(AnsiText.Clean(message)).Line();
        if (help is not null)
        {
            style.Write(text, Ink.Accent, "help").Append(": ").Append(AnsiText.Clean(help)).Line();
        }

        services.Error.Write(text.ToString());
    }

    private static RenderOptions Options(TerminalInfo terminal) => new()
    {
        Color = terminal.ErrorColor != ColorLevel.None,
        Unicode = terminal.IsUnicode,
        Width = terminal.ErrorIsTerminal ? Math.Max(20, terminal.Size.Columns) : 120,
    };
}
