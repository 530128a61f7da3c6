using System.Text;

namespace Cairn.Store.Files;

/// <summary>
/// Looks at and opens files by paths below a root, best in sorted order: the folder of the last one stays open, so that a path costs a call on its last
/// name only. For one thread.
/// </summary>
internal sealed unsafe class ParentFolder(DirectoryHandle root) : IDisposable
{
    /// <summary>Bytes of the longest path, with the NUL.</summary>
    public const int PathBytesMax = 4096;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(PathBytesMax, pinned: true);
    private string _path = "";
    private int _folderLength = -1;
    private int _descriptor = -1;

    /// <summary>Looks at a path; the empty one is the root.</summary>
    public int Stat(string path, out FileStat stat)
    {
        stat = default;
        var error = Enter(path, out var nameAt);
        return error < 0 ? error : FileCalls.Stat(Folder, Pointer(nameAt), out stat);
    }

    /// <summary>Opens a file for reading.</summary>
    public int OpenFile(string path)
    {
        var error = Enter(path, out var nameAt);
        return error < 0 ? error : FileCalls.OpenFile(Folder, Pointer(nameAt));
    }

    /// <summary>Reads the target of a link.</summary>
    public int ReadLink(string path, Span<byte> target)
    {
        var error = Enter(path, out var nameAt);
        return error < 0 ? error : FileCalls.ReadLink(Folder, Pointer(nameAt), target);
    }

    /// <inheritdoc/>
    public void Dispose() => Leave();

    private int Folder => _descriptor >= 0 ? _descriptor : root.Descriptor;

    private byte* Pointer(int at) => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _bytes[at]);

    /// <summary>Opens the folder of a path where it is not the open one, and leaves the name in the buffer.</summary>
    private int Enter(string path, out int nameAt)
    {
        nameAt = 0;
        var slash = path.LastIndexOf('/');
        var sameFolder = slash == _folderLength && path.AsSpan(0, Math.Max(slash, 0)).SequenceEqual(_path.AsSpan(0, Math.Max(slash, 0)));
        if (!sameFolder)
        {
            Leave();
            if (slash > 0)
            {
                if (!Encode(path.AsSpan(0, slash)))
                {
                    return -FileNative.ErrorNameTooLong;
                }

                var descriptor = FileCalls.OpenParent(root.Descriptor, Pointer(0));
                if (descriptor < 0)
                {
                    return descriptor;
                }

                _descriptor = descriptor;
            }

            (_path, _folderLength) = (path, slash);
        }

        return Encode(path.AsSpan(slash + 1)) ? 0 : -FileNative.ErrorNameTooLong;
    }

    private bool Encode(ReadOnlySpan<char> text)
    {
        if (!Encoding.UTF8.TryGetBytes(text, _bytes.AsSpan(0, PathBytesMax - 1), out var length))
        {
            return false;
        }

        _bytes[length] = 0;
        return true;
    }

    private void Leave()
    {
        if (_descriptor >= 0)
        {
            FileCalls.Close(_descriptor);
        }

        (_descriptor, _folderLength, _path) = (-1, -2, "");
    }
}
