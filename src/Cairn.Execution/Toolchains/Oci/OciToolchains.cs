using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Oci;

/// <summary>Toolchains that are the files of an image: manifest → configuration and layers, each by its digest; and the configuration names each layer a second time, as it is before compression.</summary>
internal sealed class OciToolchains(ToolchainTools tools) : ToolchainMaker(tools)
{
    private const int ManifestBytesMax = 4 << 20;
    private const int DownloadsAtOnce = 4;
    private const int IndexDepthMax = 4;

    /// <inheritdoc/>
    public override async Task<LockedToolchain> ResolveAsync(string name, ToolchainSource source, CancellationToken cancellationToken)
    {
        var asked = (ToolchainSource.Oci)source;
        var image = ReferenceOf(asked.Image);
        using var place = OpenPlace(image);
        Tools.Tell($"reading the manifest of {asked.Image}");
        var content = await place.ManifestAsync(image, cancellationToken);
        var digest = Digest.Of(content);
        if (image.Sha256 is { } hash && hash != digest.Hash)
        {
            throw new ToolchainException($"What `{asked.Image}` is said to be does not have the digest that it is named by");
        }

        Digest? index = null;
        var manifest = Parse(asked.Image, content);
        for (var depth = 0; manifest.IsIndex; depth++)
        {
            if (depth == IndexDepthMax)
            {
                throw new ToolchainException($"The manifest of `{asked.Image}` is a list of lists of lists");
            }

            index ??= Tools.Store.Put(content);
            var chosen = Choose(asked.Image, manifest);
            content = await place.BlobAsync(chosen.Digest, isManifest: true, ManifestBytesMax, cancellationToken);
            (digest, manifest) = (chosen.Digest, Parse(asked.Image, content));
        }

        _ = Tools.Store.Put(content);
        foreach (var layer in manifest.Layers)
        {
            if (!layer.MediaType.Contains("layer", StringComparison.Ordinal) && !layer.MediaType.Contains(".rootfs.diff.tar", StringComparison.Ordinal))
            {
                throw new ToolchainException($"`{asked.Image}` is no image: it has a part of the kind `{layer.MediaType}`");
            }
        }

        return new LockedOci
        {
            Name = name,
            Image = asked.Image,
            Index = index,
            Manifest = digest,
            Config = manifest.Config!.Digest,
            Layers = [.. manifest.Layers.Select(static l => l.Digest)],
            Architecture = DebianArchive.Architecture,
            Tree = Digest.Empty,
        };
    }

    /// <inheritdoc/>
    public override async Task<Digest> MakeAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        var image = (LockedOci)locked;
        await FetchAsync(image, cancellationToken);
        var hashes = Read(locked.Name, () => OciManifest.ReadLayerHashes(Tools.Store.TryRead(image.Config, ManifestBytesMax) ?? throw new ToolchainException($"The configuration of the image of `{locked.Name}` is no longer in the store")));
        if (hashes.Length != image.Layers.Length)
        {
            throw new ToolchainException($"The image of `{locked.Name}` has {image.Layers.Length} layers, and its configuration names {hashes.Length}");
        }

