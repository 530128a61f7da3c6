using Cairn.Trust.Log;

namespace Cairn.Engine.Log;

/// <summary>A log that cannot be read now: an answer that did not come, or is none. It says nothing about the log.</summary>
public sealed class LogUnavailableException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Where a log is read from: a folder, or a server. What it gives is not believed: <see cref="LogReader"/> holds it against signed checkpoints. Safe for use by several threads.</summary>
public interface ILogSource : IDisposable
{
    /// <summary>The folder or address, for people.</summary>
    string Place { get; }

    /// <summary>Reads the checkpoint. Throws <see cref="LogUnavailableException"/>.</summary>
    Task<byte[]> ReadCheckpointAsync(CancellationToken cancellationToken);

    /// <summary>Reads a tile, or entries, of exactly the width that is asked for. Throws <see cref="LogUnavailableException"/>, and <see cref="LogBreachException"/> where it is certain that there is none.</summary>
    Task<byte[]> ReadTileAsync(TilePath tile, CancellationToken cancellationToken);
}

/// <summary>Logs by what people write.</summary>
public static class LogSources
{
    /// <summary>The longest entries of a tile, in bytes.</summary>
    public const int EntriesBytesMax = TilePath.WidthMax * (EntryBundle.HeadBytes + EntryBundle.EntryBytesMax);

    /// <summary>The address that a text is; null where it is a folder.</summary>
    public static Uri? AddressOf(string place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return Uri.TryCreate(place, UriKind.Absolute, out var address) && address.Scheme is "https" or "http" ? address : null;
    }

    /// <summary>Opens a log: an address of <c>https://</c> or <c>http://</c>, or a folder. Throws <see cref="LogUnavailableException"/> where there is no such folder.</summary>
    /// <param name="place">It.</param>
    /// <param name="currentDirectory">What a relative folder is relative to.</param>
    /// <param name="time">The clock of pauses.</param>
    public static ILogSource Open(string place, string currentDirectory, TimeProvider time)
    {
        if (AddressOf(place) is { } address)
        {
            return new HttpLogSource(address, time);
        }

        var folder = Path.GetFullPath(place, currentDirectory);
        return Directory.Exists(folder) ? new FolderLogSource(folder) : throw new LogUnavailableException($"There is no log `{place}`");
    }

    /// <summary>The part of a tile that a narrower one is; null where it is not whole.</summary>
    internal static byte[]? Narrowed(byte[] full, TilePath tile)
    {
        if (tile.Level != TilePath.EntriesLevel)
        {
            return full.Length >= tile.Bytes ? full[..tile.Bytes] : null;
        }

        ReadOnlySpan<byte> rest = full;
        for (var i = 0; i < tile.Width; i++)
        {
            if (!EntryBundle.TryTake(ref rest, out _))
            {
                return null;
            }
        }

        return full[..^rest.Length];
    }
}

/// <summary>A log in a folder.</summary>
/// <param name="folder">The folder.</param>
public sealed class FolderLogSource(string folder) : ILogSource
{
    private readonly LogFiles _files = new(folder);

    /// <inheritdoc/>
    public string Place => folder;

    /// <inheritdoc/>
    public Task<byte[]> ReadCheckpointAsync(CancellationToken cancellationToken)
    {
        using var file = _files.TryOpenCheckpoint() ?? throw new LogUnavailableException($"There is no log in `{folder}`: it has no checkpoint");
        return Task.FromResult(LogFiles.Read(file, Math.Min(RandomAccess.GetLength(file), Cairn.Trust.Limits.NoteBytesMax + 1)));
    }

    /// <inheritdoc/>
    public Task<byte[]> ReadTileAsync(TilePath tile, CancellationToken cancellationToken)
    {
        using var file = _files.TryOpen(tile, out var length) ?? throw new LogBreachException(LogBreach.Missing, $"`{tile}` of the log in `{folder}` is missing");
        return Task.FromResult(LogFiles.Read(file, Math.Min(length, LogSources.EntriesBytesMax)));
    }

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();
}
