using System.Collections.Concurrent;
using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;

namespace Cairn.Engine.Caching;

/// <summary>What a job contributes to those that need it.</summary>
/// <param name="Digest">The digest of <paramref name="Tree"/>.</param>
/// <param name="Tree">Its outputs.</param>
/// <param name="Files">The same, as they stand in the working tree.</param>
internal sealed record JobProduct(Digest Digest, Lazy<MerkleTree> Tree, IReadOnlyList<TreeFile> Files)
{
    public static JobProduct None { get; } = Of(MerkleTree.Empty, []);

    /// <summary>The same one by one; default where nobody asked for it.</summary>
    public ImmutableArray<OutputFile> Outputs { get; init; }

    /// <summary>The payload hash of the attestation; null where there is none.</summary>
    public string? Attestation { get; init; }

    public static JobProduct Of(MerkleTree tree, IReadOnlyList<TreeFile> files) => new(tree.Digest, new Lazy<MerkleTree>(tree), files);
}

/// <summary>What the jobs of a run made, for those that need it. Thread-safe.</summary>
internal sealed class JobProducts(RunScope scope, OutputTree tree, OutputStorage storage, ImmutableArray<string?> leftOut)
{
    private readonly ConcurrentDictionary<int, JobProduct> _products = new();

    /// <summary>The tree of outputs.</summary>
    public static MerkleTree TreeOf(ImmutableArray<OutputFile> outputs)
    {
        var leaves = new KeyValuePair<string, TreeLeaf>[outputs.Length];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = new(outputs[i].Path, new TreeLeaf(outputs[i].Digest, outputs[i].Executable, outputs[i].Target));
        }

        return MerkleTree.Of(leaves);
    }

    /// <summary>What a job that has ended made; null where it made nothing yet.</summary>
    public JobProduct? Find(int job) => _products.TryGetValue(job, out var product) ? product : null;

    /// <summary>Notes what a job made.</summary>
    public void Note(int job, JobProduct product) => _products[job] = product;

    /// <summary>Whether this run leaves a job out.</summary>
    public bool IsLeftOut(int job) => job < leftOut.Length && leftOut[job] is not null;

    /// <summary>What a need made; of one that this run leaves out, what stands in the working tree.</summary>
    public JobProduct Of(int job)
    {
        if (_products.TryGetValue(job, out var product))
        {
            return product;
        }

        if (!IsLeftOut(job))
        {
            return JobProduct.None;
        }

        var files = tree.Find(scope.Plan.Jobs[job].Outputs);
        return _products.GetOrAdd(job, JobProduct.Of(TreeOf(storage.Take(files, store: null)), files));
    }

    /// <summary>
    /// What a need gives to a job. The pipeline that a step generated is no input of the steps that it is made of, as the pipeline's own files are none: otherwise a change of
    /// one would execute all of them.
    /// </summary>
    public MerkleTree TreeFor(Job job, int need, JobProduct product)
    {
        var maker = scope.Plan.Jobs[need];
        if (job.GeneratedDepth == 0 || maker.Step.Generates is not { } generates)
        {
            return product.Tree.Value;
        }

        var names = new JobScope(scope, maker, attempt: 1, needs: null);
        StepEnvironment.Show(names, generates.Expressions, scope.Plan.Pipeline.Environment, maker.Step.Environment);
        var generated = Glob.Parse(names.Text(generates)).LiteralPath;
        return TreeOf(storage.Take([.. product.Files.Where(file => !string.Equals(file.Path, generated, StringComparison.Ordinal))], store: null));
    }

    /// <summary>Whether the sources of a job, and what its needs made, stand as they were taken. Whoever edits a file while a step reads it gets a result of neither state.</summary>
    public bool AreUnchanged(Job job, JobSources sources)
    {
        foreach (var entry in sources.Entries)
        {
            if (!tree.Root.HasStat(entry.Path, entry.Stat))
            {
                return false;
            }
        }

        foreach (var need in job.Needs)
        {
            foreach (var file in Find(need)?.Files ?? [])
            {
                if (!tree.Root.HasStat(file.Path, file.Stat))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>The payload hashes of the attestations of what a job took from others, sorted, each once.</summary>
    public ImmutableArray<string> AttestationsFor(Job job)
    {
        var attestations = new List<string>();
        foreach (var need in job.Needs)
        {
            if (Find(need)?.Attestation is { } attestation && !attestations.Contains(attestation, StringComparer.Ordinal))
            {
                attestations.Add(attestation);
            }
        }

        if (attestations.Count > 1)
        {
            attestations.Sort(StringComparer.Ordinal);
        }

        return [.. attestations];
    }
}
