using Cairn.Core.Content;
using Cairn.Store.Files;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Content;

/// <summary>The CAS on local disk: blobs named by their SHA-256, shared by all of a user's projects and by any number of processes.</summary>
public sealed class ContentStore : IDisposable
{
    private ContentStore()
    {
    }

    /// <summary>The folder, absolute: <c>~/.cache/cairn</c>; blobs stand in <c>cas/</c> below it.</summary>
    public string Directory => throw new NotSupportedException();

    /// <summary>Why nothing can be stored (read-only folder, full disk seen), or null. Reading still works.</summary>
    public string? ReadOnlyReason => throw new NotSupportedException();

    /// <summary>Opens or creates a store. Throws <see cref="StoreException"/> for one of a newer version or a folder that cannot be used at all.</summary>
    public static ContentStore Open(string directory) => throw new NotSupportedException();

    /// <summary>Stores bytes. Throws <see cref="IOException"/> where the disk is full; nothing is left of the attempt then.</summary>
    public Digest Put(ReadOnlySpan<byte> content) => throw new NotSupportedException();

    /// <summary>Stores a file, hashing while it copies (reflink where that is to be had), in bounded memory. Returns the digest of exactly the bytes that were stored.</summary>
    public Digest PutFile(SafeFileHandle source) => throw new NotSupportedException();

    /// <summary>Whether a blob is there, by name and size alone; notes its use for the eviction order.</summary>
    public bool Contains(Digest digest) => throw new NotSupportedException();

    /// <summary>Reads a blob whole, verified. Null where it is missing or was found corrupt (then it is quarantined).</summary>
    public byte[]? TryRead(Digest digest, int maxBytes) => throw new NotSupportedException();

    /// <summary>Opens a blob for reading, decompressed; the last read throws <see cref="StoreException"/> where the bytes do not have the digest. Null where it is missing.</summary>
    public Stream? TryOpen(Digest digest) => throw new NotSupportedException();

    /// <summary>
    /// Lays a blob out as a new file (mode 0644 or 0755 less the umask, mtime now), verified while it is copied. Atomic: <paramref name="name"/> is either absent or whole.
    /// False where the blob is missing or was found corrupt; nothing is left then. Replaces what stands there.
    /// </summary>
    public bool TryRestore(Digest digest, DirectoryHandle folder, string name, bool executable) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotSupportedException();
}

/// <summary>A store that cannot be used or does not hold what it should; the message says what to do.</summary>
public sealed class StoreException : IOException
{
    /// <summary>With a message.</summary>
    public StoreException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public StoreException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
