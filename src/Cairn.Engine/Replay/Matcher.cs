using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Explain;
using Cairn.Engine.Running;
using Cairn.Engine.Verification;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Replay;

/// <summary>Holds attested actions against what their jobs would execute now: <c>cairn match</c>. Executes nothing and writes nothing.</summary>
public sealed class Matcher
{
    private const int InputsMax = 1_000;

    // What a fetch step brought is attested for the tree that it is known by.
    private const string Fetched = "fetched";

    private readonly PreparedRun _prepared;
    private readonly ActionPreview _preview;
    private readonly InputFolders _folders;
    private readonly HashSet<int> _unsettled = [];
    private readonly HashSet<int> _unknown = [];

    private Matcher(PreparedRun prepared, ActionPreview preview)
    {
        _prepared = prepared;
        _preview = preview;
        _folders = new InputFolders(preview.Inputs);
    }

    /// <summary>Compares. Throws <see cref="IOException"/> where sources or store cannot be read.</summary>
    /// <param name="request">The project, as for a run; the pipeline and the parameters of a receipt go before its own.</param>
    /// <param name="target">What was attested.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<MatchReport> MatchAsync(RunRequest request, AttestedTarget target, Action<string> warn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(warn);
        var prepared = await PrepareAsync(request, target.Receipt, cancellationToken);
        if (prepared.Plan is null)
        {
            return new MatchReport([], []) { Diagnostics = prepared.Diagnostics, Sources = prepared.Sources };
        }

