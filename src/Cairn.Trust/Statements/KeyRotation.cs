using System.Collections.Immutable;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Statements;

/// <summary>That one key takes the place of another: an in-toto statement about the new key, signed by both.</summary>
/// <param name="Old">The key whose place is taken.</param>
/// <param name="New">The key that takes it.</param>
/// <param name="At">From when on the new one counts.</param>
/// <param name="OldUntil">Until when the old one counts.</param>
public sealed record KeyRotation(PublicKey Old, PublicKey New, DateTimeOffset At, DateTimeOffset OldUntil)
{
    /// <summary>What is said: its documented page.</summary>
    public const string PredicateType = "https://cairn.build/key-rotation/v1";

    /// <summary>The two are different keys, and their windows touch.</summary>
    private bool IsSound => !Old.Equals(New) && OldUntil >= At;

    /// <summary>Signs with both keys. Times count in whole seconds.</summary>
    public static Envelope Sign(ISigner old, ISigner next, DateTimeOffset at, DateTimeOffset oldUntil, string name)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        var rotation = new KeyRotation(old.PublicKey, next.PublicKey, at, oldUntil);
        if (!rotation.IsSound)
        {
            throw new ArgumentException("A key is rotated to another one, and not before that counts", nameof(next));
        }

        ImmutableArray<byte> payload = [.. rotation.ToStatement(name).ToJson()];
        var signed = Envelope.PreAuthentication(Envelope.InTotoType, payload.AsSpan());
        return new Envelope(Envelope.InTotoType, payload, [new EnvelopeSignature(old.PublicKey.Id, [.. old.Sign(signed)]), new EnvelopeSignature(next.PublicKey.Id, [.. next.Sign(signed)])]);
    }

    /// <summary>Reads an envelope: null, with the reason, where it is no rotation that both keys signed.</summary>
    public static KeyRotation? TryRead(ReadOnlySpan<byte> json, out string? problem)
    {
        if (json.Length > Limits.RotationBytesMax)
        {
            problem = $"it has more than {Limits.RotationBytesMax} bytes";
            return null;
        }

        if (Envelope.TryRead(json, out problem) is not { } envelope || Read(envelope, out problem) is not { } rotation)
        {
            return null;
        }

        problem = envelope.FindSignatureOf(rotation.Old) is null ? "the old key did not sign it" : envelope.FindSignatureOf(rotation.New) is null ? "the new key did not sign it" : null;
        return problem is null ? rotation : null;
    }

    private static KeyRotation? Read(Envelope envelope, out string? problem)
    {
        if (envelope.PayloadType != Envelope.InTotoType)
        {
            problem = $"its payload is no `{Envelope.InTotoType}`";
            return null;
        }

        if (Statement.TryRead(envelope.Payload.AsSpan(), out problem) is not { } statement)
        {
            return null;
        }

        if (statement.IsForeign || statement.PredicateType != PredicateType)
        {
            problem = $"it is no statement of the type `{PredicateType}`";
            return null;
        }

        if (KeyOf(statement.Predicate, "old", out problem) is not { } old || KeyOf(statement.Predicate, "new", out problem) is not { } next)
        {
            return null;
        }

        if (TimeOf(statement.Predicate, "rotatedAt") is not { } at || TimeOf(statement.Predicate, "oldValidUntil") is not { } until)
        {
            problem = $"`rotatedAt` or `oldValidUntil` is missing or no time as in `{StatementTime.Seconds(DateTimeOffset.UnixEpoch)}`";
            return null;
        }

        var rotation = new KeyRotation(old, next, at, until);
        problem = !rotation.IsSound ? "it rotates a key to itself, or ends the old one before the new one begins"
            : statement.Subjects is not [var subject] || subject.Sha256 != next.Id ? "its subject is not the new key"
            : null;
        return problem is null ? rotation : null;
    }

    private static PublicKey? KeyOf(JsonValue.Object predicate, string name, out string? problem)
    {
        if (predicate[name] is not JsonValue.Object member || member.TextOf("publicKey") is not { } text || StrictBase64.TryRead(text) is not { } spki)
        {
            problem = $"`{name}` has no `publicKey` in base64";
            return null;
        }

        if (PublicKey.TryCreateFromSpki(spki.AsSpan(), out problem) is not { } key)
        {
            problem = $"the key `{name}` cannot be used: {problem}";
            return null;
        }

        return key;
    }

    private static DateTimeOffset? TimeOf(JsonValue.Object predicate, string name) =>
        StatementTime.TryReadSeconds(predicate.TextOf(name));

    private Statement ToStatement(string name) => new(
        [new Subject(name, New.Id)],
        PredicateType,
        new JsonObjectBuilder()
            .Add("rotatedAt", StatementTime.Seconds(At))
            .Add("oldValidUntil", StatementTime.Seconds(OldUntil))
            .Add("old", Described(Old))
            .Add("new", Described(New))
            .Build());

    private static JsonValue.Object Described(PublicKey key) => new JsonObjectBuilder().Add("keyid", key.Id).Add("publicKey", Convert.ToBase64String(key.Spki.AsSpan())).Build();
}
