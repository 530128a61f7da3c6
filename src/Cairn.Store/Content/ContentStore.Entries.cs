using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <content>Entries of the action cache. One whose action was executed again stands on under the name of its attestation: receipts name that.</content>
public sealed partial class ContentStore
{
    /// <summary>Adds the entry of an action; one that is there gives its place up. Throws <see cref="IOException"/>.</summary>
    internal void PutEntry(in Digest name, ReadOnlySpan<byte> entry)
    {
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        BlobPath.Write(path, name);
        using var file = CreateFile(StoreFolder.EntryMode);
        BlobCalls.Write(file.Descriptor, entry);

        // A link that meets an entry fails, so that the look costs nothing where there is none; a file that has a name already would replace it.
        var error = file.HasName && BlobCalls.TryLook(_folder.EntryFolder.Descriptor, path, out _) ? FileNative.ErrorExists : Publish(file, _folder.EntryFolder, path, replace: false);
        if (error == FileNative.ErrorExists)
        {
            KeepSuperseded(name);
            error = Publish(file, _folder.EntryFolder, path, replace: true);
        }

        if (error != 0)
        {
            throw BlobCalls.Failure("keep a result", error);
        }
    }

    /// <summary>Takes the entry of an action away, so that the action is executed; its attestation stays.</summary>
    internal unsafe void RemoveEntry(in Digest name)
    {
        KeepSuperseded(name);
        Span<byte> path = stackalloc byte[BlobPath.BytesMax];
        BlobPath.Write(path, name);
        fixed (byte* bytes = path)
        {
            _ = FileNative.UnlinkAt(_folder.EntryFolder.Descriptor, bytes, 0);
        }
    }

    /// <summary>Keeps what the entry of an action attests. Where that cannot be it goes, as if it were collected: the new one counts more.</summary>
    private void KeepSuperseded(in Digest name)
    {
        if (StoreScan.ReadEntry(_folder, StoreFolder.Actions, name.Hash) is not { } entry || SupersededEntry.NameOf(entry) is not { } attestation)
        {
            return;
        }

        try
        {
            Span<byte> path = stackalloc byte[BlobPath.BytesMax];
            BlobPath.Write(path, attestation);
            using var part = _folder.OpenPart(StoreFolder.Superseded);
            using var file = CreateFile(StoreFolder.EntryMode);
            BlobCalls.Write(file.Descriptor, entry);
            _ = Publish(file, part, path, replace: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk: whoever stores the new entry tells.
        }
    }
}
