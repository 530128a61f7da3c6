using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Store.Actions;

namespace Cairn.Engine.Caching;

/// <content>What fetch steps brought: known by its content, and not by what was executed for it.</content>
internal sealed partial class RunCache
{
    /// <summary>The files of a fetched tree, as far as the store remembers; null where it does not.</summary>
    public ImmutableArray<OutputFile>? TryListFetched(Digest tree) => FindFetched(tree)?.Result.Outputs;

    /// <summary>Whether a source or what a need made is no longer as it was taken.</summary>
    public bool HasChanged(Job job, JobSources sources) => !_products.AreUnchanged(job, sources);

    // A name for what is known by its content, among those of actions.
    private static ActionDescription FetchOf(Digest fetched) => new() { Arguments = ["fetched", fetched.ToString()], Environment = [], InputRoot = Digest.Empty };

    /// <summary>The digest by which what was fetched is attested and found.</summary>
    public static Digest KeyOf(Digest fetched) => ActionEncoder.Encode(FetchOf(fetched)).Digest;

    /// <summary>The result that has a fetched tree. Its log may be gone, which is no reason to fetch anything again.</summary>
    private AttestedResult? FindFetched(Digest tree)
    {
        if (_actions.Value.TryGet(KeyOf(tree)) is not var (result, attestation) || JobProducts.TreeOf(result.Outputs).Digest != tree)
        {
            return null;
        }

        var hasLog = Has(result.Log) && Has(result.LogIndex);
        result = result with
        {
            StepOutputs = ImmutableSortedDictionary<string, string>.Empty,
            Log = hasLog ? result.Log : null,
            LogIndex = hasLog ? result.LogIndex : null,
            Summary = Has(result.Summary) ? result.Summary : null,
        };
        return new AttestedResult(result, attestation);
    }
}
