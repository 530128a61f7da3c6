using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Bundles;

#pragma warning disable CA1001 // Who makes a bundle asks for files at any time: the folder is let go of with this object.
/// <summary>A folder whose files are opened one after the other, from several threads: with as few calls for each as there can be.</summary>
internal sealed class SourceFolder
{
    private readonly SafeFileHandle _owner;
    private readonly DirectoryHandle _folder;

    public SourceFolder(string directory)
    {
        _folder = DirectoryHandle.Open(directory);
        _owner = new SafeFileHandle(_folder.Descriptor, ownsHandle: true);
    }

    /// <summary>Opens a file, following no link.</summary>
    public Stream Open(TreeItem item)
    {
        var file = _folder.TryOpenFilePath(item.Path) ?? throw new IOException($"`{item.Path}` is no longer there");
        GC.KeepAlive(_owner);
        return new PlainFile(file);
    }

    // What the runtime's asks the kernel about a file before it reads is twice what reading a small one takes.
    private sealed class PlainFile(SafeFileHandle file) : ForwardStream
    {
        private long _position;

        public override int Read(Span<byte> buffer)
        {
            var count = BlobCalls.ReadAt((int)file.DangerousGetHandle(), buffer, _position);
            _position += count;
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                file.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
