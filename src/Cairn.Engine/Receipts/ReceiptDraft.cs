using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.History;
using Cairn.Engine.Isolation;
using Cairn.Engine.Log;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Engine.Trust;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Receipts;

/// <summary>What the receipt of a run will say, noted while the run goes on by its loop, and written at its end.</summary>
/// <param name="prepared">The run.</param>
/// <param name="inputs">What it reads.</param>
/// <param name="started">How it began.</param>
/// <param name="log">Where what was signed is logged; null for nowhere.</param>
internal sealed class ReceiptDraft(PreparedRun prepared, RunInputs inputs, PipelineStarted started, RunLog? log)
{
    private readonly List<Noted?> _jobs = new(prepared.Plan!.Jobs.Length);

    // The jobs of a step stand together, and share what is the same for all of them.
    private Step? _last;
    private StepFacts? _facts;

    private sealed record Noted(StepFinished Finished, List<TreeFile>? Files);

    private sealed record StepFacts(string Isolation, string Network, string Builder, ImmutableArray<string> Toolchains, ImmutableArray<string> ToolCaches);

    /// <summary>Notes how a job ended, and the files that it left.</summary>
    public void Note(Job job, StepFinished finished, List<TreeFile>? files)
    {
        while (_jobs.Count <= job.Index)
        {
            _jobs.Add(null);
        }

        _jobs[job.Index] = new Noted(finished, files);
    }

    /// <summary>Takes what is known now, and begins to make a receipt of it, to sign, write and log it, beside what else a run does at its end.</summary>
    /// <param name="finished">How the run ended.</param>
    /// <param name="scope">The plan as it is now.</param>
    /// <param name="cache">What knows the outputs and attestations of jobs, or null.</param>
    /// <param name="tree">The outputs in the working tree.</param>
    /// <param name="secrets">The secrets that the run knows.</param>
    /// <param name="directory">The run's folder.</param>
    public PendingReceipt Begin(PipelineFinished finished, RunScope scope, RunCache? cache, OutputTree tree, ImmutableArray<string> secrets, RunDirectory directory)
    {
        try
        {
            return inputs.Trust.TryGetSigner(out var problem) is { } signer
                ? PendingReceipt.Write(Make(finished, scope.Plan, cache, tree, secrets), signer, directory.Receipt, log)
                : PendingReceipt.Refused(problem);
        }
        catch (Exception exception) when (PendingReceipt.IsRefusal(exception))
        {
            return PendingReceipt.Refused(exception.Message);
        }
    }

    private RunReceipt Make(PipelineFinished finished, Plan plan, RunCache? cache, OutputTree tree, ImmutableArray<string> secrets)
    {
        using var storage = new OutputStorage(tree.Root, inputs.Index);
        var steps = ImmutableArray.CreateBuilder<ReceiptStep>(plan.Jobs.Length);
        var builder = BuilderIds.LocalSandbox;
        var used = new List<string>();
        foreach (var job in plan.Jobs)
        {
            var step = Make(job, job.Index < _jobs.Count ? _jobs[job.Index] : null, cache, storage);
            steps.Add(step);
            if (step.Cache is not null)
            {
                builder = ReferenceEquals(builder, step.Builder) ? builder : BuilderIds.Weaker(builder, step.Builder);
                AddNew(used, step.Toolchains);
            }
        }

        used.Sort(StringComparer.Ordinal);
        var toolchains = ImmutableArray.CreateBuilder<ReceiptToolchain>(used.Count);
        foreach (var name in used)
        {
            if ((prepared.Toolchains.MadeFrom(name) is { } source ? Made(name, source, cache, steps) : prepared.Toolchains.ForReceipt(name)) is { } toolchain)
            {
                toolchains.Add(toolchain);
            }
        }

        return new RunReceipt
        {
            RunId = prepared.Id.Value,
            Project = ProjectName(prepared.Request.ProjectDirectory),
            Pipeline = new ReceiptPipeline(started.Pipeline, started.File, PipelineFiles()),
            Source = new ReceiptSource
            {
                Commit = started.Commit,
                GitTree = started.Commit is { } commit ? prepared.Git.Memory?.TreeOf(commit) : null,
                Branch = started.Commit is null ? null : started.Branch,
                IsDirty = started.Commit is null ? null : started.Dirty,
                Tree = inputs.SourceTree?.ToString(),
            },
            Parameters = Parameters(secrets),
            Selection = Selection(prepared.Request),
            Toolchains = toolchains.DrainToImmutable(),
            Steps = steps.MoveToImmutable(),
            Status = finished.Status,
            Tier = RunTrust.TierWord,
            Builder = builder,
            Version = prepared.Request.Version,
            Started = started.Time,
            Finished = finished.Time,
        };
    }

    /// <summary>A toolchain that a step of this run made; null where nobody knows what it made.</summary>
    private static ReceiptToolchain? Made(string name, ToolchainSource.Step source, RunCache? cache, ImmutableArray<ReceiptStep>.Builder steps)
    {
        if (cache?.MadeToolchain(name, source) is not { } tree)
        {
            return null;
        }

        string? action = null;
        foreach (var step in steps)
        {
            // One that has no matrix: the step is the job.
            action = step.Step == source.Name ? step.Action : action;
        }

        return new ReceiptToolchain
        {
            Name = name,
            Kind = source.Kind,
            Tree = tree.ToString(),
            IsHermetic = true,
            Origin = $"step {source.Name} of this run",
            Sources = action is null ? [] : [new ReceiptFile(source.Name, action)],
        };
    }

