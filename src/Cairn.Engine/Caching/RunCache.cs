using System.Collections.Concurrent;
using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Bundles;
using Cairn.Engine.Caching.Memo;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Engine.Toolchains;
using Cairn.Engine.Trust;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Caching;

/// <summary>The action cache as one run uses it: looks jobs up, brings results back, stores new ones. Thread-safe.</summary>
internal sealed partial class RunCache : IDisposable
{
    private readonly RunRequest _request;
    private readonly RunScope _scope;
    private readonly RunReporter _reporter;
    private readonly OutputTree _tree;
    private readonly OutputStorage _storage;
    private readonly RunInputs _inputs;
    private readonly ActionBuilder _builder;
    private readonly ContentStore _store;
    private readonly RunTrust _trust;
    private readonly Lazy<ActionCache> _actions;
    private readonly JobProducts _products;
    private readonly ConcurrentDictionary<int, MemoJob> _memorable = new();
    private string? _full;

    public RunCache(PreparedRun prepared, RunInputs inputs, RunScope scope, RunReporter reporter, OutputTree tree, SourceDates dates)
    {
        _request = prepared.Request;
        _scope = scope;
        _reporter = reporter;
        _tree = tree;
        _inputs = inputs;
        _storage = new OutputStorage(tree.Root, inputs.Index);
        _builder = new ActionBuilder(scope, prepared.Request, inputs, dates);
        _products = new JobProducts(scope, tree, _storage, prepared.LeftOut);
        _store = inputs.Store ?? throw new ArgumentException("A cache needs a store", nameof(inputs));
        _trust = inputs.Trust;
        _actions = new Lazy<ActionCache>(() => new ActionCache(_store, _trust.Seal));
        _full = _store.ReadOnlyReason ?? _trust.Problem;
        if (_full is not null)
        {
            reporter.Warn(DiagnosticCodes.CacheNotWritten, $"Results of this run are not kept: {_full}");
        }
    }

    /// <summary>Describes a job. Throws <see cref="IOException"/> where its inputs contradict each other, and <see cref="EvaluationException"/>.</summary>
    public PreparedAction Prepare(Job job, int attempt, CancellationToken cancellationToken)
    {
        var sources = _inputs.Sources(_scope.Plan, cancellationToken).Of(job);
        var inputs = sources.Tree;
        string? off = _inputs.LookupsOff ?? (job.Step.Cache.Enabled ? null : "`cache: false`");
        var trees = ImmutableArray.CreateBuilder<InputTree>(job.Needs.Length + 1);
        trees.Add(InputTree.Of(sources));
        foreach (var need in job.Needs)
        {
            var name = _scope.Plan.Jobs[need].Id;
            if (_scope.ResultOf(need) is { Status: not (JobStatus.Succeeded or JobStatus.Skipped) })
            {
                off ??= $"`{name}` failed";
                continue;
            }

            var product = _products.Of(need);
            var made = _products.TreeFor(job, need, product);
            trees.Add(InputTree.Of(made, product.Files));
            inputs = inputs.TryMerge(made, out var conflict)
                ?? throw new IOException($"`{conflict}` is an input of `{job.Id}` twice with different content: a file that a step makes must have one maker");
        }

        if (job.Step.Action is StepAction.Bundle bundle)
        {
            inputs = BundleStep.Select(inputs, bundle, new JobScope(_scope, job, attempt, needs: null));
        }

        var toolchains = _inputs.Toolchains.Of(job.Step, (toolchain, source) => MadeToolchain(job, toolchain, source));
        var description = _builder.Describe(job, attempt, inputs.Digest, toolchains);
        return new PreparedAction(ActionEncoder.Encode(description), inputs, sources)
        {
            Description = description,
            Off = off,
            Trees = trees.DrainToImmutable(),
            Toolchains = toolchains,
            Asked = job.Step.Fetch is null ? null : _builder.Asked(job, description),
        };
    }

    /// <summary>The tree of a toolchain that a step made which this job needs; null where it did not succeed. Throws <see cref="IOException"/> where it made none.</summary>
    private Digest? MadeToolchain(Job job, Toolchain toolchain, ToolchainSource.Step source)
    {
        foreach (var need in job.Needs)
        {
            if (_scope.Plan.Jobs[need].Step.Name.Value == source.Name && _scope.ResultOf(need) is null or { Status: JobStatus.Succeeded })
            {
                var product = _products.Of(need);
                return MadeToolchains.Put(toolchain.Name, source, product.Tree.Value, _inputs.Workshop(), path => _tree.Root.TryOpenFilePath(path));
            }
        }

        return null;
    }

