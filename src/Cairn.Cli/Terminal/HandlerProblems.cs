using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Engine.Handlers;

namespace Cairn.Cli.Terminal;

/// <summary>Says on standard error, once the run has ended, which handlers do not have all that they should have.</summary>
internal static class HandlerProblems
{
    public static void Print(CommandServices services, ImmutableArray<HandlerReport> reports)
    {
        var text = new ByteText();
        var style = new Style(services.Terminal.ErrorColor != ColorLevel.None, services.Terminal.IsUnicode);
        foreach (var report in reports)
        {
            var why = report.Problem is { } problem ? $": {problem}" : "";
            if (report.Waiting > 0)
            {
                Warn(text, style, DiagnosticCodes.HandlerBehind, $"{Events(report.Waiting)} for the handler `{report.Handler}` ({report.Target}) {(report.Waiting == 1 ? "waits" : "wait")} for the next run or `cairn events flush`{why}");
            }

            if (report.Refused > 0)
            {
                Warn(text, style, DiagnosticCodes.HandlerRefused, $"The handler `{report.Handler}` ({report.Target}) refused {Events(report.Refused)}{(report.Waiting > 0 ? "" : why)}");
            }

            if (report.Lost > 0)
            {
                Warn(text, style, DiagnosticCodes.HandlerLost, $"{Events(report.Lost)} for the handler `{report.Handler}` ({report.Target}) {(report.Lost == 1 ? "is" : "are")} lost: more came than are kept{(report.Waiting + report.Refused > 0 ? "" : why)}");
            }
        }

        if (text.Length > 0)
        {
            services.Error.Write(text.ToString());
        }
    }

    /// <summary>Says that none is told, as nobody can read which there are.</summary>
    public static void PrintUntold(CommandServices services)
    {
        var text = new ByteText();
        Warn(text, new Style(services.Terminal.ErrorColor != ColorLevel.None, services.Terminal.IsUnicode), DiagnosticCodes.HandlersUntold, "No handler is told of this, since your configuration has mistakes: `cairn events handlers` shows them");
        services.Error.Write(text.ToString());
    }

    private static void Warn(ByteText text, Style style, string code, string message)
    {
        style.Write(text, Ink.Warning, $"warning[{code}]").Append(": ").Append(AnsiText.Clean(message)).Line();
    }

    private static string Events(int count) => count == 1 ? "1 event" : $"{count} events";
}
