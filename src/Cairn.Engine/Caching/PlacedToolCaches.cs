using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Engine.Isolation;
using Cairn.Execution.Sandbox;
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

    /// <summary>Where they are mounted in a sandbox, which has a folder for each.</summary>
    public ImmutableArray<SandboxMount> Mounts { get; private set; } = [];

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

    /// <summary>
    /// Opens what a sandboxed job declares, to be mounted over its root; null where it declares none, or the user has no cache folder. Throws <see cref="IOException"/> where one
    /// cannot be placed.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="request">The run's.</param>
    /// <param name="inputs">What else stands in the project as the job sees it.</param>
    /// <param name="owner">As whom sandboxed steps run; null for the caller.</param>
    /// <param name="now">The time.</param>
    public static PlacedToolCaches? Open(Job job, RunRequest request, MerkleTree inputs, uint? owner, DateTimeOffset now)
    {
        if (job.Step.Cache.Paths.IsEmpty || request.CacheDirectory is null)
        {
            return null;
        }

        var placed = new PlacedToolCaches();
        try
        {
            var caches = new ToolCaches(request.CacheDirectory);
            var mounts = ImmutableArray.CreateBuilder<SandboxMount>(job.Step.Cache.Paths.Length);
            foreach (var use in job.Step.Cache.Paths)
            {
                var lease = caches.OpenSandboxed(use, request.ProjectDirectory, owner, now);
                placed._leases.Add(lease);
                var path = ToolCacheLease.Segments(use.Path) is { } segments
                    ? string.Join('/', segments)
                    : throw new IOException($"The tool cache `{use.Name}` cannot be put in place: `{use.Path}` is not a path below {(use.IsInProject ? "the project" : "HOME")}");
                if (use.IsInProject && Standing(inputs, path) is { } other)
                {
                    throw new IOException($"The tool cache `{use.Name}` cannot be put in place: `{other}` stands there, an input of the step");
                }

                mounts.Add(new SandboxMount(lease.Directory, $"{(use.IsInProject ? SandboxIsolation.ProjectDirectory : SandboxIsolation.Home)}/{path}", Writable: true));
            }

            placed.Mounts = mounts.DrainToImmutable();
            return placed;
        }
        catch
        {
            placed.Dispose();
            throw;
        }
    }

    /// <summary>An input at a path, above it or below it; null for none.</summary>
    private static string? Standing(MerkleTree inputs, string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (inputs.TryGet(path[..end]) is not null)
            {
                return path[..end];
            }
        }

        string? below = null;
        inputs.ForEach((other, _) => below ??= other.StartsWith(path, StringComparison.Ordinal) && other.Length > path.Length && other[path.Length] == '/' ? other : null);
        return below;
    }

    public void Dispose()
    {
        foreach (var lease in _leases)
        {
            lease.Dispose();
        }
    }
}
