using System.Collections.Immutable;
using System.Text;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;

namespace Cairn.Engine.Log;

/// <summary>Envelopes that are sent to a log, and the key that signed each of them: a log that did not check that would take anything for anybody's.</summary>
/// <param name="Key">The key.</param>
/// <param name="Envelopes">Envelopes with one signature each.</param>
public sealed record AppendSubmission(PublicKey Key, ImmutableArray<Envelope> Envelopes)
{
    /// <summary>The media type of it and of the answer.</summary>
    public const string MediaType = "application/json";

    /// <summary>Envelopes at once.</summary>
    public const int EnvelopesMax = 1_000;

    /// <summary>Bytes of it.</summary>
    public const int BytesMax = 16 << 20;

    /// <summary>The leaves that they become.</summary>
    public IEnumerable<LogEntry> Entries
    {
        get
        {
            foreach (var envelope in Envelopes)
            {
                yield return LogEntry.TryMake(envelope, Key, out var problem) ?? throw new InvalidOperationException(problem);
            }
        }
    }

    /// <summary>As it is sent.</summary>
    public byte[] ToJson()
    {
        var envelopes = ImmutableArray.CreateBuilder<JsonValue>(Envelopes.Length);
        foreach (var envelope in Envelopes)
        {
            envelopes.Add(StrictJson.TryRead(envelope.ToJson(), out _)!);
        }

        return CanonicalJson.Write(new JsonObjectBuilder().Add("envelopes", new JsonValue.List(envelopes.MoveToImmutable())).Add("publicKey", KeyPem.WritePublic(Key)).Build());
    }

    /// <summary>Reads one; null where it is refused, with the reason. The signatures are right then.</summary>
    public static AppendSubmission? TryRead(ReadOnlySpan<byte> json, out string? problem)
    {
        if (StrictJson.TryRead(json, out problem) is not { } value)
        {
            return null;
        }

        if (value is not JsonValue.Object submission || submission.TextOf("publicKey") is not { } pem || submission["envelopes"] is not JsonValue.List { Items.Length: > 0 and <= EnvelopesMax } list)
        {
            problem = $"they are {{\"publicKey\": PEM, \"envelopes\": [1 to {EnvelopesMax} envelopes]}}";
            return null;
        }

        PublicKey key;
        try
        {
            key = KeyPem.ReadPublic(pem);
        }
        catch (KeyFormatException exception)
        {
            problem = $"their key cannot be used: {exception.Message}";
            return null;
        }

        var envelopes = ImmutableArray.CreateBuilder<Envelope>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (Envelope.TryRead(item, out problem) is not { } envelope || LogEntry.TryMake(envelope, key, out problem) is null)
            {
                problem = $"envelope {envelopes.Count + 1} of them is refused: {problem}";
                return null;
            }

            envelopes.Add(envelope);
        }

        problem = null;
        return new AppendSubmission(key, envelopes.MoveToImmutable());
    }
}

/// <summary>What a log answers: where each of the entries stands, and a checkpoint that has them all.</summary>
/// <param name="Indices">The indices, in the order of the envelopes.</param>
/// <param name="Checkpoint">The note.</param>
public sealed record AppendedEntries(ImmutableArray<long> Indices, ImmutableArray<byte> Checkpoint)
{
    /// <summary>As it is sent.</summary>
    public byte[] ToJson() => CanonicalJson.Write(new JsonObjectBuilder()
        .Add("checkpoint", Encoding.UTF8.GetString(Checkpoint.AsSpan()))
        .Add("indices", new JsonValue.List([.. Indices.Select(static i => new JsonValue.Number(i))]))
        .Build());

    /// <summary>Reads one; null where it is none.</summary>
    public static AppendedEntries? TryRead(ReadOnlySpan<byte> json) =>
        StrictJson.TryRead(json, out _) is JsonValue.Object answer && answer.TextOf("checkpoint") is { } note && answer["indices"] is JsonValue.List list && list.Items.All(static i => i is JsonValue.Number { Value: >= 0 })
            ? new AppendedEntries([.. list.Items.Select(static i => ((JsonValue.Number)i).Value)], [.. Encoding.UTF8.GetBytes(note)])
            : null;
}
