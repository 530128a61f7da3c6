using Cairn.Core.Planning;
using Cairn.Store.Files;
using Cairn.Store.Tools;

namespace Cairn.Engine.Caching;

/// <summary>The tool caches of one attempt, where its step looks for them.</summary>
internal sealed class PlacedToolCaches : IDisposable
{
    private readonly List<ToolCacheLease> _leases = [];

    private PlacedToolCaches()
    {
    }

    /// <summary>Places what a job declares; null where it declares none, or the user has no cache folder. Throws <see cref="IOException"/> where one cannot be placed.</summary>
    public static PlacedToolCaches? Place(Job job, RunRequest request, DirectoryHandle project, string home, DateTimeOffset now)
    {
        if (job.Step.Cache.Paths.IsEmpty || request.CacheDirectory is null)
        {
            return null;
        }

        var placed = new PlacedToolCaches();
        try
        {
            var caches = new ToolCaches(request.CacheDirectory);
            using var homeHandle = DirectoryHandle.Open(home);
            foreach (var use in job.Step.Cache.Paths)
            {
                var lease = caches.Open(use, request.ProjectDirectory, now);
                placed._leases.Add(lease);
                if (lease.Place(use.IsInProject ? project : homeHandle, use.Path) is { } problem)
                {
                    throw new IOException($"The tool cache `{use.Name}` cannot be put in place: {problem}");
                }
            }

            return placed;
        }
        catch
        {
            placed.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var lease in _leases)
        {
            lease.Dispose();
        }
    }
}