    private ReceiptStep Make(Job job, Noted? noted, RunCache? cache, OutputStorage storage)
    {
        var facts = FactsOf(job.Step);
        var finished = noted?.Finished;
        var use = finished?.Cache;
        var hasRun = finished is { Status: JobStatus.Succeeded };
        var product = hasRun ? cache?.ProductOf(job) : null;
        var outputs = product is { Outputs: { IsDefault: false } known } ? known
            : hasRun && noted!.Files is { Count: > 0 } taken ? storage.Take(taken, store: null) : [];
        var (files, links) = Parted(outputs);
        return new ReceiptStep
        {
            Job = job.Id.Value,
            Step = job.Step.Name.Value,
            Status = finished?.Status ?? JobStatus.NotRun,
            IsAllowed = finished?.Allowed ?? false,
            Cache = use?.State,
            Action = product is not null && job.Step.Fetch is not null ? RunCache.KeyOf(product.Digest).Hash : use?.Action,
            Attestation = product?.Attestation,
            Attempts = finished?.Attempts ?? 0,
            Duration = TimeSpan.FromMilliseconds(Math.Round(finished?.DurationMs ?? 0)),
            ExitCode = finished?.ExitCode,
            Isolation = facts.Isolation,
            Network = facts.Network,
            Builder = facts.Builder,
            Toolchains = facts.Toolchains,
            ToolCaches = facts.ToolCaches,
            Outputs = files,
            Links = links,
        };
    }

    private static (ImmutableArray<ReceiptFile> Files, ImmutableArray<KeyValuePair<string, string>> Links) Parted(ImmutableArray<OutputFile> outputs)
    {
        var count = 0;
        foreach (ref readonly var output in outputs.AsSpan())
        {
            count += output.Target is null ? 1 : 0;
        }

        var (files, links) = (count == 0 ? [] : new ReceiptFile[count], count == outputs.Length ? [] : new KeyValuePair<string, string>[outputs.Length - count]);
        var (file, link) = (0, 0);
        foreach (ref readonly var output in outputs.AsSpan())
        {
            if (output.Target is { } target)
            {
                links[link++] = new(output.Path, target);
            }
            else
            {
                files[file++] = new ReceiptFile(output.Path, output.Digest.Hash);
            }
        }

        return (ImmutableCollectionsMarshal.AsImmutableArray(files), ImmutableCollectionsMarshal.AsImmutableArray(links));
    }

    private StepFacts FactsOf(Step step)
    {
        if (!ReferenceEquals(step, _last) || _facts is null)
        {
            if (step.Action is StepAction.Bundle)
            {
                _last = step;
                return _facts = new StepFacts(IsolationWords.Of(IsolationLevel.Sandbox), IsolationWords.Of(NetworkAccess.None), BuilderIds.LocalSandbox, [], []);
            }

            var isolation = prepared.Request.IsolationOf(step);
            var names = step.Toolchain is { IsHost: false } use ? ImmutableArray.CreateRange(use.References, static r => r.Name) : [];
            var builder = isolation == IsolationLevel.Process ? BuilderIds.LocalProcess : names.IsEmpty || UsesHost(names) ? BuilderIds.LocalHost : BuilderIds.LocalSandbox;
            var caches = step.Cache.Paths.IsEmpty ? [] : ImmutableArray.CreateRange(step.Cache.Paths, static p => p.Name);
            _facts = new StepFacts(IsolationWords.Of(isolation), IsolationWords.Of(prepared.Request.NetworkOf(step)), builder, names, caches);
            _last = step;
        }

        return _facts;
    }

    private bool UsesHost(ImmutableArray<string> toolchains)
    {
        foreach (var name in toolchains)
        {
            if (prepared.Toolchains.Lock.Find(name) is { IsHermetic: false })
            {
                return true;
            }
        }

        return false;
    }

    private ImmutableArray<ReceiptFile> PipelineFiles()
    {
        var files = new List<ReceiptFile>();
        if (prepared.Compiled is { Fresh: { } fresh })
        {
            foreach (var (path, digest) in fresh.Files)
            {
                files.Add(new ReceiptFile(path, digest.Hash));
            }
        }
        else
        {
            foreach (var file in prepared.Compiled?.Memo?.Files ?? [])
            {
                files.Add(new ReceiptFile(file.Path, file.Digest.Hash));
            }
        }

        files.Sort(static (left, right) => Utf8Order.Compare(left.Path, right.Path));
        return [.. files];
    }

    private ImmutableArray<KeyValuePair<string, string?>> Parameters(ImmutableArray<string> secrets)
    {
        var parameters = ImmutableArray.CreateBuilder<KeyValuePair<string, string?>>(started.Parameters.Count);
        foreach (var (name, value) in started.Parameters)
        {
            // Who passes a secret as a parameter shows it to the record of the run, but not to everybody who gets the receipt.
            parameters.Add(new(name, Redaction.Apply(value, secrets) == value ? value : null));
        }

        return parameters.MoveToImmutable();
    }

    private static ImmutableArray<string> Selection(RunRequest request)
    {
        var selection = new List<string>();
        Add("--only", request.Only);
        Add("--from", request.From);
        Add("--until", request.Until);
        if (request.RetryFailedOf is { } run)
        {
            selection.Add($"--retry-failed {run}");
        }

        return [.. selection];

        void Add(string option, ImmutableArray<string> names)
        {
            foreach (var name in names)
            {
                selection.Add($"{option} {name}");
            }
        }
    }

    private static string ProjectName(string directory) => Path.GetFileName(directory.TrimEnd('/')) is { Length: > 0 } name ? name : "/";

    private static void AddNew(List<string> all, ImmutableArray<string> names)
    {
        foreach (var name in names)
        {
            if (!all.Contains(name, StringComparer.Ordinal))
            {
                all.Add(name);
            }
        }
    }
}
