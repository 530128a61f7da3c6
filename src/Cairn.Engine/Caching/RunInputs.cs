using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Planning;
using Cairn.Engine.Caching.Memo;
using Cairn.Engine.Fetching;
using Cairn.Engine.History;
using Cairn.Engine.Isolation;
using Cairn.Engine.Toolchains;
using Cairn.Engine.Trust;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Store.Roots;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Caching;

/// <summary>The sources of a run as they stand at its start, and the store that its results go to.</summary>
internal sealed class RunInputs : IDisposable
{
    private readonly RunRequest _request;
    private readonly Func<string, bool>? _isTracked;
    private readonly Lock _extending = new();
    private volatile Planned? _planned;
    private readonly RunId _run;
    private SourceSnapshot? _first;
    private Digest? _sourceTree;
    private StoreLease? _lease;
    private ContentStore? _own;
    private StoreLease? _ownLease;
    private bool _leased;

    private RunInputs(PreparedRun prepared)
    {
        _request = prepared.Request;
        _run = prepared.Id;
        Trust = RunTrust.Find(_request, TimeProvider.System);
        Toolchains = prepared.Toolchains;
        Fetches = prepared.Fetches;
        _isTracked = prepared.Git.Tracked is null ? null : prepared.Git.IsTracked;
        var state = RunDirectory.StateDirectory(_request.ProjectDirectory);
        IndexPath = Path.Combine(state, "index");
        Index = StatIndex.Load(IndexPath);
        Log = ActionLog.Open(Path.Combine(state, "actions"));
    }

    private sealed record Planned(int Jobs, SourceInputs Sources);

    /// <summary>The store; null where this run does without a cache.</summary>
    public ContentStore? Store { get; private init; }

    /// <summary>Why this run does without a cache, or null.</summary>
    public string? Off { get; private init; }

    /// <summary>Why the action cache is neither asked nor filled although there is a store, or null.</summary>
    public string? LookupsOff { get; private init; }

    /// <summary>What is wrong with the trust store, the store or the sources.</summary>
    public ImmutableArray<Diagnostic> Diagnostics => [.. Trust.Diagnostics, .. Unusable, .. OfSources];

    private ImmutableArray<Diagnostic> Unusable { get; init; } = [];

    private ImmutableArray<Diagnostic> OfSources { get; set; } = [];

