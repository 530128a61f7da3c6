using System.Globalization;
using System.Text;

using Cairn.Cli.Terminal;
using Cairn.Core.Analysis;

namespace Cairn.Cli.Analysis;

/// <summary>The plots of the page, as SVG that takes its colours from it.</summary>
internal static class AnalysisPlots
{
    private const double Width = 1000;
    private const double Height = 260;
    private const double Left = 64;
    private const double Right = 40;
    private const double Top = 12;
    private const double Bottom = 28;
    private const int TimesMax = 8;

    /// <summary>Each run a dot, the medians a line. Durations stand on a logarithmic scale: runs of which all comes from the cache are far from those that build everything.</summary>
    public static string Durations(AnalysisReport report)
    {
        var svg = Open("Duration of each run over time, with medians");
        var least = Math.Max(1, report.Points.Length == 0 ? 1 : report.Points.Min(static p => p.WallMs));
        var most = Math.Max(least, report.Points.Length == 0 ? 1 : report.Points.Max(static p => p.WallMs));
        var ticks = DurationTicks(least, most);
        var (low, high) = (Math.Log(ticks[0]), Math.Log(ticks[^1]));
        double Y(double ms) => Top + ((high - Math.Log(Math.Clamp(ms, ticks[0], ticks[^1]))) / Math.Max(1e-9, high - low) * (Height - Top - Bottom));
        foreach (var tick in ticks)
        {
            Grid(svg, Y(tick), Short(tick));
        }

        Times(svg, report.Window);
        foreach (var point in report.Points.OrderBy(static p => p.Outcome == RunOutcome.Failed))
        {
            var (style, word) = point.Outcome switch
            {
                RunOutcome.Succeeded => ("", "succeeded"),
                RunOutcome.Failed => (" bad", "failed"),
                RunOutcome.Cancelled => (" stop", "cancelled"),
                _ => (" stop", "interrupted"),
            };
            svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot{style}\" cx=\"{X(report.Window, point.Time):0.#}\" cy=\"{Y(point.WallMs):0.#}\" r=\"{(report.Points.Length > 400 ? 2.5 : 3.5):0.#}\">");
            svg.Append("<title>").Append(AnalysisHtml.Escape($"{point.Pipeline}, {point.Id}: {word} after {Words.Duration(point.WallMs)}")).Append("</title></circle>\n");
        }

