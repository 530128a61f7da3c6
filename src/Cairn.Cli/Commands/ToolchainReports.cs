using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;
using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;
using Cairn.Store.Content;

namespace Cairn.Cli.Commands;

/// <summary>What <c>cairn toolchain</c> says, for people and as JSON.</summary>
internal static class ToolchainReports
{
    private const int ChangesShownMax = 40;

    /// <summary>Something to say.</summary>
    public sealed record Report(Action<ByteText, Style> Text, Action<Utf8JsonWriter> Json);

    /// <summary>A toolchain as the pipeline declares it, as it is locked, and whether it is here.</summary>
    public sealed record Listed(Toolchain Declared, LockedToolchain? Locked, bool IsHere)
    {
        public bool IsMade => Declared.Source is ToolchainSource.Step { Project: null };

        public string State => IsMade ? "made by the run" : Locked is null ? "not locked" : !Locked.Matches(Declared.Source) ? "changed since it was locked" : !IsHere ? "locked, not in the store" : Locked.IsHermetic ? "locked" : "locked, not hermetic";
    }

    /// <summary>What became of a toolchain.</summary>
    public sealed record Outcome(LockedToolchain? Old, LockedToolchain New, bool Fetched);

    public static Report List(List<Listed> rows) => new(
        (text, style) =>
        {
            if (rows.Count == 0)
            {
                text.Line("No toolchains; the pipeline declares them in `toolchains`");
                return;
            }

            var table = new Table("NAME", "FROM", "PARTS", "TREE", "STATE");
            foreach (var row in rows)
            {
                table.Add((row.Declared.Name, Ink.Plain), (AnsiText.Clean(OriginOf(row.Declared.Source)), Ink.Dim), (row.Locked is { } locked ? Count(locked) : "", Ink.Plain), (row.Locked?.Tree.Hash[..12] ?? "", Ink.Dim), (row.State, row.State is "locked" or "made by the run" ? Ink.Plain : Ink.Warning));
            }

            table.AppendTo(text, style, indent: 0);
        },
        json =>
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                json.WriteStartObject();
                json.WriteString("name", row.Declared.Name);
                json.WriteString("kind", row.Declared.Source.Kind);
                json.WriteString("from", OriginOf(row.Declared.Source));
                json.WriteString("state", row.State);
                if (row.Locked is { } locked)
                {
                    json.WriteString("tree", locked.Tree.ToString());
                    json.WriteNumber("parts", CountOf(locked));
                    json.WriteBoolean("hermetic", locked.IsHermetic);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    public static Report Contents(LockedToolchain locked, bool isHere) => locked is LockedDebian debian ? Contents(debian, isHere) : new(
        (text, style) =>
        {
            style.Write(text, Ink.Plain, locked.Name).Line($": {AnsiText.Clean(locked.Origin)}, for {locked.Architecture}{(locked.IsHermetic ? "" : "; not hermetic: it is what this machine has")}");
            text.Line($"tree {locked.Tree.Hash}{(isHere ? "" : ", not in the store")}");
            foreach (var line in Details(locked))
            {
                text.Line(AnsiText.Clean(line));
            }

            text.Line();
            var table = new Table("PART", "FROM", "SIZE", "SHA256");
            foreach (var part in locked.Parts)
            {
                table.Add((part.What.Replace("`", "", StringComparison.Ordinal), Ink.Plain), (AnsiText.Clean(part.Source), Ink.Dim), (Words.Bytes(part.Digest.SizeBytes), Ink.Plain), (part.Digest.Hash[..12], Ink.Dim));
            }

            table.AppendTo(text, style, indent: 0);
        },
        json => ToolchainJson.Write(json, locked));

    private static Report Contents(LockedDebian locked, bool isHere) => new(
        (text, style) =>
        {
            style.Write(text, Ink.Plain, locked.Name).Line($": {Count(locked)} of {locked.Suite} for {locked.Architecture}, {Words.Bytes(locked.Contents.Sum(static p => p.Digest.SizeBytes))}");
            text.Line(AnsiText.Clean($"asked for: {string.Join(", ", locked.Packages)}{(locked.Essential ? ", and what is essential" : "")}"));
            text.Line($"tree {locked.Tree.Hash}{(isHere ? "" : ", not in the store")}");
            foreach (var release in locked.Releases)
            {
                text.Line(AnsiText.Clean($"{release.Suite} of {release.Date.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC ({release.Origin}), signed by {release.SignedBy}"));
            }

            text.Line();
            var table = new Table("PACKAGE", "VERSION", "SUITE", "SIZE", "SHA256");
            foreach (var package in locked.Contents)
            {
                table.Add((package.Name, locked.Packages.Contains(package.Name, StringComparer.Ordinal) ? Ink.Accent : Ink.Plain), (package.Version, Ink.Plain), (package.Suite, Ink.Dim), (Words.Bytes(package.Digest.SizeBytes), Ink.Plain), (package.Digest.Hash[..12], Ink.Dim));
            }

            table.AppendTo(text, style, indent: 0);
        },
        json => ToolchainJson.Write(json, locked));

    /// <param name="outcomes">What became of each toolchain.</param>
    /// <param name="removed">Those that are no longer declared.</param>
    /// <param name="unpinned">Jobs that fetch, of which the lock says nothing yet.</param>
    /// <param name="dryRun">Whether nothing was changed.</param>
    public static Report Locked(List<Outcome> outcomes, ImmutableArray<string> removed, ImmutableArray<string> unpinned, bool dryRun) => new(
        (text, style) =>
        {
            foreach (var outcome in outcomes)
            {
                Append(text, style, outcome, dryRun);
            }

            foreach (var name in removed)
            {
                text.Line($"{name}: no longer declared, {(dryRun ? "would go" : "gone")} from {ToolchainLock.FileName}");
            }

            if (text.Length == 0)
            {
                text.Line("No toolchains; the pipeline declares them in `toolchains`");
            }

            if (unpinned.Length > 0)
            {
                text.Line(AnsiText.Clean($"{string.Join(", ", unpinned)}: not pinned yet; `cairn fetch` does that"));
            }
        },
        json =>
        {
            json.WriteStartArray();
            foreach (var outcome in outcomes)
            {
                json.WriteStartObject();
                json.WriteString("name", outcome.New.Name);
                if (!dryRun || ReferenceEquals(outcome.Old, outcome.New))
                {
                    json.WriteString("tree", outcome.New.Tree.ToString());
                }

                json.WriteString("kind", outcome.New.Kind);
                json.WriteNumber("parts", CountOf(outcome.New));
                json.WriteStartArray("changes");
                foreach (var (package, from, to) in Changes(outcome))
                {
                    json.WriteStartObject();
                    json.WriteString("part", package);
                    if (from is not null)
                    {
                        json.WriteString("from", from);
                    }

                    if (to is not null)
                    {
                        json.WriteString("to", to);
                    }

                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    public static Report Damage(List<(LockedToolchain Toolchain, List<string> Damage)> findings) => new(
        (text, style) =>
        {
            foreach (var (toolchain, damage) in findings)
            {
                var name = toolchain.Name;
                style.Write(text, damage.Count == 0 ? Ink.Good : Ink.Bad, damage.Count == 0 ? style.Good : style.Bad).Append(" ").Line(damage.Count == 0 ? $"{name}: everything is here and as it was locked" : $"{name}:");
                foreach (var sentence in damage.Take(ChangesShownMax))
                {
                    text.Append("    ").Line(AnsiText.Clean(sentence));
                }

                if (damage.Count > ChangesShownMax)
                {
                    text.Line($"    and {damage.Count - ChangesShownMax} more");
                }
            }

            if (findings.Exists(static f => f.Damage.Count > 0 && f.Toolchain.IsHermetic))
            {
                text.Line("`cairn toolchain lock` fetches and makes again what is missing");
            }

            if (findings.FindAll(static f => f.Damage.Count > 0 && !f.Toolchain.IsHermetic) is { Count: > 0 } ofMachine)
            {
                text.Line($"`cairn toolchain update {string.Join(' ', ofMachine.Select(static f => f.Toolchain.Name))}` notes what this machine has now");
            }

            if (findings.Count == 0)
            {
                text.Line("Nothing is locked");
            }
        },
        json =>
        {
            json.WriteStartArray();
            foreach (var (toolchain, damage) in findings)
            {
                json.WriteStartObject();
                json.WriteString("name", toolchain.Name);
                json.WriteStartArray("damage");
                foreach (var sentence in damage)
                {
                    json.WriteStringValue(sentence);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    public static Report Trace(ImmutableArray<TraceLink> links) => new(
        (text, style) =>
        {
            foreach (var link in links)
            {
                var (ink, mark) = link.State switch
                {
                    TraceState.Right => (Ink.Good, style.Good),
                    TraceState.Wrong => (Ink.Bad, style.Bad),
                    _ => (Ink.Warning, style.Skip),
                };
                text.Spaces(2 * link.Depth);
                style.Write(text, ink, mark).Append(" ").Append(AnsiText.Clean(link.Subject));
                if (link.Digest is { } digest)
                {
                    text.Append(" ");
                    style.Write(text, Ink.Dim, digest.Hash[..12]);
                }

                text.Append(": ").Line(link.State == TraceState.NotChecked ? $"not checked: {AnsiText.Clean(link.Finding)}" : AnsiText.Clean(link.Finding));
            }
        },
        json =>
        {
            json.WriteStartArray();
            foreach (var link in links)
            {
                json.WriteStartObject();
                json.WriteNumber("depth", link.Depth);
                json.WriteString("subject", link.Subject);
                if (link.Digest is { } digest)
                {
                    json.WriteString("digest", digest.ToString());
                }

                json.WriteString("finding", link.Finding);
                json.WriteString("state", link.State switch { TraceState.Right => "right", TraceState.Wrong => "wrong", _ => "not checked" });
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    private static string OriginOf(ToolchainSource source) => source switch
    {
        ToolchainSource.Debian debian => $"debian {debian.Suite}",
        ToolchainSource.Oci oci => $"oci {oci.Image}",
        ToolchainSource.Archive archive => $"archive {archive.Places[0]}",
        ToolchainSource.Step { Project: { } project } step => $"step {step.Name} of {project}",
        ToolchainSource.Step step => $"step {step.Name}",
        ToolchainSource.Host host => $"host {string.Join(", ", host.Paths)}",
        ToolchainSource.Dotnet dotnet => $"dotnet {dotnet.Version}{(dotnet.Installed ? ", installed" : "")}",
        _ => source.Kind,
    };

    private static IEnumerable<string> Details(LockedToolchain locked)
    {
        switch (locked)
        {
            case LockedArchive archive:
                yield return $"stands in /{archive.Placement.FolderOf(archive.Name)}";
                yield return archive.Signature is { } signature ? $"signed by {signature.SignedBy}" : archive.Dotnet is null ? "no signature" : $"SHA-512 of the publisher {archive.Dotnet.Sha512}";
                break;
            case LockedStep step:
                yield return $"stands in /{step.Placement.FolderOf(step.Name)}";
                yield return $"made by run {step.Run}";
                break;
        }
    }

    private static int CountOf(LockedToolchain locked) => locked is LockedDebian debian ? debian.Contents.Length : locked is LockedOci oci ? oci.Layers.Length : locked.Parts.Count(static p => !p.IsEvidence);

    private static string Count(LockedToolchain locked) => locked switch
    {
        LockedDebian debian => SvgGraph.Count(debian.Contents.Length, "package"),
        LockedOci oci => SvgGraph.Count(oci.Layers.Length, "layer"),
        LockedHost host => SvgGraph.Count(host.Paths.Length, "path"),
        LockedStep => "1 step",
        _ => "1 archive",
    };

    private static long BytesOf(LockedToolchain locked) => locked.Parts.Where(static p => !p.IsEvidence).Sum(static p => p.Digest.SizeBytes);

    private static void Append(ByteText text, Style style, Outcome outcome, bool dryRun)
    {
        var locked = outcome.New;
        var changes = Changes(outcome);
        var verb = ReferenceEquals(outcome.Old, locked) ? (outcome.Fetched ? "fetched as locked" : "as locked")
            : outcome.Old is null ? (dryRun ? "would be locked" : "locked")
            : changes.Count == 0 ? "nothing newer" : dryRun ? "would change" : "changed";
        style.Write(text, Ink.Plain, locked.Name).Append($": {verb}, {Count(locked)}{(BytesOf(locked) is > 0 and var bytes && locked.PartsAreBlobs ? $", {Words.Bytes(bytes)}" : "")}");
        text.Line(dryRun && !ReferenceEquals(outcome.Old, locked) ? "" : $", tree {locked.Tree.Hash[..12]}");
        if (outcome.Old is null)
        {
            return;
        }

        foreach (var (package, from, to) in changes.Take(ChangesShownMax))
        {
            text.Line(AnsiText.Clean(
                from is null ? $"  + {package} {to}" : to is null ? $"  - {package} {from}" : from == to ? $"  ! {package} {to}: other bytes under the same version" : $"  ~ {package} {from}{style.Arrow}{to}"));
        }

        if (changes.Count > ChangesShownMax)
        {
            text.Line($"  and {changes.Count - ChangesShownMax} more");
        }
    }

    private static List<(string Package, string? From, string? To)> Changes(Outcome outcome)
    {
        var old = PartsOf(outcome.Old);
        var changes = new List<(string, string?, string?)>();
        foreach (var (name, (digest, shown)) in PartsOf(outcome.New))
        {
            if (!old.Remove(name, out var before))
            {
                changes.Add((name, null, shown));
            }
            else if (before.Digest != digest)
            {
                changes.Add((name, before.Shown, shown));
            }
        }

        changes.AddRange(old.Select(static p => (p.Key, (string?)p.Value.Shown, (string?)null)));
        changes.Sort(static (a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        return changes;
    }

    /// <summary>Packages with their versions; of other kinds their parts with the beginnings of their hashes.</summary>
    private static Dictionary<string, (Digest Digest, string Shown)> PartsOf(LockedToolchain? locked) => locked switch
    {
        null => [],
        LockedDebian debian => debian.Contents.ToDictionary(static p => p.Name, static p => (p.Digest, p.Version), StringComparer.Ordinal),
        _ => locked.Parts.ToDictionary(static p => p.What, static p => (p.Digest, p.Digest.Hash[..12]), StringComparer.Ordinal),
    };

    public static Report Vendored(string folder, int files, long bytes, bool hasPackages) => new(
        (text, _) =>
        {
            text.Line($"{SvgGraph.Count(files, "file")}, {Words.Bytes(bytes)}, in {AnsiText.Clean(folder)}");
            text.Line($"Another machine takes it by `cairn toolchain lock --from DIR`{(hasPackages ? $", packages also by apt, which {ToolchainVendor.SourcesFile} there tells of it" : "")}");
        },
        json =>
        {
            json.WriteStartObject();
            json.WriteString("directory", folder);
            json.WriteNumber("files", files);
            json.WriteNumber("bytes", bytes);
            json.WriteEndObject();
        });

    public static Report Collected(ToolchainRemoval removal, bool dryRun) => new(
        (text, _) => text.Line(removal.Removed.IsEmpty
            ? $"Nothing to remove: {SvgGraph.Count(removal.Kept, "toolchain")} in use"
            : $"{SvgGraph.Count(removal.Removed.Length, "toolchain")} {(dryRun ? "would go" : "removed")}, {Words.Bytes(removal.Bytes)} ({SvgGraph.Count(removal.Blobs, "blob")}, {SvgGraph.Count(removal.Layers, "layer")}); {removal.Kept} stay"),
        json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("removed");
            foreach (var name in removal.Removed)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
            json.WriteNumber("kept", removal.Kept);
            json.WriteNumber("blobs", removal.Blobs);
            json.WriteNumber("layers", removal.Layers);
            json.WriteNumber("bytes", removal.Bytes);
            json.WriteEndObject();
        });
}
