using System.Collections.Immutable;
using System.Globalization;

using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Notes;

namespace Cairn.Trust.Envelopes;

/// <summary>A log of a trusted root.</summary>
/// <param name="Key">Its key, under the name that its checkpoints are signed with.</param>
/// <param name="Since">Since when it is to be believed.</param>
/// <param name="Until">Until when; null for now and later.</param>
public sealed record RootLog(NoteVerifier Key, DateTimeOffset Since, DateTimeOffset? Until);

/// <summary>
/// What a Sigstore trusted root (<c>application/vnd.dev.sigstore.trustedroot+json</c>, versions 0.1 and 0.2) says of transparency logs. Whom else it names, authorities of certificates and of times, is counted and not read:
/// keys are believed here, and not certificates.
/// </summary>
public sealed record SigstoreTrustedRoot
{
    private const string MediaTypeHead = "application/vnd.dev.sigstore.trustedroot";
    private const string Https = "https://";
    private const int LogsMax = 100;

    /// <summary>Its logs.</summary>
    public required ImmutableArray<RootLog> Logs { get; init; }

    /// <summary>Logs whose keys cannot be used, with the reason.</summary>
    public ImmutableArray<(string Name, string Problem)> Refused { get; init; } = [];

    /// <summary>How many authorities of certificates, logs of certificates and authorities of times it names.</summary>
    public int Others { get; init; }

    /// <summary>Reads one; null, with the reason, where it is none.</summary>
    public static SigstoreTrustedRoot? TryRead(ReadOnlySpan<byte> content, out string? problem)
    {
        if (StrictJson.TryRead(content, out problem) is not { } value)
        {
            return null;
        }

        if (value is not JsonValue.Object root || root.TextOf("mediaType") is not (MediaTypeHead + "+json;version=0.1" or MediaTypeHead + "+json;version=0.2" or MediaTypeHead + ".v0.2+json"))
        {
            problem = "its `mediaType` is not that of a trusted root of version 0.1 or 0.2";
            return null;
        }

        if (root["tlogs"] is not JsonValue.List { Items.Length: > 0 and <= LogsMax } logs)
        {
            problem = $"it has no `tlogs`, or more than {LogsMax}";
            return null;
        }

        var read = ImmutableArray.CreateBuilder<RootLog>();
        var refused = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var item in logs.Items)
        {
            var log = item as JsonValue.Object;
            var name = log?.TextOf("baseUrl") is { } url && url.StartsWith(Https, StringComparison.Ordinal) ? url[Https.Length..].TrimEnd('/') : null;
            if (name is null || !NoteSignature.IsName(name))
            {
                problem = "a log of it has no `baseUrl` that begins with https://";
                return null;
            }

            if (ReadLog(name, log!["publicKey"] as JsonValue.Object, out var refusal) is { } known)
            {
                read.Add(known);
            }
            else
            {
                refused.Add((name, refusal!));
            }
        }

        problem = null;
        var others = 0;
        foreach (var kind in (ReadOnlySpan<string>)["certificateAuthorities", "ctlogs", "timestampAuthorities"])
        {
            others += root[kind] is JsonValue.List list ? list.Items.Length : 0;
        }

        return new SigstoreTrustedRoot { Logs = read.DrainToImmutable(), Refused = refused.DrainToImmutable(), Others = others };
    }

    private static RootLog? ReadLog(string name, JsonValue.Object? key, out string? problem)
    {
        var validity = key?["validFor"] as JsonValue.Object;
        if (key?.TextOf("rawBytes") is not { } raw || StrictBase64.TryRead(raw) is not { Length: > 0 } spki || TimeOf(validity, "start") is not { } since || (validity!["end"] is not null && TimeOf(validity, "end") is null))
        {
            problem = "its key has no `rawBytes` in canonical base64, or no `validFor` with times";
            return null;
        }

        NoteVerifier? verifier = null;
        switch (key.TextOf("keyDetails"))
        {
            case "PKIX_ECDSA_P256_SHA_256":
                verifier = P256Key.TryReadSpki(spki.AsSpan(), out problem) is { } p256 ? NoteVerifier.Of(name, p256) : null;
                break;
            case "PKIX_ED25519":
                verifier = PublicKey.TryCreateFromSpki(spki.AsSpan(), out problem) is { } ed25519 ? NoteVerifier.Of(name, ed25519) : null;
                break;
            case var other:
                problem = $"its key is of the kind `{other}`, which signs no checkpoints here";
                break;
        }

        return verifier is null ? null : new RootLog(verifier, since, TimeOf(validity!, "end"));
    }

    private static DateTimeOffset? TimeOf(JsonValue.Object? validity, string name) =>
        DateTimeOffset.TryParse(validity?.TextOf(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
