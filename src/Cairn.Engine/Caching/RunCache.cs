using System.Collections.Concurrent;
using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Caching;

/// <summary>What a job would execute, and over what.</summary>
/// <param name="Encoded">The action.</param>
/// <param name="Inputs">All its inputs.</param>
/// <param name="Sources">Its source files.</param>
internal sealed record PreparedAction(EncodedAction Encoded, MerkleTree Inputs, JobSources Sources)
{
    /// <summary>Why neither the look-up nor the storing happens, or null.</summary>
    public string? Off { get; init; }

    public Digest Digest => Encoded.Digest;
}

/// <summary>What a job contributes to those that need it.</summary>
/// <param name="Tree">Its outputs.</param>
/// <param name="Files">The same, as they stand in the working tree.</param>
internal sealed record JobProduct(MerkleTree Tree, IReadOnlyList<TreeEntry> Files)
{
    public static JobProduct None { get; } = new(MerkleTree.Empty, []);
}

/// <summary>Everything a finished execution left that a later run may want.</summary>
internal sealed record ExecutedJob(IReadOnlyList<TreeEntry> Files, string LogPath, string IndexPath, string SummaryPath, ActionResult Result);

/// <summary>The action cache as one run uses it: looks jobs up, brings results back, stores new ones. Thread-safe.</summary>
internal sealed class RunCache
{
    private readonly RunRequest _request;
    private readonly RunScope _scope;
    private readonly RunReporter _reporter;
    private readonly OutputTree _tree;
    private readonly OutputStorage _storage;
    private readonly RunInputs _inputs;
    private readonly ActionBuilder _builder;
    private readonly ImmutableArray<string?> _leftOut;
    private readonly ContentStore _store;
    private readonly ActionCache _actions;
    private readonly ConcurrentDictionary<int, JobProduct> _products = new();
    private string? _full;

    public RunCache(PreparedRun prepared, RunInputs inputs, RunScope scope, RunReporter reporter, OutputTree tree)
    {
        _request = prepared.Request;
        _scope = scope;
        _reporter = reporter;
        _tree = tree;
        _inputs = inputs;
        _storage = new OutputStorage(tree.Root, inputs.Index);
        _builder = new ActionBuilder(scope, prepared.Request, HostFingerprint.Read());
        _leftOut = prepared.LeftOut;
        _store = inputs.Store ?? throw new ArgumentException("A cache needs a store", nameof(inputs));
        _actions = new ActionCache(_store, new ChecksumSeal());
        _full = _store.ReadOnlyReason;
        if (_full is not null)
        {
            reporter.Warn(DiagnosticCodes.CacheNotWritten, $"Results of this run are not kept: {_full}");
        }
    }

    /// <summary>Describes a job. Throws <see cref="IOException"/> where its inputs contradict each other, and <see cref="EvaluationException"/>.</summary>
    public async ValueTask<PreparedAction> PrepareAsync(Job job, int attempt, CancellationToken cancellationToken)
    {
        var sources = (await _inputs.SourcesAsync(_scope.Plan, cancellationToken)).Of(job);
        var inputs = sources.Tree;
        string? off = job.Step.Cache.Enabled ? null : "`cache: false`";
        foreach (var need in job.Needs)
        {
            var name = _scope.Plan.Jobs[need].Id;
            if (_scope.ResultOf(need) is { Status: not (JobStatus.Succeeded or JobStatus.Skipped) })
            {
                off ??= $"`{name}` failed";
                continue;
            }

            inputs = inputs.TryMerge(ProductOf(need).Tree, out var conflict)
                ?? throw new IOException($"`{conflict}` is an input of `{job.Id}` twice with different content: a file that a step makes must have one maker");
        }

        var action = ActionEncoder.Encode(_builder.Describe(job, attempt, inputs.Digest));
        return new PreparedAction(action, inputs, sources) { Off = off };
    }

    /// <summary>Whether the action cache may answer for a job; a forced one is executed and stored anew.</summary>
    public bool MayAnswer(Job job, PreparedAction action) => action.Off is null && !IsForced(job);

    /// <summary>Looks an action up and brings its outputs back. Null for a miss. Throws <see cref="IOException"/> where the working tree cannot be written.</summary>
    public (ActionResult Result, RestoredOutputs Outputs)? TryAnswer(Job job, PreparedAction action)
    {
        if (_actions.TryGet(action.Digest) is not { } result)
        {
            return null;
        }

        foreach (var output in result.Outputs)
        {
            if (!job.Outputs.IsMatch(output.Path))
            {
                return null;
            }
        }

        if (!Has(result.Log) || !Has(result.LogIndex) || !Has(result.Summary) || _tree.Restore(job, result.Outputs, _storage, () => _store) is not { } restored)
        {
            // Evicted or damaged in part: what was brought back is ours, and the execution clears it.
            _actions.Remove(action.Digest);
            return null;
        }

        if (restored.Failure is null)
        {
            Finish(job, restored.Files, TreeOf(result.Outputs));
            Remember(action);
        }

        return (result, restored);
    }

