using Cairn.Testing;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Tests.Store;

/// <summary>A clock that stands until it is set.</summary>
internal sealed class SettableTime(DateTimeOffset now) : TimeProvider
{
    private long _ticks = now.UtcTicks;

    /// <summary>The time, which another thread may set.</summary>
    public DateTimeOffset Now
    {
        get => new(Volatile.Read(ref _ticks), TimeSpan.Zero);
        set => Volatile.Write(ref _ticks, value.UtcTicks);
    }

    public override DateTimeOffset GetUtcNow() => Now;
}

internal static class StoreTesting
{
    /// <summary>Writes a file and opens it for reading.</summary>
    public static SafeFileHandle OpenFile(this TemporaryFolder folder, string relative, byte[] content)
    {
        File.WriteAllBytes(folder[relative], content);
        return File.OpenHandle(folder[relative]);
    }
}
