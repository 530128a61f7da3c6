using Cairn.Core.Content;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>A toolchain as <c>cairn.lock</c> has it: what was asked for, what it was made from, and the tree that this became. Its kinds are the records in this namespace that derive from it.</summary>
public abstract record LockedToolchain
{
    private readonly string? _layout;

    private protected LockedToolchain()
    {
    }

    /// <summary>The name that the pipeline gives it.</summary>
    public required string Name { get; init; }

    /// <summary>The architecture of its programs, in Debian's words.</summary>
    public required string Architecture { get; init; }

    /// <summary>How the tree was made from what it consists of: another number for another tree of the same parts.</summary>
    public string Layout
    {
        get => _layout ?? UsableLayout;
        init => _layout = value;
    }

    /// <summary>The tree, as it stands in the root of a sandbox.</summary>
    public required Digest Tree { get; init; }

    /// <summary>The key that declares its kind in a pipeline.</summary>
    public abstract string Kind { get; }

    /// <summary>The layout of this kind that this program makes.</summary>
    public abstract string UsableLayout { get; }

    /// <summary>Whether its content is the same wherever it is used.</summary>
    public virtual bool IsHermetic => true;

    /// <summary>Whether its parts are blobs that the store must have.</summary>
    public virtual bool PartsAreBlobs => true;

    /// <summary>Where it is from, in a few words.</summary>
    public abstract string Origin { get; }

    /// <summary>The blobs that it was made from, and which are kept with it, those that vouch for others among them.</summary>
    public abstract IEnumerable<ToolchainPart> Parts { get; }

    /// <summary>What has the same name and version as in an earlier lock, and other bytes: somebody replaced it. In words, such as <c>bash 5.2</c>.</summary>
    public virtual IEnumerable<string> ReplacedSince(LockedToolchain earlier) => [];

    /// <summary>Whether this is what a pipeline asks for.</summary>
    public abstract bool Matches(ToolchainSource source);
}

/// <summary>Something that a toolchain was made from: what attestations name.</summary>
/// <param name="What">For people.</param>
/// <param name="Digest">Its bytes.</param>
/// <param name="Source">Where it is from: an address, a path of an archive, a path of the machine.</param>
/// <param name="PackageUrl">Its package URL, where one exists.</param>
/// <param name="IsEvidence">Whether it vouches for others and is no part of the tree.</param>
public sealed record ToolchainPart(string What, Digest Digest, string Source, string? PackageUrl, bool IsEvidence);
