using System.Text;

using Cairn.Core.Content;

namespace Cairn.Engine.Preparation.Git;

/// <summary>What HEAD points to.</summary>
/// <param name="Branch">The branch without <c>refs/heads/</c>; null where HEAD is detached.</param>
/// <param name="Commit">The commit in hex; null before the first.</param>
internal sealed record GitHead(string? Branch, string? Commit)
{
    private const string Heads = "refs/heads/";
    private const int LinksMax = 5;

    /// <summary>Reads HEAD and the refs that it leads to; null where they are of a kind that is not understood.</summary>
    public static GitHead? Read(GitLayout layout)
    {
        var reference = "HEAD";
        var content = GitLayout.TryRead(layout.GitDirectory, reference);
        for (var links = 0; links < LinksMax; links++)
        {
            if (content is null)
            {
                return null;
            }

            var text = Encoding.UTF8.GetString(content).AsSpan().TrimEnd();
            if (!text.StartsWith("ref:", StringComparison.Ordinal))
            {
                return IsName(text, layout.HashBytes) ? new GitHead(BranchOf(reference), text.ToString()) : null;
            }

            reference = text[4..].TrimStart().ToString();
            if (!reference.StartsWith(Heads, StringComparison.Ordinal) || !IsPlain(reference))
            {
                return null;
            }

            content = GitLayout.TryRead(layout.CommonDirectory, reference);
            if (content is null)
            {
                // A link in its place is an old kind of reference.
                return new FileInfo(Path.Combine(layout.CommonDirectory, reference)) is { Exists: true } or { LinkTarget: not null } ? null : Packed(layout, reference);
            }
        }

        return null;
    }

    private static GitHead? Packed(GitLayout layout, string reference)
    {
        var branch = BranchOf(reference);
        using var file = TryOpen(Path.Combine(layout.CommonDirectory, "packed-refs"));
        if (file is null)
        {
            return new GitHead(branch, null);
        }

        if (RandomAccess.GetLength(file) > Limits.GitFileBytesMax)
        {
            return null;
        }

        var content = GitLayout.ReadAll(file);
        var line = Encoding.UTF8.GetBytes($" {reference}\n");
        var digits = 2 * layout.HashBytes;
        for (var from = 0; content.AsSpan(from).IndexOf(line) is >= 0 and var found; from += found + 1)
        {
            var end = from + found;
            if (end >= digits && (end == digits || content[end - digits - 1] == '\n'))
            {
                var name = Encoding.UTF8.GetString(content, end - digits, digits);
                return IsName(name, layout.HashBytes) ? new GitHead(branch, name) : null;
            }
        }

        return new GitHead(branch, null);
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string? BranchOf(string reference) => reference.StartsWith(Heads, StringComparison.Ordinal) ? reference[Heads.Length..] : null;

    // No more of git's rules for names than keep a path where it belongs.
    private static bool IsPlain(string reference) =>
        !reference.Contains("..", StringComparison.Ordinal) && !reference.Contains("//", StringComparison.Ordinal) && !reference.Contains("/.", StringComparison.Ordinal)
        && reference.Length > Heads.Length && !reference.EndsWith('/') && reference.AsSpan().IndexOfAnyInRange('\0', ' ') < 0 && !reference.Contains('\ufffd', StringComparison.Ordinal);

    private static bool IsName(ReadOnlySpan<char> text, int hashBytes) => text.Length == 2 * hashBytes && Hex.IsLower(text);
}
