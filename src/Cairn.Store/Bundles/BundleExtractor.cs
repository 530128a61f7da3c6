using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;

namespace Cairn.Store.Bundles;

/// <summary>
/// Unpacks bundles: into a folder beside the target, which takes the target's place when the last byte was verified. Files are made through descriptors of folders that were made here, and links
/// after all files, so that nothing is written through one.
/// </summary>
public sealed class BundleExtractor : IFileSink, IDisposable
{
    private readonly DirectoryHandle _staging;
    private DirectoryHandle? _folder;
    private string _folderPath = "";
    private int _file = -1;

    private BundleExtractor(DirectoryHandle staging) => _staging = staging;

    /// <summary>Unpacks a bundle. Throws <see cref="BundleException"/>, <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>; nothing is left then.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="target">The folder, which must not be there, or be empty.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static void Extract(BundleReader bundle, string target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(target);
        var path = Path.TrimEndingDirectorySeparator(target);
        var parentPath = Path.GetDirectoryName(path) ?? throw Unusable(target, "it is the root of the file system");
        if (!Directory.Exists(parentPath))
        {
            throw Unusable(target, $"there is no folder `{parentPath}`");
        }

        using var parent = DirectoryHandle.Open(parentPath);
        var name = Path.GetFileName(path);
        CheckTarget(parent, name, target);
        CheckRoom(bundle, parentPath);
        var staging = $".{name}.{RandomNumberGenerator.GetHexString(12, lowercase: true)}.cairn";
        try
        {
            using (var folder = parent.TryCreatePath(staging) ?? throw Unusable(target, "its place cannot be made"))
            using (var extractor = new BundleExtractor(folder))
            {
                extractor.MakeFolders(bundle);
                bundle.ReadFiles(extractor, cancellationToken);
                extractor.MakeLinks(bundle);
            }

            Place(parent, staging, name, target);
        }
        catch
        {
            parent.RemoveTree(staging);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Begin(TreeItem file) => _file = Create(file);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> content) => BlobCalls.Write(_file, content);

    /// <inheritdoc/>
    public void End() => Close();

    /// <inheritdoc/>
    public void Repeat(TreeItem file, TreeItem first)
    {
        var target = Create(file);
        try
        {
            using var source = _staging.TryOpenFilePath(first.Path) ?? throw new IOException($"`{first.Path}` was removed while it was unpacked");
            if (FileNative.Clone(target, FileNative.CloneRequest, (int)source.DangerousGetHandle()) == 0)
            {
                return;
            }

            var buffer = new byte[Math.Clamp(file.Leaf.Digest.SizeBytes, 1, Limits.TransferBytes)];
            for (long at = 0; RandomAccess.Read(source, buffer, at) is > 0 and var count; at += count)
            {
                BlobCalls.Write(target, buffer.AsSpan(0, count));
            }
        }
        finally
        {
            _ = FileNative.Close(target);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        _folder?.Dispose();
    }

    private void Close()
    {
        if (_file >= 0)
        {
            _ = FileNative.Close(_file);
            _file = -1;
        }
    }

    private void MakeFolders(BundleReader bundle)
    {
        foreach (var item in bundle.Items)
        {
            if (item.IsFolder)
            {
                _staging.TryCreatePath(item.Path)?.Dispose();
            }
        }
    }

    private void MakeLinks(BundleReader bundle)
    {
        foreach (var item in bundle.Items)
        {
            if (item.Leaf.Target is { } target)
            {
                FolderOf(item.Path).ReplaceSymlink(NameOf(item.Path), target);
            }
        }
    }

    private int Create(TreeItem file)
    {
        var folder = FolderOf(file.Path);
        var descriptor = BlobCalls.TryOpen(
            folder.Descriptor, Encoding.UTF8.GetBytes(NameOf(file.Path) + "\0"), FileNative.OpenCreate | FileNative.OpenExclusive | FileNative.OpenReadWrite | FileNative.OpenNoFollow,
            file.Leaf.Executable ? 0x1edu : 0x1a4u);
        return descriptor >= 0 ? descriptor : throw BlobCalls.Failure($"create `{file.Path}`");
    }

    /// <summary>The folder of a path; of many files in a row it is the same one.</summary>
    private DirectoryHandle FolderOf(string path)
    {
        var slash = path.LastIndexOf('/');
        var folder = slash < 0 ? "" : path[..slash];
        if (_folder is null || folder != _folderPath)
        {
            _folder?.Dispose();
            _folder = null;
            _folder = _staging.TryOpenPath(folder) ?? throw new IOException($"The folder `{folder}` was removed while it was filled");
            _folderPath = folder;
        }

        return _folder;
    }

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static void CheckTarget(DirectoryHandle parent, string name, string target)
    {
        if (parent.TryStat(name) is not { } stat)
        {
            return;
        }

        using var folder = stat.Kind == FileKind.Directory ? parent.TryOpen(name) : null;
        if (folder is null || folder.List().Count > 0)
        {
            throw Unusable(target, folder is null ? "something else stands there" : "it is not empty");
        }
    }

    private static void CheckRoom(BundleReader bundle, string folder)
    {
        long bytes = 0;
        foreach (var item in bundle.Items)
        {
            bytes = checked(bytes + (item.IsFile ? item.Leaf.Digest.SizeBytes : 0));
        }

        var room = new DriveInfo(folder).AvailableFreeSpace;
        if (bytes > room)
        {
            throw new BundleException(DiagnosticCodes.BundleTooLarge, $"The files take {bytes} bytes, and there is room for {room} in `{folder}`");
        }
    }

    private static void Place(DirectoryHandle parent, string staging, string name, string target)
    {
        try
        {
            parent.Move(staging, parent, name);
        }
        catch (IOException exception)
        {
            throw Unusable(target, "something was put there meanwhile", exception);
        }
    }

    private static BundleException Unusable(string target, string why, Exception? inner = null) => new(DiagnosticCodes.BundleTargetUnusable, $"Nothing can be unpacked to `{target}`: {why}", inner);
}
