using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>An archive that has a suite, as the machine is configured with it: sources that differ in their components only.</summary>
/// <param name="Suite">The suite.</param>
/// <param name="Uris">Where it is; the later ones stand in for the first.</param>
/// <param name="Components">Its parts.</param>
/// <param name="SignedBy">What says which keys sign it.</param>
/// <param name="Place">Where this was written.</param>
internal sealed record ArchiveStand(string Suite, ImmutableArray<Uri> Uris, ImmutableArray<string> Components, ImmutableArray<string> SignedBy, string Place)
{
    /// <summary>Joins sources that are for the same place and keys.</summary>
    public static List<ArchiveStand> Of(IEnumerable<AptSource> sources)
    {
        var stands = new List<ArchiveStand>();
        foreach (var source in sources)
        {
            var at = stands.FindIndex(s => s.Suite == source.Suite && s.Uris.SequenceEqual(source.Uris) && s.SignedBy.SequenceEqual(source.SignedBy, StringComparer.Ordinal));
            if (at < 0)
            {
                stands.Add(new ArchiveStand(source.Suite, source.Uris, source.Components, source.SignedBy, source.Place));
            }
            else
            {
                stands[at] = stands[at] with { Components = [.. stands[at].Components.Union(source.Components, StringComparer.Ordinal)] };
            }
        }

        return stands;
    }
}

/// <summary>A release that was read and checked, and where it is from.</summary>
internal sealed record ReadRelease(ArchiveStand Stand, byte[] File, string SignedBy, ReleaseFile Content)
{
    /// <summary>Whether another is of the same archive, so that one's places stand in for the other's.</summary>
    public bool IsOfSameArchive(ReadRelease other) =>
        Content.Origin == other.Content.Origin && Content.Label == other.Content.Label && Stand.SignedBy.SequenceEqual(other.Stand.SignedBy, StringComparer.Ordinal);

    /// <summary>For messages.</summary>
    public string Name => $"`{Content.Origin}` in `{Stand.Place}`";

    /// <summary>The newest of several of one archive, with all their parts and places.</summary>
    public static ReadRelease Merge(IReadOnlyList<ReadRelease> same)
    {
        var newest = same.MaxBy(static r => r.Content.Date)!;
        return newest with
        {
            Stand = newest.Stand with
            {
                Uris = [.. newest.Stand.Uris.Concat(same.SelectMany(static r => r.Stand.Uris)).Distinct()],
                Components = [.. same.SelectMany(static r => r.Stand.Components).Distinct(StringComparer.Ordinal)],
            },
        };
    }

    /// <summary>Releases by their archives, each merged.</summary>
    public static List<ReadRelease> ByArchive(IEnumerable<ReadRelease> releases)
    {
        var groups = new List<List<ReadRelease>>();
        foreach (var release in releases)
        {
            if (groups.Find(g => g[0].IsOfSameArchive(release)) is { } group)
            {
                group.Add(release);
            }
            else
            {
                groups.Add([release]);
            }
        }

        return [.. groups.Select(Merge)];
    }

    /// <summary>What to say where several archives could be meant.</summary>
    public static ToolchainException Ambiguous(string suite, IEnumerable<ReadRelease> releases) => new(
        $"Several archives that apt of this machine is configured with have the suite `{suite}`: {string.Join(", ", releases.Select(static r => r.Name))}", "a toolchain is of one distribution: disable the others")
    { Code = DiagnosticCodes.ToolchainNoSource };
}