        AppendLine(svg, report.Window, report.Slices.Where(static s => s.Totals is { Succeeded: > 0 } or { Failed: > 0 }).ToList(), slice => Y(slice.Totals.MedianMs));
        return svg.Append("</svg>\n").Append(Key([("dot", "ok", "succeeded"), ("dot", "bad", "failed"), ("dot", "stop", "cancelled or interrupted"), ("l", "mark", $"median of {Slice(report)}")])).ToString();
    }

    /// <summary>Bars of runs, and the hit rate as a line on a scale of its own.</summary>
    public static string Counts(AnalysisReport report)
    {
        var svg = Open("Number of runs over time, and the part of steps that came from the cache");
        var most = Math.Max(1, report.Slices.Max(static s => s.Totals.Runs));
        var step = CountStep(most);
        var top = (int)Math.Ceiling(most / (double)step) * step;
        double Y(double part) => Top + ((1 - part) * (Height - Top - Bottom));
        for (var tick = 0; tick <= top; tick += step)
        {
            Grid(svg, Y(tick / (double)top), tick.ToString(CultureInfo.InvariantCulture), AdviceWords.Percent(tick / (double)top));
        }

        Times(svg, report.Window);
        var width = Math.Max(1, (X(report.Window, report.Slices[0].Start + report.Slices[0].Length) - Left) * 0.72);
        foreach (var slice in report.Slices)
        {
            var x = Math.Min(X(report.Window, slice.Start + (slice.Length / 2)) - (width / 2), Width - Right - width);
            var below = 0;
            foreach (var (count, style) in ((int, string)[])[(slice.Totals.Succeeded, ""), (slice.Totals.Failed, " bad"), (slice.Totals.Stopped, " stop")])
            {
                if (count > 0)
                {
                    var (from, to) = (Y(below / (double)top), Y((below + count) / (double)top));
                    svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"bar{style}\" x=\"{x:0.#}\" y=\"{to:0.#}\" width=\"{width:0.#}\" height=\"{from - to:0.#}\" rx=\"1.5\">");
                    svg.Append("<title>").Append(AnalysisHtml.Escape(Describe(slice))).Append("</title></rect>\n");
                    below += count;
                }
            }
        }

        AppendLine(svg, report.Window, report.Slices.Where(static s => s.Totals.HitRate is not null).ToList(), slice => Y(slice.Totals.HitRate ?? 0));
        return svg.Append("</svg>\n").Append(Key([("dot", "ok", $"succeeded; a bar is {Slice(report)}"), ("dot", "bad", "failed"), ("dot", "stop", "cancelled or interrupted"), ("l", "mark", "from the cache, scale on the right")])).ToString();
    }

    /// <summary>Round durations from below the least to above the most, at most seven.</summary>
    internal static double[] DurationTicks(double least, double most)
    {
        ReadOnlySpan<double> all =
        [
            1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1.8e6, 3.6e6, 7.2e6, 18e6, 36e6, 86.4e6, 172.8e6, 432e6, 864e6, 2592e6, 31536e6,
        ];
        var first = 0;
        while (first + 2 < all.Length && all[first + 1] <= least)
        {
            first++;
        }

        var last = first + 1;
        while (last + 1 < all.Length && all[last] < most)
        {
            last++;
        }

        var stride = Math.Max(1, (int)Math.Ceiling((last - first) / 6.0));
        var ticks = new List<double>();
        for (var i = first; i < last; i += stride)
        {
            ticks.Add(all[i]);
        }

        ticks.Add(all[last]);
        return [.. ticks];
    }

    private static StringBuilder Open(string title) =>
        new StringBuilder().Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{AnalysisHtml.Escape(title)}\">\n");

    /// <summary>A line through the middles of slices; where there is one alone, across it.</summary>
    private static void AppendLine(StringBuilder svg, AnalysisWindow window, List<TimeSlice> slices, Func<TimeSlice, double> y)
    {
        if (slices.Count == 0)
        {
            return;
        }

        svg.Append("<path class=\"line\" d=\"");
        if (slices is [var only])
        {
            svg.Append(CultureInfo.InvariantCulture, $"M{X(window, only.Start):0.#} {y(only):0.#}H{X(window, only.Start + only.Length):0.#}");
        }
        else
        {
            for (var i = 0; i < slices.Count; i++)
            {
                svg.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "M" : "L")}{X(window, slices[i].Start + (slices[i].Length / 2)):0.#} {y(slices[i]):0.#}");
            }
        }

        svg.Append("\"/>\n");
    }

    private static double X(AnalysisWindow window, DateTimeOffset time) => Left + (Math.Clamp((time - window.Since) / window.Period, 0, 1) * (Width - Left - Right));

    private static void Grid(StringBuilder svg, double y, string left, string? right = null)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\"/><text x=\"{Left - 8}\" y=\"{y + 4:0.#}\" text-anchor=\"end\">{left}</text>");
        svg.Append(right is null ? "\n" : string.Create(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right + 6}\" y=\"{y + 4:0.#}\">{right}</text>\n"));
    }

    /// <summary>The times below: midnights, or full hours where the period is short.</summary>
    private static void Times(StringBuilder svg, AnalysisWindow window)
    {
        var unit = window.Period <= TimeSpan.FromDays(3) ? TimeSpan.FromHours(Math.Max(1, Math.Ceiling(window.Period.TotalHours / TimesMax))) : TimeSpan.FromDays(Math.Max(1, Math.Ceiling(window.Period.TotalDays / TimesMax)));
        var isHours = unit < TimeSpan.FromDays(1);
        var since = window.Since.UtcDateTime;
        var first = isHours ? since.Date.AddHours(since.Hour + 1) : since.Date.AddDays(1);
        for (var time = first; time <= window.Now.UtcDateTime; time += unit)
        {
            var x = X(window, new DateTimeOffset(time, TimeSpan.Zero));
            var label = time.ToString(isHours ? "HH:mm" : "MMM d", CultureInfo.InvariantCulture);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{x:0.#}\" x2=\"{x:0.#}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom + 5}\"/><text x=\"{x:0.#}\" y=\"{Height - 8}\" text-anchor=\"middle\">{label}</text>\n");
        }
    }

    private static string Key((string Shape, string Color, string Text)[] entries)
    {
        var key = new StringBuilder("<div class=\"key\">");
        foreach (var (shape, color, text) in entries)
        {
            key.Append(CultureInfo.InvariantCulture, $"<span><i{(shape == "l" ? " class=\"l\"" : "")} style=\"background:var(--{color})\"></i>{AnalysisHtml.Escape(text)}</span>");
        }

        return key.Append("</div>\n").ToString();
    }

    private static string Describe(TimeSlice slice) =>
        string.Create(CultureInfo.InvariantCulture, $"{slice.Start.UtcDateTime:yyyy-MM-dd HH:mm}: {slice.Totals.Runs} runs, {slice.Totals.Failed} failed{(slice.Totals.HitRate is { } rate ? $", {AdviceWords.Percent(rate)} from the cache" : "")}");

    private static string Slice(AnalysisReport report) => report.Slices[0].Length switch
    {
        { TotalHours: 1 } => "an hour",
        { TotalDays: 1 } => "a day",
        { TotalDays: > 1 } length => string.Create(CultureInfo.InvariantCulture, $"{length.TotalDays:0} days"),
        var length => string.Create(CultureInfo.InvariantCulture, $"{length.TotalHours:0} hours"),
    };

    private static int CountStep(int most)
    {
        foreach (var step in (ReadOnlySpan<int>)[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
        {
            if (most <= step * 5)
            {
                return step;
            }
        }

        return (most / 5) + 1;
    }

    private static string Short(double ms) => ms switch
    {
        < 1e3 => string.Create(CultureInfo.InvariantCulture, $"{ms:0} ms"),
        < 60e3 => string.Create(CultureInfo.InvariantCulture, $"{ms / 1e3:0} s"),
        < 3.6e6 => string.Create(CultureInfo.InvariantCulture, $"{ms / 60e3:0} min"),
        < 86.4e6 => string.Create(CultureInfo.InvariantCulture, $"{ms / 3.6e6:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{ms / 86.4e6:0} d"),
    };
}
