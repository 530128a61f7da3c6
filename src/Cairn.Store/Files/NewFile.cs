using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Content;

namespace Cairn.Store.Files;

/// <summary>
/// A file that gets its name only when it is whole. Where the file system can, it has none until then (<c>O_TMPFILE</c>), so that nothing of it is left whatever happens, and
/// creating it is cheaper than a rename; elsewhere it stands under a temporary name.
/// </summary>
internal sealed unsafe class NewFile : IDisposable
{
    /// <summary>What temporary names begin with; they end in <c>.tmp</c>.</summary>
    public const string TemporaryPrefix = ".cairn-";

    private const int NameBytes = 32;
    private const int CopyBytes = 64 << 10;

    private static volatile bool LinksNeedProc;

    private readonly int _directory;
    private readonly byte[]? _temporaryName;
    private FileNursery? _nursery;
    private int _meantFor;
    private bool _published;

    private NewFile(int directory, int descriptor, byte[]? temporaryName)
    {
        _directory = directory;
        Descriptor = descriptor;
        _temporaryName = temporaryName;
    }

    /// <summary>Goes without <c>O_TMPFILE</c>, as on file systems that lack it.</summary>
    internal static bool AlwaysNamed { get; set; }

    /// <summary>Whether it has a temporary name, so that publishing it replaces what has its name then.</summary>
    public bool HasName => _temporaryName is not null;

    /// <summary>The file, open for reading and writing.</summary>
    public int Descriptor { get; }

    /// <summary>Creates a file that may be published on the file system of a folder. <paramref name="locked"/>: a named one is locked while it is written, so that strays can be told.</summary>
    public static NewFile Create(int directory, uint mode, bool locked) => TryCreate(directory, mode, locked) ?? throw BlobCalls.Failure("create a file");

    /// <summary>Creates a file in a nursery that is meant for a folder; null where the nursery is gone, and has given up.</summary>
    public static NewFile? TryCreateIn(FileNursery nursery, int directory, int meantFor, uint mode, bool locked)
    {
        if (TryCreate(directory, mode, locked) is { } file)
        {
            (file._nursery, file._meantFor) = (nursery, meantFor);
            return file;
        }

        // A collector that knows no nurseries may have removed it; of a full disk the folder itself will tell.
        nursery.GiveUp();
        return null;
    }

    private static NewFile? TryCreate(int directory, uint mode, bool locked)
    {
        if (AlwaysNamed)
        {
            return TryCreateNamed(directory, mode, locked);
        }

        var descriptor = BlobCalls.TryOpen(directory, ".\0"u8, FileNative.OpenTemporary | FileNative.OpenReadWrite, mode);
        if (descriptor >= 0)
        {
            return new NewFile(directory, descriptor, null);
        }

        // A kernel or file system that does not know the flag takes it for the opening of a folder.
        return Marshal.GetLastPInvokeError() is FileNative.ErrorNotSupported or FileNative.ErrorIsDirectory or FileNative.ErrorInvalid or FileNative.ErrorNotFound
            ? TryCreateNamed(directory, mode, locked)
            : null;
    }

    /// <summary>Gives the file its name: 0, or the error's number. <see cref="FileNative.ErrorExists"/> where something has the name and <paramref name="replace"/> is false.</summary>
    public int Publish(int directory, ReadOnlySpan<byte> name, bool replace)
    {
        int error;
        if (_temporaryName is not null)
        {
            error = Rename(_temporaryName, directory, name);
        }
        else if ((error = Link(directory, name)) == FileNative.ErrorExists && replace)
        {
            // Links never replace: through a second name, which then takes the place.
            var temporary = TemporaryName();
            error = Link(_directory, temporary);
            if (error == 0 && (error = Rename(temporary, directory, name)) != 0)
            {
                Unlink(temporary);
            }
        }

        if (error == FileNative.ErrorCrossDevice && _nursery is not null)
        {
            _nursery.GiveUp();
            return PublishCopy(directory, name, replace);
        }

        _published |= error == 0;
        return error;
    }

    public void Dispose()
    {
        _ = FileNative.Close(Descriptor);
        if (!_published && _temporaryName is not null)
        {
            Unlink(_temporaryName);
        }
    }

    /// <summary>Makes it again in the folder that it is meant for, whose mount is another than the nursery's.</summary>
    private int PublishCopy(int directory, ReadOnlySpan<byte> name, bool replace)
    {
        using var copy = Create(_meantFor, BlobCalls.LookAt(Descriptor).Mode & 0xfff, locked: false);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            for (long offset = 0; BlobCalls.ReadAt(Descriptor, buffer, offset) is > 0 and var count; offset += count)
            {
                BlobCalls.Write(copy.Descriptor, buffer.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return copy.Publish(directory, name, replace);
    }

    private static NewFile? TryCreateNamed(int directory, uint mode, bool locked)
    {
        while (true)
        {
            var name = TemporaryName();
            var descriptor = BlobCalls.TryOpen(directory, name, FileNative.OpenCreate | FileNative.OpenExclusive | FileNative.OpenReadWrite | FileNative.OpenNoFollow, mode);
            if (descriptor < 0)
            {
                return null;
            }

            // A collector that came between took it for a stray.
            if (!locked || (FileNative.Lock(descriptor, FileNative.LockExclusive | FileNative.LockNonBlocking) == 0 && BlobCalls.LookAt(descriptor).LinkCount > 0))
            {
                return new NewFile(directory, descriptor, name);
            }

            _ = FileNative.Close(descriptor);
        }
    }

    private int Link(int directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* target = name)
        {
            byte empty = 0;
            if (!LinksNeedProc)
            {
                if (FileNative.LinkAt(Descriptor, &empty, directory, target, FileNative.AtEmptyPath) == 0)
                {
                    return 0;
                }

                // Without a capability, kernels before 6.10 say "not found", as they do for a missing folder.
                if (Marshal.GetLastPInvokeError() is not (FileNative.ErrorNotFound or FileNative.ErrorNotPermitted) and var error)
                {
                    return error;
                }
            }

            Span<byte> proc = stackalloc byte[NameBytes];
            "/proc/self/fd/"u8.CopyTo(proc);
            Descriptor.TryFormat(proc[14..], out var digits, provider: CultureInfo.InvariantCulture);
            proc[14 + digits] = 0;
            fixed (byte* source = proc)
            {
                if (FileNative.LinkAt(FileNative.AtCurrentDirectory, source, directory, target, FileNative.AtSymlinkFollow) < 0)
                {
                    return Marshal.GetLastPInvokeError();
                }
            }

            LinksNeedProc = true;
            return 0;
        }
    }

    private int Rename(ReadOnlySpan<byte> temporary, int directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* from = temporary, to = name)
        {
            return FileNative.RenameAt(_directory, from, directory, to) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    private void Unlink(ReadOnlySpan<byte> name)
    {
        fixed (byte* path = name)
        {
            _ = FileNative.UnlinkAt(_directory, path, 0);
        }
    }

    private static byte[] TemporaryName() => Encoding.ASCII.GetBytes($"{TemporaryPrefix}{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp\0");
}
