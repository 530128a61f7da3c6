using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Execution.Toolchains;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Toolchains;

/// <summary>Toolchains that a step of the same run made.</summary>
internal static class MadeToolchains
{
    /// <summary>Keeps the tree of such a toolchain in the store, its files among them. Throws <see cref="IOException"/> where it cannot be one.</summary>
    /// <param name="name">The toolchain.</param>
    /// <param name="source">What of the outputs is meant.</param>
    /// <param name="outputs">What the step left behind.</param>
    /// <param name="store">Where the tree goes.</param>
    /// <param name="open">Opens an output in the working tree, where the store does not have it; null where it is gone.</param>
    public static Digest Put(string name, ToolchainSource.Step source, MerkleTree outputs, ContentStore store, Func<string, SafeFileHandle?> open)
    {
        var tree = TreeOf(name, source, outputs, (path, leaf) =>
        {
            if (leaf.Target is null && !store.Contains(leaf.Digest))
            {
                using var file = open(path);
                if (file is null || store.PutFile(file, leaf.Digest.SizeBytes, out _) != leaf.Digest)
                {
                    throw new IOException($"`{path}` of the toolchain `{name}` changed after the step `{source.Name}` made it");
                }
            }
        });
        StoredTree.Put(tree, store);
        return tree.Digest;
    }

    /// <summary>The tree of such a toolchain. Throws <see cref="IOException"/> where it cannot be one.</summary>
    /// <param name="name">The toolchain.</param>
    /// <param name="source">What of the outputs is meant.</param>
    /// <param name="outputs">What the step left behind.</param>
    /// <param name="each">Called with each output that is part of it.</param>
    public static MerkleTree TreeOf(string name, ToolchainSource.Step source, MerkleTree outputs, Action<string, TreeLeaf>? each = null)
    {
        var root = new RootTree();
        var from = source.From.Length == 0 ? "" : source.From + "/";
        var at = source.Placement.FolderOf(name) is { Length: > 0 } folder ? folder + "/" : "";
        var count = 0;
        try
        {
            outputs.ForEach((path, leaf) =>
            {
                if (path.StartsWith(from, StringComparison.Ordinal))
                {
                    each?.Invoke(path, leaf);
                    root.Add(at + path[from.Length..], leaf);
                    count++;
                }
            });
            if (count == 0)
            {
                throw new IOException($"The step `{source.Name}` left nothing behind{(from.Length > 0 ? $" in `{source.From}`" : "")} that the toolchain `{name}` could be");
            }

            ProgramLinks.Add(root, source.Placement.FolderOf(name), source.Placement.ProgramsOf(name), isExplicit: !source.Placement.Programs.IsDefault, name);
            return root.ToTree();
        }
        catch (Exception exception) when (exception is ToolchainException or InvalidDataException or ArgumentException)
        {
            throw new IOException($"What the step `{source.Name}` made cannot be the toolchain `{name}`: {exception.Message}", exception);
        }
    }
}
