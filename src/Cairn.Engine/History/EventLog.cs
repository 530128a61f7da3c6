using Cairn.Core.Events;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.History;

/// <summary>
/// The writer of <c>events.ndjson</c>. Each event of something that was done is in the kernel before anything else happens, so that a killed process loses none;
/// those of results that were there already may wait for each other. It is synced at the end. While it is open the file is locked: that is how others tell a live run from an interrupted one.
/// </summary>
internal sealed class EventLog : IDisposable
{
    private const int PendingBytesMax = 64 << 10;

    // Who follows the record sees nothing later than a person would notice.
    private static readonly TimeSpan PendingTimeMax = TimeSpan.FromMilliseconds(50);

    private readonly FileLock _lock;
    private readonly SafeFileHandle _handle;
    private byte[] _buffer = new byte[4096];
    private int _pending;
    private DateTimeOffset _pendingSince;
    private long _position;

    public EventLog(string path)
    {
        _lock = FileLock.TryAcquire(LockPath(path), "") ?? throw new IOException($"`{path}` is written by another process");
        _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>Beside the events, since its own content is the holder.</summary>
    public static string LockPath(string eventsPath) => Path.ChangeExtension(eventsPath, "lock");

    /// <summary>Writes an event.</summary>
    /// <param name="runEvent">The event.</param>
    /// <param name="canWait">Whether it may go to the kernel with the next: a run that is killed meanwhile loses nothing that it did.</param>
    public void Write(RunEvent runEvent, bool canWait = false)
    {
        if (_pending == 0)
        {
            _pendingSince = runEvent.Time;
        }

        _pending = RunEventWriter.Append(runEvent, ref _buffer, _pending);
        if (_pending == _buffer.Length)
        {
            Array.Resize(ref _buffer, _pending * 2);
        }

        _buffer[_pending++] = (byte)'\n';
        if (!canWait || _pending >= PendingBytesMax || runEvent.Time - _pendingSince >= PendingTimeMax)
        {
            Flush();
        }
    }

    /// <summary>Gives the kernel what waits.</summary>
    public void Flush()
    {
        if (_pending > 0)
        {
            var count = _pending;
            _pending = 0;
            RandomAccess.Write(_handle, _buffer.AsSpan(0, count), _position);
            _position += count;
        }
    }

    public void Sync() => RandomAccess.FlushToDisk(_handle);

    public void Dispose()
    {
        _handle.Dispose();
        _lock.Dispose();
    }
}
