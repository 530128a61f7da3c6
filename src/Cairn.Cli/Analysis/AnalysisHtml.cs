using System.Globalization;
using System.Net;
using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core.Analysis;

namespace Cairn.Cli.Analysis;

/// <summary>The report as one page: no script, nothing fetched, light and dark.</summary>
internal static class AnalysisHtml
{
    private const int StepsMax = 200;

    private const string Css = """
        :root { color-scheme: light dark; --page: #f7f8f9; --card: #fff; --border: #dfe3e8; --text: #1b2129; --muted: #626c78; --grid: #e8ebef; --ok: #3f7d8c; --bad: #c8501e; --stop: #a9b3bf; --mark: #2f6373; --code: #eef2f5 }
        @media (prefers-color-scheme: dark) { :root { --page: #14181d; --card: #1b2128; --border: #303944; --text: #e8ecf1; --muted: #98a4b1; --grid: #29313a; --ok: #6fb3c2; --bad: #f08a54; --stop: #566373; --mark: #a8dbe6; --code: #262e37 } }
        * { box-sizing: border-box }
        body { margin: 0 auto; max-width: 1080px; padding: 32px 24px 64px; background: var(--page); color: var(--text); font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif }
        h1 { font-size: 24px; font-weight: 650; margin: 0 }
        h2 { font-size: 17px; font-weight: 650; margin: 36px 0 12px }
        .muted { color: var(--muted) }
        header p { margin: 4px 0 0 }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 24px }
        .card { background: var(--card); border: 1px solid var(--border); border-radius: 10px }
        .tile { padding: 12px 16px }
        .tile b { display: block; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap }
        .tile span { font-size: 13px; color: var(--muted) }
        .worse { color: var(--bad) !important }
        .plot { padding: 12px 12px 8px }
        svg { display: block; width: 100%; height: auto }
        svg text { font: 11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; fill: var(--muted) }
        .grid { stroke: var(--grid) }
        .dot { fill: var(--ok); opacity: .75 } .dot.bad { fill: var(--bad); opacity: .95 } .dot.stop { fill: var(--stop) }
        .line { fill: none; stroke: var(--mark); stroke-width: 2; stroke-linejoin: round }
        .bar { fill: var(--ok) } .bar.bad { fill: var(--bad) } .bar.stop { fill: var(--stop) }
        .key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--muted); padding: 4px 6px 0 }
        .key i { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 6px }
        .key i.l { height: 2px; width: 14px; border-radius: 1px; vertical-align: middle }
        .scroll { overflow-x: auto }
        table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums }
        th { text-align: right; font-weight: 550; font-size: 12px; color: var(--muted); padding: 10px 12px; white-space: nowrap }
        td { text-align: right; padding: 7px 12px; border-top: 1px solid var(--border); white-space: nowrap }
        th:first-child, td:first-child { text-align: left } td:first-child { font-weight: 550 } td small { font-weight: 400; color: var(--muted) }
        .share { width: 26%; text-align: left } .share div { display: flex; align-items: center; gap: 8px }
        .share span { min-width: 36px; text-align: right } .share i { height: 8px; border-radius: 4px; background: var(--ok); min-width: 1px }
        ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px }
        li { padding: 14px 18px; display: grid; grid-template-columns: 1fr auto; gap: 2px 24px }
        li b { font-weight: 600 } li .saves { color: var(--ok); font-weight: 600; white-space: nowrap } li p { grid-column: 1 / -1; margin: 2px 0 0; color: var(--muted); max-width: 86ch }
        code { background: var(--code); border-radius: 4px; padding: 1px 5px; font: .92em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
        @media (max-width: 640px) { body { padding: 20px 12px 40px } li { grid-template-columns: 1fr } }
        @media print { body { max-width: none; background: none } .card, li { break-inside: avoid } }
        """;