    /// <summary>The tree of a toolchain that a step of this run made, once that has ended; null where it made none.</summary>
    public Digest? MadeToolchain(string name, ToolchainSource.Step source)
    {
        foreach (var job in _scope.Plan.Jobs)
        {
            if (job.Step.Name.Value == source.Name && _products.Find(job.Index) is { } product)
            {
                try
                {
                    return MadeToolchains.TreeOf(name, source, product.Tree.Value).Digest;
                }
                catch (IOException)
                {
                    // Those who wanted it failed by that.
                    return null;
                }
            }
        }

        return null;
    }

    /// <summary>What all of these jobs read: sources that each of them has, and what those made that each of them needs.</summary>
    public ImmutableArray<InputTree> CommonInputs(List<Job> jobs, CancellationToken cancellationToken)
    {
        var all = _inputs.Sources(_scope.Plan, cancellationToken);
        var sources = all.Of(jobs[0]);
        var needs = new List<int>(jobs[0].Needs);
        foreach (var job in jobs)
        {
            sources = SourceInputs.Common(sources, all.Of(job));
            needs.RemoveAll(need => !job.Needs.Contains(need));
        }

        var trees = ImmutableArray.CreateBuilder<InputTree>(needs.Count + 1);
        trees.Add(InputTree.Of(sources));
        foreach (var need in needs)
        {
            if (_scope.ResultOf(need) is null or { Status: JobStatus.Succeeded or JobStatus.Skipped })
            {
                var product = _products.Of(need);
                trees.Add(InputTree.Of(_products.TreeFor(jobs[0], need, product), product.Files));
            }
        }

        return trees.DrainToImmutable();
    }

    /// <summary>
    /// What the last run knows of a job whose sources, needs and outputs have not changed since: then nothing is computed, looked up or written. Null where
    /// something has, or may have.
    /// </summary>
    public (ActionResult Result, RestoredOutputs Outputs)? TryRecall(Job job)
    {
        if (_inputs.LookupsOff is not null || _inputs.Recall is not { } recall || (job.Step.Fetch is not null && _request.Pinning is not null) || !job.Step.Cache.Enabled || IsForced(job) || recall.Find(job.Index) is not { } known || !recall.HasSameSources(job))
        {
            return null;
        }

        foreach (var need in job.Needs)
        {
            if (_products.Find(need) is not { } product || recall.Find(need) is not { } before || before.Outputs != product.Digest)
            {
                return null;
            }
        }

        if (ActionResultDecoder.TryDecode(known.Result.AsSpan(), out _) is not { } result || !Has(result.Log) || !Has(result.LogIndex) || !Has(result.Summary)
            || _tree.FindInPlace(job, result.Outputs, _storage) is not { } files)
        {
            return null;
        }

        _products.Note(job.Index, new JobProduct(known.Outputs, new Lazy<MerkleTree>(() => JobProducts.TreeOf(result.Outputs)), files.Files) { Outputs = result.Outputs, Attestation = known.Attestation });
        _memorable[job.Index] = known;
        _ = Interlocked.Increment(ref _recalled);
        return (result, files);
    }

    /// <summary>The jobs that the next run may recall.</summary>
    public MemoJob[] ToMemo()
    {
        var jobs = new List<MemoJob>();
        foreach (var job in _scope.Plan.Jobs)
        {
            if (job.GeneratedDepth > 0)
            {
                break;
            }

            if (_memorable.TryGetValue(job.Index, out var known) || (_products.IsLeftOut(job.Index) && StillHolds(job, out known)))
            {
                jobs.Add(known);
            }
        }

        return [.. jobs];
    }

    /// <summary>Whether the action cache may answer for a job; a forced one is executed and stored anew.</summary>
    public bool MayAnswer(Job job, PreparedAction action) => action.Off is null && !IsForced(job);

    /// <summary>Looks an action up and brings its outputs back. Null for a miss. Throws <see cref="IOException"/> where the working tree cannot be written.</summary>
    /// <param name="job">Whose it is.</param>
    /// <param name="action">The action.</param>
    /// <param name="pinned">Of a fetch step, the tree that it is known by instead; null of any other.</param>
    public (ActionResult Result, RestoredOutputs Outputs)? TryAnswer(Job job, PreparedAction action, Digest? pinned = null)
    {
        _inputs.Lease();
        var key = pinned is { } tree ? KeyOf(tree) : action.Digest;
        if ((pinned is { } wanted ? FindFetched(wanted) : _actions.Value.TryGet(key)) is not var (result, attestation))
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
            _actions.Value.Remove(key);
            return null;
        }

