using System.Collections.Immutable;

using Cairn.Core.Dependencies;

namespace Cairn.Core.Sbom;

/// <summary>What a component is to the subject of a bill of materials.</summary>
public enum SbomRole
{
    /// <summary>What the bill is of.</summary>
    Subject,

    /// <summary>A file that was made.</summary>
    Output,

    /// <summary>Code of one's own that a lock file is for.</summary>
    Project,

    /// <summary>A package that a lock file names.</summary>
    Package,

    /// <summary>What a toolchain was made from: a package, an image, an archive.</summary>
    Tool,
}

/// <summary>Something in a bill of materials.</summary>
public sealed record SbomComponent
{
    /// <summary>Its name in the document: the beginning of a digest of what it is, hexadecimal.</summary>
    public required string Id { get; init; }

    /// <summary>What it is to the subject.</summary>
    public required SbomRole Role { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>Its version; null where nothing tells it.</summary>
    public string? Version { get; init; }

    /// <summary>Its package URL; null where it has none.</summary>
    public string? Purl { get; init; }

    /// <summary>Its licence as its author wrote it; null where nothing tells it.</summary>
    public string? License { get; init; }

    /// <summary>The digests of its files, sorted.</summary>
    public ImmutableArray<PackageHash> Hashes { get; init; } = [];

    /// <summary>What it is needed for.</summary>
    public DependencyScope Scope { get; init; }
}

/// <summary>How two components relate.</summary>
public enum SbomRelationKind
{
    /// <summary>The first consists of the second, among others.</summary>
    Contains,

    /// <summary>The first needs the second to run.</summary>
    DependsOn,

    /// <summary>The first can do without the second.</summary>
    DependsOptionallyOn,

    /// <summary>The first needs the second to be built or tested.</summary>
    DependsForDevelopmentOn,

    /// <summary>The first was built with the second.</summary>
    BuiltWith,
}

/// <summary>That two components relate.</summary>
/// <param name="From">The id of the first.</param>
/// <param name="To">The id of the second.</param>
/// <param name="Kind">How.</param>
public sealed record SbomRelation(string From, string To, SbomRelationKind Kind);

/// <summary>A bill of materials, whatever it is written as: the same for the same content, in whatever order that came.</summary>
/// <param name="Subject">What it is of.</param>
/// <param name="Components">All else, sorted by role, name, version and id.</param>
/// <param name="Relations">Sorted by ids and kind.</param>
/// <param name="Time">The time that it bears.</param>
/// <param name="ToolVersion">The version of Cairn.</param>
public sealed record SbomDocument(SbomComponent Subject, ImmutableArray<SbomComponent> Components, ImmutableArray<SbomRelation> Relations, DateTimeOffset Time, string ToolVersion);
