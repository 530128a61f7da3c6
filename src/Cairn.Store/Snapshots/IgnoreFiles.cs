using System.ComponentModel;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>Reads the files that hold ignore rules.</summary>
internal static unsafe class IgnoreFiles
{
    /// <summary>The rules of a file; null where it is no regular file (git does not follow links here either), is empty, or cannot be used, which is told.</summary>
    /// <param name="folder">The folder's descriptor.</param>
    /// <param name="name">The name with a NUL.</param>
    /// <param name="shown">The path for messages.</param>
    /// <param name="problems">Where to tell.</param>
    public static IgnoreRules? Read(int folder, ReadOnlySpan<byte> name, string shown, SourceProblems problems)
    {
        int descriptor;
        fixed (byte* start = name)
        {
            descriptor = FileCalls.OpenFile(folder, start);
        }

        if (descriptor < 0)
        {
            if (!FileCalls.IsAbsent(descriptor))
            {
                problems.IgnoreFile(shown, new Win32Exception(-descriptor).Message);
            }

            return null;
        }

        try
        {
            var error = FileCalls.Stat(descriptor, out var stat);
            if (error == 0 && stat.Kind != FileKind.Regular)
            {
                return null;
            }

            if (stat.SizeBytes > Limits.IgnoreFileBytesMax)
            {
                problems.IgnoreFile(shown, $"it has more than {Limits.IgnoreFileBytesMax >> 20} MiB");
                return null;
            }

            var content = new byte[stat.SizeBytes];
            var length = error < 0 ? error : FileCalls.Read(descriptor, content);
            if (length < 0)
            {
                problems.IgnoreFile(shown, new Win32Exception(-length).Message);
                return null;
            }

            var rules = IgnoreRules.Parse(content.AsSpan(0, length));
            return rules.IsEmpty ? null : rules;
        }
        finally
        {
            FileCalls.Close(descriptor);
        }
    }

    /// <summary>
    /// The rules that hold around the project: <c>info/exclude</c> of the repository, then the <c>.gitignore</c> of every folder above the project. Not the one that
    /// <c>core.excludesFile</c> names: results would depend on who runs.
    /// </summary>
    public static IgnoreScope? OfRepository(SnapshotRequest request, SourceProblems problems)
    {
        if (request.Repository is not { } repository)
        {
            return null;
        }

        IgnoreScope? scope = null;
        if (InfoFolder(repository) is { } info && TryOpen(info) is { } infoHandle)
        {
            using (infoHandle)
            {
                scope = With(scope, Read(infoHandle.Descriptor, "exclude\0"u8, $"{info}/exclude", problems), 0);
            }
        }

        for (var end = 0; end < request.PathInRepository.Length;)
        {
            // The folder above the one that ends at the next slash.
            var folder = request.PathInRepository[..end].TrimEnd('/');
            using (var handle = TryOpen(Path.Combine(repository, folder)))
            {
                if (handle is not null)
                {
                    scope = With(scope, Read(handle.Descriptor, ".gitignore\0"u8, $"{handle.DisplayPath}/.gitignore", problems), Encoding.UTF8.GetByteCount(request.PathInRepository.AsSpan(0, end)));
                }
            }

            var slash = request.PathInRepository.IndexOf('/', end);
            end = slash < 0 ? request.PathInRepository.Length : slash + 1;
        }

        return scope;
    }

    private static IgnoreScope? With(IgnoreScope? scope, IgnoreRules? rules, int prefixBytes) => rules is null ? scope : new IgnoreScope(scope, rules, Cairn: null, prefixBytes);

    /// <summary>The <c>info</c> folder: in <c>.git</c>, or where a worktree's file <c>.git</c> leads.</summary>
    private static string? InfoFolder(string repository)
    {
        var git = Path.Combine(repository, ".git");
        if (Directory.Exists(git))
        {
            return Path.Combine(git, "info");
        }

        try
        {
            if (!File.Exists(git) || File.ReadAllText(git).TrimEnd() is not ['g', 'i', 't', 'd', 'i', 'r', ':', ' ', .. var own])
            {
                return null;
            }

            own = Path.GetFullPath(own, repository);
            var common = Path.Combine(own, "commondir");
            return Path.Combine(File.Exists(common) ? Path.GetFullPath(File.ReadAllText(common).TrimEnd(), own) : own, "info");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static DirectoryHandle? TryOpen(string path)
    {
        try
        {
            return DirectoryHandle.Open(path);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
