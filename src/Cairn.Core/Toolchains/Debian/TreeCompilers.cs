namespace Cairn.Core.Toolchains.Debian;

/// <summary>Makes what <c>update-ccache-symlinks</c> makes: a folder in which each compiler's name is ccache.</summary>
internal static class TreeCompilers
{
    private const string Programs = "usr/bin/";

    // With what stands before them for another machine, and a version after.
    private static readonly string[] Compilers = ["gcc", "g++", "clang", "clang++"];

    public static void Add(TreeFiles files)
    {
        foreach (var path in files.In(Programs))
        {
            var name = path[Programs.Length..];
            if (name is "cc" or "c++" || IsCompiler(name))
            {
                files.TryAddLink($"usr/lib/ccache/{name}", "../../bin/ccache");
            }
        }
    }

    private static bool IsCompiler(string name)
    {
        var end = name.LastIndexOf('-');
        var plain = end > 0 && name.AsSpan(end + 1).TrimStart("0123456789.").IsEmpty ? name[..end] : name;
        foreach (var compiler in Compilers)
        {
            if (plain == compiler || (plain.EndsWith("-" + compiler, StringComparison.Ordinal) && compiler[0] == 'g'))
            {
                return true;
            }
        }

        return false;
    }
}
