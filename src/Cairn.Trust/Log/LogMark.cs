using System.Collections.Immutable;

using Cairn.Trust.Json;
using Cairn.Trust.Notes;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Log;

/// <summary>A leaf that a log writes about itself: how it began, that it changed its key, that it ended. Canonical JSON too.</summary>
/// <param name="Time">When.</param>
public abstract record LogMark(DateTimeOffset Time)
{
    private const string Version = "1";
    private const string GenesisKind = "cairn-log-genesis";
    private const string RotationKind = "cairn-log-rotation";
    private const string FreezeKind = "cairn-log-freeze";

    /// <summary>The leaf at 0.</summary>
    /// <param name="Time">When the log began.</param>
    /// <param name="Origin">Its origin.</param>
    /// <param name="Key">The key that signs its checkpoints.</param>
    /// <param name="Predecessor">The origin of the log whose place it takes; null for none.</param>
    public sealed record Genesis(DateTimeOffset Time, string Origin, NoteVerifier Key, string? Predecessor) : LogMark(Time);

    /// <summary>From here on another key signs.</summary>
    /// <param name="Time">When it was added.</param>
    /// <param name="Key">The new key.</param>
    /// <param name="Statement">The rotation statement, signed by the old key and the new one.</param>
    public sealed record Rotation(DateTimeOffset Time, NoteVerifier Key, ImmutableArray<byte> Statement) : LogMark(Time);

    /// <summary>The last leaf.</summary>
    /// <param name="Time">When the log ended.</param>
    /// <param name="SuccessorOrigin">The origin of the log that goes on; null for none.</param>
    /// <param name="SuccessorKey">The key of that; null for none.</param>
    public sealed record Freeze(DateTimeOffset Time, string? SuccessorOrigin, NoteVerifier? SuccessorKey) : LogMark(Time);

    /// <summary>The leaf's bytes.</summary>
    public byte[] Encode()
    {
        var spec = new JsonObjectBuilder();
        var kind = this switch
        {
            Genesis genesis => Genesis(genesis),
            Rotation rotation => Rotation(rotation),
            Freeze freeze => Freeze(freeze),
            _ => throw new InvalidOperationException("There is no other mark"),
        };
        return CanonicalJson.Write(new JsonObjectBuilder().Add("apiVersion", Version).Add("kind", kind).Add("spec", spec.Add("time", StatementTime.Milliseconds(Time)).Build()).Build());

        string Genesis(Genesis genesis)
        {
            spec.Add("origin", genesis.Origin).Add("key", genesis.Key.ToString()).Add("predecessor", genesis.Predecessor);
            return GenesisKind;
        }

        string Rotation(Rotation rotation)
        {
            spec.Add("key", rotation.Key.ToString()).Add("statement", Convert.ToBase64String(rotation.Statement.AsSpan()));
            return RotationKind;
        }

        string Freeze(Freeze freeze)
        {
            spec.Add("successor", freeze.SuccessorOrigin).Add("successorKey", freeze.SuccessorKey?.ToString());
            return FreezeKind;
        }
    }

    /// <summary>Reads a leaf; null where it is no mark in canonical form.</summary>
    public static LogMark? TryRead(ReadOnlySpan<byte> leaf)
    {
        if (!leaf.StartsWith("""{"apiVersion":"1","kind":"cairn-log-"""u8) || StrictJson.TryRead(leaf, out _) is not JsonValue.Object value || value["spec"] is not JsonValue.Object spec || StatementTime.TryReadMilliseconds(spec.TextOf("time")) is not { } time)
        {
            return null;
        }

        LogMark? mark = value.TextOf("kind") switch
        {
            GenesisKind when spec.TextOf("origin") is { } origin && Key("key") is { } key => new Genesis(time, origin, key, spec.TextOf("predecessor")),
            RotationKind when Key("key") is { } key && spec.TextOf("statement") is { } text && StrictBase64.TryRead(text) is { } statement => new Rotation(time, key, statement),
            FreezeKind => new Freeze(time, spec.TextOf("successor"), Key("successorKey")),
            _ => null,
        };
        return mark?.Encode().AsSpan().SequenceEqual(leaf) == true ? mark : null;

        NoteVerifier? Key(string name) => spec.TextOf(name) is { } text ? NoteVerifier.TryParse(text, out _) : null;
    }
}
