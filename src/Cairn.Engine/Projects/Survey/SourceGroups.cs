namespace Cairn.Engine.Projects.Survey;

/// <summary>Says which files belong to a project, as globs that are exact enough to be inputs: its folders and files by name, without those of projects within it.</summary>
internal static class SourceGroups
{
    private static readonly string[] Documents = ["LICENSE", "LICENCE", "COPYING", "CHANGELOG", "AUTHORS", "CODEOWNERS"];
    private static readonly string[] DocumentFolders = ["doc", "docs"];

    /// <summary>The globs of a folder's files.</summary>
    /// <param name="listing">All files.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="others">Folders of projects that are left out where they lie within it.</param>
    public static List<string> Of(SourceListing listing, string folder, IEnumerable<string> others)
    {
        var within = others.Where(o => o.Length > folder.Length && Paths.IsWithin(o, folder)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (folder.Length > 0)
        {
            return [folder + "/**", .. within.Select(o => $"!{o}/**")];
        }

        var files = new List<string>();
        var folders = new List<string>();
        foreach (var path in listing.Files)
        {
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0)
            {
                if (!IsDocument(path))
                {
                    files.Add(path);
                }
            }
            else if (Array.IndexOf(DocumentFolders, path[..slash]) < 0 && path[0] != '.' && !within.Exists(o => Paths.IsWithin(path, o)) && (folders.Count == 0 || folders[^1] != path[..slash]))
            {
                folders.Add(path[..slash]);
            }
        }

        return [.. files, .. folders.Select(f => f + "/**"), .. within.Where(o => folders.Exists(f => Paths.IsWithin(o, f))).Select(o => $"!{o}/**")];
    }

    private static bool IsDocument(string name) =>
        name[0] == '.' || name is "cairn.yaml" or "cairn.json" or "cairn.lock" || name.EndsWith(".md", StringComparison.OrdinalIgnoreCase)
        || Array.Exists(Documents, d => name.StartsWith(d, StringComparison.OrdinalIgnoreCase));
}
