namespace Cairn.Core.Language;

/// <summary>Paths relative to the project's folder, with <c>/</c> between segments.</summary>
internal static class ProjectPaths
{
    /// <summary>Puts a relative path below a folder of the project; null where it is absolute or leaves the project.</summary>
    public static string? Normalize(string folder, string path)
    {
        if (path.StartsWith('/'))
        {
            return null;
        }

        var segments = new List<string>();
        foreach (var segment in $"{folder}/{path}".Split('/'))
        {
            if (segment is "" or ".")
            {
                continue;
            }

            if (segment is not "..")
            {
                segments.Add(segment);
            }
            else if (segments.Count == 0)
            {
                return null;
            }
            else
            {
                segments.RemoveAt(segments.Count - 1);
            }
        }

        return string.Join('/', segments);
    }

    /// <summary>The folder of a file; empty for the project's own.</summary>
    public static string Folder(string file) => file.LastIndexOf('/') is var slash and > 0 ? file[..slash] : "";
}
