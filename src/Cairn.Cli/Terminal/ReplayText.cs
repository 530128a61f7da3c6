using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Engine.Replay;

namespace Cairn.Cli.Terminal;

/// <summary>What replays came to, for people and for programs.</summary>
internal static class ReplayText
{
    public static void Append(ByteText text, ImmutableArray<ActionReplay> replays, Style style)
    {
        foreach (var replay in replays)
        {
            style.Write(text, InkOf(replay.Verdict), ReplayVerdicts.Of(replay.Verdict)).Append(" ").Append(AnsiText.Clean(replay.Action.Name));
            style.Write(text, Ink.Dim, replay.Executions == 0 ? "" : $"  {Summary(replay)}").Line();
            if (replay.Reason is { } reason)
            {
                text.Append("  ").Append(AnsiText.Clean(reason)).Line();
            }

            ReproduceText.AppendDifferences(text, replay.Differences, style);
            foreach (var note in replay.Notes)
            {
                style.Write(text, Ink.Dim, $"  note: {AnsiText.Clean(note)}").Line();
            }
        }
    }

    public static void WriteJson(Utf8JsonWriter json, ImmutableArray<ActionReplay> replays)
    {
        json.WriteStartObject();
        json.WriteString("verdict", WordOf(replays.Select(static r => r.Verdict).DefaultIfEmpty(ReplayVerdict.NotReplayed).Max()));
        json.WriteStartArray("actions");
        foreach (var replay in replays)
        {
            Write(json, replay);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>One replay as an object.</summary>
    public static void Write(Utf8JsonWriter json, ActionReplay replay)
    {
        json.WriteStartObject();
        json.WriteString("name", replay.Action.Name);
        json.WriteString("verdict", WordOf(replay.Verdict));
        if (replay.Action.Action is not null)
        {
            json.WriteString("action", replay.Action.Digest.Hash);
        }

        if (replay.Action.Attestation is { } attestation)
        {
            json.WriteString("attestation", attestation);
        }

        if (replay.Action.SignedBy is { } signer)
        {
            json.WriteString("signed_by", signer);
        }

        if (replay.Reason is { } reason)
        {
            json.WriteString("reason", reason);
        }

        json.WriteNumber("executions", replay.Executions);
        json.WriteNumber("files", replay.Files);
        json.WriteStartArray("notes");
        foreach (var note in replay.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        ReproduceText.WriteDifferences(json, replay.Differences);
        json.WriteEndObject();
    }

    /// <summary>A verdict for programs.</summary>
    public static string WordOf(ReplayVerdict verdict) => ReplayVerdicts.Of(verdict).Replace(' ', '_');

    /// <summary>How a verdict looks.</summary>
    public static Ink InkOf(ReplayVerdict verdict) => verdict switch
    {
        ReplayVerdict.Identical => Ink.Good,
        ReplayVerdict.NotReplayed or ReplayVerdict.Nondeterministic => Ink.Warning,
        _ => Ink.Bad,
    };

    private static string Summary(ActionReplay replay)
    {
        var executions = replay.Executions == 1 ? "1 execution" : $"{replay.Executions} executions";
        var files = replay.Files switch { 0 => "no outputs", 1 => "1 output", var count => $"{count} outputs" };
        return $"{files}, {executions}{(replay.Action.SignedBy is { } signer ? $", attested by {signer}" : "")}";
    }
}
