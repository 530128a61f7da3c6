using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Verification.Reading;

/// <content>Rotation statements, and what they make of the keys.</content>
public sealed partial class TrustFileReader
{
    private void ReadRotation(Node node)
    {
        if (node is not ScalarNode { Type: ScalarType.String } scalar)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"A rotation is a text, but this is {node.KindName}", node.Span, "For example `file:keys/anna.rotation.json`");
            return;
        }

        string? problem;
        KeyRotation? rotation = null;
        if (TrustFileReferences.PathOf(scalar.Text) is { } path)
        {
            if (Load(path, node.Span) is not { } content)
            {
                return;
            }

            rotation = KeyRotation.TryRead(content, out problem);
        }
        else
        {
            problem = "it is neither `file:PATH` nor canonical base64";
            rotation = StrictBase64.TryRead(scalar.Text) is { } bytes ? KeyRotation.TryRead(bytes.AsSpan(), out problem) : null;
        }

        if (rotation is null)
        {
            _binder.Error(DiagnosticCodes.TrustBadRotation, $"This rotation statement is not valid: {problem}", node.Span, "Ask for it again: `cairn keys rotate` writes it as `keys/NAME.rotation.json`");
            return;
        }

        _rotations.Add((rotation, node.Span));
    }

    /// <summary>Each new key takes over the roles of the old one, where it has none of its own. Statements may build on each other, in their order in the file.</summary>
    private void ApplyRotations()
    {
        foreach (var (rotation, span) in _rotations)
        {
            var at = _keys.FindIndex(key => key.Key.Equals(rotation.Old));
            if (at < 0)
            {
                _binder.Error(DiagnosticCodes.TrustBadRotation, $"This rotation statement is of the key `{rotation.Old.Id[..16]}…`, which is not among `keys`", span, "Add that key, or the statement that made it a trusted one before this; or trust the new key by itself");
                continue;
            }

            if (VoidRotation(_keys[at], rotation) is { } why)
            {
                _binder.Diagnostics.Warning(DiagnosticCodes.TrustVoidRotation, $"This rotation has no effect: the key `{_keys[at].Name}` {why}", span, "Trust the new key by itself if you know whose it is: `cairn keys trust FILE`");
                continue;
            }

            Succeed(at, rotation, span);
        }
    }

    /// <summary>Why the old key's word did not count when it was rotated; null where it did.</summary>
    private static string? VoidRotation(TrustedKey old, KeyRotation rotation) =>
        old.Revoked <= rotation.At ? "was revoked since before it"
        : old.Until <= rotation.At ? "was not valid any more"
        : old.From > rotation.At ? "was not valid yet"
        : null;

    private void Succeed(int at, KeyRotation rotation, SourceSpan span)
    {
        var old = _keys[at];
        var listed = _keys.FindIndex(key => key.Key.Equals(rotation.New));
        if (listed < 0 && _placesById.ContainsKey(rotation.New.Id))
        {
            // It stands among the keys with a mistake of its own.
            return;
        }

        var successor = listed >= 0 ? _keys[listed] : old with
        {
            Key = rotation.New,
            Name = FreeName(old, rotation.At),
            From = rotation.At,
            IsOwn = false,
            Revoked = null,
            RevokedFor = null,
            Signer = [],
        };
        if (successor.Lineage is not null && listed >= 0)
        {
            _binder.Error(DiagnosticCodes.TrustBadRotation, $"The key `{successor.Name}` took the place of another key already", span, "Remove one of the two statements: a key succeeds one other");
            return;
        }

        successor = successor with { Lineage = old.LineageOrId, Predecessors = [.. old.Predecessors, old.Name] };
        if (listed >= 0)
        {
            _keys[listed] = successor;
        }
        else
        {
            _placesById[rotation.New.Id] = _places[successor.Name] = span;
            _keys.Add(successor);
        }

        _keys[at] = old with { Until = old.Until < rotation.OldUntil ? old.Until : rotation.OldUntil };
    }

    /// <summary>The old key's name with the day of the rotation, which takes the place of that of an earlier one.</summary>
    private string FreeName(TrustedKey old, DateTimeOffset at)
    {
        var first = old.Name;
        foreach (var predecessor in old.Predecessors)
        {
            first = first.StartsWith($"{predecessor}-", StringComparison.Ordinal) ? predecessor : first;
        }

        var name = $"{first}-{at.UtcDateTime:yyyyMMdd}";
        var free = name;
        for (var i = 2; _places.ContainsKey(free); i++)
        {
            free = $"{name}-{i}";
        }

        return free;
    }
}
