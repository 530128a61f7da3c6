using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>Toolchains that steps of other projects left behind.</summary>
internal sealed class StepToolchains(ToolchainTools tools) : ToolchainMaker(tools)
{
    /// <inheritdoc/>
    public override Task<LockedToolchain> ResolveAsync(string name, ToolchainSource source, CancellationToken cancellationToken)
    {
        var asked = (ToolchainSource.Step)source;
        var result = Tools.Project.StepOf(Tools.PathOf(asked.Project!), asked.Name);
        var locked = new LockedStep
        {
            Name = name,
            Step = asked.Name,
            Project = asked.Project!,
            From = asked.From,
            Placement = asked.Placement,
            Run = result.Run,
            Action = result.Action,
            Architecture = DebianArchive.Architecture,
            Tree = Digest.Empty,
        };
        return Task.FromResult<LockedToolchain>(locked with { Tree = Place(locked, result.Tree) });
    }

    /// <inheritdoc/>
    /// <remarks>The outputs are laid out when they are locked: what a lock names is in the store, in the folder of <see cref="Downloader.Vendored"/>, or gone.</remarks>
    public override async Task<Digest> MakeAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        var step = (LockedStep)locked;
        foreach (var folder in Tools.Downloader.Vendored)
        {
            await ImportAsync(folder, step.Tree, cancellationToken);
        }

        return IsHere(locked.Tree)
            ? locked.Tree
            : throw new ToolchainException($"What the step `{step.Step}` of `{step.Project}` left behind is no longer in the store", "run that project again, and then `cairn toolchain update`");
    }

    /// <summary>Takes a tree, and what stands beside it, from a folder that was vendored.</summary>
    private async Task ImportAsync(string folder, Digest tree, CancellationToken cancellationToken)
    {
        var pending = new Stack<Digest>([tree]);
        while (pending.TryPop(out var digest))
        {
            var path = $"{folder}/blobs/sha256/{digest.Hash}";
            if (!Tools.Store.Contains(digest) && File.Exists(path))
            {
                await Tools.Downloader.FetchAsync([new Uri(path)], digest, FetchWords.OfFile, access: null, cancellationToken);
            }

            foreach (var item in (Tools.Store.TryRead(digest, Core.Limits.ActionBlobBytesMax) is { } content ? DirectoryDecoder.TryDecode(content, out _) : null) ?? [])
            {
                if (item.IsFolder)
                {
                    pending.Push(item.Leaf.Digest);
                }
                else if (item.Leaf.Target is null && !Tools.Store.Contains(item.Leaf.Digest))
                {
                    var file = $"{folder}/blobs/sha256/{item.Leaf.Digest.Hash}";
                    await Tools.Downloader.FetchAsync([new Uri(file)], item.Leaf.Digest, FetchWords.OfFile, access: null, cancellationToken);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override Task TraceAsync(LockedToolchain locked, ICollection<TraceLink> links, CancellationToken cancellationToken)
    {
        var step = (LockedStep)locked;
        var (finding, state) = Judge(step, Tools.Project.ProofOf(step.Action));
        links.Add(new TraceLink(1, $"action of `{step.Step}` in run {step.Run}", step.Action, finding, state));
        return Task.CompletedTask;
    }

    /// <summary>Compares what is attested of an action with what the lock has of it.</summary>
    private (string Finding, TraceState State) Judge(LockedStep step, StepProof proof)
    {
        if (proof is not { Tree: { } outputs, Attestation: { } attestation })
        {
            return proof.Problem is null
                ? ("the store has no attestation of what it left behind", TraceState.NotChecked)
                : ($"its attestation does not count: {proof.Problem}", TraceState.Wrong);
        }

        try
        {
            var placed = Place(step, outputs);
            return placed == step.Tree
                ? ($"attestation {attestation[..12]}, signed by a trusted key, says that it left this behind", TraceState.Right)
                : ($"attestation {attestation[..12]} says that it left something else behind, which becomes the tree {placed.Hash[..12]}", TraceState.Wrong);
        }
        catch (ToolchainException exception)
        {
            return (exception.Message, TraceState.Wrong);
        }
    }

    private bool IsHere(Digest tree)
    {
        var isWhole = true;
        return StoredTree.TryForEach(tree, Tools.Store, (_, leaf) => isWhole &= leaf.Target is not null || Tools.Store.Contains(leaf.Digest)) && isWhole;
    }

    private Digest Place(LockedStep locked, Digest outputs)
    {
        var root = new RootTree();
        var from = locked.From.Length == 0 ? "" : locked.From + "/";
        var at = locked.Placement.FolderOf(locked.Name) is { Length: > 0 } folder ? folder + "/" : "";
        var count = 0;
        var isWhole = StoredTree.TryForEach(outputs, Tools.Store, (path, leaf) =>
        {
            if (path.StartsWith(from, StringComparison.Ordinal))
            {
                root.Add(at + path[from.Length..], leaf);
                count++;
            }
        });
        if (!isWhole)
        {
            throw new ToolchainException($"What the step `{locked.Step}` of `{locked.Project}` left behind is no longer in the store", "run that project again");
        }

        return count > 0
            ? Read(locked.Name, () => Keep(root, locked.Name, locked.Placement))
            : throw new ToolchainException($"The step `{locked.Step}` of `{locked.Project}` left nothing behind{(from.Length > 0 ? $" in `{locked.From}`" : "")}", "see its `outputs`");
    }
}