        result = result with { Action = action.Digest };
        if (restored.Failure is null)
        {
            Finish(job, restored.Files, result.Outputs, result, attestation);
            Remember(action);
        }

        return (result, restored);
    }

    /// <summary>The result of a job that the action cache has, whose outputs are then known without being brought back; null where it has none.</summary>
    public ActionResult? TryKnow(Job job, PreparedAction action)
    {
        _inputs.Lease();
        var pin = action.Asked is null ? null : _inputs.Fetches.Lock.Find(job.Id.Value);
        if (action.Off is not null || (action.Asked is null ? _actions.Value.TryGet(action.Digest) : pin?.Asked == action.Asked ? FindFetched(pin!.Tree) : null) is not var (result, _))
        {
            return null;
        }

        Assume(job, result);
        return result;
    }

    /// <summary>Has those that need a job see these outputs.</summary>
    public void Assume(Job job, ActionResult result) => _products.Note(job.Index, JobProduct.Of(JobProducts.TreeOf(result.Outputs), []));

    /// <summary>Waits for whoever executes the same action on this machine.</summary>
    public Task<IDisposable?> HoldAsync(Job job, PreparedAction action, CancellationToken cancellationToken) => _actions.Value.HoldAsync(
        action.Digest,
        holder => _reporter.Emit(new LockWaiting { Time = _reporter.Now, Lock = $"(action {action.Digest.Hash[..12]})", Job = job.Id.Value, Holder = holder }),
        cancellationToken);

    /// <summary>
    /// Brings what a step made elsewhere into the working tree, as from the action cache: what is right there already is not touched.
    /// Throws <see cref="IOException"/> where a file cannot be read, kept or laid out.
    /// </summary>
    /// <param name="job">Whose they are.</param>
    /// <param name="made">The project's tree as the step left it.</param>
    /// <param name="files">Its outputs there.</param>
    /// <param name="store">What keeps the files on their way.</param>
    /// <param name="judge">Of a fetch step, says why these files are not to be used, or null.</param>
    public RestoredOutputs Export(Job job, DirectoryHandle made, IReadOnlyList<TreeFile> files, ContentStore store, Func<ImmutableArray<OutputFile>, string?>? judge)
    {
        _inputs.Lease();
        using var storage = new OutputStorage(made, StatIndex.OfNothing());
        var outputs = storage.Take(files, store);
        if (judge?.Invoke(outputs) is { } failure)
        {
            return new RestoredOutputs([], failure, Moved: 0);
        }

        if (judge is not null && _request.Pinning is { DryRun: true })
        {
            // Whoever needs them finds them in the store.
            return new RestoredOutputs([], null, Moved: 0);
        }

        return _tree.Restore(job, outputs, _storage, () => store) ?? throw new IOException("The store lost a file that it has just taken: run `cairn store fsck`");
    }

    /// <summary>The same for what Cairn made by itself.</summary>
    public RestoredOutputs Export(Job job, DirectoryHandle made, IReadOnlyList<TreeFile> files) => Export(job, made, files, _inputs.Workshop(), judge: null);

    /// <summary>Keeps what an execution made, and says how the cache was used. <paramref name="action"/> is null where the job could not be described.</summary>
    public CacheUse Keep(Job job, PreparedAction action, ExecutedJob executed)
    {
        var use = UseOf(job, action);
        var reason = action.Off ?? _full;
        if (reason is null && !_products.AreUnchanged(job, action.Sources))
        {
            reason = "an input changed while it ran";
            _reporter.Warn(DiagnosticCodes.CacheInputRace, $"An input of `{job.Id}` changed while it ran: its result is used, but not kept for later runs", job.Id);
        }

        ImmutableArray<OutputFile> outputs;
        ActionResult? kept = null;
        string? attestation = null;
        try
        {
            outputs = executed.Fetched ?? _storage.Take(executed.Files, reason is null ? _store : null);
            if (reason is null)
            {
                var result = executed.Result with
                {
                    Action = action.Digest,
                    Outputs = outputs,
                    Log = PutFile(executed.LogPath),
                    LogIndex = PutFile(executed.IndexPath),
                    Summary = PutFile(executed.SummaryPath),
                };
                attestation = Attest(job, action, result, isFetched: executed.Fetched is not null);
                TellSigned(job, attestation);
                kept = result;
            }
        }
        catch (IOException exception) when (reason is null)
        {
            reason = exception is SealException ? exception.Message : $"the cache cannot be written: {exception.Message}";
            GiveUp(reason);
            outputs = executed.Fetched ?? _storage.Take(executed.Files, store: null);
        }

        Finish(job, executed.Files, outputs, kept, attestation);
        Remember(action);
        return use with { Reason = reason ?? use.Reason };
    }

    /// <summary>Notes an execution that failed: nothing is kept of it but what it was.</summary>
    public CacheUse Failed(Job job, PreparedAction action)
    {
        Remember(action);
        return UseOf(job, action);
    }

    /// <summary>The digest of what a finished job made, or null.</summary>
    public Digest? DigestOf(Job job) => _products.Find(job.Index) is { Files.Count: > 0 } product ? product.Digest : null;

    /// <summary>What a finished job made, and the attestation of that; null where nothing is known.</summary>
    public JobProduct? ProductOf(Job job) => _products.Find(job.Index);

    /// <summary>Opens a stored log, to replay it; null where it is gone.</summary>
    public Stream? TryOpen(Digest digest) => _store.TryOpen(digest);

    /// <summary>Reads a blob whole; null where there is none.</summary>
    public byte[]? TryRead(Digest? digest, int maxBytes) => digest is { } named ? _store.TryRead(named, maxBytes) : null;

    /// <inheritdoc/>
    public void Dispose() => _storage.Dispose();

    /// <summary>Whether what the memo knows of a job that this run left out is true of the sources and needs as they are now.</summary>
    private bool StillHolds(Job job, out MemoJob known)
    {
        known = default;
        if (_inputs.Recall is not { } recall || recall.Find(job.Index) is not { } before || !recall.HasSameSources(job))
        {
            return false;
        }

        foreach (var need in job.Needs)
        {
            if (recall.Find(need)?.Outputs is not { } was || (_memorable.TryGetValue(need, out var now) ? now.Outputs != was : !_products.IsLeftOut(need) || !StillHolds(_scope.Plan.Jobs[need], out _)))
            {
                return false;
            }
        }

        known = before;
        return true;
    }

    private CacheUse UseOf(Job job, PreparedAction action)
    {
        var forced = action.Off is null && IsForced(job);
        return new CacheUse(action.Off is null ? CacheState.Miss : CacheState.Off) { Action = action.Digest.Hash, Forced = forced, Reason = forced ? CacheUse.ForceReason : action.Off };
    }

    private bool IsForced(Job job) => _request.Force.Contains(job.Step.Name.Value, StringComparer.Ordinal) || _request.Force.Contains(job.Id.Value, StringComparer.Ordinal);

    private bool Has(Digest? digest) => digest is not { } named || _store.Contains(named);

    private Digest? PutFile(string? path)
    {
        if (path is null)
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

    /// <summary>Signs what a job's execution made, and keeps it. What was fetched is attested for what its pin names it by.</summary>
    private string Attest(Job job, PreparedAction action, ActionResult result, bool isFetched)
    {
        var details = new ExecutionDetails
        {
            BuilderId = BuilderIds.OfLocal(action.Description.Platform),
            Version = _request.Version,
            Started = result.Origin.Time.AddMilliseconds(-result.Resources.WallMs),
            Tier = RunTrust.TierWord,
            Inputs = _products.AttestationsFor(job),
        };
        var description = isFetched ? FetchOf(JobProducts.TreeOf(result.Outputs).Digest) : action.Description;
        var attested = isFetched ? result with { Action = ActionEncoder.Encode(description).Digest } : result;
        return _actions.Value.Put(new AttestedWork(description, attested, _inputs.Toolchains.DependenciesOf(job.Step), details));
    }

    private void Finish(Job job, IReadOnlyList<TreeFile> files, ImmutableArray<OutputFile> outputs, ActionResult? result, string? attestation)
    {
        var product = JobProduct.Of(JobProducts.TreeOf(outputs), files) with { Outputs = outputs, Attestation = attestation };
        _products.Note(job.Index, product);
        if (result is not null && (job.Step.Fetch is null || _request.Pinning is null) && _request.DeterminismOf(job.Step) is null && MemoRules.IsFixed(_scope.Plan.Pipeline, job))
        {
            _memorable[job.Index] = new MemoJob(job.Index, product.Digest, [.. ActionResultEncoder.Encode(result)], attestation ?? "");
        }
    }
}
