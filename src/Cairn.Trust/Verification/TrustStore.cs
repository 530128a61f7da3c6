using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Trust.Verification;

/// <summary>
/// Whom a user believes, and what: keys with their roles and thresholds. It comes from <c>trust.yaml</c> in the user's configuration and the machine's own key, never from what is verified, nor from the
/// sources under test. Immutable.
/// </summary>
public sealed class TrustStore
{
    private readonly Lazy<TrustSet> _hitKeys;
    private readonly Lazy<string> _fingerprint;

    /// <summary>Of these keys, whose names and public keys are distinct, and these thresholds, whose names are those of keys.</summary>
    public TrustStore(ImmutableArray<TrustedKey> keys, ImmutableArray<Threshold> thresholds)
    {
        Keys = keys;
        Thresholds = thresholds;
        _hitKeys = new Lazy<TrustSet>(() => new TrustSet(Signing(Keys)));
        _fingerprint = new Lazy<string>(MakeFingerprint);
    }

    /// <summary>Which logs and witnesses are believed.</summary>
    public LogTrust Logs { get; init; } = LogTrust.None;

    /// <summary>Nobody.</summary>
    public static TrustStore Empty { get; } = new([], []);

    /// <summary>All keys that are known, those among them that are revoked or not valid now.</summary>
    public ImmutableArray<TrustedKey> Keys { get; }

    /// <summary>How many must sign what.</summary>
    public ImmutableArray<Threshold> Thresholds { get; }

    /// <summary>The keys as hits are judged by them: key, builder and tier. Projects, pipelines and steps bind receipts.</summary>
    public TrustSet HitKeys => _hitKeys.Value;

    /// <summary>What verdicts depend on: two stores with the same one decide alike at the same time.</summary>
    public string Fingerprint => _fingerprint.Value;

    /// <summary>The same with the key that signs on this machine: as it is listed, or else trusted for what a machine of one's own says. Unless it is shared it is this machine's own.</summary>
    /// <param name="name">What it is called where it is not listed.</param>
    /// <param name="key">It.</param>
    public TrustStore WithSigner(string name, PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var at = -1;
        for (var i = 0; i < Keys.Length; i++)
        {
            at = Keys[i].Key.Equals(key) ? i : at;
        }

        if (at >= 0)
        {
            return Keys[at].IsOwn || Keys[at].IsShared ? this : new TrustStore(Keys.SetItem(at, Keys[at] with { IsOwn = true }), Thresholds) { Logs = Logs };
        }

        return new TrustStore(Keys.Insert(0, new TrustedKey { Key = key, Name = Free(name), IsOwn = true }), Thresholds) { Logs = Logs };
    }

    /// <summary>A key by its name, its id, or the beginning of that where no other begins so; null where there is none.</summary>
    public TrustedKey? Find(string nameOrId)
    {
        ArgumentNullException.ThrowIfNull(nameOrId);
        TrustedKey? found = null;
        foreach (var key in Keys)
        {
            if (string.Equals(key.Name, nameOrId, StringComparison.Ordinal))
            {
                return key;
            }

            if (nameOrId.Length >= Limits.KeyIdCharactersMin && key.Key.Id.StartsWith(nameOrId, StringComparison.Ordinal))
            {
                found = found is null ? key : null;
            }
        }

        return found;
    }

    /// <summary>The trusted keys that signed an envelope, each public key once, whatever key ids it names. Whether they may is another question: <see cref="RoleProblem"/>.</summary>
    public ImmutableArray<TrustedKey> SignersOf(Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var signers = ImmutableArray.CreateBuilder<TrustedKey>();
        foreach (var key in Keys)
        {
            if (envelope.FindSignatureOf(key.Key) is not null)
            {
                signers.Add(key);
            }
        }

        return signers.DrainToImmutable();
    }

    /// <summary>Why a key may not say something; null where it may.</summary>
    /// <param name="key">One of <see cref="Keys"/>.</param>
    /// <param name="builder">The builder for which it speaks.</param>
    /// <param name="project">The project; null where the statement names none, which keys with a limit to projects may not sign.</param>
    /// <param name="pipeline">The pipeline; null likewise.</param>
    /// <param name="step">The step; null where the statement is not about one.</param>
    /// <param name="now">The time that is judged: now, or a time in the past at which the statement provably existed.</param>
    public static string? RoleProblem(TrustedKey key, string builder, string? project, string? pipeline, string? step, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.ProblemAt(now)
            ?? (key.MaySpeakFor(builder) ? null : $"its key `{key.Name}` may not speak for the builder `{builder}`")
            ?? PatternProblem(key, "project", key.Projects, project)
            ?? PatternProblem(key, "pipeline", key.Pipelines, pipeline)
            ?? (step is null ? null : PatternProblem(key, "step", key.Steps, step));
    }

