using Cairn.Store.Files;

namespace Cairn.Engine.Handlers;

/// <summary>Appends messages to a file, one a line.</summary>
internal sealed class FileTarget(HandlerSettings.File settings, string lockPath) : IHandlerTarget
{
    private readonly RotatingFile _file = new(settings.Path, lockPath, settings.RotateBytes, settings.Keep);

    /// <inheritdoc/>
    public int BatchMax => HandlerLimits.FileBatchMax;

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> DeliverAsync(IReadOnlyList<HandlerMessage> messages, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        foreach (var message in messages)
        {
            content.Write(message.Body.Span);
            content.WriteByte((byte)'\n');
        }

        try
        {
            await _file.AppendAsync(content.GetBuffer().AsMemory(0, (int)content.Length), sync: true, cancellationToken).ConfigureAwait(false);
            return new DeliveryOutcome.Delivered("written");
        }
        catch (UnauthorizedAccessException)
        {
            return new DeliveryOutcome.Failed("permission denied");
        }
        catch (DirectoryNotFoundException)
        {
            return new DeliveryOutcome.Failed("its folder is not there");
        }
        catch (IOException exception)
        {
            return new DeliveryOutcome.Failed(exception.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>
/// A file that several processes append to, and that is set aside as <c>.1</c> when it is large, that as <c>.2</c>, and so on. It is opened for each write, under a lock, so that nobody writes
/// to one that was set aside; what a crash cut short is ended before more is appended.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="lockPath">Its lock, which stays.</param>
/// <param name="bytesMax">At which size it is set aside.</param>
/// <param name="keep">How many that were set aside are kept.</param>
internal sealed class RotatingFile(string path, string lockPath, long bytesMax, int keep)
{
    /// <summary>Appends whole lines. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public async Task AppendAsync(ReadOnlyMemory<byte> lines, bool sync, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(lockPath)!);
        using var held = await FileLock.AcquireAsync(lockPath, "", waiting: null, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        Append(lines.Span, sync);
    }

    private void Append(ReadOnlySpan<byte> lines, bool sync)
    {
        var info = new FileInfo(path);
        if (info.Exists && info.Length > 0 && info.Length + lines.Length > bytesMax)
        {
            Rotate();
        }

        using var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(handle);
        Span<byte> last = stackalloc byte[1];
        if (length > 0 && RandomAccess.Read(handle, last, length - 1) == 1 && last[0] != (byte)'\n')
        {
            RandomAccess.Write(handle, "\n"u8, length++);
        }

        try
        {
            RandomAccess.Write(handle, lines, length);
        }
        catch (IOException)
        {
            // A full disk took a part of it, which the next try writes again.
            RandomAccess.SetLength(handle, length);
            throw;
        }

        if (sync)
        {
            RandomAccess.FlushToDisk(handle);
        }
    }

    private void Rotate()
    {
        for (var i = keep; i > 1; i--)
        {
            if (File.Exists($"{path}.{i - 1}"))
            {
                File.Move($"{path}.{i - 1}", $"{path}.{i}", overwrite: true);
            }
        }

        File.Move(path, $"{path}.1", overwrite: true);
    }
}
