using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core;
using Cairn.Engine.Caching;
using Cairn.Engine.Reproduce;
using Cairn.Engine.Trust;
using Cairn.Store.Actions;
using Cairn.Store.Content;

namespace Cairn.Engine.Replay;

/// <summary>Replays a sample of the action cache and demotes what does not match: <c>cairn challenge</c>.</summary>
public sealed class Challenge : IAsyncDisposable
{
    private const int BusyReadingsMax = 2;
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly ChallengeRequest _request;
    private readonly ContentStore _store;
    private readonly TimeProvider _time;
    private readonly MachineLoad _load;
    private readonly Action<string, string> _progress;
    private (string Project, BenchSession Session)? _open;

    private Challenge(ChallengeRequest request, ContentStore store, MachineLoad load, TimeProvider time, Action<string, string> progress)
    {
        _request = request;
        _store = store;
        _load = load;
        _time = time;
        _progress = progress;
    }

    /// <summary>Challenges. Throws <see cref="IOException"/> where the machine gives no sandboxes, or a demotion cannot be noted.</summary>
    /// <param name="request">What, and for how long.</param>
    /// <param name="progress">Told what is being executed: an action's name, and what is varied.</param>
    /// <param name="cancellationToken">Ends it; what was found until then is reported.</param>
    public static async Task<ChallengeReport> RunAsync(ChallengeRequest request, Action<string, string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(progress);
        return await RunAsync(request, MachineLoad.OfMachine(), TimeProvider.System, progress, cancellationToken);
    }

    /// <summary>The same with another machine and clock.</summary>
    internal static async Task<ChallengeReport> RunAsync(ChallengeRequest request, MachineLoad load, TimeProvider time, Action<string, string> progress, CancellationToken cancellationToken)
    {
        using var store = ContentStore.Open(request.Run.CacheDirectory ?? throw new IOException("There is no store"));
        await using var challenge = new Challenge(request, store, load, time, progress);
        return await challenge.RunAsync(cancellationToken);
    }

