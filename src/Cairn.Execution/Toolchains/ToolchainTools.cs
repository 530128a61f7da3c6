using Cairn.Core.Content;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Execution.Toolchains.Host;
using Cairn.Store.Content;

namespace Cairn.Execution.Toolchains;

/// <summary>What a step of another project left behind when it last ran.</summary>
/// <param name="Run">The run.</param>
/// <param name="Action">The action.</param>
/// <param name="Tree">The tree of its outputs, with the folders in the store.</param>
public sealed record StepResult(string Run, Digest Action, Digest Tree);

/// <summary>What is attested of an action.</summary>
/// <param name="Tree">The tree of its outputs, with the folders in the store; null where nothing is attested that counts.</param>
/// <param name="Attestation">The payload hash of the attestation; null without one that counts.</param>
/// <param name="Problem">Why an attestation that is there does not count; null otherwise.</param>
public sealed record StepProof(Digest? Tree, string? Attestation, string? Problem);

/// <summary>The project that toolchains belong to, as far as their making depends on it.</summary>
public sealed record ToolchainProject
{
    /// <summary>Its folder, to which paths are relative.</summary>
    public required string Directory { get; init; }

    /// <summary>The variables of the caller.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>What a step of the project in a folder left behind. Throws <see cref="ToolchainException"/>.</summary>
    public Func<string, string, StepResult> StepOf { get; init; } = static (folder, _) => throw new ToolchainException($"Nothing is known of the project in `{folder}`");

    /// <summary>What is attested of an action that a step executed.</summary>
    public Func<Digest, StepProof> ProofOf { get; init; } = static _ => new StepProof(null, null, null);

    /// <summary>Digests files of the machine. Throws <see cref="ToolchainException"/>.</summary>
    public Func<string, Digest> HostDigest { get; init; } = HostPaths.DigestOf;
}

/// <summary>What all kinds of toolchains are made with.</summary>
internal sealed class ToolchainTools(ContentStore store, Downloader downloader, ProcessHost host, ToolchainProject project, Action<ToolchainProgress> progress)
{
    private long _received;
    private long _expected;
    private string _what = "fetching";

    public ContentStore Store => store;

    public Downloader Downloader => downloader;

    public ProcessHost Host => host;

    public ToolchainProject Project => project;

    /// <summary>What <see cref="Examine"/> says of a blob that is not there.</summary>
    public const string Missing = "is not in the store";

    /// <summary>Says what is being done.</summary>
    public void Tell(string what)
    {
        IsFetching = false;
        progress(new ToolchainProgress(what, 0, 0, InBytes: false));
    }

    /// <summary>Says what is fetched next, and how many bytes it is; 0 where that is not known.</summary>
    public void Expect(string what, long bytes)
    {
        (_what, _expected, IsFetching) = (what, bytes, true);
        Interlocked.Exchange(ref _received, 0);
    }

    /// <summary>Whether something of these kinds is being fetched.</summary>
    public bool IsFetching { get; private set; }

    /// <summary>Hears of bytes.</summary>
    public void Received(long bytes) => progress(new ToolchainProgress(_what, Interlocked.Add(ref _received, bytes), _expected, InBytes: true));

    /// <summary>A path of the pipeline on the disk.</summary>
    public string PathOf(string path) => Path.GetFullPath(path, project.Directory);

    /// <summary>A place of the pipeline: an address, or a path.</summary>
    public Uri PlaceOf(string place) => place.Contains("://", StringComparison.Ordinal) ? new Uri(place) : new Uri("file://" + Uri.EscapeDataString(PathOf(place)).Replace("%2F", "/", StringComparison.Ordinal));

    /// <summary>Reads a blob to its end; what is wrong with it, or null.</summary>
    public string? Examine(Digest digest)
    {
        try
        {
            using var stream = store.TryOpen(digest);
            if (stream is null)
            {
                return Missing;
            }

            stream.CopyTo(Stream.Null);
            return null;
        }
        catch (Exception exception) when (exception is StoreException or InvalidDataException)
        {
            return "does not have the bytes that its digest says";
        }
    }
}
