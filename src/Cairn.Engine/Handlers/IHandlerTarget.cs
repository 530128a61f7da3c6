using System.Security.Cryptography;

namespace Cairn.Engine.Handlers;

/// <summary>What became of one try to deliver.</summary>
internal abstract record DeliveryOutcome
{
    private DeliveryOutcome()
    {
    }

    /// <summary>It has them.</summary>
    /// <param name="Detail">What it said: <c>204</c>.</param>
    public sealed record Delivered(string Detail) : DeliveryOutcome;

    /// <summary>Not now; another try may succeed.</summary>
    /// <param name="Problem">Why.</param>
    /// <param name="After">How long it asked to be left alone, or null.</param>
    public sealed record Failed(string Problem, TimeSpan? After = null) : DeliveryOutcome;

    /// <summary>It does not want them, and would not the next time.</summary>
    /// <param name="Problem">Why.</param>
    public sealed record Refused(string Problem) : DeliveryOutcome;
}

/// <summary>Where messages go.</summary>
internal interface IHandlerTarget : IDisposable
{
    /// <summary>How many messages it takes with one call.</summary>
    int BatchMax => 1;

    /// <summary>Tries once. Throws only where it is cancelled.</summary>
    Task<DeliveryOutcome> DeliverAsync(IReadOnlyList<HandlerMessage> messages, CancellationToken cancellationToken);
}

/// <summary>The pauses between tries: doubling, the half of each left to chance, so that those who failed together do not come back together.</summary>
internal static class Backoff
{
    /// <summary>The pause after a number of tries that failed one after the other.</summary>
    /// <param name="failures">How many; from 1.</param>
    /// <param name="asked">What the receiver asked for, or null.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static TimeSpan Pause(int failures, TimeSpan? asked, double chance)
    {
        var doubled = HandlerLimits.FirstPause * Math.Pow(2, Math.Min(failures - 1, 30));
        var longest = doubled < HandlerLimits.LongestPause ? doubled : HandlerLimits.LongestPause;
        var pause = (longest / 2) + (longest / 2 * chance);
        return asked is not { } least || least <= pause ? pause : least < HandlerLimits.LongestPause ? least : HandlerLimits.LongestPause;
    }

    /// <summary>A number from 0 to 1.</summary>
    public static double Chance() => RandomNumberGenerator.GetInt32(1 << 20) / (double)(1 << 20);
}
