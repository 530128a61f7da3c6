using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Verification;

/// <summary>All keys with which Cairn signs that are trusted for something. It never comes from what is verified, nor from the sources under test.</summary>
public sealed class TrustSet
{
    private readonly Dictionary<string, TrustedKey> _byId = new(StringComparer.Ordinal);

    /// <summary>Of these keys. Throws <see cref="ArgumentException"/> where one stands twice.</summary>
    public TrustSet(ImmutableArray<TrustedKey> keys)
    {
        Keys = keys;
        var text = new StringBuilder("cairn trust 1\n");
        foreach (var key in keys)
        {
            _byId.Add(key.Key.Id, key);
            text.Append(CultureInfo.InvariantCulture, $"{key.Key.Id} {key.IsOwn} {key.Tier} {key.From:O} {key.Until:O} {key.Revoked:O} {Convert.ToBase64String(Encoding.UTF8.GetBytes(key.Owner ?? ""))}");
            foreach (var builder in key.Builders)
            {
                text.Append(' ').Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(builder)));
            }

            text.Append('\n');
        }

        Fingerprint = Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hash;
    }

    /// <summary>The keys.</summary>
    public ImmutableArray<TrustedKey> Keys { get; }

    /// <summary>What verdicts depend on: two sets with the same one decide alike at the same time.</summary>
    public string Fingerprint { get; }

    /// <summary>The next moment at which a key begins or ceases to count; null for never.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        foreach (var key in Keys)
        {
            foreach (var moment in (ReadOnlySpan<DateTimeOffset?>)[key.From, key.Until])
            {
                if (moment > now && (next is null || moment < next))
                {
                    next = moment;
                }
            }
        }

        return next;
    }

    /// <summary>What a public key is trusted for, or null.</summary>
    public TrustedKey? Find(PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _byId.GetValueOrDefault(key.Id);
    }

    /// <summary>The trusted key that signed an envelope; null, with the reason, where none did.</summary>
    public TrustedKey? FindSigner(Envelope envelope, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        problem = null;
        foreach (var signature in envelope.Signatures)
        {
            // The hint saves trying them all; without one they are few.
            if (_byId.TryGetValue(signature.KeyId, out var named))
            {
                if (envelope.FindSignatureOf(named.Key) is not null)
                {
                    return named;
                }

                problem = $"its signature is not that of the key `{named.Name}` which it names";
            }
        }

        foreach (var key in Keys)
        {
            if (envelope.FindSignatureOf(key.Key) is not null)
            {
                problem = null;
                return key;
            }
        }

        problem ??= envelope.Signatures is [{ KeyId: { Length: > 0 } id }] ? $"its key {Short(id)} is not trusted" : "no trusted key signed it";
        return null;
    }

    private static string Short(string id) => id.Length == 64 && id.All(char.IsAsciiHexDigit) ? $"`{id[..16]}…`" : "";
}
