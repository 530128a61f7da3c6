using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Core.Toolchains;

namespace Cairn.Engine.Toolchains;

/// <summary>What a step has instead of the machine's programs.</summary>
/// <param name="Trees">The trees of its toolchains, by their digests: their order means nothing, since no two of them differ in a file.</param>
/// <param name="Paths">What of the machine it sees, sorted.</param>
public sealed record ToolchainSet(ImmutableArray<Digest> Trees, ImmutableArray<LockedPath> Paths)
{
    /// <summary>The platform property that names the trees.</summary>
    public const string TreesProperty = "toolchain";

    /// <summary>With what the platform properties begin that name paths of the machine.</summary>
    public const string PathProperty = "host-path:";

    /// <summary>A set in its own order.</summary>
    public static ToolchainSet Of(IEnumerable<Digest> trees, IEnumerable<LockedPath> paths) => new(
        [.. trees.Distinct().OrderBy(static t => t.Hash, StringComparer.Ordinal)],
        [.. paths.DistinctBy(static p => p.Path, StringComparer.Ordinal).OrderBy(static p => p.Path, StringComparer.Ordinal)]);

    /// <summary>Adds what an action says of them.</summary>
    public void AddTo(List<KeyValuePair<string, string>> platform)
    {
        ArgumentNullException.ThrowIfNull(platform);
        platform.Add(new(TreesProperty, Trees is [var only] ? only.ToString() : string.Join(' ', Trees)));
        foreach (var path in Paths)
        {
            platform.Add(new(PathProperty + path.Path, path.Digest.ToString()));
        }
    }

    /// <summary>Reads the trees of an action; null where the text names none.</summary>
    public static ImmutableArray<Digest>? TryReadTrees(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trees = ImmutableArray.CreateBuilder<Digest>();
        foreach (var part in text.Split(' '))
        {
            if (!Digest.TryParse(part, CultureInfo.InvariantCulture, out var tree))
            {
                return null;
            }

            trees.Add(tree);
        }

        return trees.DrainToImmutable();
    }
}
