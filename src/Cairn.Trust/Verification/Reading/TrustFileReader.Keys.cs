using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Verification.Reading;

/// <content>The keys with their roles.</content>
public sealed partial class TrustFileReader
{
    private void ReadKeys(MappingEntry entry)
    {
        if (entry.Value is ScalarNode { Type: ScalarType.Null })
        {
            return;
        }

        if (_binder.Mapping(entry, "{ anna: { public: … } }") is not { } keys)
        {
            return;
        }

        if (keys.Entries.Length > Limits.TrustedKeysMax)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"A trust store has at most {Limits.TrustedKeysMax} keys", entry.Key.Span);
            return;
        }

        foreach (var key in keys.Entries)
        {
            ReadKey(key);
        }
    }

    private void ReadKey(MappingEntry entry)
    {
        var name = entry.Key.Text;
        if (!KeyNames.IsName(name))
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"`{name}` cannot be the name of a key", entry.Key.Span, KeyNames.Rule);
        }

        // A broken key still declares its name, so that one mistake does not make ten.
        _places[name] = entry.Key.Span;
        if (_binder.Mapping(entry, $"{{ public: {PublicExample} }}") is not { } mapping)
        {
            return;
        }

        VerificationKey? publicKey = null;
        var hasPublic = false;
        var (from, until) = (default(MappingEntry), default(MappingEntry));
        var key = new TrustedKey { Key = null!, Name = name };
        _binder.Members(
            mapping,
            "a key",
            new TrustMember("public", PublicExample, e => (hasPublic, publicKey) = (true, ReadPublic(e))),
            new TrustMember("owner", "anna", e => key = key with { Owner = _binder.Text(e, "a name", "anna") }),
            new TrustMember("tier", "branch", e => key = key with { Tier = ReadTier(e) ?? key.Tier }),
            new TrustMember("builders", BuilderExample, e => key = key with { Builders = ReadBuilders(e) }),
            new TrustMember("projects", "[web]", e => key = key with { Projects = _binder.Patterns(e, "[web, \"tools/**\"]") }),
            new TrustMember("pipelines", "[release]", e => key = key with { Pipelines = _binder.Patterns(e, "[release]") }),
            new TrustMember("steps", "[\"test*\"]", e => key = key with { Steps = _binder.Patterns(e, "[build, \"test*\"]") }),
            new TrustMember("from", "2026-11-21", e => (from, key) = (e, key with { From = _binder.Time(e) })),
            new TrustMember("until", "2027-11-21", e => (until, key) = (e, key with { Until = _binder.Time(e) })),
            new TrustMember("revoked", "2026-11-21", e => key = ReadRevocation(e, key)),
            new TrustMember("own", "true", e => key = _binder.Flag(e) is { } own ? key with { IsOwn = own, IsShared = !own } : key),
            new TrustMember("signer", "[command, argument]", e => key = key with { Signer = ReadSigner(e) }));
        if (!hasPublic)
        {
            _binder.Error(DiagnosticCodes.TrustMissing, $"The key `{name}` needs `public`", entry.Key.Span, $"Add `public: {PublicExample}`, the public key in base64 or as PEM, or `public: file:keys/{name}.pub`");
        }

        if (key is { From: { } first, Until: { } last } && first >= last)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"The key `{name}` would never be valid: `until` is not after `from`", until.Value.Span, "Write the later time as `until`");
        }

        if (publicKey is null)
        {
            return;
        }

        if (_placesById.TryGetValue(publicKey.Id, out var other))
        {
            _binder.Diagnostics.Add(new Diagnostic(DiagnosticCodes.TrustKeyTwice, DiagnosticSeverity.Error, $"The key `{name}` stands here already under another name", entry.Key.Span, "Remove one of them: a key has one set of roles, and counts once")
            {
                Notes = [new DiagnosticNote("The same public key is here", other)],
            });
            return;
        }

        if (publicKey is not PublicKey && (key.IsOwn || !key.Signer.IsEmpty))
        {
            _binder.Error(DiagnosticCodes.TrustBadKey, $"The key `{name}` is {publicKey.Algorithm}, and nothing on this machine signs with it: Cairn signs with Ed25519", entry.Key.Span, "Take `own` and `signer` out: what others signed with it is verified by it");
        }

        _placesById[publicKey.Id] = entry.Key.Span;
        _keys.Add(key with { Key = publicKey });
    }

    private VerificationKey? ReadPublic(MappingEntry entry)
    {
        if (_binder.Text(entry, "a public key", PublicExample) is not { } text)
        {
            return null;
        }

        if (TrustFileReferences.PathOf(text) is { } path)
        {
            if (Load(path, entry.Value.Span) is not { } bytes)
            {
                return null;
            }

            text = Encoding.UTF8.GetString(bytes);
        }

        try
        {
            return KeyPem.ReadVerificationText(text);
        }
        catch (KeyFormatException exception)
        {
            _binder.Error(DiagnosticCodes.TrustBadKey, $"This public key cannot be used: {exception.Message}", entry.Value.Span, "`cairn keys show NAME` prints one as it is written here");
            return null;
        }
    }

    private Tier? ReadTier(MappingEntry entry)
    {
        if (_binder.Text(entry, "a tier", "branch") is not { } word)
        {
            return null;
        }

        if (TierWords.TryRead(word) is { } tier)
        {
            return tier;
        }

        var nearest = Suggestions.Nearest(word, TierWords.Words);
        _binder.Error(DiagnosticCodes.TrustBadValue, $"There is no tier `{word}`", entry.Value.Span, nearest is null ? $"From low to high: `{string.Join("`, `", TierWords.Words)}`" : $"Did you mean `{nearest}`?");
        return null;
    }

    private ImmutableArray<string> ReadBuilders(MappingEntry entry)
    {
        var builders = ImmutableArray.CreateBuilder<string>();
        foreach (var (text, span) in _binder.Texts(entry, "URIs of builders", BuilderExample))
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out _))
            {
                builders.Add(text);
            }
            else
            {
                _binder.Error(DiagnosticCodes.TrustBadValue, $"`{text}` is no URI, and builders are named by one", span, $"For example `builders: {BuilderExample}`");
            }
        }

        return builders.DrainToImmutable();
    }

    private TrustedKey ReadRevocation(MappingEntry entry, TrustedKey key)
    {
        if (entry.Value is not MappingNode mapping)
        {
            return _binder.Time(entry) is { } time ? key with { Revoked = time } : key;
        }

        DateTimeOffset? since = null;
        string? reason = null;
        var hasSince = false;
        _binder.Members(
            mapping,
            "a revocation",
            new TrustMember("since", "2026-11-21", e => (hasSince, since) = (true, _binder.Time(e))),
            new TrustMember("reason", "the laptop was stolen", e => reason = _binder.Text(e, "a text", "the laptop was stolen")));
        if (!hasSince)
        {
            _binder.Error(DiagnosticCodes.TrustMissing, "A revocation needs `since`", entry.Key.Span, "Add `since: 2026-11-21`, the first day on which somebody else may have had the key");
        }

        return key with { Revoked = since, RevokedFor = reason };
    }

    private ImmutableArray<string> ReadSigner(MappingEntry entry)
    {
        var command = _binder.Texts(entry, "a command as a list", "[pkcs11-sign, --slot, \"0\"]");
        if (!command.IsEmpty && command[0].Text[0] != '/' && command[0].Text.Contains('/', StringComparison.Ordinal))
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"`{command[0].Text}` is a path that depends on where Cairn is started", command[0].Span, "Write the name of a program in `PATH`, or an absolute path");
        }

        return [.. command.Select(static part => part.Text)];
    }
}