        await using var preview = await ActionPreview.OpenAsync(prepared, warn, cancellationToken);
        var matcher = new Matcher(prepared, preview);
        var matches = await matcher.MatchAsync(target.Actions, cancellationToken);
        return new MatchReport(target.Receipt is null ? [] : matcher.FieldsOf(target.Receipt), matches);
    }

    /// <summary>The pipeline as it is now, with the parameters of a run.</summary>
    internal static Task<PreparedRun> PrepareAsync(RunRequest request, RunReceipt? receipt, CancellationToken cancellationToken)
    {
        request = request with { InspectOnly = true };
        return RunEngine.PrepareAsync(
            receipt is null ? request : request with
            {
                PipelineFile = File.Exists(Path.Combine(request.ProjectDirectory, receipt.Pipeline.File)) ? receipt.Pipeline.File : request.PipelineFile,
                Parameters = receipt.Parameters.Where(static p => p.Value is not null).ToImmutableDictionary(static p => p.Key, static p => p.Value!, StringComparer.Ordinal),
            },
            cancellationToken);
    }

    private async Task<ImmutableArray<ActionMatch>> MatchAsync(ImmutableArray<AttestedAction> actions, CancellationToken cancellationToken)
    {
        var plan = _prepared.Plan!;
        var attested = new Dictionary<string, int>(StringComparer.Ordinal);
        var matches = new ActionMatch?[actions.Length];
        for (var i = 0; i < actions.Length; i++)
        {
            attested.TryAdd(actions[i].Job, i);
        }

        foreach (var job in ActionPreview.InOrder(plan, Enumerable.Range(0, plan.Jobs.Length)))
        {
            var action = attested.TryGetValue(job.Id.Value, out var index) ? actions[index] : null;
            var match = await MatchAsync(job, action, cancellationToken);
            if (action is not null)
            {
                matches[index] = match;
            }
        }

        return [.. matches.Select((match, i) => match ?? new ActionMatch(actions[i], MatchState.Gone)
        {
            Reason = actions[i].Job.Length == 0 ? "it names no job" : $"the pipeline `{_prepared.Request.PipelineFile}` has no job `{actions[i].Job}`",
        })];
    }

    /// <summary>Compares a job; without an attested action it is only looked up, for those that need it.</summary>
    private async Task<ActionMatch?> MatchAsync(Job job, AttestedAction? attested, CancellationToken cancellationToken)
    {
        ImmutableArray<string> awaits = [.. job.Needs.Where(_unsettled.Contains).Select(n => _prepared.Plan!.Jobs[n].Id.Value)];
        PreparedAction current;
        try
        {
            current = await _preview.PrepareAsync(job, cancellationToken);
        }
        catch (Exception exception) when (exception is EvaluationException or IOException)
        {
            Unsettle(job, attested);
            return attested is null ? null : new ActionMatch(attested, MatchState.NotCompared) { Reason = exception.Message, Awaits = awaits };
        }

        var result = awaits.IsEmpty && !job.Needs.Any(_unknown.Contains) ? _preview.TryKnow(job, current) : null;
        if (result is null)
        {
            Unsettle(job, attested);
        }

        return attested is null ? null : Compare(job, attested, current, result, awaits);
    }

    private ActionMatch Compare(Job job, AttestedAction attested, PreparedAction current, ActionResult? result, ImmutableArray<string> awaits)
    {
        if (attested.Action is not { } before)
        {
            return new ActionMatch(attested, MatchState.NotCompared) { Reason = attested.Tampered ?? attested.Problem };
        }

        if (before.Arguments is [Fetched, var tree] && job.Step.Fetch is not null)
        {
            return CompareFetched(job, attested, tree, result);
        }

        var match = new ActionMatch(attested, MatchState.Drifted) { Awaits = awaits, Now = current.Digest.Hash };
        if (attested.Digest == current.Digest)
        {
            return result is not null ? match with { State = MatchState.Reused, FromRun = result.Origin.Run }
                : !awaits.IsEmpty ? match with { State = MatchState.Awaiting }
                : match with { State = MatchState.Same, Reason = current.Off };
        }

        // What some of its needs make is not known: then its inputs tell nothing.
        var inputsKnown = !job.Needs.Any(_unknown.Contains);
        var after = inputsKnown ? current.Description : current.Description with { InputRoot = before.InputRoot };
        var difference = ActionDifference.Between(before, after, digest => _folders.TryRead(digest, current), InputsMax);
        var changes = ImmutableArray.CreateBuilder<JobChange>(difference.Changes.Length);
        foreach (var change in difference.Changes)
        {
            changes.Add(new JobChange(change, change.Kind == ActionChangeKind.Input ? MakerOf(job, change.Name) : null));
        }

        if (changes.Count == 0 && !inputsKnown)
        {
            return match with { State = MatchState.Awaiting, Reason = "its inputs were not compared: what it needs is not in the cache" };
        }

        return match with
        {
            Changes = new JobChanges(changes.MoveToImmutable(), difference.IsComplete && inputsKnown),
            Packages = PackagesOf(job, attested, difference),
            Reason = inputsKnown ? null : "its inputs were not compared: what it needs is not in the cache",
        };
    }

    private ActionMatch CompareFetched(Job job, AttestedAction attested, string tree, ActionResult? result)
    {
        var now = _preview.Inputs.Fetches.Lock.Find(job.Id.Value)?.Tree.ToString();
        return now == tree
            ? new ActionMatch(attested, result is null ? MatchState.Same : MatchState.Reused) { FromRun = result?.Origin.Run, Now = attested.Digest.Hash }
            : new ActionMatch(attested, MatchState.Drifted) { Changes = new JobChanges([new JobChange(new ActionChange(ActionChangeKind.Property, "pin", tree, now))], IsComplete: true) };
    }

    /// <summary>Notes that a job would be executed: those that need it are compared as if it made what it made then.</summary>
    private void Unsettle(Job job, AttestedAction? attested)
    {
        _unsettled.Add(job.Index);
        if (attested?.Result is { } result)
        {
            _preview.Assume(job, result);
        }
        else
        {
            _unknown.Add(job.Index);
        }
    }

    private string? MakerOf(Job job, string path)
    {
        foreach (var need in job.Needs)
        {
            var outputs = _prepared.Plan!.Jobs[need].Outputs;
            if (path.EndsWith('/') ? outputs.CouldMatchBelow(path.AsSpan()[..^1]) : outputs.IsMatch(path))
            {
                return _prepared.Plan!.Jobs[need].Id.Value;
            }
        }

        return null;
    }

    private ImmutableArray<DependencyChange> PackagesOf(Job job, AttestedAction attested, ActionDifference difference) =>
        difference.Changes.Any(static c => c is { Kind: ActionChangeKind.Property, Name: Toolchains.ToolchainSet.TreesProperty }) && !attested.Dependencies.IsEmpty
            ? DependencyChanges.Between(attested.Dependencies, _preview.Inputs.Toolchains.DependenciesOf(job.Step))
            : [];

    private ImmutableArray<RunField> FieldsOf(RunReceipt receipt)
    {
        var fields = ImmutableArray.CreateBuilder<RunField>();
        if (receipt.Source.Commit is not null || _prepared.Git.Commit is not null)
        {
            fields.Add(new RunField("commit", "", receipt.Source.Commit, _prepared.Git.Commit));
        }

        if (receipt.Source.Tree is { } tree)
        {
            fields.Add(new RunField("sources", "", tree, _preview.Inputs.SourceTree?.ToString()));
        }

        foreach (var file in receipt.Pipeline.Files)
        {
            var path = Path.GetFullPath(Path.Combine(_prepared.Request.ProjectDirectory, file.Path));
            fields.Add(new RunField("pipeline", file.Path, file.Sha256, File.Exists(path) ? ArtifactFiles.Hash(path, file.Path, null, CancellationToken.None).Sha256 : null));
        }

        foreach (var toolchain in receipt.Toolchains)
        {
            fields.Add(new RunField("toolchain", toolchain.Name, toolchain.Tree, _prepared.Toolchains.Lock.Find(toolchain.Name)?.Tree.ToString()));
        }

        return fields.DrainToImmutable();
    }

    /// <summary>The folders of input trees: those of the action as it is now, of the project's log, and of the store.</summary>
    private sealed class InputFolders(RunInputs inputs)
    {
        private readonly Dictionary<Digest, ImmutableArray<byte>> _current = [];
        private readonly HashSet<Digest> _seen = [];

        public ImmutableArray<byte>? TryRead(Digest digest, PreparedAction current)
        {
            if (_seen.Add(current.Inputs.Digest))
            {
                current.Inputs.Visit(_current.ContainsKey, (folder, bytes) => _current[folder] = bytes);
            }

            return _current.TryGetValue(digest, out var known) ? known
                : inputs.Log.TryRead(digest) ?? (inputs.Store?.TryRead(digest, Core.Limits.ActionBlobBytesMax) is { } bytes ? [.. bytes] : null);
        }
    }
}
