using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A package as the index of an archive describes it.</summary>
public sealed record DebianPackage
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its version.</summary>
    public required DebianVersion Version { get; init; }

    /// <summary>The architecture of its programs, or <c>all</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The suite that it is from.</summary>
    public required string Suite { get; init; }

    /// <summary>The path of its file in the archive.</summary>
    public required string Path { get; init; }

    /// <summary>The digest of its file.</summary>
    public required Digest Digest { get; init; }

    /// <summary><c>required</c>, <c>important</c>, <c>standard</c>, <c>optional</c> or <c>extra</c>.</summary>
    public string Priority { get; init; } = "optional";

    /// <summary>Whether every other package may rely on it without saying so.</summary>
    public bool IsEssential { get; init; }

    /// <summary>What it cannot do without, <c>Pre-Depends</c> first.</summary>
    public ImmutableArray<Dependency> Depends { get; init; } = [];

    /// <summary>Names that it stands for.</summary>
    public ImmutableArray<Dependency> Provides { get; init; } = [];

    /// <summary>What it cannot be with: <c>Conflicts</c> and <c>Breaks</c>.</summary>
    public ImmutableArray<Dependency> Conflicts { get; init; } = [];

    /// <summary>Reads a paragraph of an index. Throws <see cref="FormatException"/>.</summary>
    public static DebianPackage Read(ControlParagraph paragraph, string suite)
    {
        ArgumentNullException.ThrowIfNull(paragraph);
        var name = Required(paragraph, "Package");
        var path = Required(paragraph, "Filename");
        if (!RelativePath.IsPlain(path))
        {
            throw new FormatException($"The package `{name}` has the file name `{path}`");
        }

        if (!long.TryParse(Required(paragraph, "Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || !Digest.TryParse($"{Required(paragraph, "SHA256")}/{size.ToString(CultureInfo.InvariantCulture)}", CultureInfo.InvariantCulture, out var digest))
        {
            throw new FormatException($"The package `{name}` has no digest that can be read");
        }

        return new DebianPackage
        {
            Name = PackageName.IsValid(name) ? name : throw new FormatException($"`{name}` does not name a package"),
            Version = DebianVersion.Parse(Required(paragraph, "Version")),
            Architecture = Required(paragraph, "Architecture"),
            Suite = suite,
            Path = path,
            Digest = digest,
            Priority = paragraph["Priority"] ?? "optional",
            IsEssential = paragraph["Essential"] is "yes",
            Depends = [.. Dependency.ReadAll(paragraph["Pre-Depends"]), .. Dependency.ReadAll(paragraph["Depends"])],
            Provides = Dependency.ReadAll(paragraph["Provides"]),
            Conflicts = [.. Dependency.ReadAll(paragraph["Conflicts"]), .. Dependency.ReadAll(paragraph["Breaks"])],
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Version}";

    private static string Required(ControlParagraph paragraph, string field) =>
        paragraph[field] is { Length: > 0 } value ? value : throw new FormatException($"The package `{paragraph["Package"]}` has no `{field}`");
}
