using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Trust.Notes;

namespace Cairn.Engine.Log;

/// <summary>The last checkpoint of each log that was seen and found consistent with those before, in the user's state: what a log must not go behind. Durable; written under a lock for each log.</summary>
/// <param name="folder">Where it stands.</param>
public sealed class LogMemory(string folder)
{
    /// <summary>The name of its folder in a user's state.</summary>
    public const string FolderName = "logs";

    private const string CheckpointFile = "checkpoint";

    /// <summary>The folder of a log.</summary>
    public string FolderOf(string origin) => Path.Combine(folder, Hex.Lower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)).AsSpan(0, 16)));

    /// <summary>Keeps others from remembering something of a log meanwhile.</summary>
    public async Task<FileLock> LockAsync(string origin, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = FolderOf(origin);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return await FileLock.AcquireAsync(Path.Combine(path, "lock"), string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId}"), waiting: null, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The last checkpoint of a log; null where none was seen. Throws <see cref="IOException"/> where what stands there is none: to forget it would let a log go back.</summary>
    public SignedNote? Last(string origin)
    {
        var path = Path.Combine(FolderOf(origin), CheckpointFile);
        if (!File.Exists(path))
        {
            return null;
        }

        return SignedNote.TryParse(File.ReadAllBytes(path), out var problem) is { } note && Checkpoint.TryParse(note.Text, out problem) is { } checkpoint && checkpoint.Origin == origin
            ? note
            : throw new IOException($"`{path}` is not the last checkpoint of `{origin}`{(problem is null ? "" : $": {problem}")}; remove it to begin anew with whatever the log says now");
    }

    /// <summary>Remembers a checkpoint. The lock is held.</summary>
    public void Remember(string origin, SignedNote note)
    {
        ArgumentNullException.ThrowIfNull(note);
        DurableFile.Replace(Path.Combine(FolderOf(origin), CheckpointFile), note.ToBytes());
    }

    /// <summary>Keeps two checkpoints that cannot both be true; where.</summary>
    public string KeepEvidence(string origin, SignedNote known, SignedNote seen)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(seen);
        byte[] both = [.. known.ToBytes(), (byte)'\n', .. seen.ToBytes()];
        var path = Path.Combine(FolderOf(origin), $"evidence-{Hex.Lower(SHA256.HashData(both).AsSpan(0, 8))}.txt");
        if (!File.Exists(path))
        {
            DurableFile.Replace(path, both);
        }

        return path;
    }
}
