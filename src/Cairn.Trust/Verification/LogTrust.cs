using System.Collections.Immutable;

using Cairn.Trust.Notes;

namespace Cairn.Trust.Verification;

/// <summary>A transparency log that is believed.</summary>
/// <param name="Origin">What its checkpoints begin with.</param>
/// <param name="Keys">Its keys, each of which may sign a checkpoint.</param>
/// <param name="Url">Where it is served, or null.</param>
public sealed record TrustedLog(string Origin, ImmutableArray<NoteVerifier> Keys, Uri? Url = null);

/// <summary>A witness that is believed.</summary>
/// <param name="Key">Its key, of <c>cosignature/v1</c>.</param>
/// <param name="Url">Where it takes checkpoints, or null.</param>
public sealed record TrustedWitness(NoteVerifier Key, Uri? Url = null);

/// <summary>A witness's word on a checkpoint.</summary>
/// <param name="Witness">Whose.</param>
/// <param name="Time">When it signed.</param>
public sealed record Witnessed(TrustedWitness Witness, DateTimeOffset Time);

/// <summary>A checkpoint that a trusted log signed.</summary>
/// <param name="Note">The note.</param>
/// <param name="Checkpoint">What it says.</param>
/// <param name="Log">The log.</param>
/// <param name="Cosigners">The trusted witnesses that cosigned it, each once, with its latest time.</param>
public sealed record JudgedCheckpoint(SignedNote Note, Checkpoint Checkpoint, TrustedLog Log, ImmutableArray<Witnessed> Cosigners);

/// <summary>Which logs and witnesses are believed. They have keys that sign nothing else, and come from the user's configuration alone.</summary>
/// <param name="Logs">The logs, of distinct origins.</param>
/// <param name="Witnesses">The witnesses, of distinct keys.</param>
public sealed record LogTrust(ImmutableArray<TrustedLog> Logs, ImmutableArray<TrustedWitness> Witnesses)
{
    // Clocks differ a little; what lies further ahead is no time at which anything can have been seen.
    private static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(5);

    /// <summary>None.</summary>
    public static LogTrust None { get; } = new([], []);

    /// <summary>
    /// A log by its origin, or null. One that is trusted by the name of its keys alone (<c>rekor.sigstore.dev</c>) stands for each tree of that name (<c>rekor.sigstore.dev - 1193050959916656506</c>) that has no
    /// entry of its own: which trees there are the keys say.
    /// </summary>
    public TrustedLog? Find(string origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        TrustedLog? named = null;
        foreach (var log in Logs)
        {
            if (string.Equals(log.Origin, origin, StringComparison.Ordinal))
            {
                return log;
            }

            named = origin.StartsWith(log.Origin, StringComparison.Ordinal) && IsTree(origin.AsSpan(log.Origin.Length)) ? log with { Origin = origin } : named;
        }

        return named;
    }

    private static bool IsTree(ReadOnlySpan<char> rest) => rest.StartsWith(" - ") && rest.Length > 3 && rest[3..].IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>The same with one log more, unless one of its origin is there.</summary>
    public LogTrust With(TrustedLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        return Logs.Any(l => l.Origin == log.Origin) ? this : this with { Logs = Logs.Add(log) };
    }

    /// <summary>Judges a checkpoint; null, with the reason, where no trusted log signed it. Signatures of keys that nobody knows count for nothing, and do no harm.</summary>
    public JudgedCheckpoint? Judge(SignedNote note, DateTimeOffset now, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (Checkpoint.TryParse(note.Text, out problem) is not { } checkpoint)
        {
            problem = $"it is no checkpoint: {problem}";
            return null;
        }

        if (Find(checkpoint.Origin) is not { } log)
        {
            problem = $"no log `{checkpoint.Origin}` is trusted";
            return null;
        }

        problem = SignatureProblem(note, log);
        if (problem is not null)
        {
            return null;
        }

        var cosigners = ImmutableArray.CreateBuilder<Witnessed>();
        foreach (var witness in Witnesses)
        {
            switch (witness.Key.Check(note))
            {
                case NoteVerdict.Forged:
                    problem = $"its cosignature of `{witness.Key.Name}` is none";
                    return null;
                case NoteVerdict.Signed when TimeOf(note, witness) is var time && time <= now + AheadMax:
                    cosigners.Add(new Witnessed(witness, time));
                    break;
                default:
                    break;
            }
        }

        return new JudgedCheckpoint(note, checkpoint, log, cosigners.DrainToImmutable());
    }

    /// <summary>Why a note is not signed by a log; null where it is.</summary>
    public static string? SignatureProblem(SignedNote note, TrustedLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        var isSigned = false;
        foreach (var key in log.Keys)
        {
            switch (key.Check(note))
            {
                case NoteVerdict.Forged:
                    return $"its signature of `{key.Name}` is none";
                case NoteVerdict.Signed:
                    isSigned = true;
                    break;
                default:
                    break;
            }
        }

        return isSigned ? null : $"no key of the log `{log.Origin}` signed it";
    }

    private static DateTimeOffset TimeOf(SignedNote note, TrustedWitness witness)
    {
        var latest = DateTimeOffset.MinValue;
        foreach (var signature in note.Signatures)
        {
            if (witness.Key.IsNamedBy(signature) && Cosignature.TryRead(signature) is { } cosignature && cosignature.Time > latest)
            {
                latest = cosignature.Time;
            }
        }

        return latest;
    }
}
