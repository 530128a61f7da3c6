using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Content;

/// <summary>
/// Held by whoever relies on blobs that it has seen: nothing that was used since it began is collected. It is a locked file in <c>leases/</c>, so that it ends with
/// its process whatever happens; the file's times tell when it began.
/// </summary>
public sealed class StoreLease : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private StoreLease(SafeFileHandle handle, string path)
    {
        _handle = handle;
        _path = path;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_handle.IsClosed)
        {
            _ = FileNative.UnlinkAt(FileNative.AtCurrentDirectory, _path, 0);
            _handle.Dispose();
        }
    }

    internal static StoreLease Take(StoreFolder folder, string holder)
    {
        while (true)
        {
            var path = $"{folder.Path}/{StoreFolder.Leases}/{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
            var descriptor = FileNative.OpenAt(FileNative.AtCurrentDirectory, path, FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenExclusive | FileNative.OpenCloseOnExec, 0x1a4);
            if (descriptor < 0)
            {
                throw folder.Failed(BlobCalls.Failure($"make a lease in `{folder.Path}`"));
            }

            var handle = new SafeFileHandle(descriptor, ownsHandle: true);

            // A collector that came between took it for a dead one.
            if (FileNative.Lock(descriptor, FileNative.LockExclusive | FileNative.LockNonBlocking) == 0 && BlobCalls.LookAt(descriptor).LinkCount > 0)
            {
                BlobCalls.Write(descriptor, Encoding.UTF8.GetBytes(holder));
                return new StoreLease(handle, path);
            }

            handle.Dispose();
        }
    }

    /// <summary>The leases whose processes live, with their beginnings in seconds since 1970; calls back for the names of dead ones.</summary>
    internal static List<(string Holder, long BeganSeconds)> Live(DirectoryHandle leases, Action<string> dead)
    {
        var live = new List<(string, long)>();
        Span<byte> holder = stackalloc byte[512];
        foreach (var entry in leases.List())
        {
            if (!entry.IsUtf8 || leases.TryOpenFile(entry.Name) is not { } file)
            {
                continue;
            }

            using (file)
            {
                var descriptor = (int)file.DangerousGetHandle();
                if (FileNative.Lock(descriptor, FileNative.LockShared | FileNative.LockNonBlocking) == 0 || Marshal.GetLastPInvokeError() != FileNative.ErrorAgain)
                {
                    dead(entry.Name);
                    continue;
                }

                live.Add((Encoding.UTF8.GetString(holder[..BlobCalls.ReadAt(descriptor, holder, 0)]), BlobCalls.LookAt(descriptor).ModifiedSeconds));
            }
        }

        return live;
    }
}
