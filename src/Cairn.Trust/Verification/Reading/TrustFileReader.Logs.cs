using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Notes;

namespace Cairn.Trust.Verification.Reading;

/// <content>Logs and witnesses. Their keys sign nothing else: a signature over one kind of text is none over another, and whoever steals one has only one.</content>
public sealed partial class TrustFileReader
{
    private const string LogKeyExample = "ci.example.com+1c1d9dd4+AZ…";
    private const string WitnessKeyExample = "witness.example.com/w1+8d66cf3f+BA…";

    private readonly List<TrustedLog> _logs = [];
    private readonly List<TrustedWitness> _witnesses = [];
    private readonly List<(NoteVerifier Key, SourceSpan Span)> _noteKeys = [];

    private void ReadLog(Node node)
    {
        if (node is not MappingNode mapping)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"A log is a mapping, but this is {node.KindName}", node.Span, $"For example `{{ origin: ci.example.com - 1, keys: [{LogKeyExample}] }}`");
            return;
        }

        string? origin = null;
        List<NoteVerifier>? keys = null;
        Uri? url = null;
        _binder.Members(
            mapping,
            "a log",
            new TrustMember("origin", "ci.example.com - 1", e => origin = _binder.Text(e, "the first line of its checkpoints", "ci.example.com - 1")),
            new TrustMember("keys", $"[{LogKeyExample}]", e => keys = ReadNoteKeys(e, LogKeyExample, isCosigner: false)),
            new TrustMember("url", "https://log.example.com/", e => url = ReadUrl(e, "https://log.example.com/")));
        var place = mapping.Entries.IsEmpty ? node.Span : mapping.Entries[0].Key.Span;
        if (origin is null || keys is null)
        {
            _binder.Error(DiagnosticCodes.TrustMissing, "A log needs `origin` and `keys`", place, "`cairn log checkpoint` shows both of a log of this machine");
            return;
        }

        if (_logs.Exists(log => log.Origin == origin))
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"The log `{origin}` stands here already", place, "Write all its keys in one entry");
            return;
        }

        _logs.Add(new TrustedLog(origin, [.. keys], url));
    }

    private void ReadWitness(Node node)
    {
        if (node is not MappingNode mapping)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"A witness is a mapping, but this is {node.KindName}", node.Span, $"For example `{{ key: {WitnessKeyExample} }}`");
            return;
        }

        List<NoteVerifier>? keys = null;
        Uri? url = null;
        _binder.Members(
            mapping,
            "a witness",
            new TrustMember("key", WitnessKeyExample, e => keys = ReadNoteKeys(e, WitnessKeyExample, isCosigner: true)),
            new TrustMember("url", "https://witness.example.com/", e => url = ReadUrl(e, "https://witness.example.com/")));
        if (keys is [var key])
        {
            _witnesses.Add(new TrustedWitness(key, url));
        }
        else if (keys is not [])
        {
            _binder.Error(DiagnosticCodes.TrustMissing, "A witness needs one `key`", mapping.Entries.IsEmpty ? node.Span : mapping.Entries[0].Key.Span, "`cairn witness key` shows that of this machine");
        }
    }

    private List<NoteVerifier> ReadNoteKeys(MappingEntry entry, string example, bool isCosigner)
    {
        var keys = new List<NoteVerifier>();
        foreach (var (text, span) in _binder.Texts(entry, "verifier keys", example))
        {
            var key = NoteVerifier.TryParse(text, out var problem);
            if (key is not null && (key.Algorithm == NoteAlgorithm.CosignatureV1) != isCosigner)
            {
                problem = isCosigner ? "it is not of the type of witnesses" : "it is of the type of witnesses";
                key = null;
            }

            if (key is null)
            {
                _binder.Error(DiagnosticCodes.TrustBadKey, $"This verifier key cannot be trusted: {problem}", span, $"For example `{example}`");
            }
            else
            {
                keys.Add(key);
                _noteKeys.Add((key, span));
            }
        }

        return keys;
    }

    private Uri? ReadUrl(MappingEntry entry, string example)
    {
        if (_binder.Text(entry, "an address", example) is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" && url is { Query: "", Fragment: "", UserInfo: "" })
        {
            return url;
        }

        _binder.Error(DiagnosticCodes.TrustBadValue, "This is no address of https:// or http://", entry.Value.Span, $"For example `{entry.Key.Text}: {example}`");
        return null;
    }

    private void CheckLogKeys()
    {
        for (var i = 0; i < _noteKeys.Count; i++)
        {
            var (key, span) = _noteKeys[i];
            if (key.Ed25519 is { } ed25519 && _placesById.TryGetValue(ed25519.Id, out var place))
            {
                SharedKey(span, "signs attestations too", place);
            }

            for (var k = 0; k < i; k++)
            {
                if (_noteKeys[k].Key.KeyBytes.AsSpan().SequenceEqual(key.KeyBytes.AsSpan()))
                {
                    SharedKey(span, "stands here already", _noteKeys[k].Span);
                    break;
                }
            }
        }
    }

    private void SharedKey(SourceSpan span, string what, SourceSpan other) =>
        _binder.Diagnostics.Add(new Diagnostic(DiagnosticCodes.TrustKeyTwice, DiagnosticSeverity.Error, $"This key {what}", span, "Signing keys, keys of logs and keys of witnesses are distinct, and each counts once")
        {
            Notes = [new DiagnosticNote("The same public key is here", other)],
        });
}
