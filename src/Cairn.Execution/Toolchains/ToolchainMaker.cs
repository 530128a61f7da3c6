using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>How toolchains of one kind are resolved and made.</summary>
internal abstract class ToolchainMaker(ToolchainTools tools)
{
    protected ToolchainTools Tools => tools;

    /// <summary>Finds out what a toolchain consists of now, without making its tree. Throws <see cref="ToolchainException"/>.</summary>
    public abstract Task<LockedToolchain> ResolveAsync(string name, ToolchainSource source, CancellationToken cancellationToken);

    /// <summary>Makes the tree of what is in the store, or can be fetched. Throws <see cref="ToolchainException"/>, <see cref="IOException"/>.</summary>
    public abstract Task<Digest> MakeAsync(LockedToolchain locked, CancellationToken cancellationToken);

    /// <summary>Checks what vouches for the parts, from these to the seed.</summary>
    public abstract Task TraceAsync(LockedToolchain locked, ICollection<TraceLink> links, CancellationToken cancellationToken);

    /// <summary>Keeps a tree whose files are in the store, with links to its programs.</summary>
    protected Digest Keep(RootTree root, string name, ToolchainPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        ProgramLinks.Add(root, placement.FolderOf(name), placement.ProgramsOf(name), isExplicit: !placement.Programs.IsDefault, name);
        return Keep(root);
    }

    /// <summary>Keeps a tree whose files are in the store.</summary>
    protected Digest Keep(RootTree root)
    {
        try
        {
            var tree = root.ToTree();
            StoredTree.Put(tree, tools.Store);
            return tree.Digest;
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException(exception.Message.Split(" (Parameter", 2)[0], exception);
        }
    }

    /// <summary>Calls what reads archives, and says of which toolchain it was where they cannot be read.</summary>
    protected static T Read<T>(string name, Func<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException)
        {
            throw new ToolchainException($"The toolchain `{name}` cannot be made: {exception.Message}", inner: exception);
        }
    }

    /// <summary>A link of a chain for each part: whether its bytes are right.</summary>
    protected void TraceParts(LockedToolchain locked, ICollection<TraceLink> links, int depth, string right)
    {
        ArgumentNullException.ThrowIfNull(locked);
        ArgumentNullException.ThrowIfNull(links);
        foreach (var part in locked.Parts)
        {
            links.Add(tools.Examine(part.Digest) is { } problem
                ? new TraceLink(depth, part.What, part.Digest, $"it {problem}", problem == ToolchainTools.Missing ? TraceState.NotChecked : TraceState.Wrong)
                : new TraceLink(depth, part.What, part.Digest, right, TraceState.Right));
        }
    }
}
