using Cairn.Trust.Notes;

namespace Cairn.Engine.Log.Monitoring;

/// <summary>Something that a monitor has to say of a log.</summary>
/// <param name="Place">Where the log is read from.</param>
public abstract record MonitorFinding(string Place)
{
    /// <summary>It was read up to a checkpoint, and all that it had before is still there.</summary>
    /// <param name="Place">Where the log is read from.</param>
    /// <param name="Checkpoint">The checkpoint.</param>
    /// <param name="Added">How many entries are new to the monitor.</param>
    public sealed record Followed(string Place, Checkpoint Checkpoint, long Added) : MonitorFinding(Place);

    /// <summary>It broke its word.</summary>
    /// <param name="Place">Where the log is read from.</param>
    /// <param name="Breach">How.</param>
    public sealed record Broke(string Place, LogBreachException Breach) : MonitorFinding(Place);

    /// <summary>It could not be read.</summary>
    /// <param name="Place">Where the log is read from.</param>
    /// <param name="Problem">Why.</param>
    public sealed record Unreachable(string Place, string Problem) : MonitorFinding(Place);

    /// <summary>An entry that somebody waits for.</summary>
    /// <param name="Place">Where the log is read from.</param>
    /// <param name="Index">Where it stands.</param>
    /// <param name="Attestation">The hash of the payload.</param>
    /// <param name="KeyId">The key that signed it.</param>
    /// <param name="Watch">What it was watched for.</param>
    public sealed record Watched(string Place, long Index, string Attestation, string KeyId, MonitorWatch Watch) : MonitorFinding(Place);

    /// <summary>The same action made other outputs before.</summary>
    /// <param name="Place">Where the log is read from.</param>
    /// <param name="Index">Where the newer entry stands.</param>
    /// <param name="Action">The action.</param>
    /// <param name="Outputs">What the newer entry says that it made.</param>
    /// <param name="Before">What an earlier one says.</param>
    public sealed record Differs(string Place, long Index, string Action, string Outputs, KnownAction Before) : MonitorFinding(Place);

    /// <summary>Whether something is wrong, and not only told.</summary>
    public bool IsAlarm => this is Broke or Differs;
}

/// <summary>What a monitor looks for in entries.</summary>
/// <param name="Kind">Which part of an entry.</param>
/// <param name="Value">What it is, or, for hashes, begins with.</param>
public sealed record MonitorWatch(MonitorWatchKind Kind, string Value)
{
    private const int HashCharacters = 64;

    /// <summary>The kinds as people write them.</summary>
    public static IReadOnlyList<string> Words { get; } = ["key", "attestation", "action", "outputs", "builder", "project", "subject"];

    /// <summary>Whether it is found by a hash, or the beginning of one.</summary>
    public bool IsOfHash => Kind is not (MonitorWatchKind.Builder or MonitorWatchKind.Project);

    /// <summary>Reads <c>KIND=VALUE</c>; null where it is none, or could never be found: hashes are lower-case hex.</summary>
    public static MonitorWatch? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        for (var i = 0; i < Words.Count; i++)
        {
            if (equals > 0 && equals < text.Length - 1 && text.AsSpan(0, equals).SequenceEqual(Words[i]))
            {
                var watch = new MonitorWatch((MonitorWatchKind)i, text[(equals + 1)..]);
                return !watch.IsOfHash || (watch.Value.Length <= HashCharacters && watch.Value.All(char.IsAsciiHexDigitLower)) ? watch : null;
            }
        }

        return null;
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => $"{Words[(int)Kind]}={Value}";
}

/// <summary>What can be looked for. The last three stand in statements, not in logs: they are found where the monitor has the statement.</summary>
public enum MonitorWatchKind
{
    /// <summary>The id of the key that signed.</summary>
    Key,

    /// <summary>The hash of the payload.</summary>
    Attestation,

    /// <summary>The hash of the action digest.</summary>
    Action,

    /// <summary>The hash over the outputs.</summary>
    Outputs,

    /// <summary>The builder's id.</summary>
    Builder,

    /// <summary>The project.</summary>
    Project,

    /// <summary>The SHA-256 of something that the statement is about.</summary>
    Subject,
}
