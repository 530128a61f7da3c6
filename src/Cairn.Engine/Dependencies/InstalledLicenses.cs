using Cairn.Core.Dependencies;
using Cairn.Store.Files;

namespace Cairn.Engine.Dependencies;

/// <summary>Licences that a lock file does not tell, from what is installed in the working tree. What cannot be read there is left as it is: a graph without licences is one too.</summary>
internal static class InstalledLicenses
{
    private const int NameBytesMax = 255;

    public static DependencyGraph Complete(string folder, DependencyGraph graph)
    {
        try
        {
            using var root = DirectoryHandle.Open(Path.Combine(folder, graph.Folder));
            using var sites = graph.Ecosystem == Ecosystem.PyPI ? new SitePackages(root) : null;
            var packages = graph.Packages.ToBuilder();
            for (var i = 0; i < packages.Count; i++)
            {
                if (packages[i] is { License: null, IsProject: false } package && LicenseOf(root, sites, graph.Ecosystem, package) is { } license)
                {
                    packages[i] = package with { License = license };
                }
            }

            return graph with { Packages = packages.ToImmutable() };
        }
        catch (IOException)
        {
            return graph;
        }
    }

    private static string? LicenseOf(DirectoryHandle root, SitePackages? sites, Ecosystem ecosystem, Package package)
    {
        if (sites is not null)
        {
            return sites.Metadata(package) is { } metadata ? InstalledMetadata.LicenseOf(ecosystem, package.Version, metadata) : null;
        }

        foreach (var place in InstalledMetadata.PlacesOf(ecosystem, package))
        {
            if (IsPlain(place) && Read(root, place) is { } content && InstalledMetadata.LicenseOf(ecosystem, package.Version, content) is { } license)
            {
                return license;
            }
        }

        return null;
    }

    /// <summary>Whether a path, which a lock file may have made up, stays where it begins.</summary>
    private static bool IsPlain(string path)
    {
        foreach (var segment in path.Split('/'))
        {
            if (segment is "" or "." or ".." || segment.Length > NameBytesMax || segment.Contains('\0', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static byte[]? Read(DirectoryHandle root, string path)
    {
        try
        {
            var slash = path.LastIndexOf('/');
            using var folder = root.TryOpenPath(path[..slash]);
            return folder is null ? null : DependencyScanner.ReadFile(folder, path[(slash + 1)..], Limits.PackageMetadataBytesMax);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The <c>site-packages</c> of a virtual environment beside a lock file.</summary>
    private sealed class SitePackages : IDisposable
    {
        private readonly DirectoryHandle? _folder;
        private readonly Dictionary<(string Name, string Version), string> _distInfos = [];

        public SitePackages(DirectoryHandle project)
        {
            foreach (var environment in (string[])[".venv", "venv"])
            {
                using var lib = project.TryOpenPath($"{environment}/lib");
                var python = lib?.List().Where(e => e.IsUtf8 && e.Name.StartsWith("python", StringComparison.Ordinal)).Select(e => e.Name).Order(StringComparer.Ordinal).FirstOrDefault();
                if (python is not null && lib!.TryOpenPath($"{python}/site-packages") is { } found)
                {
                    _folder = found;
                    break;
                }
            }

            foreach (var entry in _folder?.List() ?? [])
            {
                if (entry.IsUtf8 && InstalledMetadata.OfDistInfo(entry.Name) is { } package)
                {
                    _distInfos[package] = entry.Name;
                }
            }
        }

        public byte[]? Metadata(Package package) =>
            package.Version is { } version && _distInfos.TryGetValue((package.Name, version), out var folder) ? Read(_folder!, $"{folder}/METADATA") : null;

        public void Dispose() => _folder?.Dispose();
    }
}
