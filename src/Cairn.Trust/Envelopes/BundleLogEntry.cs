using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Json;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Envelopes;

/// <summary>An entry of a log in a Sigstore bundle, with what is to prove it. It is bound to what the bundle has signed, or the bundle would have been refused.</summary>
public sealed record BundleLogEntry
{
    /// <summary>The entry: the leaf's bytes.</summary>
    public required ImmutableArray<byte> Body { get; init; }

    /// <summary>Where the log says that it stands; of logs in parts, over all of them.</summary>
    public required long Index { get; init; }

    /// <summary>Which key the log signs with: the SHA-256 of its <c>SubjectPublicKeyInfo</c>.</summary>
    public ImmutableArray<byte> LogId { get; init; } = [];

    /// <summary>When the log says that it took the entry, in seconds of Unix time; null where it says nothing.</summary>
    public long? IntegratedTime { get; init; }

    /// <summary>The log's signature over index, time and entry; empty where there is none.</summary>
    public ImmutableArray<byte> Promise { get; init; } = [];

    /// <summary>The way to the root; null where there is none.</summary>
    public InclusionProof? Inclusion { get; init; }

    /// <summary>The root that the way is said to lead to.</summary>
    public MerkleHash Root { get; init; }

    /// <summary>The signed checkpoint; null where there is none.</summary>
    public SignedNote? Checkpoint { get; init; }

    /// <summary>What a promise (<c>signedEntryTimestamp</c>) is over: canonical JSON.</summary>
    public static byte[] PromiseMessage(ReadOnlySpan<byte> body, long integratedTime, ReadOnlySpan<byte> logId, long index) => CanonicalJson.Write(new JsonObjectBuilder()
        .Add("body", Convert.ToBase64String(body))
        .Add("integratedTime", integratedTime)
        .Add("logID", Hex.Lower(logId))
        .Add("logIndex", index)
        .Build());

    /// <summary>Holds it against the logs that are trusted: the checkpoint, or null with the reason why it proves nothing. A time counts only with a promise.</summary>
    public JudgedCheckpoint? Judge(LogTrust trust, DateTimeOffset now, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(trust);
        if (Inclusion is null || Checkpoint is null)
        {
            problem = "it has no proof of inclusion with a checkpoint";
            return null;
        }

        if (trust.Judge(Checkpoint, now, out problem) is not { } judged)
        {
            return null;
        }

        problem = judged.Checkpoint.Size != Inclusion.Size || MerkleHash.Read(judged.Checkpoint.Root.AsSpan()) != Root ? "its proof is of another tree than its checkpoint"
            : !Inclusion.Verifies(MerkleHash.Leaf(Body.AsSpan()), Root) ? "its proof does not lead to the root"
            : PromiseProblem(judged.Log);
        return problem is null ? judged : null;
    }

    private string? PromiseProblem(TrustedLog log)
    {
        if (Promise.IsEmpty)
        {
            return null;
        }

        if (IntegratedTime is not { } time)
        {
            return "its promise has no time";
        }

        foreach (var verifier in log.Keys)
        {
            if (verifier.P256 is { } key && SHA256.HashData(key.Spki.AsSpan()).AsSpan().SequenceEqual(LogId.AsSpan()))
            {
                return key.Verify(PromiseMessage(Body.AsSpan(), time, LogId.AsSpan(), Index), Promise.AsSpan()) ? null : "the promise of the log is not its signature";
            }
        }

        return "its promise is of a key that the log does not have";
    }

    /// <summary>Reads one. Throws <see cref="FormatException"/>.</summary>
    internal static BundleLogEntry Read(JsonValue.Object entry, ImmutableArray<byte> body)
    {
        var promise = entry["inclusionPromise"] as JsonValue.Object;
        var proof = entry["inclusionProof"] as JsonValue.Object;
        var note = (proof?["checkpoint"] as JsonValue.Object)?.TextOf("envelope");
        return new BundleLogEntry
        {
            Body = body,
            Index = Number(entry["logIndex"], "logIndex") ?? 0,
            LogId = Bytes((entry["logId"] as JsonValue.Object)?["keyId"], "keyId"),
            IntegratedTime = Number(entry["integratedTime"], "integratedTime"),
            Promise = Bytes(promise?["signedEntryTimestamp"], "signedEntryTimestamp"),
            Inclusion = proof is null ? null : new InclusionProof(Number(proof["logIndex"], "logIndex") ?? 0, Number(proof["treeSize"], "treeSize") ?? 0, Hashes(proof["hashes"])),
            Root = proof is null ? default : Hash(proof["rootHash"]),
            Checkpoint = note is null ? null : SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var problem) ?? throw new FormatException($"its checkpoint is no signed note: {problem}"),
        };
    }

    // Protobuf's JSON has 64-bit numbers as texts, and leaves out those that are zero.
    private static long? Number(JsonValue? value, string name) => value switch
    {
        null or JsonValue.Null => null,
        JsonValue.Number { Value: >= 0 } number => number.Value,
        JsonValue.Text { Value.Length: > 0 and < 20 } text when long.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw new FormatException($"`{name}` of its log entry is no number"),
    };

    private static ImmutableArray<byte> Bytes(JsonValue? value, string name) => value switch
    {
        null or JsonValue.Null => [],
        JsonValue.Text text when StrictBase64.TryRead(text.Value) is { } bytes => bytes,
        _ => throw new FormatException($"`{name}` of its log entry is no canonical base64"),
    };

    private static MerkleHash Hash(JsonValue? value) =>
        value is JsonValue.Text text && MerkleHash.TryRead(text.Value) is { } hash ? hash : throw new FormatException("a hash of its inclusion proof is none");

    private static ImmutableArray<MerkleHash> Hashes(JsonValue? value) => value switch
    {
        null or JsonValue.Null => [],
        JsonValue.List { Items.Length: <= Limits.ProofHashesMax } list => [.. list.Items.Select(Hash)],
        _ => throw new FormatException($"`hashes` of its inclusion proof is no list of at most {Limits.ProofHashesMax}"),
    };
}
