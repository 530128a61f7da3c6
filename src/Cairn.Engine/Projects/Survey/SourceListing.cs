using System.Text;

using Cairn.Core.Content;

namespace Cairn.Engine.Projects.Survey;

/// <summary>The files of a folder that are its own work: those that no ignore rule excludes, without what is known to be others' or made.</summary>
public sealed class SourceListing
{
    private const int FilesMax = 200_000;
    private const int DepthMax = 32;
    private const int TextBytesMax = 2 << 20;

    // Of others, made by tools, or there to be read by tests.
    private static readonly string[] Skipped = ["node_modules", "vendor", "third_party", "testdata", "fixtures", "__pycache__", "target", "artifacts", "bower_components"];

    private readonly List<string> _files = [];
    private readonly Func<string, byte[]?> _read;

    private SourceListing(Func<string, byte[]?> read) => _read = read;

    /// <summary>The paths, sorted.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Lists a folder. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public static SourceListing Of(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var listing = new SourceListing(path =>
        {
            var full = Path.Combine(folder, path);
            return new FileInfo(full) is { Exists: true, Length: <= TextBytesMax } ? File.ReadAllBytes(full) : null;
        });
        listing.Walk(folder, "", parent: null, depth: 0);
        listing._files.Sort(StringComparer.Ordinal);
        return listing;
    }

    /// <summary>A listing of files that are not on the disk.</summary>
    internal static SourceListing Of(IReadOnlyDictionary<string, string> files)
    {
        var listing = new SourceListing(path => files.TryGetValue(path, out var text) ? Encoding.UTF8.GetBytes(text) : null);
        listing._files.AddRange(files.Keys.Order(StringComparer.Ordinal));
        return listing;
    }

    /// <summary>Whether there is such a file.</summary>
    public bool Has(string path) => _files.BinarySearch(path, StringComparer.Ordinal) >= 0;

    /// <summary>The text of a file; null where there is none, or none that is to be read.</summary>
    public string? Read(string path) => Has(path) && _read(path) is { } bytes ? Encoding.UTF8.GetString(bytes.AsSpan().StartsWith("\ufeff"u8) ? bytes.AsSpan(3) : bytes) : null;

    /// <summary>The text of a file, empty where there is none.</summary>
    public string Text(string path) => Read(path) ?? "";

    /// <summary>The files below a folder; all for the empty one.</summary>
    public IEnumerable<string> Below(string folder)
    {
        var prefix = Paths.Prefix(folder);
        var at = _files.BinarySearch(prefix, StringComparer.Ordinal);
        for (at = at < 0 ? ~at : at; at < _files.Count && _files[at].StartsWith(prefix, StringComparison.Ordinal); at++)
        {
            yield return _files[at];
        }
    }

    /// <summary>The files with one of these names, shallow ones first.</summary>
    public IEnumerable<string> Named(params string[] names) =>
        _files.Where(f => Array.IndexOf(names, Paths.Name(f)) >= 0).OrderBy(Paths.Depth).ThenBy(f => f, StringComparer.Ordinal);

    /// <summary>The files whose names end so, shallow ones first.</summary>
    public IEnumerable<string> Ending(params string[] endings) =>
        _files.Where(f => Array.Exists(endings, e => f.EndsWith(e, StringComparison.Ordinal))).OrderBy(Paths.Depth).ThenBy(f => f, StringComparer.Ordinal);

    private void Walk(string root, string below, IgnoreScope? parent, int depth)
    {
        var folder = Path.Combine(root, below);
        var prefix = Paths.Prefix(below);
        var git = Rules(Path.Combine(folder, ".gitignore"));
        var cairn = Rules(Path.Combine(folder, ".cairnignore"));
        var scope = git is null && cairn is null ? parent : new IgnoreScope(parent, git, cairn, Encoding.UTF8.GetByteCount(prefix));
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            var path = prefix + entry.Name;
            var isFolder = entry is DirectoryInfo && entry.LinkTarget is null;
            if (IsIgnored(scope, Encoding.UTF8.GetBytes(path), isFolder))
            {
                continue;
            }

            if (!isFolder)
            {
                if (_files.Count == FilesMax)
                {
                    throw new IOException($"`{root}` has more than {FilesMax:N0} files: exclude folders with `.cairnignore`, or name a folder in it");
                }

                _files.Add(path);
            }
            else if (depth < DepthMax && entry.Name[0] != '.' && Array.IndexOf(Skipped, entry.Name) < 0)
            {
                Walk(root, path, scope, depth + 1);
            }
        }
    }

    private static IgnoreRules? Rules(string path) => new FileInfo(path) is { Exists: true, Length: <= TextBytesMax } ? IgnoreRules.Parse(File.ReadAllBytes(path)) : null;

    private static bool IsIgnored(IgnoreScope? scope, ReadOnlySpan<byte> path, bool isFolder)
    {
        var own = scope?.MatchCairn(path, isFolder) ?? IgnoreVerdict.None;
        return (own != IgnoreVerdict.None ? own : scope?.MatchGit(path, isFolder) ?? IgnoreVerdict.None) == IgnoreVerdict.Ignored;
    }
}

/// <summary>Paths with forward slashes, relative to the folder that is looked at; the empty one is that folder.</summary>
internal static class Paths
{
    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    public static string Folder(string path) => path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";

    public static string Prefix(string folder) => folder.Length == 0 ? "" : folder + "/";

    public static string In(string folder, string path) => Prefix(folder) + path;

    public static int Depth(string path) => path.AsSpan().Count('/');

    public static bool IsWithin(string path, string folder) => folder.Length == 0 || path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);

    /// <summary>A path as seen from a folder, without <c>..</c>; null where it leads out of all.</summary>
    public static string? Resolve(string folder, string relative)
    {
        var segments = new List<string>(folder.Length == 0 ? [] : folder.Split('/'));
        foreach (var segment in relative.Replace('\\', '/').Split('/'))
        {
            if (segment == "..")
            {
                if (segments.Count == 0)
                {
                    return null;
                }

                segments.RemoveAt(segments.Count - 1);
            }
            else if (segment is not ("" or "."))
            {
                segments.Add(segment);
            }
        }

        return string.Join('/', segments);
    }
}
