using Cairn.Core.Content;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Oci;

/// <summary>Where images are: a registry, or an OCI layout on the disk.</summary>
internal abstract class OciPlace(ToolchainTools tools) : IDisposable
{
    protected const int ManifestBytesMax = 4 << 20;

    protected ToolchainTools Tools => tools;

    /// <summary>The file of a blob in a folder that was vendored; null for none.</summary>
    protected string? VendoredPath(string hash) => tools.Downloader.Vendored.Select(folder => $"{folder}/blobs/sha256/{hash}").FirstOrDefault(File.Exists);

    /// <summary>The manifest that a name stands for, as it comes. Throws <see cref="ToolchainException"/>.</summary>
    public abstract Task<byte[]> ManifestAsync(OciReference image, CancellationToken cancellationToken);

    /// <summary>Brings something into the store by its digest. Throws <see cref="ToolchainException"/>.</summary>
    public abstract Task FetchAsync(Digest digest, bool isManifest, CancellationToken cancellationToken);

    /// <summary>Brings something small into the store, and reads it.</summary>
    public async Task<byte[]> BlobAsync(Digest digest, bool isManifest, int bytesMax, CancellationToken cancellationToken)
    {
        if (digest.SizeBytes > bytesMax)
        {
            throw new ToolchainException($"A manifest has {digest.SizeBytes} bytes, more than {bytesMax}");
        }

        await FetchAsync(digest, isManifest, cancellationToken);
        return tools.Store.TryRead(digest, bytesMax) ?? throw new ToolchainException("A manifest is no longer in the store");
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}

/// <summary>A registry, by the OCI distribution protocol.</summary>
internal sealed class OciRegistryPlace(ToolchainTools tools, OciReference image) : OciPlace(tools)
{
    private readonly OciAccess _access = new(image, tools.Project.Environment);

