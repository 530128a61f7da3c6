using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Core.Analysis;

namespace Cairn.Cli.Analysis;

/// <summary>What <c>cairn analyze</c> prints: tables that fit 80 columns.</summary>
internal static class AnalysisText
{
    private const int StepsShown = 10;
    private const int FlakyShown = 5;
    private const int AdviceShown = 5;
    private const int PipelinesShown = 8;
    private const int NameCharsMax = 24;
    private const int BarCells = 10;
    private const int WrapColumns = 78;

    public static void Append(ByteText text, AnalysisReport report, string subject, bool isSeveral, Style style)
    {
        style.Write(text, Ink.Bold, subject).Append(AnsiText.Clean($", {Period(report.Window)}")).Line().Line();
        AppendTotals(text, report, style);
        if (report.Pipelines.Length > 1)
        {
            AppendPipelines(text, report, isSeveral, style);
        }

        AppendSteps(text, report, isSeveral, style);
        AppendFlaky(text, report, isSeveral, style);
        AppendAdvice(text, report, isSeveral, style);
    }

    /// <summary>The period in words: <c>30 days until 2026-11-21</c>.</summary>
    public static string Period(AnalysisWindow window) =>
        $"{(window.Period.TotalHours < 48 ? Plural(window.Period.TotalHours, "hour") : Plural(window.Period.TotalDays, "day"))} until {window.Now.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC";