    /// <summary>Waits for whoever executes the same action on this machine.</summary>
    public Task<IDisposable?> HoldAsync(Job job, PreparedAction action, CancellationToken cancellationToken) => _actions.HoldAsync(
        action.Digest,
        holder => _reporter.Emit(new LockWaiting { Time = _reporter.Now, Lock = $"(action {action.Digest.Hash[..12]})", Job = job.Id.Value, Holder = holder }),
        cancellationToken);

    /// <summary>Keeps what an execution made, and says how the cache was used. <paramref name="action"/> is null where the job could not be described.</summary>
    public CacheUse Keep(Job job, PreparedAction action, ExecutedJob executed)
    {
        var use = new CacheUse(action.Off is null ? CacheState.Miss : CacheState.Off) { Action = action.Digest.Hash, Reason = action.Off };
        var reason = action.Off ?? _full;
        if (reason is null && !Unchanged(job, action.Sources))
        {
            reason = "an input changed while it ran";
            _reporter.Warn(DiagnosticCodes.CacheInputRace, $"An input of `{job.Id}` changed while it ran: its result is used, but not kept for later runs", job.Id);
        }

        ImmutableArray<OutputFile> outputs;
        try
        {
            outputs = _storage.Take(executed.Files, reason is null ? _store : null);
            if (reason is null)
            {
                _actions.Put(executed.Result with
                {
                    Action = action.Digest,
                    Outputs = outputs,
                    Log = PutFile(executed.LogPath),
                    LogIndex = PutFile(executed.IndexPath),
                    Summary = PutFile(executed.SummaryPath),
                });
            }
        }
        catch (IOException exception) when (reason is null)
        {
            reason = $"the cache cannot be written: {exception.Message}";
            GiveUp(reason);
            outputs = _storage.Take(executed.Files, store: null);
        }

        Finish(job, executed.Files, TreeOf(outputs));
        Remember(action);
        return use with { Reason = reason };
    }

    /// <summary>Notes an execution that failed: nothing is kept of it but what it was.</summary>
    public CacheUse Failed(PreparedAction action)
    {
        Remember(action);
        return new CacheUse(action.Off is null ? CacheState.Miss : CacheState.Off) { Action = action.Digest.Hash, Reason = action.Off };
    }

    /// <summary>The digest of what a finished job made, or null.</summary>
    public Digest? DigestOf(Job job) => _products.TryGetValue(job.Index, out var product) && product.Files.Count > 0 ? product.Tree.Digest : null;

    /// <summary>Opens a stored log, to replay it; null where it is gone.</summary>
    public Stream? TryOpen(Digest digest) => _store.TryOpen(digest);

    /// <summary>Reads a blob whole; null where there is none.</summary>
    public byte[]? TryRead(Digest? digest, int maxBytes) => digest is { } named ? _store.TryRead(named, maxBytes) : null;

    private bool IsForced(Job job) => _request.Force.Contains(job.Step.Name.Value) || _request.Force.Contains(job.Id.Value);

    private bool Has(Digest? digest) => digest is not { } named || _store.Contains(named);

    private Digest? PutFile(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var handle = File.OpenHandle(path);
        return _store.PutFile(handle);
    }

    private void GiveUp(string reason)
    {
        if (Interlocked.CompareExchange(ref _full, reason, null) is null)
        {
            _reporter.Warn(DiagnosticCodes.CacheNotWritten, $"Results of this run are not kept: {reason}");
        }
    }

    private void Remember(PreparedAction action) => _inputs.Log.Append(action.Encoded, action.Inputs);

    private void Finish(Job job, IReadOnlyList<TreeEntry> files, MerkleTree tree) => _products[job.Index] = new JobProduct(tree, files);

    /// <summary>What a need made; of one that this run leaves out, what stands in the working tree.</summary>
    private JobProduct ProductOf(int index)
    {
        if (_products.TryGetValue(index, out var product))
        {
            return product;
        }

        if (index >= _leftOut.Length || _leftOut[index] is null)
        {
            return JobProduct.None;
        }

        var files = _tree.Find(_scope.Plan.Jobs[index].Outputs);
        return _products.GetOrAdd(index, new JobProduct(TreeOf(_storage.Take(files, store: null)), files));
    }

    private static MerkleTree TreeOf(ImmutableArray<OutputFile> outputs)
    {
        var leaves = new KeyValuePair<string, TreeLeaf>[outputs.Length];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = new(outputs[i].Path, new TreeLeaf(outputs[i].Digest, outputs[i].Executable, outputs[i].Target));
        }

        return MerkleTree.Of(leaves);
    }

    // Whoever edits a file while a step reads it gets a result of neither state.
    private bool Unchanged(Job job, JobSources sources)
    {
        foreach (var entry in sources.Entries)
        {
            if (_tree.Root.TryStatPath(entry.Path) != entry.Stat)
            {
                return false;
            }
        }

        foreach (var need in job.Needs)
        {
            if (!_products.TryGetValue(need, out var product))
            {
                continue;
            }

            foreach (var file in product.Files)
            {
                if (_tree.Root.TryStatPath(file.Path) != file.Stat)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
