using System.Collections.Immutable;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A package, unpacked: its files, and what it would do when it is configured.</summary>
/// <param name="Name">The package.</param>
/// <param name="Leaves">Its files and links, by path as in a tree.</param>
/// <param name="Libraries">Its shared libraries, by path.</param>
/// <param name="Control">Its control files: <c>control</c>, <c>postinst</c> and so on.</param>
public sealed record PackageFiles(
    string Name, ImmutableArray<KeyValuePair<string, TreeLeaf>> Leaves, ImmutableArray<KeyValuePair<string, ElfLibrary>> Libraries, ImmutableDictionary<string, string> Control);

/// <summary>Where the files of packages stand in a tree: layout <c>debian/1</c>.</summary>
public static class PackagePaths
{
    // What a person reads, or a tool that watches over packages; compilers and interpreters do without.
    private static readonly string[] LeftOut = ["usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/lintian/", "usr/share/doc-base/", "usr/share/bug/", "usr/share/linda/"];

    /// <summary>The folders that are links into <c>usr</c>.</summary>
    public static ImmutableArray<string> Merged { get; } = ["bin", "lib", "lib32", "lib64", "libx32", "sbin"];

    /// <summary>Where a path of an archive stands in the tree; null for the root itself. Throws <see cref="FormatException"/> for a path that leads elsewhere.</summary>
    public static string? Normalize(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var plain = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path.StartsWith('/') ? path[1..] : path;
        plain = plain.TrimEnd('/');
        if (plain is "" or ".")
        {
            return null;
        }

        if (!RelativePath.IsPlain(plain))
        {
            throw new FormatException($"It has a file at `{path}`, which leads out of the tree or nowhere");
        }

        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        return IsMerged(slash < 0 ? plain : plain[..slash]) ? $"usr/{plain}" : plain;
    }

    /// <summary>Whether a folder at the top is a link into <c>usr</c>.</summary>
    public static bool IsMerged(string name) => Merged.IndexOf(name) >= 0;

    /// <summary>Whether a file is left out of trees.</summary>
    public static bool IsLeftOut(string path)
    {
        foreach (var folder in LeftOut)
        {
            if (path.StartsWith(folder, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a path is plain and relative: no part of it is empty, <c>.</c> or <c>..</c>.</summary>
    public static bool IsPlain(string path) => RelativePath.IsPlain(path);

    /// <summary>Whether a link at a path of the tree stays within it.</summary>
    public static bool StaysInside(string path, string target)
    {
        if (target.Length == 0 || target.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        var depth = target.StartsWith('/') ? 0 : path.AsSpan().Count('/');
        foreach (var range in target.AsSpan().Split('/'))
        {
            depth += target.AsSpan(range) switch { "" or "." => 0, ".." => -1, _ => 1 };
            if (depth < 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Where a path leads that is absolute in the tree, its first folder merged.</summary>
    internal static string Absolute(string path) => Normalize(path) ?? "";
}
