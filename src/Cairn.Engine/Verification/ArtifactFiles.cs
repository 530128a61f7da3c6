using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Trust.Checks;

namespace Cairn.Engine.Verification;

/// <summary>Hashes files as they are read, never whole in memory.</summary>
internal static class ArtifactFiles
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Hashes a file. What cannot be hashed has a problem.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="subject">The name that it should have in a statement; null for any.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static VerifiedFile Hash(string path, string name, string? subject, CancellationToken cancellationToken)
    {
        try
        {
            // Looked at before it is opened: opening a pipe would wait for its other end.
            var parent = Path.GetDirectoryName(path)!;
            using var folder = Directory.Exists(parent) ? DirectoryHandle.Open(parent) : null;
            if (folder?.TryStat(Path.GetFileName(path)) is not { } stat)
            {
                return new VerifiedFile(name, null, "is not there", subject);
            }

            if (stat.Kind == FileKind.Symlink && File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: true } target)
            {
                return target is FileInfo ? Hash(target.FullName, name, subject, cancellationToken) : new VerifiedFile(name, null, "is a folder", subject);
            }

            if (stat.Kind != FileKind.Regular || folder.TryOpenFile(Path.GetFileName(path)) is not { } handle)
            {
                return new VerifiedFile(name, null, "is neither a file nor a link to one", subject);
            }

            using (handle)
            {
                return new VerifiedFile(name, HashOf(handle, cancellationToken), null, subject);
            }
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return new VerifiedFile(name, null, "is not there", subject);
        }
        catch (UnauthorizedAccessException)
        {
            return new VerifiedFile(name, null, "cannot be read: permission denied", subject);
        }
        catch (IOException exception)
        {
            return new VerifiedFile(name, null, $"cannot be read: {exception.Message}", subject);
        }
    }

    /// <summary>All files of a folder and below, those of version control and of Cairn left out, sorted by the bytes of their names.</summary>
    public static ImmutableArray<string> Below(string folder)
    {
        var files = new List<string>();
        var open = new Stack<string>([folder]);
        while (open.TryPop(out var current))
        {
            foreach (var entry in new DirectoryInfo(current).EnumerateFileSystemInfos())
            {
                if (entry is DirectoryInfo { LinkTarget: null } below)
                {
                    if (below.Name is not (".git" or ".cairn"))
                    {
                        open.Push(below.FullName);
                    }
                }
                else
                {
                    files.Add(Path.GetRelativePath(folder, entry.FullName));
                }
            }
        }

        files.Sort(static (left, right) => Utf8Order.Compare(left, right));
        return [.. files];
    }

    private static string HashOf(Microsoft.Win32.SafeHandles.SafeFileHandle handle, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        long at = 0;
        while (RandomAccess.Read(handle, buffer, at) is > 0 and var count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer.AsSpan(0, count));
            at += count;
        }

        return Hex.Lower(hash.GetHashAndReset());
    }
}