    /// <inheritdoc/>
    public override async Task<byte[]> ManifestAsync(OciReference image, CancellationToken cancellationToken)
    {
        if (image.Sha256 is { } hash && VendoredPath(hash) is { } path)
        {
            return await File.ReadAllBytesAsync(path, cancellationToken);
        }

        return await Tools.Downloader.ReadAsync([PlaceOf("manifests", image.Sha256 is { } digest ? $"sha256:{digest}" : image.Tag!)], ManifestBytesMax, FetchWords.OfImage, _access, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task FetchAsync(Digest digest, bool isManifest, CancellationToken cancellationToken) =>
        Tools.Downloader.FetchAsync([PlaceOf(isManifest ? "manifests" : "blobs", $"sha256:{digest.Hash}")], digest, FetchWords.OfImage, _access, cancellationToken);

    private Uri PlaceOf(string kind, string name) => new(image.Endpoint, $"{image.Repository}/{kind}/{name}");
}

/// <summary>An OCI layout, in a folder or a tar.</summary>
internal sealed class OciLayoutPlace : OciPlace
{
    private readonly string _path;
    private readonly Dictionary<string, Digest>? _packed;

    /// <summary>Opens it. Throws <see cref="ToolchainException"/>.</summary>
    public OciLayoutPlace(ToolchainTools tools, string path)
        : base(tools)
    {
        _path = path;
        if (!Directory.Exists(path) && File.Exists(path))
        {
            _packed = Unpack();
        }
        else if (!File.Exists($"{path}/oci-layout") && tools.Downloader.Vendored.Count == 0)
        {
            throw new ToolchainException($"`{path}` is no OCI layout", "an OCI layout is a folder with `oci-layout` and `index.json`, or a tar of one: `skopeo copy docker://… oci:image:latest` makes one");
        }
    }

    /// <inheritdoc/>
    public override Task<byte[]> ManifestAsync(OciReference image, CancellationToken cancellationToken)
    {
        if (image.Sha256 is { } hash)
        {
            return BlobAsync(new Digest(Convert.FromHexString(hash), Length(hash)), isManifest: true, ManifestBytesMax, cancellationToken);
        }

        var index = ReadSmall("index.json") ?? throw new ToolchainException($"`{_path}` has no `index.json`");
        var list = Parse(index);
        var named = list.Manifests.Where(m => image.Tag is null || m.RefName == image.Tag || m.RefName?.EndsWith(":" + image.Tag, StringComparison.Ordinal) == true).ToArray();
        if (named.Length == 0)
        {
            throw new ToolchainException($"The OCI layout `{_path}` has no image `{image.Tag}`", $"it has {string.Join(", ", list.Manifests.Select(static m => m.RefName).OfType<string>().Select(static n => $"`{n}`"))}");
        }

        // Without a name the layout is itself a list of platforms, unless it holds images of several names.
        var names = named.Select(static m => m.RefName).Distinct(StringComparer.Ordinal).ToArray();
        if (image.Tag is null && names.Length > 1)
        {
            throw new ToolchainException($"The OCI layout `{_path}` has several images", $"name one of them: {string.Join(", ", names.OfType<string>().Select(n => $"`{image.Path}:{n}`"))}");
        }

        return named.Length == 1 ? BlobAsync(named[0].Digest, isManifest: true, ManifestBytesMax, cancellationToken) : Task.FromResult(index);
    }

    /// <inheritdoc/>
    public override async Task FetchAsync(Digest digest, bool isManifest, CancellationToken cancellationToken)
    {
        if (_packed is not null)
        {
            if (_packed.TryGetValue(digest.Hash, out var there) && there == digest)
            {
                return;
            }

            throw new ToolchainException($"The OCI layout `{_path}` has no {(isManifest ? "manifest" : "blob")} sha256:{digest.Hash}, or it has other bytes");
        }

        await Tools.Downloader.FetchAsync([new Uri($"file://{Uri.EscapeDataString($"{_path}/blobs/sha256/{digest.Hash}").Replace("%2F", "/", StringComparison.Ordinal)}")], digest, FetchWords.OfImage with { Gone = "the layout does not have it" }, access: null, cancellationToken);
    }

    private long Length(string hash) =>
        _packed is not null ? _packed.TryGetValue(hash, out var digest) ? digest.SizeBytes : throw Missing(hash)
        : new FileInfo($"{_path}/blobs/sha256/{hash}") is { Exists: true } file ? file.Length
        : VendoredPath(hash) is { } vendored ? new FileInfo(vendored).Length
        : throw Missing(hash);

    private ToolchainException Missing(string hash) => new($"The OCI layout `{_path}` has no manifest sha256:{hash}");

    private byte[]? ReadSmall(string name)
    {
        if (_packed is not null)
        {
            return _packed.TryGetValue(name, out var digest) ? Tools.Store.TryRead(digest, ManifestBytesMax) : null;
        }

        var file = new FileInfo($"{_path}/{name}");
        return file.Exists && file.Length <= ManifestBytesMax ? File.ReadAllBytes(file.FullName) : null;
    }

    /// <summary>Puts what a tar has into the store: blobs by their hashes, all else by its name.</summary>
    private Dictionary<string, Digest> Unpack()
    {
        const string BlobFolder = "blobs/sha256/";
        var files = new Dictionary<string, Digest>(StringComparer.Ordinal);
        try
        {
            using var source = File.OpenRead(_path);
            foreach (var entry in ArchiveReader.ReadTar(source, Tools.Store, isLayer: false, out _))
            {
                if (entry.Kind == ArchiveEntryKind.File && !files.TryAdd(entry.Path.StartsWith(BlobFolder, StringComparison.Ordinal) ? entry.Digest.Hash : entry.Path, entry.Digest) && !entry.Path.StartsWith(BlobFolder, StringComparison.Ordinal))
                {
                    throw new InvalidDataException($"It has `{entry.Path}` twice");
                }
            }
        }
        catch (InvalidDataException exception)
        {
            throw new ToolchainException($"`{_path}` is no OCI layout: {exception.Message}", inner: exception);
        }

        return files.ContainsKey("oci-layout") ? files : throw new ToolchainException($"`{_path}` is no OCI layout", "`skopeo copy docker-archive:FILE oci-archive:image.tar` makes one of what `docker save` wrote");
    }

    private OciManifest Parse(ReadOnlyMemory<byte> content)
    {
        try
        {
            return OciManifest.Read(content);
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"`index.json` of `{_path}` cannot be used: {exception.Message}", inner: exception);
        }
    }
}
