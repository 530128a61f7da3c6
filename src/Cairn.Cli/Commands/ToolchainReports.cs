using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Cli.Graph;
using Cairn.Cli.Terminal;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains;

namespace Cairn.Cli.Commands;

/// <summary>What <c>cairn toolchain</c> says, for people and as JSON.</summary>
internal static class ToolchainReports
{
    private const int ChangesShownMax = 40;

    /// <summary>Something to say.</summary>
    public sealed record Report(Action<ByteText, Style> Text, Action<Utf8JsonWriter> Json);

    /// <summary>A toolchain as the pipeline declares it, as it is locked, and whether it is here.</summary>
    public sealed record Listed(Toolchain Declared, LockedDebian? Locked, bool IsHere)
    {
        public string State => Locked is null ? "not locked" : !Locked.Matches(Declared.Source) ? "changed since it was locked" : IsHere ? "locked" : "locked, not in the store";
    }

    /// <summary>What became of a toolchain.</summary>
    public sealed record Outcome(LockedDebian? Old, LockedDebian New, bool Fetched);

    public static Report List(List<Listed> rows) => new(
        (text, style) =>
        {
            if (rows.Count == 0)
            {
                text.Line("No toolchains; the pipeline declares them in `toolchains`");
                return;
            }

            var table = new Table("NAME", "FROM", "PACKAGES", "TREE", "STATE");
            foreach (var row in rows)
            {
                var source = (ToolchainSource.Debian)row.Declared.Source;
                table.Add((row.Declared.Name, Ink.Plain), ($"debian {source.Suite}", Ink.Dim), (row.Locked is { } locked ? Count(locked) : "", Ink.Plain), (row.Locked?.Tree.Hash[..12] ?? "", Ink.Dim), (row.State, row.State == "locked" ? Ink.Plain : Ink.Warning));
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
                json.WriteString("debian", ((ToolchainSource.Debian)row.Declared.Source).Suite);
                json.WriteString("state", row.State);
                if (row.Locked is { } locked)
                {
                    json.WriteString("tree", locked.Tree.ToString());
                    json.WriteNumber("packages", locked.Contents.Length);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    public static Report Contents(LockedDebian locked, bool isHere) => new(
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
        json => Write(json, locked));

    public static Report Locked(List<Outcome> outcomes, ImmutableArray<string> removed, bool dryRun) => new(
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

                json.WriteNumber("packages", outcome.New.Contents.Length);
                json.WriteStartArray("changes");
                foreach (var (package, from, to) in Changes(outcome))
                {
                    json.WriteStartObject();
                    json.WriteString("package", package);
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

    public static Report Damage(List<(string Name, List<string> Damage)> findings) => new(
        (text, style) =>
        {
            foreach (var (name, damage) in findings)
            {
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

            if (findings.Exists(static f => f.Damage.Count > 0))
            {
                text.Line("`cairn toolchain lock` fetches and makes again what is missing");
            }
            else if (findings.Count == 0)
            {
                text.Line("Nothing is locked");
            }
        },
        json =>
        {
            json.WriteStartArray();
            foreach (var (name, damage) in findings)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
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

    public static Report Vendored(string folder, int files, long bytes) => new(
        (text, _) => text.Line($"{SvgGraph.Count(files, "file")}, {Words.Bytes(bytes)}, in {AnsiText.Clean(folder)}; another machine takes it by `cairn toolchain lock --from DIR`, or by apt, which {ToolchainVendor.SourcesFile} there tells of it"),
        json =>
        {
            json.WriteStartObject();
            json.WriteString("directory", folder);
            json.WriteNumber("files", files);
            json.WriteNumber("bytes", bytes);
            json.WriteEndObject();
        });

    private static string Count(LockedDebian locked) => SvgGraph.Count(locked.Contents.Length, "package");

    private static void Append(ByteText text, Style style, Outcome outcome, bool dryRun)
    {
        var locked = outcome.New;
        var changes = Changes(outcome);
        var verb = ReferenceEquals(outcome.Old, locked) ? (outcome.Fetched ? "fetched as locked" : "as locked")
            : outcome.Old is null ? (dryRun ? "would be locked" : "locked")
            : changes.Count == 0 ? "nothing newer" : dryRun ? "would change" : "changed";
        style.Write(text, Ink.Plain, locked.Name).Append($": {verb}, {Count(locked)}, {Words.Bytes(locked.Contents.Sum(static p => p.Digest.SizeBytes))}");
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
        var old = outcome.Old?.Contents.ToDictionary(static p => p.Name, StringComparer.Ordinal) ?? [];
        var changes = new List<(string, string?, string?)>();
        foreach (var package in outcome.New.Contents)
        {
            if (!old.Remove(package.Name, out var before))
            {
                changes.Add((package.Name, null, package.Version));
            }
            else if (before.Digest != package.Digest)
            {
                changes.Add((package.Name, before.Version, package.Version));
            }
        }

        changes.AddRange(old.Values.Select(static p => (p.Name, (string?)p.Version, (string?)null)));
        changes.Sort(static (a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        return changes;
    }

    private static void Write(Utf8JsonWriter json, LockedDebian locked)
    {
        json.WriteStartObject();
        json.WriteString("name", locked.Name);
        json.WriteString("debian", locked.Suite);
        json.WriteString("architecture", locked.Architecture);
        json.WriteString("layout", locked.Layout);
        json.WriteString("tree", locked.Tree.ToString());
        json.WriteStartArray("releases");
        foreach (var release in locked.Releases)
        {
            json.WriteStartObject();
            json.WriteString("suite", release.Suite);
            json.WriteString("origin", release.Origin);
            json.WriteString("date", release.Date);
            json.WriteString("signed_by", release.SignedBy);
            json.WriteString("digest", release.InRelease.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("packages");
        foreach (var package in locked.Contents)
        {
            json.WriteStartObject();
            json.WriteString("name", package.Name);
            json.WriteString("version", package.Version);
            json.WriteString("architecture", package.Architecture);
            json.WriteString("suite", package.Suite);
            json.WriteString("path", package.Path);
            json.WriteString("digest", package.Digest.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
