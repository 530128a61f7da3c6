using Cairn.Store.Files;

namespace Cairn.Store.Tools;

/// <summary>A tool cache in use by a step: nothing of it is removed meanwhile. Disposing takes back what was placed.</summary>
public sealed class ToolCacheLease : IDisposable
{
    private readonly ToolCaches _caches;
    private readonly ToolCachePaths _paths;
    private readonly SharedLock _held;
    private readonly DateTimeOffset _opened;
    private readonly bool _measure;
    private readonly List<PlacedLink> _links = [];
    private bool _disposed;

    internal ToolCacheLease(ToolCaches caches, ToolCachePaths paths, SharedLock held, DateTimeOffset opened, bool measure)
    {
        _caches = caches;
        _paths = paths;
        _held = held;
        _opened = opened;
        _measure = measure;
    }

    /// <summary>The cache's folder, absolute: where a link leads, or what is bound.</summary>
    public string Directory => _paths.Files;

    /// <summary>
    /// Puts a link to the cache where the step looks for it; missing folders on the way are made. Follows no link, so nothing is made outside of
    /// <paramref name="root"/>. Steps that run beside each other may share a link. One that a killed run left behind is replaced.
    /// </summary>
    /// <param name="root">The step's HOME, or the project, whose lock this process holds; its <see cref="DirectoryHandle.DisplayPath"/> is its absolute path.</param>
    /// <param name="path">Relative to it; a <c>~/</c> before it does not count.</param>
    /// <returns>Why it cannot be put there, for a person; null where it stands.</returns>
    public string? Place(DirectoryHandle root, string path)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Segments(path) is not { } segments)
        {
            return $"`{path}` is not a path below `{root.DisplayPath}`";
        }

        var link = PlacedLink.TryPlace(root, segments, Directory, _caches.IsOwnTarget, out var problem);
        if (link is not null)
        {
            _links.Add(link);
        }

        return problem;
    }

    /// <summary>The parts of a path below HOME or the project; null where it is none. A <c>~/</c> before it does not count.</summary>
    public static string[]? Segments(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var segments = (path.StartsWith("~/", StringComparison.Ordinal) ? path[2..] : path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        return path.StartsWith('/') || segments.Length == 0 || Array.Exists(segments, static segment => segment is "." or ".." || segment.Contains('\0', StringComparison.Ordinal)) ? null : segments;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (var link in _links)
        {
            link.Release();
        }

        _caches.Close(_paths, _held, _opened, _measure);
    }
}
