using Cairn.EndToEnd;
using Cairn.Testing;

[assembly: AssemblyFixture(typeof(SharedCache))]

namespace Cairn.EndToEnd;

/// <summary>One cache for all tests whose projects have large toolchains: each package is fetched, and each toolchain laid out, once. The disk has gigabytes less to take.</summary>
public sealed class SharedCache : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    /// <summary>A project whose steps run in sandboxes, with this cache.</summary>
    internal TestProject Project(TimeSpan timeout)
    {
        var project = new TestProject("sandbox") { Timeout = timeout };
        project.Environment = project.Environment.SetItem("XDG_CACHE_HOME", _folder["cache"]);
        return project;
    }
}