    public static string Render(AnalysisReport report, string subject, bool isSeveral)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
        page.Append("<title>").Append(Escape($"{subject}: runs")).Append("</title>\n<style>\n").Append(Css).Append("\n</style>\n</head>\n<body>\n");
        page.Append("<header><h1>").Append(Escape(subject)).Append("</h1><p class=\"muted\">").Append(Escape(AnalysisText.Period(report.Window))).Append(", compared with as long a time before</p></header>\n");
        Tiles(page, report);
        Advices(page, report, isSeveral);
        page.Append("<h2>How long runs took</h2>\n<div class=\"card plot\">\n").Append(AnalysisPlots.Durations(report)).Append("</div>\n");
        page.Append("<h2>How many there were, and how much came from the cache</h2>\n<div class=\"card plot\">\n").Append(AnalysisPlots.Counts(report)).Append("</div>\n");
        Pipelines(page, report, isSeveral);
        Steps(page, report, isSeveral);
        Flaky(page, report, isSeveral);
        return page.Append("</body>\n</html>\n").ToString();
    }

    internal static string Escape(string text) => WebUtility.HtmlEncode(AnsiText.Clean(text));

    private static void Tiles(StringBuilder page, AnalysisReport report)
    {
        var (now, before) = (report.Current, report.Previous);
        page.Append("<div class=\"tiles\">\n");
        Tile(page, "runs", now.Runs.ToString(CultureInfo.InvariantCulture), before.Runs > 0 ? $"{before.Runs} before" : "", isWorse: false);
        Tile(page, "succeeded", AdviceWords.Percent(now.Succeeded / (double)Math.Max(1, now.Runs)), before.Runs > 0 ? $"{AdviceWords.Percent(before.Succeeded / (double)before.Runs)} before" : "", before.Runs > 0 && now.Succeeded * before.Runs < 0.95 * before.Succeeded * now.Runs);
        Tile(page, "median", Words.Duration(now.MedianMs), Change(before.MedianMs, now.MedianMs), before.MedianMs > 0 && now.MedianMs > 1.05 * before.MedianMs);
        Tile(page, "nine of ten within", Words.Duration(now.P90Ms), Change(before.P90Ms, now.P90Ms), before.P90Ms > 0 && now.P90Ms > 1.05 * before.P90Ms);
        Tile(page, "from the cache", now.HitRate is { } rate ? AdviceWords.Percent(rate) : "-", before.HitRate is { } earlier ? $"{AdviceWords.Percent(earlier)} before" : "", now.HitRate < before.HitRate - 0.05);
        Tile(page, "saved by the cache", Words.Duration(now.SavedMs), "", isWorse: false);
        Tile(page, "jobs at once", string.Create(CultureInfo.InvariantCulture, $"{now.Parallelism:0.0} of {now.Workers:0.#}"), string.Create(CultureInfo.InvariantCulture, $"{now.Processors:0.0} processors busy"), isWorse: false);
        page.Append("</div>\n");
    }

    private static void Tile(StringBuilder page, string label, string value, string note, bool isWorse)
    {
        page.Append("<div class=\"card tile\"><span>").Append(Escape(label)).Append("</span><b>").Append(Escape(value)).Append("</b><span");
        page.Append(isWorse ? " class=\"worse\">" : ">").Append(note.Length > 0 ? Escape(note) : "&nbsp;").Append("</span></div>\n");
    }

    private static void Advices(StringBuilder page, AnalysisReport report, bool isSeveral)
    {
        page.Append("<h2>What to change first</h2>\n");
        if (report.Advice.IsEmpty)
        {
            page.Append("<p class=\"muted\">Nothing stands out: no step that seldom hits, flakes, or has become slower.</p>\n");
            return;
        }

        page.Append("<ol>\n");
        foreach (var advice in report.Advice)
        {
            var where = isSeveral || report.Pipelines.Length > 1 ? $" <span class=\"muted\">{Escape(Name(advice.Project, advice.Pipeline))}</span>" : "";
            page.Append("<li class=\"card\"><b>").Append(Code(AdviceWords.Title(advice))).Append(where).Append("</b><span class=\"saves\">saves about ").Append(Words.Duration(advice.SavesMs));
            page.Append("</span><p>").Append(Code(AdviceWords.Reason(advice))).Append(".</p></li>\n");
        }

        page.Append("</ol>\n<p class=\"muted\">Each estimate is for that change alone, of the time waited for runs in the period.</p>\n");
    }

    private static void Pipelines(StringBuilder page, AnalysisReport report, bool isSeveral)
    {
        if (report.Pipelines.Length < 2)
        {
            return;
        }

        page.Append("<h2>Pipelines</h2>\n<div class=\"card scroll\"><table><tr><th>pipeline<th>runs<th>failed<th>median<th>change<th>cache<th>saved</tr>\n");
        foreach (var pipeline in report.Pipelines)
        {
            var (now, before) = (pipeline.Current, pipeline.Previous);
            page.Append("<tr><td>").Append(Escape(Name(isSeveral ? pipeline.Project : "", pipeline.Pipeline)));
            Cells(page, now.Runs.ToString(CultureInfo.InvariantCulture), AdviceWords.Percent(now.Failed / (double)Math.Max(1, now.Runs)), Words.Duration(now.MedianMs), Change(before.MedianMs, now.MedianMs), now.HitRate is { } rate ? AdviceWords.Percent(rate) : "-", Words.Duration(now.SavedMs));
            page.Append("</tr>\n");
        }

        page.Append("</table></div>\n");
    }

    private static void Steps(StringBuilder page, AnalysisReport report, bool isSeveral)
    {
        if (report.Steps.IsEmpty)
        {
            return;
        }

        var most = Math.Max(report.Steps.Max(static s => s.CriticalShare), 1e-9);
        page.Append("<h2>Where the time goes</h2>\n<div class=\"card scroll\"><table><tr><th>step<th class=\"share\">part of the critical paths<th>ran<th>failed<th>cache<th>median<th>p90<th>change<th>saved</tr>\n");
        foreach (var step in report.Steps.Take(StepsMax))
        {
            var where = report.Pipelines.Length > 1 ? $" <small>{Escape(Name(isSeveral ? step.Project : "", step.Pipeline))}</small>" : "";
            page.Append("<tr><td>").Append(Escape(step.Step)).Append(where).Append("<td class=\"share\"><div><span>").Append(AdviceWords.Percent(step.CriticalShare));
            page.Append(CultureInfo.InvariantCulture, $"</span><i style=\"width:{step.CriticalShare / most * 70:0.#}%\"></i></div>");
            Cells(page, step.Executions.ToString(CultureInfo.InvariantCulture), step.Failures.ToString(CultureInfo.InvariantCulture), step.HitRate is { } rate ? AdviceWords.Percent(rate) : "-",
                step.Executions == 0 ? "-" : Words.Duration(step.MedianMs), step.Executions == 0 ? "-" : Words.Duration(step.P90Ms), step.Trend is { } trend ? AdviceWords.Signed(trend) : "-", Words.Duration(step.SavedMs));
            page.Append("</tr>\n");
        }

        page.Append("</table></div>\n");
        if (report.Steps.Length > StepsMax)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"muted\">and {report.Steps.Length - StepsMax} more</p>\n");
        }
    }

    private static void Flaky(StringBuilder page, AnalysisReport report, bool isSeveral)
    {
        if (report.Flaky.IsEmpty)
        {
            return;
        }

        page.Append("<h2>Flaky</h2>\n<div class=\"card scroll\"><table><tr><th>job<th>same action, other verdict<th>failures of it<th>retries that passed<th>lost</tr>\n");
        foreach (var flake in report.Flaky)
        {
            var where = report.Pipelines.Length > 1 ? $" <small>{Escape(Name(isSeveral ? flake.Project : "", flake.Pipeline))}</small>" : "";
            page.Append("<tr><td>").Append(Escape(flake.Job)).Append(where);
            Cells(page, flake.ProvenActions == 0 ? "-" : $"{flake.ProvenActions}", flake.ProvenFailures == 0 ? "-" : $"{flake.ProvenFailures}", flake.PassedRetries == 0 ? "-" : $"{flake.PassedRetries}", Words.Duration(flake.LostMs));
            page.Append("</tr>\n");
        }

        page.Append("</table></div>\n");
    }

    private static void Cells(StringBuilder page, params ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            page.Append("<td>").Append(Escape(text));
        }
    }

    /// <summary>A text whose backticks become code.</summary>
    private static string Code(string text)
    {
        var parts = text.Split('`');
        var html = new StringBuilder();
        for (var i = 0; i < parts.Length; i++)
        {
            // The last one has no partner where their number is odd.
            html.Append(i % 2 == 1 && i < parts.Length - 1 ? $"<code>{Escape(parts[i])}</code>" : Escape(parts[i]));
        }

        return html.ToString();
    }

    private static string Name(string project, string pipeline) => project.Length == 0 || project == pipeline ? pipeline : $"{project}: {pipeline}";

    private static string Change(double before, double now) => before > 0 ? $"{AdviceWords.Signed((now - before) / before)}" : "";
}
