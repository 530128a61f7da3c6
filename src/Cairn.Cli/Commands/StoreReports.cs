using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Cli.Terminal;
using Cairn.Store.Content;
using Cairn.Store.Roots;

namespace Cairn.Cli.Commands;

/// <summary>An answer of <c>cairn store</c>, for people and for programs.</summary>
internal readonly record struct StoreReport(ByteText Text, Action<Utf8JsonWriter> Json);

/// <summary>What the subcommands of <c>cairn store</c> say.</summary>
internal static class StoreReports
{
    public static StoreReport Statistics(ContentStore store, StoreStatistics statistics, ImmutableArray<KeptRootFolder> roots, long quotaBytes, CommandServices services)
    {
        var text = new ByteText();
        Line("Folder", store.Directory);
        Line("Used", $"{Words.Bytes(statistics.UsedBytes)} of {Words.Bytes(quotaBytes)}");
        Line("Blobs", statistics.CompressedBlobs == 0
            ? $"{Count(statistics.Blobs)}, {Words.Bytes(statistics.ContentBytes)}"
            : $"{Count(statistics.Blobs)}, {Words.Bytes(statistics.ContentBytes)}; {Count(statistics.CompressedBlobs)} compressed, which saves {Words.Bytes(statistics.SavedBytes)}");
        Line("Results", $"{Count(statistics.Entries)}, {Words.Bytes(statistics.EntryDiskBytes)}");
        if (statistics.Superseded > 0)
        {
            Line("Superseded", $"{Count(statistics.Superseded)}, {Words.Bytes(statistics.SupersededDiskBytes)}; attested by earlier runs, executed again since");
        }

        if (statistics.Layers > 0)
        {
            Line("Layers", $"{Count(statistics.Layers)}, {Words.Bytes(statistics.LayerDiskBytes)}");
        }

        if (statistics.OldestUse is { } oldest)
        {
            Line("Oldest use", Words.Ago(oldest, services.Time.GetUtcNow()));
        }

        if (!statistics.Pins.IsEmpty)
        {
            Line("Pins", string.Join(", ", statistics.Pins));
        }

        foreach (var lease in statistics.Leases)
        {
            Line("In use by", lease);
        }

        if (!roots.IsEmpty)
        {
            Line("Kept roots", $"{Count(roots.Length)} of failed steps, {Words.Bytes(roots.Sum(static r => r.Bytes))}");
        }

        if (statistics.Quarantined > 0)
        {
            Line("Quarantine", $"{Count(statistics.Quarantined)}, {Words.Bytes(statistics.QuarantinedBytes)}; gone after 30 days");
        }

        if (store.ReadOnlyReason is { } reason)
        {
            Line("Read-only", reason);
        }

        return new StoreReport(text, json =>
        {
            json.WriteStartObject();
            json.WriteString("directory", store.Directory);
            json.WriteNumber("quota_bytes", quotaBytes);
            json.WriteNumber("used_bytes", statistics.UsedBytes);
            json.WriteNumber("blobs", statistics.Blobs);
            json.WriteNumber("content_bytes", statistics.ContentBytes);
            json.WriteNumber("blob_disk_bytes", statistics.DiskBytes);
            json.WriteNumber("compressed_blobs", statistics.CompressedBlobs);
            json.WriteNumber("saved_bytes", statistics.SavedBytes);
            json.WriteNumber("results", statistics.Entries);
            json.WriteNumber("result_disk_bytes", statistics.EntryDiskBytes);
            json.WriteNumber("superseded", statistics.Superseded);
            json.WriteNumber("superseded_disk_bytes", statistics.SupersededDiskBytes);
            json.WriteNumber("layers", statistics.Layers);
            json.WriteNumber("layer_disk_bytes", statistics.LayerDiskBytes);
            json.WriteNumber("kept_roots", roots.Length);
            json.WriteNumber("kept_roots_bytes", roots.Sum(static r => r.Bytes));
            json.WriteNumber("quarantined", statistics.Quarantined);
            json.WriteNumber("quarantined_bytes", statistics.QuarantinedBytes);
            if (statistics.OldestUse is { } used)
            {
                json.WriteString("oldest_use", used);
            }

            WriteStrings(json, "pins", statistics.Pins);
            WriteStrings(json, "leases", statistics.Leases);
            if (store.ReadOnlyReason is { } why)
            {
                json.WriteString("read_only", why);
            }

            json.WriteEndObject();
        });

        void Line(string name, string value) => text.Append(name.PadRight(12)).Line(AnsiText.Clean(value));
    }

