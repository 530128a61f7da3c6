using System.Text;

using Cairn.Store.Files;

namespace Cairn.Engine.Preparation.Git;

/// <summary>Where a repository keeps what it knows about a working tree.</summary>
/// <param name="Root">The working tree's top.</param>
/// <param name="Prefix">The project's path below it: empty, or ending with a slash.</param>
/// <param name="GitDirectory">What belongs to this working tree: HEAD, the index.</param>
/// <param name="CommonDirectory">What all working trees share: refs, objects, configuration.</param>
/// <param name="HashBytes">Bytes of an object's name: 20, or 32.</param>
internal sealed record GitLayout(string Root, string Prefix, string GitDirectory, string CommonDirectory, int HashBytes)
{
    private const int SmallFileBytesMax = 1 << 20;

    // What makes git look elsewhere than its rules of discovery say.
    private static readonly string[] Redirections =
    [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    ];

    /// <summary>Finds a project's repository; null where git's own rules are needed to find it.</summary>
    public static GitLayout? Find(string project)
    {
        foreach (var name in Redirections)
        {
            if (Environment.GetEnvironmentVariable(name) is not null)
            {
                return null;
            }
        }

        project = Path.TrimEndingDirectorySeparator(Path.GetFullPath(project));
        var root = project;
        while (!Path.Exists(Path.Combine(root, ".git")))
        {
            // Past a link the parent is another one than the path says; a folder with a HEAD may itself be a repository.
            if (Path.GetDirectoryName(root) is not { } parent || File.Exists(Path.Combine(root, "HEAD")) || new DirectoryInfo(root).LinkTarget is not null)
            {
                return null;
            }

            root = parent;
        }

        return IsOneFileSystem(project, root) && FindDirectory(root) is { } directory ? Open(project, root, directory) : null;
    }

    /// <summary>Reads a small file that git keeps; null where there is none, a link or a large one.</summary>
    public static byte[]? TryRead(string directory, string name)
    {
        using var folder = DirectoryHandle.Open(directory);
        using var file = folder.TryOpenFilePath(name);
        return file is not null && RandomAccess.GetLength(file) <= SmallFileBytesMax ? ReadAll(file) : null;
    }

    /// <summary>Reads a file to its end, or to the length that it had at the start.</summary>
    public static byte[] ReadAll(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        var data = GC.AllocateUninitializedArray<byte>(checked((int)RandomAccess.GetLength(file)));
        var filled = 0;
        while (filled < data.Length && RandomAccess.Read(file, data.AsSpan(filled), filled) is > 0 and var read)
        {
            filled += read;
        }

        return filled == data.Length ? data : data[..filled];
    }

    // Git does not look further up than the file system that it stands on.
    private static bool IsOneFileSystem(string project, string root)
    {
        if (project.Length == root.Length)
        {
            return true;
        }

        using var low = DirectoryHandle.Open(project);
        using var high = DirectoryHandle.Open(root);
        return low.IsOnFileSystemOf(high);
    }

    private static string? FindDirectory(string root)
    {
        var marker = Path.Combine(root, ".git");
        if (Directory.Exists(marker))
        {
            return marker;
        }

        // A submodule or another working tree: the file names the directory.
        if (TryRead(root, ".git") is not { } content || !content.AsSpan().StartsWith("gitdir: "u8))
        {
            return null;
        }

        var path = Path.GetFullPath(Path.Combine(root, Text(content)["gitdir: ".Length..]));
        return Directory.Exists(path) ? path : null;
    }

    private static GitLayout? Open(string project, string root, string directory)
    {
        var common = directory;
        if (TryRead(directory, "commondir") is { } pointer)
        {
            common = Path.GetFullPath(Path.Combine(directory, Text(pointer)));
        }

        if (!Directory.Exists(Path.Combine(common, "objects")) || !Directory.Exists(Path.Combine(common, "refs")))
        {
            return null;
        }

        // Other objects are to be taken in place of some: git's business.
        if (Directory.Exists(Path.Combine(common, "refs", "replace")))
        {
            return null;
        }

        if (GitConfigFile.TryParse(TryRead(common, "config")) is not { } config)
        {
            return null;
        }

        if (ReferenceEquals(common, directory) && !IsTreeOf(config, directory, root))
        {
            return null;
        }

        if (config.HasWorktreeConfig && TryRead(directory, "config.worktree") is { } own)
        {
            if (GitConfigFile.TryParse(own) is not { } ownConfig || !IsTreeOf(ownConfig, directory, root))
            {
                return null;
            }
        }

        var prefix = project.Length == root.Length ? "" : project[root.TrimEnd('/').Length..].TrimStart('/') + "/";
        return new GitLayout(root, prefix, directory, common, config.IsSha256 ? 32 : 20);
    }

    /// <summary>Whether the working tree is the one that was found, by what the configuration says; other working trees than the first take no notice of that.</summary>
    private static bool IsTreeOf(GitConfigFile config, string directory, string root) =>
        !config.IsBare && (config.Worktree is not { } worktree || string.Equals(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(directory, worktree))), root, StringComparison.Ordinal));

    private static string Text(byte[] content) => Encoding.UTF8.GetString(content).TrimEnd('\n', '\r');
}
