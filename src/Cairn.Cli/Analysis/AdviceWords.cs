using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Core.Analysis;

namespace Cairn.Cli.Analysis;

/// <summary>Advice as a person reads it. Names stand in backticks.</summary>
internal static class AdviceWords
{
    /// <summary>What to do, in a line.</summary>
    public static string Title(Advice advice) => advice.Kind switch
    {
        AdviceKind.SeldomHits => advice.Step!.Hits == 0 ? $"Make `{advice.Subject}` come from the cache: it never does" : $"Make `{advice.Subject}` come from the cache: it seldom does",
        AdviceKind.NotCached => $"Let the cache keep `{advice.Subject}`",
        AdviceKind.Flaky => advice.Flake!.ProvenActions > 0 ? $"Mend `{advice.Subject}`, which flakes" : $"Mend `{advice.Subject}`, which passes only when it is tried again",
        AdviceKind.LongChain => $"Split `{advice.Subject}`, or take it out of the chain",
        AdviceKind.Slower => $"See why `{advice.Subject}` has become slower",
        AdviceKind.FewWorkers => $"Run more jobs at once in `{advice.Pipeline}`",
        _ => throw new ArgumentOutOfRangeException(nameof(advice)),
    };

    /// <summary>Why, with what was observed and what the estimate takes for granted.</summary>
    public static string Reason(Advice advice) => advice.Kind switch
    {
        AdviceKind.SeldomHits => $"{Rate(advice.Step!)}, and it is {Percent(advice.Step!.CriticalShare)} of the critical paths. {Evidence(advice)}Estimated for a hit rate of {Percent(advice.Assumed)}; `cairn why {advice.Subject}` has the last miss in full",
        AdviceKind.NotCached => $"It was executed {Times(advice.Step!.Executions)} and is {Percent(advice.Step.CriticalShare)} of the critical paths. {(advice.Reason is { } reason ? $"It is not kept because of {Quoted(reason)}. " : "The record of each run has the reason. ")}Estimated for a hit rate of {Percent(advice.Assumed)}",
        AdviceKind.Flaky => Flaky(advice.Flake!),
        AdviceKind.LongChain => $"{Chain(advice.Totals!)} follow each other for {Percent(advice.Totals!.Current.CriticalMs / advice.Totals.Current.WallMs)} of the time, while {advice.Totals.Current.Parallelism.ToString("0.0", CultureInfo.InvariantCulture)} of {advice.Totals.Current.Workers.ToString("0.#", CultureInfo.InvariantCulture)} workers are busy. `{advice.Subject}` is the longest of them; estimated for two halves at once, by a matrix for instance",
        AdviceKind.Slower => $"Its median is {Words.Duration(advice.Step!.MedianMs)}; in the period before it was {Words.Duration(advice.Step.PreviousMedianMs ?? 0)} ({Signed(advice.Assumed)})",
        AdviceKind.FewWorkers => $"Its {advice.Totals!.Current.Workers.ToString("0.#", CultureInfo.InvariantCulture)} workers are busy {Percent(advice.Totals.Current.Parallelism / advice.Totals.Current.Workers)} of the time and use {advice.Totals.Current.Processors.ToString("0.0", CultureInfo.InvariantCulture)} processors: steps wait for something else. Estimated for {advice.Assumed.ToString("0.#", CultureInfo.InvariantCulture)} with `--max-parallel`",
        _ => throw new ArgumentOutOfRangeException(nameof(advice)),
    };

    /// <summary><c>42%</c>.</summary>
    public static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(part * 100, MidpointRounding.AwayFromZero):0}%");

    /// <summary><c>+12%</c>.</summary>
    public static string Signed(double part)
    {
        var percent = Math.Round(part * 100, MidpointRounding.AwayFromZero);
        return percent > 999 ? ">+999%" : string.Create(CultureInfo.InvariantCulture, $"{(percent > 0 ? "+" : percent < 0 ? "-" : "")}{Math.Abs(percent):0}%");
    }

    private static string Rate(StepTotals step) => step.Hits == 0 ? $"It missed {Times(step.Misses)} and never hit" : $"It hit {Percent(step.HitRate ?? 0)} of {Times(step.Hits + step.Misses)}";

    private static string Evidence(Advice advice) =>
        advice.Evidence.IsEmpty ? "" : $"{string.Join(", ", advice.Evidence.Select((e, i) => i == 0 ? $"{Capital(e.What)} had changed in {e.Times} of the last {e.Of} misses" : $"{e.What} in {e.Times}"))}. ";

    private static string Flaky(FlakyJob flake)
    {
        var proof = flake.ProvenActions == 0 ? ""
            : $"The same action failed and succeeded: {(flake.ProvenActions == 1 ? "one action" : $"{flake.ProvenActions} actions")}, {(flake.ProvenFailures == 1 ? "one failure" : $"{flake.ProvenFailures} failures")}. ";
        var retries = flake.PassedRetries == 0 ? "" : $"{(flake.PassedRetries == 1 ? "One run" : $"{flake.PassedRetries} runs")} passed by a retry alone. ";
        return $"{proof}{retries}The time is that of failed attempts, waits, and runs that failed by it";
    }

    private static string Chain(PipelineTotals totals)
    {
        const int ShownMax = 4;
        var names = totals.Chain.Select(static name => $"`{name}`").ToList();
        return names.Count <= ShownMax ? string.Join(", ", names.Take(names.Count - 1)) + $" and {names[^1]}" : $"{string.Join(", ", names.Take(ShownMax - 1))} and {names.Count - ShownMax + 1} more";
    }

    private static string Quoted(string reason) => reason.Contains('`', StringComparison.Ordinal) ? reason : $"\"{reason}\"";

    private static string Capital(string text) => text.Length > 0 && char.IsAsciiLetterLower(text[0]) ? char.ToUpperInvariant(text[0]) + text[1..] : text;

    private static string Times(int count) => count == 1 ? "once" : $"{count} times";
}