    /// <summary>The entries that a seed chooses, in its order.</summary>
    public static ImmutableArray<string> Choose(ImmutableArray<string> entries, string seed, SampleSize sample) =>
        [.. entries.OrderBy(hash => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{hash}"))), StringComparer.Ordinal).Take(sample.Of(entries.Length))];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_open is { Session: var session })
        {
            await session.DisposeAsync();
        }
    }

    private async Task<ChallengeReport> RunAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var entries = _store.ListActions();
        var chosen = Choose(entries, _request.Seed, _request.Sample);
        var results = ImmutableArray.CreateBuilder<ChallengedEntry>(chosen.Length);
        string? stopped = null;
        try
        {
            await Task.Delay(FirstLook, _time, cancellationToken);
            var busy = Busy(_load.Share());
            while (results.Count < chosen.Length && stopped is null)
            {
                if (busy is not null)
                {
                    busy = await WaitAsync(busy, began, cancellationToken);
                }

                var left = LeftSince(began);
                stopped = left <= TimeSpan.Zero ? OutOfBudget(busy) : null;
                busy = stopped is null ? await WatchedAsync(chosen[results.Count], left, results, cancellationToken) : null;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new ChallengeReport(entries.Length, chosen.Length, results.ToImmutable(), "it was cancelled") { IsCancelled = true };
        }

        return new ChallengeReport(entries.Length, chosen.Length, results.ToImmutable(), stopped);
    }

    /// <summary>Waits until others leave the machine alone, or the budget is used up; then how busy it still is.</summary>
    private async Task<string?> WaitAsync(string? busy, long began, CancellationToken cancellationToken)
    {
        _progress("", $"{busy}; waiting, which `--max-load 100%` does not");
        while (busy is not null && LeftSince(began) is var left && !(left <= TimeSpan.Zero))
        {
            await Task.Delay(left is { } rest && rest < LookEvery ? rest : LookEvery, _time, cancellationToken);
            busy = Busy(_load.Share());
        }

        return busy;
    }

    /// <summary>Challenges one while others leave the machine alone and the budget lasts. How busy it is where it was given up for that: what it was at is begun anew then.</summary>
    private async Task<string?> WatchedAsync(string actionHash, TimeSpan? left, ImmutableArray<ChallengedEntry>.Builder results, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var isStopped = false;
        string? reason = null;
        var watch = WatchAsync(left, why =>
        {
            (isStopped, reason) = (true, why);
            stop.Cancel();
        }, stop.Token);
        try
        {
            results.Add(await OneAsync(actionHash, stop.Token));
            return null;
        }
        catch (OperationCanceledException) when (isStopped && !cancellationToken.IsCancellationRequested)
        {
            return reason;
        }
        finally
        {
            await stop.CancelAsync();
            await watch;
        }
    }

    private async Task WatchAsync(TimeSpan? left, Action<string?> stop, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var busy = 0;
        try
        {
            while (true)
            {
                await Task.Delay(left is { } rest && rest < LookEvery ? rest : LookEvery, _time, cancellationToken);
                var reason = Busy(_load.Share());
                busy = reason is null ? 0 : busy + 1;
                if (busy == BusyReadingsMax)
                {
                    stop(reason);
                    return;
                }

                if (_time.GetElapsedTime(began) >= left)
                {
                    stop(null);
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The replay has ended.
        }
    }

    private string? Busy(double share) => share <= _request.MaxLoad ? null
        : string.Create(CultureInfo.InvariantCulture, $"the machine is busy: others take {share * 100:0} % of its processors, and {_request.MaxLoad * 100:0} % are allowed");

    private string OutOfBudget(string? busy) => $"the budget of {Durations.Format(_request.Budget!.Value)} is used up{(busy is null ? "" : $", and {busy}")}";

    private TimeSpan? LeftSince(long began) => _request.Budget is { } budget ? budget - _time.GetElapsedTime(began) : null;

    private async Task<ChallengedEntry> OneAsync(string actionHash, CancellationToken cancellationToken)
    {
        var trust = TrustFiles.Load(_request.Run.KeysDirectory, _request.Run.SignWith);
        var source = new AttestedSource { CurrentDirectory = "/", ProjectDirectory = _request.Run.ProjectDirectory, Trust = trust.Store, Now = _time.GetUtcNow(), Store = _store };
        var action = AttestedActions.OfEntry(source, actionHash);
        var project = action.Result?.Origin is { } origin && origin.Host == HostFingerprint.MachineName && Directory.Exists(origin.Project) ? origin.Project : null;
        var replay = await ReplayAsync(action, project, cancellationToken);
        var isDemoted = replay.Verdict > ReplayVerdict.NotReplayed && !(replay.Verdict == ReplayVerdict.Nondeterministic && _request.ToleratesNondeterminism) && action.Attestation is not null;
        if (isDemoted)
        {
            await Demotions.AddAsync(_request.Run.StateDirectory, new Demotion(action.Attestation!, actionHash, _time.GetUtcNow(), ReplayVerdicts.Of(replay.Verdict)), cancellationToken);
        }

        return new ChallengedEntry(replay, project, isDemoted);
    }

    private async Task<ActionReplay> ReplayAsync(AttestedAction action, string? project, CancellationToken cancellationToken)
    {
        if (action.Tampered is { } tampered)
        {
            return new ActionReplay(action, ReplayVerdict.Tampered) { Reason = tampered };
        }

        if (action.SignedBy is null)
        {
            return new ActionReplay(action, ReplayVerdict.NotReplayed) { Reason = action.Problem ?? "nobody who is trusted signed it: it is no hit here anyway" };
        }

        if (project is null)
        {
            return new ActionReplay(action, ReplayVerdict.NotReplayed) { Reason = "it comes from a project that is not on this machine" };
        }

        var request = _request.Run with { ProjectDirectory = project };
        var replays = new ActionReplay?[1];
        var (recipes, _) = Replayer.Prepare(request, [action], replays);
        if (recipes.Count == 0)
        {
            return replays[0]!;
        }

        var recipe = recipes[0];
        if (!recipe.Secrets.IsEmpty)
        {
            return new ActionReplay(action, ReplayVerdict.NotReplayed) { Reason = "it is given secrets, which nobody asked for now" };
        }

        var session = await SessionAsync(request, cancellationToken);
        return await Replayer.OneAsync(session, recipe, action, times: 1, keep: null, _progress, cancellationToken);
    }

    private async Task<BenchSession> SessionAsync(RunRequest request, CancellationToken cancellationToken)
    {
        if (_open is var (project, session))
        {
            if (project == request.ProjectDirectory)
            {
                return session;
            }

            _open = null;
            await session.DisposeAsync();
        }

        var opened = await BenchSession.OpenAsync(request, "cairn challenge", [], note => _progress("", note), cancellationToken);
        _open = (request.ProjectDirectory, opened);
        return opened;
    }
}
