using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Core.Content;
using Cairn.Engine.Replay;
using Cairn.Trust.Statements;

namespace Cairn.Cli.Terminal;

/// <summary>What was attested beside what is here now, for people and for programs.</summary>
internal static class MatchText
{
    private const int ShortHashChars = 12;
    private const int PackagesShownMax = 20;

    public static void Append(ByteText text, MatchReport report, Style style)
    {
        AppendFields(text, report.Run, style);
        var table = new Table("JOB", "NOW", "WHY");
        foreach (var match in report.Actions)
        {
            table.Add((match.Action.Name, Ink.Plain), (WordOf(match.State), InkOf(match.State)), (Why(match), Ink.Dim));
        }

        table.AppendTo(text, style, indent: 0);
        foreach (var match in report.Actions.Where(static m => m.Changes.Changes.Length + m.Packages.Length > 0))
        {
            style.Write(text.Line(), Ink.Bold, match.Action.Name).Line();
            ChangesText.Append(text, match.Changes, style, indent: 2);
            AppendPackages(text, match.Packages, style);
        }

        var counts = report.Actions.GroupBy(static m => m.State).OrderBy(static g => g.Key);
        text.Line().Append(string.Join(", ", counts.Select(static g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {WordOf(g.Key)}")))).Line();
    }

    public static void WriteJson(Utf8JsonWriter json, string target, MatchReport report)
    {
        json.WriteStartObject();
        json.WriteString("target", target);
        json.WriteStartArray("run");
        foreach (var field in report.Run)
        {
            json.WriteStartObject();
            json.WriteString("kind", field.Kind);
            WriteText(json, "name", field.Name.Length == 0 ? null : field.Name);
            json.WriteBoolean("same", field.IsSame);
            WriteText(json, "before", field.Before);
            WriteText(json, "after", field.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("actions");
        foreach (var match in report.Actions)
        {
            Write(json, match);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ActionMatch match)
    {
        json.WriteStartObject();
        json.WriteString("name", match.Action.Name);
        json.WriteString("state", WordOf(match.State).Replace(' ', '_'));
        WriteText(json, "reason", match.Reason);
        WriteText(json, "attestation", match.Action.Attestation);
        WriteText(json, "before", match.Action.Action is null ? null : match.Action.Digest.Hash);
        WriteText(json, "after", match.Now);
        WriteText(json, "from_run", match.FromRun);
        if (!match.Awaits.IsEmpty)
        {
            json.WriteStartArray("awaits");
            foreach (var job in match.Awaits)
            {
                json.WriteStringValue(job);
            }

            json.WriteEndArray();
        }

        ExplainJson.WriteChanges(json, match.Changes);
        if (!match.Packages.IsEmpty)
        {
            json.WriteStartArray("packages");
            foreach (var package in match.Packages)
            {
                json.WriteStartObject();
                json.WriteString("name", package.Name);
                Write(json, "before", package.Before);
                Write(json, "after", package.After);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, ResolvedDependency? dependency)
    {
        if (dependency is not null)
        {
            json.WriteStartObject(name);
            WriteText(json, "purl", dependency.Uri);
            json.WriteString("sha256", dependency.Sha256);
            json.WriteEndObject();
        }
    }

    private static void AppendFields(ByteText text, ImmutableArray<RunField> fields, Style style)
    {
        var differing = fields.Where(static f => !f.IsSame).ToImmutableArray();
        foreach (var field in differing)
        {
            text.Append($"{field.Kind}{(field.Name.Length == 0 ? "" : $" {AnsiText.Clean(field.Name)}")}  {Short(field.Before)}");
            style.Write(text, Ink.Dim, style.Arrow).Append(Short(field.After)).Line();
        }

        if (!differing.IsEmpty)
        {
            text.Line();
        }
    }

    private static void AppendPackages(ByteText text, ImmutableArray<DependencyChange> packages, Style style)
    {
        foreach (var package in packages.Take(PackagesShownMax))
        {
            style.Write(text.Append("  "), Ink.Dim, "package").Append("   ").Append(AnsiText.Clean(package.Name)).Append("  ");
            if (package.Before is not { } before)
            {
                style.Write(text, Ink.Good, "new ").Append(Version(package.After!)).Line();
            }
            else if (package.After is not { } after)
            {
                style.Write(text, Ink.Bad, "gone").Append($" ({Version(before)})").Line();
            }
            else
            {
                text.Append(package.IsReplaced ? $"{Version(before)} {before.Sha256[..ShortHashChars]}" : Version(before));
                style.Write(text, Ink.Dim, style.Arrow).Append(package.IsReplaced ? $"{Version(after)} {after.Sha256[..ShortHashChars]}" : Version(after));
                style.Write(text, Ink.Bad, package.IsReplaced ? "  other bytes under the same version" : "").Line();
            }
        }

        if (packages.Length > PackagesShownMax)
        {
            style.Write(text, Ink.Dim, string.Create(CultureInfo.InvariantCulture, $"            and {packages.Length - PackagesShownMax} more packages: --json shows them")).Line();
        }
    }

    /// <summary>The version in a package URL; the beginning of the hash where there is none.</summary>
    private static string Version(ResolvedDependency dependency)
    {
        var uri = dependency.Uri ?? "";
        var question = uri.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? uri : uri[..question];
        var at = path.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? dependency.Sha256[..ShortHashChars] : AnsiText.Clean(Uri.UnescapeDataString(path[(at + 1)..]));
    }

    private static string Short(string? value) => value is null ? "nothing" : Digest.TryParse(value, null, out _) || value.Length >= 2 * ShortHashChars ? value[..ShortHashChars] : AnsiText.Clean(value);

    private static string Why(ActionMatch match) => match switch
    {
        { Reason: { } reason, State: not MatchState.Drifted } => reason,
        { State: MatchState.Reused } => $"the result of {match.FromRun}",
        { State: MatchState.Awaiting } => $"if {string.Join(", ", match.Awaits)} make{(match.Awaits.Length == 1 ? "s" : "")} the same again",
        { State: MatchState.Same } => "the same action, of which the cache has no result that counts",
        { State: MatchState.Drifted } => ChangesText.Cause(match.Changes.Changes) is { Length: > 0 } cause ? cause : match.Reason ?? "",
        _ => "",
    };

    private static string WordOf(MatchState state) => state switch
    {
        MatchState.Reused => "reused",
        MatchState.Same => "same",
        MatchState.Awaiting => "awaiting",
        MatchState.Drifted => "drifted",
        MatchState.Gone => "gone",
        MatchState.NotCompared => "not compared",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private static Ink InkOf(MatchState state) => state switch
    {
        MatchState.Reused or MatchState.Same => Ink.Good,
        MatchState.Drifted or MatchState.Gone => Ink.Bad,
        _ => Ink.Warning,
    };

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
