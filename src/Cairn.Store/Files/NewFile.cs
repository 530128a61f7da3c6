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

    private static volatile bool LinksNeedProc;

    private readonly int _directory;
    private readonly byte[]? _temporaryName;
    private bool _published;

    private NewFile(int directory, int descriptor, byte[]? temporaryName)
    {
        _directory = directory;
        Descriptor = descriptor;
        _temporaryName = temporaryName;
    }

    /// <summary>Goes without <c>O_TMPFILE</c>, as on file systems that lack it.</summary>
    internal static bool AlwaysNamed { get; set; }

    /// <summary>The file, open for reading and writing.</summary>
    public int Descriptor { get; }

    /// <summary>Creates a file that may be published on the file system of a folder. <paramref name="locked"/>: a named one is locked while it is written, so that strays can be told.</summary>
    public static NewFile Create(int directory, uint mode, bool locked)
    {
        if (AlwaysNamed)
        {
            return CreateNamed(directory, mode, locked);
        }

        var descriptor = BlobCalls.TryOpen(directory, ".\0"u8, FileNative.OpenTemporary | FileNative.OpenReadWrite, mode);
        if (descriptor >= 0)
        {
            return new NewFile(directory, descriptor, null);
        }

        // A kernel or file system that does not know the flag takes it for the opening of a folder.
        return Marshal.GetLastPInvokeError() is FileNative.ErrorNotSupported or FileNative.ErrorIsDirectory or FileNative.ErrorInvalid or FileNative.ErrorNotFound
            ? CreateNamed(directory, mode, locked)
            : throw BlobCalls.Failure("create a file");
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

    private static NewFile CreateNamed(int directory, uint mode, bool locked)
    {
        while (true)
        {
            var name = TemporaryName();
            var descriptor = BlobCalls.TryOpen(directory, name, FileNative.OpenCreate | FileNative.OpenExclusive | FileNative.OpenReadWrite | FileNative.OpenNoFollow, mode);
            if (descriptor < 0)
            {
                throw BlobCalls.Failure("create a file");
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
