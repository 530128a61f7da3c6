namespace Cairn.Core.Content;

/// <summary>The rules that hold in a folder: those of its own files and of all folders above it. The deepest file that has something to say decides.</summary>
/// <param name="Parent">The scope of the folder above, or null.</param>
/// <param name="Git">The rules of <c>.gitignore</c> here.</param>
/// <param name="Cairn">The rules of <c>.cairnignore</c> here.</param>
/// <param name="PrefixBytes">The bytes of the folder's path with the slash at its end, as paths are given to <see cref="MatchGit"/>.</param>
public sealed record IgnoreScope(IgnoreScope? Parent, IgnoreRules? Git, IgnoreRules? Cairn, int PrefixBytes)
{
    /// <summary>What the files <c>.gitignore</c> say of a path.</summary>
    public IgnoreVerdict MatchGit(ReadOnlySpan<byte> path, bool isFolder)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.Git?.Match(path[scope.PrefixBytes..], isFolder) is not (null or IgnoreVerdict.None) and { } verdict)
            {
                return verdict;
            }
        }

        return IgnoreVerdict.None;
    }

    /// <summary>What the files <c>.cairnignore</c> say of a path.</summary>
    public IgnoreVerdict MatchCairn(ReadOnlySpan<byte> path, bool isFolder)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.Cairn?.Match(path[scope.PrefixBytes..], isFolder) is not (null or IgnoreVerdict.None) and { } verdict)
            {
                return verdict;
            }
        }

        return IgnoreVerdict.None;
    }
}
