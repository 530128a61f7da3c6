using System.Text.Json;
using System.Text.Json.Serialization;

using Cairn.Store.Files;

namespace Cairn.Engine.Handlers;

/// <summary>How a handler has fared, over all runs.</summary>
public sealed record HandlerStatus
{
    /// <summary>Events that it has.</summary>
    public long Delivered { get; init; }

    /// <summary>Events that it did not want.</summary>
    public long Refused { get; init; }

    /// <summary>Tries that failed.</summary>
    public long Failures { get; init; }

    /// <summary>Events that it never got, since more came than are kept.</summary>
    public long Lost { get; init; }

    /// <summary>When it last took one; null for never.</summary>
    public DateTimeOffset? LastDelivered { get; init; }

    /// <summary>What went wrong last; null where nothing has since it last took one.</summary>
    public string? Problem { get; init; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? ProblemTime { get; init; }

    /// <summary>Events that are kept for the next run. Counted, not stored.</summary>
    [JsonIgnore]
    public int Waiting { get; init; }
}

/// <summary>
/// What a handler's folder in the user's state holds: how it has fared, and the messages that it has not got yet. Whoever sends the kept ones holds <c>sender.lock</c> for as long as it does; each
/// change of the files happens under <c>state.lock</c>, so that other runs can add to them meanwhile. A crash leaves kept messages where they were: then they are sent again.
/// </summary>
internal sealed class HandlerState(string stateDirectory, string name)
{
    private const int StatusBytesMax = 64 << 10;

    // What the lines of other processes may add while one is the sender.
    private const int FileBytesMax = 4 * HandlerLimits.KeptBytesMax;

    /// <summary>The folder.</summary>
    public string Folder { get; } = Path.Combine(stateDirectory, "events", name);

    private string Kept => Path.Combine(Folder, "kept.ndjson");

    private string StatusFile => Path.Combine(Folder, "status.json");

    /// <summary>Makes the folder, for its owner alone.</summary>
    public void Create() => Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>The right to send what is kept, or null where another process does.</summary>
    public FileLock? TryBecomeSender() => FileLock.TryAcquire(Path.Combine(Folder, "sender.lock"), $"process {Environment.ProcessId}");

    /// <summary>What is kept, the oldest first; lines that are no messages are left out.</summary>
    public List<HandlerMessage> ReadKept()
    {
        var messages = new List<HandlerMessage>();
        if (!File.Exists(Kept) || new FileInfo(Kept).Length > FileBytesMax)
        {
            return messages;
        }

        ReadOnlyMemory<byte> content = File.ReadAllBytes(Kept);
        while (content.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            if (HandlerMessage.TryRead(content[..end]) is { } message)
            {
                messages.Add(message);
            }

            content = content[(end + 1)..];
        }

        return messages;
    }

    /// <summary>How it has fared; nothing where that cannot be read.</summary>
    public HandlerStatus ReadStatus()
    {
        var status = new HandlerStatus();
        if (File.Exists(StatusFile) && new FileInfo(StatusFile).Length <= StatusBytesMax)
        {
            try
            {
                status = JsonSerializer.Deserialize(File.ReadAllBytes(StatusFile), HandlerJson.Default.HandlerStatus) ?? status;
            }
            catch (JsonException)
            {
                // Counts are a convenience, and begin anew.
            }
        }

        return status with { Waiting = ReadKept().Count };
    }

    /// <summary>Takes in how a delivery went: removes what is done with, adds what waits, and adds up the counts. Returns how many had to go.</summary>
    /// <param name="done">The ids of kept messages that this process has settled.</param>
    /// <param name="waiting">What waits, the oldest first; those that are kept already stay at their place.</param>
    /// <param name="change">Adds up the counts.</param>
    /// <param name="now">The time: what is too old goes.</param>
    public int Update(IReadOnlySet<string> done, IReadOnlyList<HandlerMessage> waiting, Func<HandlerStatus, HandlerStatus> change, DateTimeOffset now)
    {
        Create();
        using var held = Lock();
        var before = ReadKept();
        var known = new HashSet<string>(StringComparer.Ordinal);
        var all = new List<HandlerMessage>();
        foreach (var message in (ReadOnlySpan<HandlerMessage>)[.. before, .. waiting])
        {
            if (!done.Contains(message.Id) && known.Add(message.Id))
            {
                all.Add(message);
            }
        }

        var lost = Trim(all, now);
        if (all.Count == 0)
        {
            File.Delete(Kept);
        }
        else
        {
            using var content = new MemoryStream();
            foreach (var message in all)
            {
                content.Write(message.Body.Span);
                content.WriteByte((byte)'\n');
            }

            DurableFile.Replace(Kept, content.GetBuffer().AsSpan(0, (int)content.Length), mode: UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var status = change(ReadStatus());
        DurableFile.Replace(StatusFile, JsonSerializer.SerializeToUtf8Bytes(status with { Lost = status.Lost + lost }, HandlerJson.Default.HandlerStatus), durable: false);
        return lost;
    }

    /// <summary>Removes the oldest beyond what is kept; a message that tells of lost ones counts as those.</summary>
    private static int Trim(List<HandlerMessage> messages, DateTimeOffset now)
    {
        var (bytes, first) = (0L, messages.Count);
        while (first > 0 && messages.Count - first < HandlerLimits.KeptMax && (bytes += messages[first - 1].Body.Length) <= HandlerLimits.KeptBytesMax && now - messages[first - 1].Time <= HandlerLimits.KeptAge)
        {
            first--;
        }

        var lost = 0;
        foreach (var message in messages[..first])
        {
            lost += Math.Max(1, message.Lost);
        }

        messages.RemoveRange(0, first);
        return lost;
    }

    // Held for a read and a write of small files; never while anything is sent.
    private FileLock Lock()
    {
        var path = Path.Combine(Folder, "state.lock");
        var spin = default(SpinWait);
        while (true)
        {
            if (FileLock.TryAcquire(path, "") is { } held)
            {
                return held;
            }

            spin.SpinOnce();
        }
    }
}

/// <summary>The JSON form of what is kept of handlers.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HandlerStatus))]
internal sealed partial class HandlerJson : JsonSerializerContext;