    public static StoreReport Collection(CollectionResult result, RootRemoval roots, bool dryRun)
    {
        var text = new ByteText();
        text.Append(dryRun ? "Would remove " : "Removed ").Append(Plural(result.BlobsRemoved, "blob")).Append(" and ").Append(Plural(result.EntriesRemoved, "result"));
        text.Line($": {Words.Bytes(result.BytesBefore)} before, {Words.Bytes(result.BytesAfter)} after, quota {Words.Bytes(result.QuotaBytes)}");
        if (result.LayersRemoved > 0)
        {
            text.Append(dryRun ? "Would also remove " : "Also removed ").Line($"{Plural(result.LayersRemoved, "layer")} of sandboxes");
        }

        if (result.StraysRemoved > 0)
        {
            text.Append(dryRun ? "Would also remove " : "Also removed ").Line($"{Plural(result.StraysRemoved, "remain")} of processes that are gone, or long in quarantine");
        }

        if (roots.Removed > 0)
        {
            text.Append(dryRun ? "Would also remove " : "Also removed ").Line($"{Plural(roots.Removed, "kept root")} of failed steps: {Words.Bytes(roots.BytesBefore)} before, {Words.Bytes(roots.BytesAfter)} after");
        }

        if (result.IsOverQuota)
        {
            text.Line("Still over the quota: the rest is pinned, in use by a run, or was used in the last hours");
        }

        return new StoreReport(text, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("dry_run", dryRun);
            json.WriteNumber("quota_bytes", result.QuotaBytes);
            json.WriteNumber("before_bytes", result.BytesBefore);
            json.WriteNumber("after_bytes", result.BytesAfter);
            json.WriteNumber("blobs_removed", result.BlobsRemoved);
            json.WriteNumber("results_removed", result.EntriesRemoved);
            json.WriteNumber("layers_removed", result.LayersRemoved);
            json.WriteNumber("kept_roots_removed", roots.Removed);
            json.WriteNumber("strays_removed", result.StraysRemoved);
            json.WriteBoolean("over_quota", result.IsOverQuota);
            json.WriteEndObject();
        });
    }

    public static StoreReport Check(ContentStore store, CheckReport report, CommandServices services)
    {
        var text = new ByteText();
        var style = Style.OfOutput(services.Terminal);
        foreach (var finding in report.Findings)
        {
            var ink = finding.Outcome is FindingOutcome.Left or FindingOutcome.Reported ? Ink.Bad : Ink.Warning;
            style.Write(text, ink, Name(finding.Outcome).PadRight(12));
            text.Append(AnsiText.Clean(finding.Path)).Append(": ").Line(AnsiText.Clean(finding.Detail));
        }

        if (report.FindingsTotal > report.Findings.Length)
        {
            text.Line($"… and {Count(report.FindingsTotal - report.Findings.Length)} more");
        }

        text.Append("Read ").Append(Plural(report.BlobsChecked, "blob")).Append(" (").Append(Words.Bytes(report.BytesChecked)).Append(") and ").Append(Plural(report.EntriesChecked, "result"));
        if (report.LayersChecked > 0)
        {
            text.Append(", and ").Append(Plural(report.LayersChecked, "layer"));
        }

        text.Line($" in {store.Directory}: {(report.FindingsTotal == 0 ? "all is well" : $"{Plural(report.FindingsTotal, "problem")}{(report.IsSound ? ", none left" : "")}")}");
        return new StoreReport(text, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("sound", report.IsSound);
            json.WriteNumber("blobs", report.BlobsChecked);
            json.WriteNumber("bytes", report.BytesChecked);
            json.WriteNumber("results", report.EntriesChecked);
            json.WriteNumber("layers", report.LayersChecked);
            json.WriteNumber("problems", report.FindingsTotal);
            json.WriteStartArray("findings");
            foreach (var finding in report.Findings)
            {
                json.WriteStartObject();
                json.WriteString("kind", Name(finding.Kind));
                json.WriteString("path", finding.Path);
                json.WriteString("detail", finding.Detail);
                json.WriteString("outcome", Name(finding.Outcome));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public static StoreReport Pins(ImmutableArray<StorePin> pins)
    {
        var text = new ByteText();
        if (pins.IsEmpty)
        {
            text.Line("No pins yet; set one with `cairn store pin NAME WHAT`");
        }

        foreach (var pin in pins)
        {
            text.Line(pin.Blobs.IsEmpty && pin.Actions.IsEmpty
                ? $"{AnsiText.Clean(pin.Name)}  damaged: pin again what it kept"
                : $"{pin.Name}  {Plural(pin.Actions.Length, "result")}, {Plural(pin.Blobs.Length, "blob")}");
        }

        return new StoreReport(text, json =>
        {
            json.WriteStartArray();
            foreach (var pin in pins)
            {
                json.WriteStartObject();
                json.WriteString("name", pin.Name);
                WriteStrings(json, "actions", pin.Actions);
                WriteStrings(json, "blobs", [.. pin.Blobs.Select(blob => blob.ToString())]);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, ImmutableArray<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Plural(long number, string noun) => $"{Count(number)} {noun}{(number == 1 ? "" : "s")}";

    private static string Name(FindingOutcome outcome) => outcome switch
    {
        FindingOutcome.Reported => "found",
        FindingOutcome.Repaired => "repaired",
        FindingOutcome.Quarantined => "quarantined",
        FindingOutcome.Removed => "removed",
        _ => "left",
    };

    private static string Name(FindingKind kind) => kind switch
    {
        FindingKind.Damaged => "damaged",
        FindingKind.Misplaced => "misplaced",
        FindingKind.Double => "double",
        FindingKind.Mode => "mode",
        FindingKind.Foreign => "foreign",
        FindingKind.Stray => "stray",
        FindingKind.Unopenable => "unopenable",
        FindingKind.Incomplete => "incomplete",
        FindingKind.DamagedPin => "damaged-pin",
        FindingKind.MissingPinned => "missing-pinned",
        FindingKind.DamagedLayer => "damaged-layer",
        _ => "unreadable",
    };
}
