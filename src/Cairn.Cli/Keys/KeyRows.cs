using System.Text.Json;

using Cairn.Cli.Terminal;
using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Keys;
using Cairn.Trust.Verification;

namespace Cairn.Cli.Keys;

/// <summary>A key as people know it: what stands in the folder, and what the trust store says of it.</summary>
/// <param name="Name">Its name in the folder, or else in the trust store.</param>
/// <param name="Key">It.</param>
internal sealed record KeyRow(string Name, VerificationKey Key)
{
    /// <summary>How it stands in the folder, or null.</summary>
    public StoredKey? Stored { get; init; }

    /// <summary>What the trust store says of it, or null.</summary>
    public TrustedKey? Trusted { get; init; }

    /// <summary>Whether it signs the runs on this machine.</summary>
    public bool Signs { get; init; }

    /// <summary>Where its private part is.</summary>
    public string Private => Stored is { IsPrivateHere: true } ? Stored.IsEncrypted ? "encrypted" : "here" : Trusted is { Signer.IsEmpty: false } ? "command" : "elsewhere";
}

/// <summary>All keys that a user has or believes, and how they are shown.</summary>
internal static class KeyRows
{
    private const int ShortIdCharacters = 16;

    /// <summary>Collects them, sorted by name. Throws <see cref="KeyFileException"/>.</summary>
    public static List<KeyRow> Of(KeyFolder folder, LoadedTrust trust)
    {
        var rows = new List<KeyRow>();
        var listed = trust.File?.Store.Keys ?? [];
        foreach (var name in folder.Names())
        {
            if (folder.Find(name) is { } stored)
            {
                rows.Add(new KeyRow(name, stored.PublicKey) { Stored = stored, Trusted = listed.FirstOrDefault(key => key.Key.Equals(stored.PublicKey)), Signs = string.Equals(name, trust.Signer, StringComparison.Ordinal) });
            }
        }

        foreach (var key in listed)
        {
            if (!rows.Exists(row => row.Key.Equals(key.Key)))
            {
                rows.Add(new KeyRow(key.Name, key.Key) { Trusted = key, Signs = !key.Signer.IsEmpty && string.Equals(key.Name, trust.Signer, StringComparison.Ordinal) });
            }
        }

        rows.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return rows;
    }

    /// <summary>The row that a name or the beginning of an id means; null where none or several do.</summary>
    public static KeyRow? Find(List<KeyRow> rows, string nameOrId)
    {
        var byName = rows.Find(row => string.Equals(row.Name, nameOrId, StringComparison.Ordinal)) ?? rows.Find(row => string.Equals(row.Trusted?.Name, nameOrId, StringComparison.Ordinal));
        if (byName is not null || nameOrId.Length < Trust.Limits.KeyIdCharactersMin)
        {
            return byName;
        }

        var byId = rows.FindAll(row => row.Key.Id.StartsWith(nameOrId, StringComparison.Ordinal));
        return byId is [var only] ? only : null;
    }

    /// <summary>The table of <c>cairn keys list</c>.</summary>
    public static ByteText Table(List<KeyRow> rows, Style style, DateTimeOffset now)
    {
        var text = new ByteText();
        if (rows.Count == 0)
        {
            return text.Line("No keys yet; the first run makes one, or `cairn keys generate NAME`");
        }

        // Mostly all are of one algorithm, of which nobody need read.
        var isMixed = rows.Exists(static row => row.Key is not PublicKey);
        var table = new Table("NAME", "ID", "ALGORITHM", "PRIVATE", "", "TIER", "OWNER", "VALIDITY");
        foreach (var row in rows)
        {
            table.Add(
                (row.Name, Ink.Bold),
                (row.Key.Id[..ShortIdCharacters], Ink.Dim),
                (isMixed ? row.Key.Algorithm : "", Ink.Plain),
                (row.Private, Ink.Plain),
                (row.Signs ? "signs" : "", Ink.Accent),
                (TierOf(row), row.Trusted is null && !row.Signs ? Ink.Dim : Ink.Plain),
                (row.Trusted?.Owner ?? "", Ink.Plain),
                Validity(row, now));
        }

        table.AppendTo(text, style, indent: 0);
        return text;
    }

