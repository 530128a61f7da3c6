using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using Cairn.Cli.Terminal;
using Cairn.Store.Log;
using Cairn.Trust.Log;

namespace Cairn.Cli.Logs;

/// <content>What stands in a log.</content>
internal sealed partial class LogCommand
{
    private const int RowsByDefault = 20;

    private static readonly ImmutableArray<(string Word, LogColumn Column)> Columns = [("bundle", LogColumn.Bundle), ("attestation", LogColumn.Attestation), ("action", LogColumn.Action), ("outputs", LogColumn.Outputs)];

    private Command CreateSearch()
    {
        var hash = new Argument<string>("HASH") { Description = "Of an envelope, a payload, an action or outputs; its first 8 digits are enough" };
        var by = new Option<string?>("--by") { Description = "Which of them: bundle, attestation, action or outputs [default: any]", HelpName = "COLUMN" };
        by.AcceptOnlyFromAmong("bundle", "attestation", "action", "outputs");
        var (place, keys) = (PlaceOption(), KeyOption());
        var json = Json();
        var command = new Command("search", "Find entries by a hash, the newest first") { hash, by, place, keys, json };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed, place, keys, async log =>
        {
            if (PrefixOf(parsed.GetValue(hash)!) is not { } prefix)
            {
                return DiagnosticPrinter.Usage(_services, $"`{parsed.GetValue(hash)}` is no hash", "give 8 to 64 hex digits");
            }

            ImmutableArray<LogColumn> columns = [.. Columns.Where(c => parsed.GetValue(by) is null || parsed.GetValue(by) == c.Word).Select(static c => c.Column)];
            var entries = await log.SearchAsync(columns, prefix, cancellationToken).Take(Store.Limits.FindingsMax).ToListAsync(cancellationToken);
            Print(entries, parsed.GetValue(json));
            return entries.Count > 0 ? ExitCodes.Success : ExitCodes.NotVerified;
        }));
        return command;
    }

    private Command CreateTail()
    {
        var count = new Option<int>("--count", "-n") { Description = "How many entries", HelpName = "N", DefaultValueFactory = _ => RowsByDefault };
        var (place, keys) = (PlaceOption(), KeyOption());
        var json = Json();
        var command = new Command("tail", "List the newest entries, the last one at the end") { count, place, keys, json };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed, place, keys, async log =>
        {
            var entries = await log.NewestAsync(cancellationToken).Take(parsed.GetValue(count)).ToListAsync(cancellationToken);
            entries.Reverse();
            Print(entries, parsed.GetValue(json));
            return ExitCodes.Success;
        }));
        return command;
    }

    private void Print(List<ListedEntry> entries, bool json)
    {
        var kinds = StatementKinds.Find(_services, entries.Where(static e => e.Entry is { Action: null }).Select(static e => e.Entry!.PayloadHash));
        _ = Print(json, writer =>
        {
            writer.WriteStartArray();
            foreach (var entry in entries)
            {
                Write(writer, entry, kinds);
            }

            writer.WriteEndArray();
        }, text => Append(text, entries, kinds));
    }

    private void Append(ByteText text, List<ListedEntry> entries, Dictionary<string, string> kinds)
    {
        var table = new Table("SEQUENCE", "TIME", "ATTESTATION", "ACTION", "OUTPUTS", "WHAT");
        foreach (var entry in entries)
        {
            table.Add(
                (entry.Sequence.ToString(CultureInfo.InvariantCulture), Ink.Plain), (entry.Time?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "", Ink.Dim), (Short(entry.Entry?.PayloadHash), Ink.Plain),
                (Short(entry.Entry?.Action), Ink.Plain), (Short(entry.Entry?.Outputs), Ink.Plain), (WhatOf(entry, kinds), Ink.Dim));
        }

        table.AppendTo(text, Style.OfOutput(_services.Terminal), 0);
    }

    private static void Write(Utf8JsonWriter writer, ListedEntry entry, Dictionary<string, string> kinds)
    {
        writer.WriteStartObject();
        writer.WriteNumber("sequence", entry.Sequence);
        writer.WriteString("what", WhatOf(entry, kinds));
        writer.WriteString("bundle_hash", entry.Entry?.EnvelopeHash);
        writer.WriteString("attestation_hash", entry.Entry?.PayloadHash);
        writer.WriteString("action_digest", entry.Entry?.Action);
        writer.WriteString("outputs_digest", entry.Entry?.Outputs);
        writer.WriteString("signature", entry.Entry is { } read ? Convert.ToBase64String(read.Signature.AsSpan()) : null);
        writer.WriteString("timestamp", entry.Time?.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }

    private static string WhatOf(ListedEntry entry, Dictionary<string, string> kinds) => entry.Entry switch
    {
        { Action: not null } => "attestation",
        { } read => kinds.GetValueOrDefault(read.PayloadHash, "statement"),
        _ => LogMark.TryRead(entry.Leaf) switch
        {
            LogMark.Genesis => "the log begins",
            LogMark.Rotation => "another key signs",
            LogMark.Freeze => "the log ends",
            _ => "unknown",
        },
    };

    private static string Short(string? hash) => hash is null ? "" : hash[..16];

    private static string? PrefixOf(string text)
    {
        var hash = text.StartsWith("sha256:", StringComparison.Ordinal) ? text[7..] : text;
        return hash.Length is >= HashCharactersMin and <= HashCharacters && hash.All(char.IsAsciiHexDigitLower) ? hash : null;
    }
}
