using Cairn.Engine.Outputs;
using Cairn.Store.Files;

namespace Cairn.Engine.Isolation;

/// <summary>
/// Links among a sandboxed step's outputs. In the working tree they would lead wherever their text says, also out of the project, where whoever follows them does not expect to
/// be led. So they stay within it, except into the folders of programs that a step sees as the machine has them.
/// </summary>
internal static class OutputLinks
{
    // As BaseLayer mounts them: absolute, read-only, the same inside and outside.
    private static readonly string[] Programs = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"];

    /// <summary>What is wrong with the first bad one, or null.</summary>
    public static string? Problem(DirectoryHandle tree, IReadOnlyList<TreeFile> files)
    {
        foreach (var file in files)
        {
            if (file.Stat.Kind != FileKind.Symlink)
            {
                continue;
            }

            var (folder, name) = OutputTree.Split(file.Path);
            using var parent = tree.TryOpenPath(folder) ?? throw new IOException($"`{file.Path}` vanished while it was read");
            var target = parent.ReadLink(name);
            if (!StaysInside(file.Path, target))
            {
                return $"output `{file.Path}` is a link to `{target}`, out of the project: link relative to its folder, or copy the file";
            }
        }

        return null;
    }

    /// <summary>Whether a link at a path of the project leads into it, or to the machine's programs.</summary>
    internal static bool StaysInside(string path, string target)
    {
        if (target.StartsWith('/'))
        {
            return !target.Contains("/..", StringComparison.Ordinal) && Array.Exists(Programs, p => target.StartsWith(p, StringComparison.Ordinal));
        }

        // The folders above a link are folders; those after a name may be links themselves, and what `..` means behind them nobody knows.
        var depth = path.AsSpan().Count('/');
        var named = false;
        foreach (var range in target.AsSpan().Split('/'))
        {
            var part = target.AsSpan(range);
            if (part is "..")
            {
                if (named || --depth < 0)
                {
                    return false;
                }
            }
            else if (part is not ("" or "."))
            {
                named = true;
            }
        }

        return true;
    }
}
