using System.Diagnostics.CodeAnalysis;

namespace Cairn.Core.Language;

/// <summary>Where tool caches may stand: a folder below the step's HOME (<c>~/…</c>) or below the project.</summary>
internal static class ToolCachePaths
{
    private const string Home = "~/";

    /// <summary>Takes the path as written without what means nothing in it; says what is wrong with a bad one.</summary>
    public static bool TryNormalize(string text, [NotNullWhen(true)] out string? path, out (string Message, string Suggestion) mistake)
    {
        path = null;
        mistake = default;
        var underHome = text.StartsWith(Home, StringComparison.Ordinal) || text is "~";
        var rest = underHome ? text[Math.Min(2, text.Length)..] : text;
        if (!underHome && text.StartsWith('/'))
        {
            mistake = ($"`{text}` is an absolute path", "Write `~/…` for a folder of the step's HOME, or a path relative to the project");
            return false;
        }

        if (!underHome && text.StartsWith('~'))
        {
            mistake = ($"`{text}` is the home of another user", "Write `~/…` for a folder of the step's HOME");
            return false;
        }

        var segments = new List<string>();
        foreach (var segment in rest.Split('/'))
        {
            if (segment is "..")
            {
                mistake = ($"`{text}` goes up with `..`", underHome ? "Name a folder below the step's HOME" : "Paths stay in the project's folder");
                return false;
            }

            if (segment is not ("" or "."))
            {
                segments.Add(segment);
            }
        }

        if (segments.Count == 0)
        {
            mistake = underHome
                ? ("All of the step's HOME cannot be a tool cache", "Name a folder below it, such as `~/.cache`")
                : ("All of the project cannot be a tool cache", "Name a folder below it, such as `node_modules`");
            return false;
        }

        if (!underHome && segments[0] is ".cairn" or ".git")
        {
            mistake = ($"`{text}` lies in `{segments[0]}`, which is not for steps", "Name another folder");
            return false;
        }

        path = (underHome ? Home : "") + string.Join('/', segments);
        return true;
    }

    /// <summary>Whether a path is relative to the project and not to the step's HOME.</summary>
    public static bool IsOfProject(string path) => !path.StartsWith(Home, StringComparison.Ordinal);

    /// <summary>Whether two normalized paths are the same folder, or one lies in the other.</summary>
    public static bool Overlap(string a, string b) =>
        a.Length < b.Length ? IsBelow(b, a) : a.Length > b.Length ? IsBelow(a, b) : string.Equals(a, b, StringComparison.Ordinal);

    private static bool IsBelow(string path, string folder) => path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal);
}
