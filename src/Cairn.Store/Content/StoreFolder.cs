using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>The folder of a store: its layout and version, its open descriptors, and whether it can be written.</summary>
internal sealed class StoreFolder : IDisposable
{
    public const string Blobs = "cas";
    public const string Actions = "ac";
    public const string Superseded = "superseded";
    public const string Temporary = "tmp";
    public const string Quarantine = "quarantine";
    public const string Pins = "pins";
    public const string Leases = "leases";
    public const string FormatFile = "store.json";

    /// <summary>The mode of a blob, less the umask: nothing that a reader does changes it.</summary>
    public const uint BlobMode = 0x124;

    /// <summary>The mode of an entry of the action cache, less the umask.</summary>
    public const uint EntryMode = 0x1b6;

    private const int Format = 1;
    private const uint FolderMode = 0x1ff;

    private static readonly string[] Folders = [Blobs, Actions, Temporary, Quarantine, Pins, Leases];

    private string? _readOnlyReason;

    private StoreFolder(string path, DirectoryHandle root, DirectoryHandle blobs, DirectoryHandle entries, DirectoryHandle temporary)
    {
        Path = path;
        Root = root;
        BlobFolder = blobs;
        EntryFolder = entries;
        TemporaryFolder = temporary;
        _readOnlyReason = WhyReadOnly();
        IsForeign = _readOnlyReason is not null;
    }

    /// <summary>What <c>store.json</c> holds: the format, and the first cairn that reads it.</summary>
    private static ReadOnlySpan<byte> FormatText => "{\"format\":1,\"cairn\":\"0.1.0\"}\n"u8;

    /// <summary>Absolute.</summary>
    public string Path { get; }

    public DirectoryHandle Root { get; }

    public DirectoryHandle BlobFolder { get; }

    public DirectoryHandle EntryFolder { get; }

    public DirectoryHandle TemporaryFolder { get; }

    /// <summary>Why nothing can be stored, or null.</summary>
    public string? ReadOnlyReason => Volatile.Read(ref _readOnlyReason);

    /// <summary>Whether this user may not write here at all; a full disk is another matter.</summary>
    public bool IsForeign { get; }