        Tools.Tell($"unpacking `{locked.Name}`");
        var layers = new List<ArchiveEntry>[image.Layers.Length];
        await Parallel.ForAsync(0, layers.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, (i, _) =>
        {
            layers[i] = Read(locked.Name, () => Unpack(image.Layers[i], hashes[i], i + 1));
            return ValueTask.CompletedTask;
        });
        return Read(locked.Name, () =>
        {
            var root = new RootTree();
            foreach (var layer in layers)
            {
                root.AddLayer(layer);
            }

            return Keep(root);
        });
    }

    /// <inheritdoc/>
    public override Task TraceAsync(LockedToolchain locked, ICollection<TraceLink> links, CancellationToken cancellationToken)
    {
        var image = (LockedOci)locked;
        foreach (var part in image.Parts)
        {
            if (Tools.Examine(part.Digest) is { } problem)
            {
                links.Add(new TraceLink(part.What.StartsWith("layer", StringComparison.Ordinal) ? 1 : 2, part.What, part.Digest, $"it {problem}", problem == ToolchainTools.Missing ? TraceState.NotChecked : TraceState.Wrong));
                return Task.CompletedTask;
            }
        }

        var manifest = Parse(image.Image, Tools.Store.TryRead(image.Manifest, ManifestBytesMax)!);
        var isSame = !manifest.IsIndex && manifest.Config!.Digest == image.Config && manifest.Layers.Select(static l => l.Digest).SequenceEqual(image.Layers);
        for (var i = 0; i < image.Layers.Length; i++)
        {
            links.Add(new TraceLink(1, $"layer {i + 1}", image.Layers[i], isSame ? "its bytes are what the manifest says, and unpacked what the configuration says" : "the manifest has another", isSame ? TraceState.Right : TraceState.Wrong));
        }

        links.Add(new TraceLink(2, "manifest", image.Manifest, isSame ? "its bytes have the digest that was locked" : "it is of another image than was locked", isSame ? TraceState.Right : TraceState.Wrong));
        if (image.Index is { } index)
        {
            var names = Parse(image.Image, Tools.Store.TryRead(index, ManifestBytesMax)!).Manifests.Any(m => m.Digest == image.Manifest);
            links.Add(new TraceLink(3, "list of platforms", index, names ? "it names the manifest" : "it does not name the manifest", names ? TraceState.Right : TraceState.Wrong));
        }

        var reference = ReferenceOf(image.Image);
        links.Add(reference.Sha256 is { } hash
            ? new TraceLink(4, image.Image, null, hash == (image.Index ?? image.Manifest).Hash ? "it is named by its digest in the pipeline" : "the pipeline names another digest", hash == (image.Index ?? image.Manifest).Hash ? TraceState.Right : TraceState.Wrong)
            : new TraceLink(4, image.Image, null, $"{(reference.Path is null ? "the registry gave it for this tag" : "it stood there")} when it was locked; nobody signed it", TraceState.NotChecked));
        return Task.CompletedTask;
    }

    private async Task FetchAsync(LockedOci image, CancellationToken cancellationToken)
    {
        var missing = image.Parts.Select(static p => p.Digest).Where(d => !Tools.Store.Contains(d)).Distinct().ToArray();
        if (missing.Length == 0)
        {
            return;
        }

        Tools.Expect("fetching layers", missing.Sum(static d => d.SizeBytes));
        using var place = OpenPlace(ReferenceOf(image.Image));
        await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = DownloadsAtOnce, CancellationToken = cancellationToken }, async (digest, cancel) =>
            await place.FetchAsync(digest, isManifest: digest == image.Manifest || digest == image.Index, cancel));
    }

    private List<ArchiveEntry> Unpack(Digest layer, string hash, int number)
    {
        using var source = Tools.Store.TryOpen(layer) ?? throw new ToolchainException("A layer of the image is no longer in the store");
        var entries = ArchiveReader.ReadTar(source, Tools.Store, isLayer: true, out var uncompressed);
        return uncompressed.Hash == hash ? entries : throw new InvalidDataException($"layer {number} is unpacked not what the configuration of the image says");
    }

    private OciPlace OpenPlace(OciReference image) => image.Path is { } path ? new OciLayoutPlace(Tools, Tools.PathOf(path)) : new OciRegistryPlace(Tools, image);

    private static OciReference ReferenceOf(string image) => OciReference.TryParse(image, out var reference, out var problem) ? reference : throw new ToolchainException($"`{image}` does not name an image: {problem}");

    private static OciManifest Parse(string image, ReadOnlyMemory<byte> content)
    {
        try
        {
            return OciManifest.Read(content);
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"The manifest of `{image}` cannot be used: {exception.Message}", inner: exception);
        }
    }

    /// <summary>The image for this machine; the only one where platforms are not named.</summary>
    private static OciDescriptor Choose(string image, OciManifest list)
    {
        var platform = $"linux/{(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant())}";
        var own = list.Manifests.Where(m => m.Platform is { } p && (p == platform || p.StartsWith(platform + "/", StringComparison.Ordinal))).OrderBy(static m => m.Platform!.Length).FirstOrDefault();
        if (own is not null)
        {
            return own;
        }

        if (list.Manifests is [{ Platform: null } only])
        {
            return only;
        }

        var others = list.Manifests.Select(static m => m.Platform).OfType<string>().Where(static p => !p.StartsWith("unknown", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        throw new ToolchainException($"`{image}` has no image for {platform}", others.Length > 0 ? $"it has those for {string.Join(", ", others)}" : null);
    }
}
