using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Core.Fetching;

/// <summary>What the fetch steps of a project brought, byte for byte: a part of <c>cairn.lock</c>.</summary>
/// <param name="Pins">Sorted by job.</param>
public sealed record FetchLock(ImmutableArray<FetchPin> Pins)
{
    /// <summary>A lock without pins.</summary>
    public static FetchLock Empty { get; } = new([]);

    /// <summary>The pin of a job, or null.</summary>
    public FetchPin? Find(string job)
    {
        foreach (var pin in Pins)
        {
            if (string.Equals(pin.Job, job, StringComparison.Ordinal))
            {
                return pin;
            }
        }

        return null;
    }

    /// <summary>The same with one more, or another of its job.</summary>
    public FetchLock With(FetchPin pin)
    {
        ArgumentNullException.ThrowIfNull(pin);
        return new FetchLock([.. Pins.Where(p => p.Job != pin.Job).Append(pin).OrderBy(static p => p.Job, StringComparer.Ordinal)]);
    }
}

/// <summary>What a job fetched for what it was asked.</summary>
/// <param name="Job">The job: a step, or <c>step[axis=value]</c>.</param>
/// <param name="Asked">The digest of what was asked: command, variables of the pipeline, inputs and names of outputs. Neither the machine nor the programs nor the hosts are part of it.</param>
/// <param name="Tree">The digest of its outputs.</param>
/// <param name="Files">How many files and links they are.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record FetchPin(string Job, Digest Asked, Digest Tree, int Files, long Bytes)
{
    /// <summary>How many parts a pin tells apart.</summary>
    public const int PartsMax = 512;

    /// <summary>The digests of the parts of the tree, sorted by path, so that where it differs can be told without having it.</summary>
    public ImmutableArray<FetchPart> Parts { get; init; } = [];

    /// <summary>The pin of a tree that was fetched.</summary>
    public static FetchPin Of(string job, Digest asked, MerkleTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        long bytes = 0;
        tree.ForEach((_, leaf) => bytes += leaf.Digest.SizeBytes);
        return new FetchPin(job, asked, tree.Digest, tree.Count, bytes) { Parts = PartsOf(tree) };
    }

    /// <summary>The paths of parts that two trees do not have in common, each with a slash at its end where it is a folder; sorted.</summary>
    public static List<string> Differing(ImmutableArray<FetchPart> before, ImmutableArray<FetchPart> after)
    {
        var differing = new List<string>();
        var (b, a) = (0, 0);
        while (b < before.Length || a < after.Length)
        {
            var order = b == before.Length ? 1 : a == after.Length ? -1 : Utf8Order.Compare(before[b].Path, after[a].Path);
            if (order != 0 || before[b] != after[a])
            {
                differing.Add(order <= 0 ? before[b].Path : after[a].Path);
            }

            b += order <= 0 ? 1 : 0;
            a += order >= 0 ? 1 : 0;
        }

        return differing;
    }

    /// <summary>The entries of the tree's folders, as deep as there are not too many of them: all of a level or none.</summary>
    private static ImmutableArray<FetchPart> PartsOf(MerkleTree tree)
    {
        var level = Level(tree, depth: 1);
        for (var depth = 2; level.Count <= PartsMax && level.Keys.Any(static path => path.EndsWith('/')); depth++)
        {
            var next = Level(tree, depth);
            if (next.Count > PartsMax)
            {
                break;
            }

            level = next;
        }

        if (level.Count > PartsMax)
        {
            return [];
        }

        var parts = ImmutableArray.CreateBuilder<FetchPart>(level.Count);
        foreach (var (path, leaves) in level)
        {
            parts.Add(new FetchPart(path, MerkleTree.Of(leaves).Digest.Hash[..FetchPart.HashCharsMax]));
        }

        parts.Sort(static (x, y) => Utf8Order.Compare(x.Path, y.Path));
        return parts.DrainToImmutable();
    }

    private static Dictionary<string, List<KeyValuePair<string, TreeLeaf>>> Level(MerkleTree tree, int depth)
    {
        var parts = new Dictionary<string, List<KeyValuePair<string, TreeLeaf>>>(StringComparer.Ordinal);
        tree.ForEach((path, leaf) =>
        {
            var end = 0;
            for (var i = 0; i < depth && end >= 0; i++)
            {
                end = path.IndexOf('/', end);
                end = end < 0 ? end : end + 1;
            }

            var part = end < 0 ? path : path[..end];
            if (!parts.TryGetValue(part, out var leaves) && parts.Count <= PartsMax)
            {
                parts.Add(part, leaves = []);
            }

            leaves?.Add(new(path, leaf));
        });
        return parts;
    }
}

/// <summary>A part of a fetched tree.</summary>
/// <param name="Path">Its path; that of a folder ends with a slash.</param>
/// <param name="Hash">The first digits of the digest of the tree that has nothing else.</param>
public readonly record struct FetchPart(string Path, string Hash)
{
    /// <summary>How many digits: it only tells where to look, and the pin's tree is what counts.</summary>
    public const int HashCharsMax = 16;
}
