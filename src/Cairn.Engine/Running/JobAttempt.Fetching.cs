using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Fetching;
using Cairn.Core.Scheduling;
using Cairn.Core.Toolchains;
using Cairn.Engine.Caching;
using Cairn.Engine.Fetching;
using Cairn.Engine.Isolation;

namespace Cairn.Engine.Running;

/// <content>
/// Fetch steps. What one brings is known by its pin, never by what it would execute: the network is no input. So it is taken from the store where that has the pinned
/// tree, and otherwise fetched and compared with the pin before anything of it leaves the sandbox.
/// </content>
internal sealed partial class JobAttempt
{
    private FetchTask? _fetch;

    /// <summary>What a fetch is for.</summary>
    /// <param name="Asked">The digest of what is asked.</param>
    /// <param name="Previous">The job's pin, whatever it was for.</param>
    /// <param name="Expected">The pin that must be met; null where there will be a new one.</param>
    private sealed record FetchTask(Digest Asked, FetchPin? Previous, FetchPin? Expected)
    {
        /// <summary>What the step left.</summary>
        public ImmutableArray<OutputFile> Files { get; set; }

        /// <summary>What it would be pinned as.</summary>
        public FetchPin? Made { get; set; }

        /// <summary>Whether it is something else than what is pinned.</summary>
        public bool Differs { get; set; }
    }

    /// <summary>Finds out what a fetch is for; why it cannot be done, or null.</summary>
    private AttemptReport? BeginFetch(PreparedAction? action)
    {
        if (action?.Asked is not { } asked)
        {
            return Broken("a fetch needs the store");
        }

        var fetches = _run.Fetches;
        var pin = fetches.Lock.Find(_job.Id.Value);
        var isCurrent = pin is not null && pin.Asked == asked;
        if (_run.Request.Pinning is { } pinning)
        {
            _fetch = new FetchTask(asked, pin, isCurrent && !pinning.Updates(_job) ? pin : null);
            return null;
        }

        if (isCurrent)
        {
            _fetch = new FetchTask(asked, pin, pin);
            return null;
        }

        return Broken(fetches.LockProblem is { } problem ? $"`{ToolchainLock.FileName}` cannot be used: {problem}"
            : pin is null ? $"{ProjectFetches.NotPinned(_job)}: {ProjectFetches.Remedy(_job)}"
            : $"its command, variables, inputs or outputs are no longer those that `{ToolchainLock.FileName}` has pinned: {ProjectFetches.Remedy(_job)}");
    }

    /// <summary>Looks at what a fetch left before any of it is used; why it is not, or null.</summary>
    private string? JudgeFetch(FetchTask fetch, RunCache cache, PreparedAction action, ImmutableArray<OutputFile> files)
    {
        fetch.Files = files;
        fetch.Made = FetchPin.Of(_job.Id.Value, fetch.Asked, JobProducts.TreeOf(files));
        if (fetch.Expected is not { } expected)
        {
            return cache.HasChanged(_job, action.Sources) ? "an input changed while it ran: fetch it again" : null;
        }

        if (fetch.Made.Tree == expected.Tree)
        {
            return null;
        }

        fetch.Differs = true;
        var difference = cache.TryListFetched(expected.Tree) is { } pinned ? FetchComparison.Of(pinned, files).Describe() : FetchComparison.Describe(expected, fetch.Made);
        return $"the hosts sent something else than `{ToolchainLock.FileName}` has pinned: {difference}; `cairn fetch {_job.Step.Name} --update` pins what they send now";
    }

    /// <summary>Tells how a fetch ended that was executed, and what it was refused.</summary>
    private void EndFetch(FetchTask fetch, RunCache cache, IAttemptPlace place, AttemptReport report)
    {
        var isGood = report.Outcome is AttemptOutcome.Succeeded && fetch.Made is not null;
        FetchComparison? comparison = null;
        if (fetch is { Made: { } made, Previous: { } previous } && (isGood || fetch.Differs) && cache.TryListFetched(previous.Tree) is { } before)
        {
            comparison = previous.Tree == made.Tree ? new FetchComparison(0, 0, 0, []) : FetchComparison.Of(before, fetch.Files);
        }

        var traffic = place.Traffic;
        _run.Reporter.Emit(new StepFetched
        {
            Time = _run.Reporter.Now,
            Job = _job.Id.Value,
            Result = fetch.Differs ? FetchResult.Differs : !isGood ? FetchResult.Failed : fetch.Expected is not null ? FetchResult.Verified : FetchResult.Pinned,
            Tree = fetch.Made?.Tree.ToString(),
            Before = fetch.Previous?.Tree.ToString(),
            Files = fetch.Made?.Files ?? 0,
            Bytes = fetch.Made?.Bytes ?? 0,
            Added = comparison?.Added,
            Changed = comparison?.Changed,
            Removed = comparison?.Removed,
            Hosts = [.. (traffic?.Reached ?? []).Select(static h => new FetchedHost(h.Host, h.Connections, h.Bytes))],
            Refused = [.. (traffic?.Refused ?? []).Select(static r => r.Host)],
        });
        WarnOfRefused(place);
        if (isGood)
        {
            _run.Fetches.Record(new FetchOutcome(fetch.Expected is null ? FetchState.Pinned : FetchState.Verified, fetch.Made!, fetch.Previous?.Tree == fetch.Made!.Tree ? null : fetch.Previous)
            {
                Added = comparison?.Added,
                Changed = comparison?.Changed,
                Removed = comparison?.Removed,
            });
        }
    }

    private void WarnOfRefused(IAttemptPlace place)
    {
        if (place.Traffic?.Refused is not { IsEmpty: false } refused || _job.Step.Fetch is not { } fetch)
        {
            return;
        }

        foreach (var refusal in refused)
        {
            var times = refusal.Times == 1 ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $" ({refusal.Times} times)");
            _run.Reporter.Warn(DiagnosticCodes.HostRefused, $"`{_job.Id}` was refused `{refusal.Host}`{times}, which {refusal.Reason}", _job.Id);
        }

        _run.Reporter.Warn(DiagnosticCodes.HostRefused, $"If `{_job.Id}` is to reach {(refused.Length == 1 ? "it" : "all of them")}, write `{fetch.Hosts.LineWith(refused.Select(static r => r.Missing))}`", _job.Id);
    }
}