    /// <summary>What <c>cairn keys show</c> says.</summary>
    public static ByteText Detail(KeyRow row, KeyFolder folder, Style style, DateTimeOffset now)
    {
        var text = new ByteText();
        Line("name", row.Name);
        Line("id", row.Key.Id);
        Line("algorithm", row.Key.Algorithm);
        Line("public", Convert.ToBase64String(row.Key.Spki.AsSpan()));
        Line("private", row.Private switch
        {
            "here" => folder.PathOf(row.Name),
            "encrypted" => $"{folder.PathOf(row.Name)}, encrypted",
            "command" => string.Join(' ', row.Trusted!.Signer),
            var word => word,
        });
        Line("signs", row.Signs ? "the runs on this machine" : row.Key is PublicKey ? "nothing on this machine" : "nothing on this machine: Cairn signs with Ed25519");
        if (row.Trusted is { } trusted)
        {
            Line("trusted as", trusted.Name == row.Name ? null : trusted.Name);
            Line("owner", trusted.Owner);
            Line("builders", Joined(trusted.Builders));
            Line("projects", Joined(trusted.Projects.Select(static p => p.Text)));
            Line("pipelines", Joined(trusted.Pipelines.Select(static p => p.Text)));
            Line("steps", Joined(trusted.Steps.Select(static p => p.Text)));
            Line("follows", Joined(trusted.Predecessors));
        }

        Line("tier", TierOf(row));
        Line("validity", Validity(row, now).Text);
        return text.Append(KeyPem.WritePublic(row.Key));

        void Line(string label, string? value)
        {
            if (value is { Length: > 0 })
            {
                style.Write(text, Ink.Dim, label.PadRight(11)).Append(AnsiText.Clean(value)).Line();
            }
        }
    }

    /// <summary>One key for programs.</summary>
    public static void Write(Utf8JsonWriter json, KeyRow row, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("name", row.Name);
        json.WriteString("id", row.Key.Id);
        json.WriteString("algorithm", row.Key.Algorithm);
        json.WriteString("public", Convert.ToBase64String(row.Key.Spki.AsSpan()));
        json.WriteString("private", row.Private);
        json.WriteBoolean("signs", row.Signs);
        if (row.Trusted is { } trusted)
        {
            json.WriteStartObject("trusted");
            json.WriteString("name", trusted.Name);
            json.WriteString("tier", TierWords.Of(trusted.Tier));
            json.WriteBoolean("own", trusted.IsOwn || (row.Signs && !trusted.IsShared));
            Text("owner", trusted.Owner);
            Texts("builders", trusted.Builders);
            Texts("projects", trusted.Projects.Select(static p => p.Text));
            Texts("pipelines", trusted.Pipelines.Select(static p => p.Text));
            Texts("steps", trusted.Steps.Select(static p => p.Text));
            Texts("signer", trusted.Signer);
            Texts("follows", trusted.Predecessors);
            Time("from", trusted.From);
            Time("until", trusted.Until);
            Time("revoked", trusted.Revoked);
            Text("revoked_for", trusted.RevokedFor);
            json.WriteEndObject();
            Text("problem", trusted.ProblemAt(now));
        }

        json.WriteEndObject();

        void Text(string name, string? value)
        {
            if (value is not null)
            {
                json.WriteString(name, value);
            }
        }

        void Time(string name, DateTimeOffset? value)
        {
            if (value is { } time)
            {
                json.WriteString(name, time.UtcDateTime);
            }
        }

        void Texts(string name, IEnumerable<string> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }
    }

    private static string Joined(IEnumerable<string> values) => string.Join(", ", values);

    private static string TierOf(KeyRow row) => row.Trusted is { } trusted ? TierWords.Of(trusted.Tier) : row.Signs ? TierWords.Of(Tier.Branch) : "not trusted";

    private static (string Text, Ink Ink) Validity(KeyRow row, DateTimeOffset now)
    {
        if (row.Trusted is not { } key)
        {
            return ("", Ink.Plain);
        }

        return key.Revoked is { } revoked ? ($"revoked since {Day(revoked)}{(key.RevokedFor is { } reason ? $": {reason}" : "")}", Ink.Bad)
            : key.Until <= now ? ($"ended {Day(key.Until.Value)}", Ink.Warning)
            : key.From > now ? ($"begins {Day(key.From.Value)}", Ink.Warning)
            : key.Until is { } until ? ($"until {Day(until)}", Ink.Plain)
            : ("", Ink.Plain);
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.TimeOfDay == TimeSpan.Zero ? $"{time.UtcDateTime:yyyy-MM-dd}" : $"{time.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
}
