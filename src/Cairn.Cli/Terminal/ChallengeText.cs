using System.Globalization;
using System.Text.Json;

using Cairn.Engine.Replay;

namespace Cairn.Cli.Terminal;

/// <summary>What a challenge came to, for people and for programs.</summary>
internal static class ChallengeText
{
    public static void Append(ByteText text, ChallengeRequest request, ChallengeReport report, Style style)
    {
        var table = new Table("VERDICT", "ACTION", "PROJECT", "WHY");
        foreach (var (replay, project, isDemoted) in report.Results)
        {
            var files = string.Join(", ", replay.Differences.Take(3).Select(static d => d.Path)) + (replay.Differences.Length > 3 ? ", …" : "");
            table.Add(
                (ReplayVerdicts.Of(replay.Verdict), ReplayText.InkOf(replay.Verdict)),
                (replay.Action.Job.Length > 0 ? $"{replay.Action.Digest.Hash[..12]} {replay.Action.Job}" : replay.Action.Name, Ink.Plain),
                (project is null ? "" : Path.GetFileName(project), Ink.Dim),
                ($"{replay.Reason ?? files}{(isDemoted ? replay.Reason is null && files.Length == 0 ? "demoted" : "; demoted" : "")}", Ink.Dim));
        }

        if (report.Results.Length > 0)
        {
            table.AppendTo(text, style, indent: 0);
            text.Line();
        }

        var demoted = report.Results.Count(static r => r.IsDemoted);
        text.Append(string.Create(CultureInfo.InvariantCulture, $"{report.Results.Length} of {report.Chosen} chosen of {report.Entries} results (seed {AnsiText.Clean(request.Seed)}): "));
        text.Append(report.Results.Length == 0 ? "nothing replayed" : string.Join(", ", report.Results.GroupBy(static r => r.Replay.Verdict).OrderBy(static g => g.Key).Select(static g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {ReplayVerdicts.Of(g.Key)}"))));
        text.Append(demoted == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {demoted} demoted")).Line();
        if (report.Stopped is { } stopped)
        {
            style.Write(text, Ink.Warning, "stopped").Append(": ").Append(AnsiText.Clean(stopped)).Line();
        }
    }

    public static void WriteJson(Utf8JsonWriter json, ChallengeRequest request, ChallengeReport report)
    {
        json.WriteStartObject();
        json.WriteString("seed", request.Seed);
        json.WriteNumber("entries", report.Entries);
        json.WriteNumber("chosen", report.Chosen);
        if (report.Stopped is { } stopped)
        {
            json.WriteString("stopped", stopped);
        }

        json.WriteStartArray("results");
        foreach (var (replay, project, isDemoted) in report.Results)
        {
            json.WriteStartObject();
            json.WriteBoolean("demoted", isDemoted);
            if (project is not null)
            {
                json.WriteString("project", project);
            }

            json.WritePropertyName("replay");
            ReplayText.Write(json, replay);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
