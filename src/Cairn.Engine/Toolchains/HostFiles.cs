using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Engine.History;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Host;
using Cairn.Store.Snapshots;

namespace Cairn.Engine.Toolchains;

/// <summary>Digests of what stands on the machine, each looked up once: a file whose size, times and inode are as they were is not read again.</summary>
public sealed class HostFiles(string stateDirectory)
{
    private readonly ConcurrentDictionary<string, Lazy<Digest>> _digests = new(StringComparer.Ordinal);

    /// <summary>Those of a project.</summary>
    public static HostFiles Of(string projectDirectory) => new(RunDirectory.StateDirectory(projectDirectory));

    /// <summary>The digest of a folder or file as it is now. Throws <see cref="ToolchainException"/>.</summary>
    public Digest DigestOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return _digests.GetOrAdd(path, p => new Lazy<Digest>(() => Read(p))).Value;
    }

    private Digest Read(string path)
    {
        var file = Path.Combine(stateDirectory, "host", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)).AsSpan(0, 16)));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var index = StatIndex.Load(file);
            var digest = HostPaths.DigestOf(path, index, CancellationToken.None);
            index.Save(file);
            return digest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolchainException($"What is known of `{path}` cannot be kept: {exception.Message}", inner: exception);
        }
    }
}