    /// <summary>How many keys must have signed what is said of a pipeline: the most that a threshold asks for, and at least one.</summary>
    public int ThresholdFor(string? project, string? pipeline)
    {
        var most = 1;
        foreach (var threshold in Thresholds)
        {
            if (threshold.IsFor(project, pipeline))
            {
                most = Math.Max(most, threshold.Signatures);
            }
        }

        return most;
    }

    /// <summary>Why these signers of the same payload, each of which may say it, are too few; null where they are enough. Every threshold that fits has to be met.</summary>
    public string? ThresholdProblem(ImmutableArray<TrustedKey> signers, string? project, string? pipeline)
    {
        if (signers.IsEmpty)
        {
            return "no trusted key signed it";
        }

        foreach (var threshold in Thresholds)
        {
            if (threshold.IsFor(project, pipeline) && threshold.Count(signers) is var count && count < threshold.Signatures)
            {
                var of = threshold.Of.IsEmpty ? "" : $" of {string.Join(", ", threshold.Of.Select(static name => $"`{name}`"))}";
                return $"{threshold.Signatures} {(threshold.ByOwner ? "owners of keys" : "keys")}{of} must sign it, and {(count == 0 ? "none did" : count == 1 ? "one did" : $"{count} did")}";
            }
        }

        return null;
    }

    /// <summary>The keys with which Cairn signs; mostly that is all.</summary>
    private static ImmutableArray<TrustedKey> Signing(ImmutableArray<TrustedKey> keys)
    {
        for (var i = keys.Length - 1; i >= 0; i--)
        {
            keys = keys[i].Key is PublicKey ? keys : keys.RemoveAt(i);
        }

        return keys;
    }

    private static string? PatternProblem(TrustedKey key, string what, ImmutableArray<RolePattern> patterns, string? name) =>
        patterns.IsEmpty ? null
        : name is null ? $"its key `{key.Name}` signs for some {what}s only, and it names none"
        : RolePattern.AnyMatches(patterns, name) ? null
        : $"its key `{key.Name}` may not sign for the {what} `{name}`";

    private string Free(string name)
    {
        var free = name;
        for (var i = 2; Keys.Any(key => string.Equals(key.Name, free, StringComparison.Ordinal)); i++)
        {
            free = $"{name}-{i}";
        }

        return free;
    }

    private string MakeFingerprint()
    {
        var text = new StringBuilder("cairn trust store 1\n").Append(HitKeys.Fingerprint).Append('\n');
        foreach (var key in Keys)
        {
            Add(key.Name);
            Add(key.LineageOrId);
            if (key.Key is not PublicKey)
            {
                // Hits know nothing of it.
                Add(string.Create(CultureInfo.InvariantCulture, $"{key.Key.Id} {key.Tier} {key.From:O} {key.Until:O} {key.Revoked:O} {key.Owner}"));
                Add(string.Join(' ', key.Builders));
            }

            Add(string.Join('/', key.Predecessors));
            AddAll(key.Projects);
            AddAll(key.Pipelines);
            AddAll(key.Steps);
        }

        foreach (var threshold in Thresholds)
        {
            text.Append(threshold.Signatures).Append(threshold.ByOwner ? " owners " : " keys ");
            AddAll(threshold.Projects);
            AddAll(threshold.Pipelines);
            text.Append(threshold.Of.Length).Append(' ');
            foreach (var name in threshold.Of)
            {
                Add(name);
            }
        }

        foreach (var log in Logs.Logs)
        {
            Add(log.Origin);
            Add(string.Join(' ', log.Keys));
        }

        foreach (var witness in Logs.Witnesses)
        {
            Add(witness.Key.ToString());
        }

        return Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hash;

        void Add(string value) => text.Append(value.Length).Append(':').Append(value).Append('\n');

        void AddAll(ImmutableArray<RolePattern> patterns)
        {
            text.Append(patterns.Length).Append(' ');
            foreach (var pattern in patterns)
            {
                Add(pattern.Text);
            }
        }
    }
}