    /// <summary>Whether the run cannot go on.</summary>
    public bool HasErrors => Diagnostics.Any(static d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>What the memo of the last run still tells; null where there is none.</summary>
    public MemoRecall? Recall { get; private set; }

    /// <summary>The part of the memo's validity that belongs to the machine and the store.</summary>
    public string ActionKey { get; private set; } = "";

    /// <summary>The host as actions have it.</summary>
    public string Host { get; private init; } = "";

    /// <summary>The host as actions of sandboxed steps have it.</summary>
    public string HostWithPackages { get; private init; } = "";

    /// <summary>What signs and judges results, and signs the receipt.</summary>
    public RunTrust Trust { get; }

    /// <summary>The digest of the tree of all sources as they stood when the run began; null where they were not looked at.</summary>
    public Digest? SourceTree => _first is null ? null : _sourceTree ??= Recall is { IsCurrent: true, Memo.SourceTree: { } known } ? known : SourceInputs.TreeOf(_first.Entries).Digest;

    /// <summary>What the steps' toolchains are.</summary>
    public ProjectToolchains Toolchains { get; }

    /// <summary>What fetch steps brought.</summary>
    public ProjectFetches Fetches { get; }

    /// <summary>Digests of the project's files.</summary>
    public StatIndex Index { get; }

    /// <summary>The actions of the project's runs, to explain them later.</summary>
    public ActionLog Log { get; }

    private string IndexPath { get; }

    /// <summary>Opens the store and takes the snapshot. Does neither where nothing is to be cached.</summary>
    public static RunInputs Take(PreparedRun prepared, CancellationToken cancellationToken)
    {
        var request = prepared.Request;
        var needsStore = SandboxUse.HasSandboxes(prepared);
        if ((request.NoCache && !needsStore) || (request.CacheDirectory is null && !needsStore))
        {
            return new RunInputs(prepared) { Off = request.NoCache ? "`--no-cache`" : "there is no cache folder" };
        }

        // Sandboxes cannot do without a store: where the user's is not to be had, the project's own stands in for it.
        var own = OwnStore(request);
        var off = request.NoCache ? "`--no-cache`" : request.CacheDirectory is null ? "there is no cache folder" : null;
        ImmutableArray<Diagnostic> unusable = [];
        ContentStore store;
        try
        {
            store = ContentStore.Open(request.CacheDirectory ?? own);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            unusable = [new Diagnostic(DiagnosticCodes.CacheUnusable, DiagnosticSeverity.Warning, $"This run goes without a cache: {exception.Message}", SourceSpan.None)];
            off = "the store cannot be used";
            if (!needsStore)
            {
                return new RunInputs(prepared) { Off = off, Unusable = unusable };
            }

            store = ContentStore.Open(own);
        }

        var host = HostFingerprint.Read();
        var packages = needsStore ? HostFingerprint.ReadWithPackages(host) : host;
        var inputs = new RunInputs(prepared) { Store = store, LookupsOff = off, Host = host, HostWithPackages = packages, Unusable = unusable };
        inputs.ActionKey = MemoKeys.ActionKey(request, packages, prepared.Toolchains.Key + prepared.Fetches.Key, inputs.Trust.Fingerprint, store.Directory);
        var snapshot = inputs.Snapshot(prepared.Plan!, cancellationToken);
        inputs._first = snapshot;
        if (prepared.Compiled is { Fresh: null, Memo: { } memo } && string.Equals(memo.ActionKey, inputs.ActionKey, StringComparison.Ordinal))
        {
            inputs.Recall = new MemoRecall(memo, prepared.Plan!, snapshot);
        }

        return inputs;
    }

    /// <summary>The sources, those of generated jobs among them: what these read is looked at when they join.</summary>
    public SourceInputs Sources(Plan plan, CancellationToken cancellationToken)
    {
        if (_planned is { } planned && planned.Jobs == plan.Jobs.Length)
        {
            return planned.Sources;
        }

        lock (_extending)
        {
            if (_planned is not { } current || current.Jobs != plan.Jobs.Length)
            {
                Snapshot(plan, cancellationToken);
            }

            return _planned!.Sources;
        }
    }

    /// <summary>Keeps for the next run what this one learned.</summary>
    public void Save(PreparedRun prepared, RunCache? cache)
    {
        Index.Save(IndexPath);
        Log.Flush();
        prepared.Git.Memory?.Save();
        Trust.Save();
        if (cache is null || LookupsOff is not null || _first is null || prepared.Compiled is not { } compiled)
        {
            return;
        }

        var jobs = cache.ToMemo();
        if (Recall is { IsCurrent: true, Memo.SourceTree: not null } recall && jobs.AsSpan().SequenceEqual(recall.Memo.Jobs))
        {
            // It stands as it is.
            return;
        }

        compiled.Save(prepared.Plan!, prepared.PlanInput, ActionKey, [.. _first.Entries.Select(MemoRecall.MemoOf)], SourceTree, jobs);
    }

    /// <summary>The store that takes what sandboxes need and make: the run's, or the project's own where that cannot be written. Throws <see cref="IOException"/>.</summary>
    public ContentStore Workshop()
    {
        if (Store is { ReadOnlyReason: null } store)
        {
            Lease();
            return _lease is null ? throw new IOException($"Nothing can be noted in the store `{store.Directory}`: is its disk full?") : store;
        }

        lock (_extending)
        {
            _own ??= ContentStore.Open(OwnStore(_request));
            _ownLease ??= _own.TryLease(Holder) ?? throw new IOException($"Nothing can be noted in the store `{_own.Directory}`: is its disk full?");
            return _own;
        }
    }

    /// <summary>Where attempts of this run write.</summary>
    public RunFolder SandboxScratch(ContentStore store) => SandboxIsolation.MakeFolder(store, _run.Value);

    /// <summary>From here on nothing that this run finds in the store is collected.</summary>
    public void Lease()
    {
        if (Volatile.Read(ref _leased))
        {
            return;
        }

        lock (_extending)
        {
            if (!_leased)
            {
                _lease = Store?.TryLease(Holder);
                Volatile.Write(ref _leased, true);
            }
        }
    }

    private string Holder => $"run {_run} in {_request.ProjectDirectory}";

    /// <summary>After a run: makes room where the store is over its quota, and drops actions that no kept run knows.</summary>
    public void Tidy()
    {
        _ownLease?.Dispose();
        _ = _own?.CollectIfDue(_own.DefaultQuota(), CancellationToken.None);
        if (Store is null)
        {
            return;
        }

        _lease?.Dispose();
        _ = new KeptRoots((_own ?? Store).Directory, TimeProvider.System).Collect(_request.DebugQuotaBytes, _request.DebugKeepDays);
        Store.CollectIfDue(_request.CacheQuotaBytes ?? Store.DefaultQuota(), CancellationToken.None);
        if (Log.IsCompactionDue)
        {
            Log.Compact(KeptActions());
        }
    }

    public void Dispose()
    {
        Trust.Dispose();
        _lease?.Dispose();
        _ownLease?.Dispose();
        Store?.Dispose();
        _own?.Dispose();
        Log.Dispose();
    }

    private static string OwnStore(RunRequest request) => Path.Combine(RunDirectory.StateDirectory(request.ProjectDirectory), "store");

    private IEnumerable<Digest> KeptActions()
    {
        var history = new RunHistory(_request.ProjectDirectory);
        foreach (var run in history.List())
        {
            foreach (var runEvent in history.Read(run.Id)?.Events ?? [])
            {
                if (runEvent is StepFinished { Cache.Action: { } action } && Log.Find(action) is { } digest)
                {
                    yield return digest;
                }
            }
        }
    }

    private SourceSnapshot Snapshot(Plan plan, CancellationToken cancellationToken)
    {
        using var root = DirectoryHandle.Open(_request.ProjectDirectory);
        var snapshot = SourceSnapshot.Take(root, SourceInputs.Request(plan.Jobs, _isTracked), Index, cancellationToken);
        OfSources = snapshot.Diagnostics;
        _planned = new Planned(plan.Jobs.Length, new SourceInputs(snapshot, plan.Pipeline.Files));
        return snapshot;
    }
}
