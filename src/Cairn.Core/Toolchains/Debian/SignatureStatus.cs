using System.Collections.Immutable;
using System.Globalization;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A signature as gpgv saw it.</summary>
/// <param name="PrimaryKey">The fingerprint of the primary key; empty where the key is not known.</param>
/// <param name="State"><c>GOODSIG</c>, <c>EXPKEYSIG</c>, <c>BADSIG</c> and so on.</param>
/// <param name="SignedAt">When it was made, by its own claim.</param>
/// <param name="KeyExpired">When the key expired; null where it has not.</param>
/// <param name="IsValid">Whether the mathematics are right.</param>
public sealed record Signature(string PrimaryKey, string State, DateTimeOffset SignedAt, DateTimeOffset? KeyExpired, bool IsValid);

/// <summary>
/// What <c>gpgv --status-fd</c> tells. Its exit status tells too little: it is 0 where all keys have expired and where text that nobody signed stands around what was signed.
/// </summary>
public static class SignatureStatus
{
    private const string Prefix = "[GNUPG:] ";

    // SHA-1, MD5 and RIPE-MD by their OpenPGP numbers.
    private static readonly string[] WeakHashes = ["1", "2", "3"];

    /// <summary>Reads the lines of the status. Throws <see cref="FormatException"/> for a signature whose line cannot be read.</summary>
    public static ImmutableArray<Signature> Read(string status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var signatures = ImmutableArray.CreateBuilder<Signature>();
        Signature? current = null;
        foreach (var line in status.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            var words = line[Prefix.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["NEWSIG", ..]:
                    End();
                    current = new Signature("", "", DateTimeOffset.MinValue, null, IsValid: false);
                    break;
                case ["GOODSIG" or "EXPSIG" or "EXPKEYSIG" or "REVKEYSIG" or "BADSIG" or "ERRSIG", ..]:
                    // Every verdict counts for itself: one that begins nothing new is never laid over the one before.
                    if (current is null || current.State.Length > 0)
                    {
                        End();
                        current = new Signature("", "", DateTimeOffset.MinValue, null, IsValid: false);
                    }

                    current = current with { State = words[0] };
                    break;
                case ["KEYEXPIRED", var expired, ..] when current is not null:
                    current = current with { KeyExpired = Time(expired) };
                    break;
                case ["VALIDSIG", _, _, var signed, _, _, _, _, var hash, _, var primary, ..] when current is not null:
                    current = current with { SignedAt = Time(signed), PrimaryKey = primary.ToUpperInvariant(), IsValid = Array.IndexOf(WeakHashes, hash) < 0 };
                    break;
                case ["VALIDSIG", ..]:
                    throw new FormatException($"gpgv said what cannot be read: `{line}`");
            }
        }

        End();
        return signatures.ToImmutable();

        void End()
        {
            if (current is not null)
            {
                signatures.Add(current);
            }

            current = null;
        }
    }

    /// <summary>The primary keys that signed well, sorted; with <paramref name="acceptExpired"/> also those that have expired since. None where any signature is bad.</summary>
    public static ImmutableArray<string> GoodKeys(ImmutableArray<Signature> signatures, bool acceptExpired)
    {
        var keys = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var signature in signatures)
        {
            if (signature.State is "BADSIG")
            {
                return [];
            }

            if (signature.IsValid && (signature.State is "GOODSIG" || (acceptExpired && signature is { State: "EXPKEYSIG", KeyExpired: { } expired } && signature.SignedAt < expired)))
            {
                keys.Add(signature.PrimaryKey);
            }
        }

        return [.. keys];
    }

    private static DateTimeOffset Time(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : DateTimeOffset.TryParseExact(text, "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : throw new FormatException($"gpgv gave the time `{text}`");
}
