using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;

namespace Cairn.Execution.Toolchains.Host;

/// <summary>Folders and files of the machine, digested.</summary>
public static class HostPaths
{
    /// <summary>Digests without remembering anything. Throws <see cref="ToolchainException"/>.</summary>
    public static Digest DigestOf(string path) => DigestOf(path, StatIndex.OfNothing(), CancellationToken.None);

    /// <summary>Digests a folder or file; of a folder the digest of its tree. Throws <see cref="ToolchainException"/> where it is missing or cannot be read.</summary>
    public static Digest DigestOf(string path, StatIndex index, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(index);
        try
        {
            if (File.Exists(path))
            {
                using var folder = DirectoryHandle.Open(Path.GetDirectoryName(path)!);
                var entries = SourceSnapshot.Take(folder, new SnapshotRequest { Literals = [Path.GetFileName(path)] }, index, cancellationToken).Entries;
                return entries is [var entry] ? entry.Digest : throw new ToolchainException($"`{path}` cannot be read");
            }

            using var root = DirectoryHandle.Open(path);
            var snapshot = SourceSnapshot.Take(root, new SnapshotRequest { Globs = [PathPatterns.Parse("**")] }, index, cancellationToken);
            var builder = new MerkleTreeBuilder(snapshot.Entries.Length);
            foreach (var entry in snapshot.Entries)
            {
                builder.Add(entry.Path, new TreeLeaf(entry.Digest, entry.Stat.Executable, entry.Target));
            }

            return builder.Build().Digest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolchainException($"`{path}`, which a toolchain takes from this machine, cannot be read: {exception.Message}", inner: exception);
        }
    }
}
