using Cairn.Core.Events;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.History;

/// <summary>
/// The writer of <c>events.ndjson</c>. Each event is one write to the kernel, so that a killed process loses none; it is synced at the
/// end. While it is open the file is locked: that is how others tell a live run from an interrupted one.
/// </summary>
internal sealed class EventLog : IDisposable
{
    private readonly FileLock _lock;
    private readonly SafeFileHandle _handle;
    private byte[] _buffer = new byte[1024];
    private long _position;

    public EventLog(string path)
    {
        _lock = FileLock.TryAcquire(LockPath(path), "") ?? throw new IOException($"`{path}` is written by another process");
        _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>Beside the events, since its own content is the holder.</summary>
    public static string LockPath(string eventsPath) => Path.ChangeExtension(eventsPath, "lock");

    public void Write(RunEvent runEvent)
    {
        var length = RunEventJson.Serialize(runEvent, ref _buffer);
        if (length == _buffer.Length)
        {
            Array.Resize(ref _buffer, length * 2);
        }

        _buffer[length++] = (byte)'\n';
        RandomAccess.Write(_handle, _buffer.AsSpan(0, length), _position);
        _position += length;
    }

    public void Sync() => RandomAccess.FlushToDisk(_handle);

    public void Dispose()
    {
        _handle.Dispose();
        _lock.Dispose();
    }
}
