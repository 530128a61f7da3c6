using System.Globalization;

using Cairn.Cli.Terminal;
using Cairn.Engine.Log.Monitoring;
using Cairn.Trust.Json;
using Cairn.Trust.Notes;

namespace Cairn.Cli.Logs;

/// <summary>What a monitor has to say, for people and for programs.</summary>
internal static class MonitorText
{
    private const int ShownHashCharacters = 16;

    /// <summary>Whether a finding is news where the same log is looked at again and again.</summary>
    public static bool IsWorthTelling(MonitorFinding finding, HashSet<string> told) => finding switch
    {
        MonitorFinding.Followed followed => followed.Added > 0,
        MonitorFinding.Broke broke => told.Add($"{broke.Place}\n{broke.Breach.Message}"),
        MonitorFinding.Unreachable unreachable => told.Add($"{unreachable.Place}\n{unreachable.Problem}"),
        _ => true,
    };

    public static void Append(ByteText text, MonitorFinding finding, DateTimeOffset now, bool json, Style style)
    {
        if (json)
        {
            text.Append(CanonicalJson.Write(Json(finding, now))).Line();
            return;
        }

        var (ink, word, line) = finding switch
        {
            MonitorFinding.Followed f => (Ink.Good, "ok", string.Create(CultureInfo.InvariantCulture, $"{f.Place}: {f.Checkpoint.Size} entries, {f.Added} new, all there and unchanged")),
            MonitorFinding.Broke b => (Ink.Bad, WordOf(b), $"{b.Breach.Message}{(b.Breach.Evidence is { } path ? $"; both checkpoints are in {path}" : "")}"),
            MonitorFinding.Unreachable u => (Ink.Warning, "unreachable", u.Problem),
            MonitorFinding.Watched w => (Ink.Accent, "watched", string.Create(CultureInfo.InvariantCulture, $"{w.Place}: entry {w.Index} has {w.Watch}: attestation {Short(w.Attestation)}, key {Short(w.KeyId)}")),
            MonitorFinding.Differs d => (Ink.Bad, "not reproducible", string.Create(CultureInfo.InvariantCulture, $"{d.Place}: action {Short(d.Action)} made {Short(d.Outputs)} by entry {d.Index}, and {Short(d.Before.Outputs)} by entry {d.Before.Index} of {d.Before.Log}")),
            _ => throw new InvalidOperationException("There is no other finding"),
        };
        style.Write(text, ink, word).Append(": ").Append(AnsiText.Clean(line)).Line();
    }

    private static string WordOf(MonitorFinding.Broke broke) => broke.Breach.Breach.ToString().ToLowerInvariant();

    private static string Short(string hash) => hash.Length > ShownHashCharacters ? hash[..ShownHashCharacters] + "…" : hash;

    private static JsonValue.Object Json(MonitorFinding finding, DateTimeOffset now)
    {
        var json = new JsonObjectBuilder().Add("version", 1).Add("time", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Add("log", finding.Place).Add("alarm", new JsonValue.Flag(finding.IsAlarm));
        _ = finding switch
        {
            MonitorFinding.Followed f => json.Add("finding", "followed").Add("origin", f.Checkpoint.Origin).Add("size", f.Checkpoint.Size).Add("added", f.Added).Add("root", Convert.ToBase64String(f.Checkpoint.Root.AsSpan())),
            MonitorFinding.Broke b => json.Add("finding", WordOf(b)).Add("message", b.Breach.Message).Add("known", Text(b.Breach.Known)).Add("seen", Text(b.Breach.Seen)).Add("evidence", b.Breach.Evidence),
            MonitorFinding.Unreachable u => json.Add("finding", "unreachable").Add("message", u.Problem),
            MonitorFinding.Watched w => json.Add("finding", "watched").Add("index", w.Index).Add("attestation", w.Attestation).Add("key", w.KeyId).Add("watch", w.Watch.ToString()),
            MonitorFinding.Differs d => json.Add("finding", "not_reproducible").Add("index", d.Index).Add("action", d.Action).Add("outputs", d.Outputs)
                .Add("before", new JsonObjectBuilder().Add("log", d.Before.Log).Add("index", d.Before.Index).Add("outputs", d.Before.Outputs).Build()),
            _ => json,
        };
        return json.Build();

        static string? Text(SignedNote? note) => note?.ToString();
    }
}
