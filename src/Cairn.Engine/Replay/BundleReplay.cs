using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Engine.Bundles;
using Cairn.Engine.Reproduce;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Replay;

/// <summary>
/// Bundle steps made again: no process has a part in them, so Cairn writes the archive once more from the inputs that the action names, and compares its bytes. There is nothing to vary.
/// </summary>
internal static class BundleReplay
{
    /// <summary>Whether an action is that of a bundle step.</summary>
    public static bool IsBundle(ActionDescription action)
    {
        foreach (var (name, value) in action.Platform)
        {
            if (name == BuilderIds.BuiltInProperty)
            {
                return value == BundleStep.Kind;
            }
        }

        return false;
    }

    /// <summary>Makes it again.</summary>
    /// <param name="attested">What was attested.</param>
    /// <param name="inputs">Its inputs; null where nobody lists them here.</param>
    /// <param name="store">Where their bytes are.</param>
    /// <param name="project">The working tree, where those of sources may be.</param>
    public static ActionReplay Run(AttestedAction attested, ImmutableArray<KeyValuePair<string, TreeLeaf>>? inputs, ContentStore store, string project)
    {
        if (inputs is not { } leaves || attested.Outputs is not [var expected])
        {
            return new ActionReplay(attested, ReplayVerdict.NotReplayed) { Reason = "which files it holds is not known here", Notes = attested.Notes };
        }

        try
        {
            using var tree = DirectoryHandle.Open(project);
            var content = BundleContent.Of([.. leaves.Select(static l => new TreeItem(l.Key, IsFolder: false, l.Value))], Open);
            var made = BundleWriter.DigestOf(new BundleHead(content.Manifest, content.Tree, []), content.Open, CancellationToken.None);
            var replay = new ActionReplay(attested, ReplayVerdict.Identical) { Executions = 1, Files = 1, Notes = attested.Notes };
            return made.Hash == expected.Sha256
                ? replay with { Made = attested.Result }
                : replay with
                {
                    Verdict = ReplayVerdict.Unexplained,
                    Differences = [new FileDifference(expected.Path, DifferenceCause.Recorded, default, Together: false, $"differs from the recorded result ({expected.Sha256[..12]} / {made.Hash[..12]})", [])],
                };

            Stream Open(TreeItem item) => store.TryOpen(item.Leaf.Digest)
                ?? new FileStream(tree.TryOpenFilePath(item.Path) ?? throw new BundleInputException($"its input `{item.Path}` is neither in the store nor in the working tree"), FileAccess.Read, bufferSize: 0);
        }
        catch (Exception exception) when (exception is BundleInputException or BundleException or IOException or UnauthorizedAccessException)
        {
            return new ActionReplay(attested, ReplayVerdict.NotReplayed) { Reason = exception.Message, Notes = attested.Notes };
        }
    }

    private sealed class BundleInputException(string message) : Exception(message);
}