    private static string Plural(double count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:0.#} {what}{(count == 1 ? "" : "s")}");

    private static void AppendTotals(ByteText text, AnalysisReport report, Style style)
    {
        var (now, before) = (report.Current, report.Previous);
        var table = new Table("", "NOW", "BEFORE", "CHANGE");
        void Row(string label, string value, string previous, double? change, bool isMoreBetter)
        {
            var ink = change is not { } by || Math.Abs(by) < 0.05 ? Ink.Dim : by > 0 == isMoreBetter ? Ink.Good : Ink.Warning;
            table.Add((label, Ink.Dim), (value, Ink.Plain), (before.Runs == 0 ? "-" : previous, Ink.Dim), (change is { } shown && before.Runs > 0 ? AdviceWords.Signed(shown) : "", ink));
        }

        Row("runs", Number(now.Runs), Number(before.Runs), Change(before.Runs, now.Runs), isMoreBetter: true);
        Row("succeeded", Part(now.Succeeded, now.Runs), Part(before.Succeeded, before.Runs), null, isMoreBetter: true);
        Row("median", Words.Duration(now.MedianMs), Words.Duration(before.MedianMs), Change(before.MedianMs, now.MedianMs), isMoreBetter: false);
        Row("nine of ten within", Words.Duration(now.P90Ms), Words.Duration(before.P90Ms), Change(before.P90Ms, now.P90Ms), isMoreBetter: false);
        Row("steps from the cache", Rate(now), Rate(before), null, isMoreBetter: true);
        Row("saved by the cache", Words.Duration(now.SavedMs), Words.Duration(before.SavedMs), Change(before.SavedMs, now.SavedMs), isMoreBetter: true);
        Row("jobs at once", AtOnce(now), AtOnce(before), null, isMoreBetter: true);
        Row("processors busy", Decimal(now.Processors), Decimal(before.Processors), null, isMoreBetter: true);
        table.AppendTo(text, style, indent: 0);
    }

    private static void AppendPipelines(ByteText text, AnalysisReport report, bool isSeveral, Style style)
    {
        Heading(text, "Pipelines", style);
        var table = new Table("PIPELINE", "RUNS", "FAILED", "MEDIAN", "CHANGE", "CACHE");
        foreach (var pipeline in report.Pipelines.Take(PipelinesShown))
        {
            var (now, before) = (pipeline.Current, pipeline.Previous);
            table.Add(
                (Cut(Name(pipeline.Project, pipeline.Pipeline, isSeveral), NameCharsMax + 8), Ink.Bold), (Number(now.Runs), Ink.Plain), (Part(now.Failed, now.Runs), now.Failed > 0 ? Ink.Warning : Ink.Dim),
                (Words.Duration(now.MedianMs), Ink.Plain), (Change(before.MedianMs, now.MedianMs) is { } change ? AdviceWords.Signed(change) : "-", Ink.Dim), (Rate(now), Ink.Plain));
        }

        table.AppendTo(text, style, indent: 0);
        More(text, report.Pipelines.Length - PipelinesShown, "pipelines", style);
    }

    private static void AppendSteps(ByteText text, AnalysisReport report, bool isSeveral, Style style)
    {
        if (report.Steps.IsEmpty)
        {
            return;
        }

        Heading(text, "Where the time goes", style);
        var table = new Table("STEP", "RAN", "CACHE", "MEDIAN", "P90", "CHANGE", "CRITICAL PATH");
        foreach (var step in report.Steps.Take(StepsShown))
        {
            table.Add(
                (Cut(NameOf(step, report, isSeveral), NameCharsMax), Ink.Bold), (Number(step.Executions), Ink.Plain), (step.HitRate is { } rate ? AdviceWords.Percent(rate) : "-", Ink.Plain),
                (step.Executions == 0 ? "-" : Words.Duration(step.MedianMs), Ink.Plain), (step.Executions == 0 ? "-" : Words.Duration(step.P90Ms), Ink.Plain),
                (step.Trend is { } trend ? AdviceWords.Signed(trend) : "-", step.Trend is >= 0.2 ? Ink.Warning : Ink.Dim), ($"{AdviceWords.Percent(step.CriticalShare),4} {Bar(step.CriticalShare, style)}".TrimEnd(), Ink.Accent));
        }

        table.AppendTo(text, style, indent: 0);
        More(text, report.Steps.Length - StepsShown, "steps", style);
    }

    private static void AppendFlaky(ByteText text, AnalysisReport report, bool isSeveral, Style style)
    {
        if (report.Flaky.IsEmpty)
        {
            return;
        }

        Heading(text, "Flaky", style);
        var table = new Table("JOB", "PROOF", "RETRIES THAT PASSED", "LOST");
        foreach (var flake in report.Flaky.Take(FlakyShown))
        {
            var name = Name(isSeveral ? flake.Project : "", report.Pipelines.Length > 1 ? $"{flake.Pipeline}/{flake.Job}" : flake.Job, isSeveral);
            table.Add(
                (Cut(name, NameCharsMax + 8), Ink.Bold), (flake.ProvenActions == 0 ? "-" : $"same action, {Plural(flake.ProvenFailures, "failure")}", flake.ProvenActions == 0 ? Ink.Dim : Ink.Bad),
                (flake.PassedRetries == 0 ? "-" : Number(flake.PassedRetries), Ink.Plain), (Words.Duration(flake.LostMs), Ink.Plain));
        }

        table.AppendTo(text, style, indent: 0);
        More(text, report.Flaky.Length - FlakyShown, "jobs", style);
    }

    private static void AppendAdvice(ByteText text, AnalysisReport report, bool isSeveral, Style style)
    {
        Heading(text, "What to change first", style);
        if (report.Advice.IsEmpty)
        {
            text.Line("Nothing stands out: no step that seldom hits, flakes, or has become slower");
            return;
        }

        var number = 0;
        foreach (var advice in report.Advice.Take(AdviceShown))
        {
            style.Write(text, Ink.Accent, string.Create(CultureInfo.InvariantCulture, $"{++number}. ")).Append("");
            var where = isSeveral || report.Pipelines.Length > 1 ? $" ({Name(advice.Project, advice.Pipeline, isSeveral)})" : "";
            style.Write(text, Ink.Bold, AdviceWords.Title(advice)).Append(AnsiText.Clean(where)).Line();
            style.Write(text, Ink.Good, $"   saves about {Words.Duration(advice.SavesMs)}").Line();
            foreach (var line in Wrap(AdviceWords.Reason(advice), WrapColumns - 3))
            {
                text.Append("   ");
                style.Write(text, Ink.Dim, line).Line();
            }
        }

        text.Line();
        style.Write(text, Ink.Dim, "Each estimate is for that change alone, of the time waited for runs in the period.").Line();
    }

    /// <summary>Breaks a text into lines at spaces.</summary>
    internal static List<string> Wrap(string text, int columns)
    {
        var lines = new List<string>();
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && TextWidth.Of(line) + 1 + TextWidth.Of(word) > columns)
            {
                lines.Add(line);
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        lines.Add(line);
        return lines;
    }

    private static void Heading(ByteText text, string heading, Style style)
    {
        text.Line();
        style.Write(text, Ink.Bold, heading).Line();
    }

    private static void More(ByteText text, int count, string what, Style style)
    {
        if (count > 0)
        {
            style.Write(text, Ink.Dim, $"and {count} more {what}; `--json` and `--html` have them all").Line();
        }
    }

    private static string NameOf(StepTotals step, AnalysisReport report, bool isSeveral) => report.Pipelines.Length > 1 ? Name(step.Project, $"{step.Pipeline}/{step.Step}", isSeveral) : step.Step;

    private static string Name(string project, string name, bool isSeveral) => isSeveral && project.Length > 0 && !name.StartsWith(project, StringComparison.Ordinal) ? $"{project}: {name}" : name;

    // The end of a name tells more than its beginning.
    private static string Cut(string name, int chars) => name.Length <= chars ? name : string.Concat("..", name.AsSpan(name.Length - chars + 2));

    private static string Bar(double part, Style style) => new(style.Unicode ? '█' : '#', (int)Math.Round(part * BarCells, MidpointRounding.AwayFromZero));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Decimal(double number) => number.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Part(int part, int all) => all == 0 ? "-" : AdviceWords.Percent(part / (double)all);

    private static string Rate(RunTotals totals) => totals.HitRate is { } rate ? AdviceWords.Percent(rate) : "-";

    private static string AtOnce(RunTotals totals) => totals.Runs == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{totals.Parallelism:0.0} of {totals.Workers:0.#}");

    private static double? Change(double before, double now) => before > 0 ? (now - before) / before : null;
}