    public static StoreFolder Open(string directory)
    {
        var path = System.IO.Path.GetFullPath(directory);
        DirectoryHandle? root = null, blobs = null, entries = null, temporary = null;
        try
        {
            root = OpenRoot(path);
            CheckFormat(root, path);
            blobs = OpenPart(root, Blobs);
            entries = OpenPart(root, Actions);
            temporary = OpenPart(root, Temporary);
            return new StoreFolder(path, root, blobs, entries, temporary);
        }
        catch (Exception exception)
        {
            root?.Dispose();
            blobs?.Dispose();
            entries?.Dispose();
            temporary?.Dispose();
            if (exception is StoreException or not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw new StoreException($"The store `{path}` cannot be used ({exception.Message}). Make the folder readable and writable, or set another: `cairn config set --user cache.directory DIR`", exception);
        }
    }

    /// <summary>Opens a folder of the store, made anew where it is missing.</summary>
    public DirectoryHandle OpenPart(string name) => OpenPart(Root, name);

    /// <summary>Makes the fan-out folder of a path below <c>cas/</c> or <c>ac/</c>, as open to others as that is.</summary>
    public static unsafe void MakeFanOut(DirectoryHandle part, ReadOnlySpan<byte> path, FileNursery nursery)
    {
        var name = stackalloc byte[3] { path[0], path[1], 0 };
        var mode = BlobCalls.LookAt(part.Descriptor).Mode & 0xfff;
        if (nursery.TryMakeFolder(part.Descriptor, name, mode))
        {
            return;
        }

        if (FileNative.MakeDirectoryAt(part.Descriptor, name, FolderMode) == 0)
        {
            // The umask of whoever stores first must not shut out those who share the folder.
            _ = FileNative.ChangeModeAt(part.Descriptor, name, mode, 0);
        }
        else if (Marshal.GetLastPInvokeError() != FileNative.ErrorExists)
        {
            throw BlobCalls.Failure($"make a folder in `{part.DisplayPath}`");
        }
    }

    /// <summary>Notes that storing failed in a way that it will fail again; the exception to throw.</summary>
    public IOException Failed(IOException exception)
    {
        var reason = exception.HResult switch
        {
            FileNative.ErrorNoSpace => $"the disk of `{Path}` is full",
            FileNative.ErrorQuota => $"the disk quota for `{Path}` is used up",
            FileNative.ErrorReadOnlyFileSystem => $"`{Path}` is on a read-only file system",
            FileNative.ErrorAccess or FileNative.ErrorNotPermitted => $"no permission to write in `{Path}`",
            _ => null,
        };
        if (reason is null)
        {
            return new StoreException($"Nothing could be stored in `{Path}`: {exception.Message}", exception);
        }

        Volatile.Write(ref _readOnlyReason, reason);
        return new StoreException($"Nothing could be stored: {reason}", exception);
    }

    public void Dispose()
    {
        BlobFolder.Dispose();
        EntryFolder.Dispose();
        TemporaryFolder.Dispose();
        Root.Dispose();
    }

    private static DirectoryHandle OpenRoot(string path)
    {
        if (!Directory.Exists(path))
        {
            try
            {
                Directory.CreateDirectory(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Its own text is a resource key in a trimmed build.
                throw new IOException("it is not there, and cannot be made", exception);
            }

        }

        return DirectoryHandle.Open(path);
    }

    private static DirectoryHandle OpenPart(DirectoryHandle root, string name) =>
        root.TryOpen(name) ?? root.TryCreatePath(name) ?? throw new StoreException($"`{root.DisplayPath}/{name}` is not a folder: remove it");

    private static void CheckFormat(DirectoryHandle root, string path)
    {
        using var file = root.TryOpenFile(FormatFile);
        if (file is null)
        {
            foreach (var folder in Folders)
            {
                OpenPart(root, folder).Dispose();
            }

            DurableFile.Replace(System.IO.Path.Combine(path, FormatFile), FormatText);
            return;
        }

        var buffer = new byte[4096];
        var text = buffer.AsSpan(0, RandomAccess.Read(file, buffer, 0));
        if (!text.SequenceEqual(FormatText))
        {
            CheckOtherFormat(text, path);
        }
    }

    private static void CheckOtherFormat(ReadOnlySpan<byte> text, string path)
    {
        var format = 0;
        string? needed = null;
        try
        {
            var json = new Utf8JsonReader(text);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1)
                {
                    continue;
                }

                if (json.ValueTextEquals("format"u8))
                {
                    format = json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number) ? number : 0;
                }
                else if (json.ValueTextEquals("cairn"u8))
                {
                    needed = json.Read() && json.TokenType == JsonTokenType.String ? json.GetString() : null;
                }
            }
        }
        catch (JsonException)
        {
            format = 0;
        }

        if (format < 1)
        {
            throw new StoreException($"`{path}/{FormatFile}` is damaged. Remove it: what stands beside it is verified whenever it is read");
        }

        if (format > Format)
        {
            throw new StoreException(string.Create(CultureInfo.InvariantCulture, $"The store `{path}` has format {format}, and this cairn reads {Format}. Use cairn {Shown(needed) ?? "of a newer version"} or newer, or give this one a folder of its own: `cairn config set --user cache.directory DIR`"));
        }
    }

    /// <summary>A version as a foreign file gives it, if it looks like one.</summary>
    private static string? Shown(string? version)
    {
        if (version is not { Length: > 0 and <= 40 })
        {
            return null;
        }

        foreach (var c in version)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '+'))
            {
                return null;
            }
        }

        return version;
    }

    private unsafe string? WhyReadOnly()
    {
        foreach (var folder in (ReadOnlySpan<DirectoryHandle>)[BlobFolder, TemporaryFolder])
        {
            fixed (byte* here = ".\0"u8)
            {
                if (FileNative.AccessAt(folder.Descriptor, here, FileNative.AccessWriteAndSearch, 0) < 0)
                {
                    return Marshal.GetLastPInvokeError() == FileNative.ErrorReadOnlyFileSystem ? $"`{Path}` is on a read-only file system" : $"no permission to write in `{folder.DisplayPath}`";
                }
            }
        }

        return null;
    }
}
