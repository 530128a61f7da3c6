using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Archives;

/// <summary>Toolchains of archives, whose hash the pipeline names; nothing is unpacked that does not have it, or whose signature does not hold.</summary>
internal sealed class ArchiveToolchains(ToolchainTools tools) : ToolchainMaker(tools)
{
    // The largest toolchains that are published as one file have some GiB.
    private const long ArchiveBytesMax = 16L << 30;
    private const int SignatureBytesMax = 1 << 20;
    private const int MarkBytes = 4;

    /// <inheritdoc/>
    public override async Task<LockedToolchain> ResolveAsync(string name, ToolchainSource source, CancellationToken cancellationToken)
    {
        if (source is ToolchainSource.Dotnet dotnet)
        {
            return await ResolveAsync(name, await new DotnetSdks(Tools).FindAsync(name, dotnet.Version, cancellationToken), cancellationToken);
        }

        var asked = (ToolchainSource.Archive)source;
        LockedSignature? signature = null;
        ImmutableArray<Uri> places = [.. asked.Places.Select(Tools.PlaceOf)];
        Tools.Expect($"fetching {Path.GetFileName(places[0].LocalPath)}", 0);
        var archive = await Tools.Downloader.FetchAsync(places, asked.Sha256, ArchiveBytesMax, FetchWords.OfFile, cancellationToken);
        if (asked is { Signature: { } place, Key: { } key })
        {
            var file = await Tools.Downloader.ReadAsync([Tools.PlaceOf(place)], SignatureBytesMax, FetchWords.OfFile, access: null, cancellationToken);
            var signer = await ArchiveSignature.CheckAsync(Tools, archive, file, key, null, acceptExpired: false, $"the archive of `{name}`", cancellationToken);
            signature = new LockedSignature(place, key, Tools.Store.Put(file), signer);
        }

        return new LockedArchive
        {
            Name = name,
            Places = asked.Places,
            Archive = archive,
            Strip = asked.Strip,
            Placement = asked.Placement,
            Signature = signature,
            Architecture = DebianArchive.Architecture,
            Tree = Digest.Empty,
        };
    }

    /// <inheritdoc/>
    public override async Task<Digest> MakeAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        var archive = (LockedArchive)locked;
        if (!Tools.Store.Contains(archive.Archive))
        {
            Tools.Expect($"fetching `{locked.Name}`", archive.Archive.SizeBytes);
            await Tools.Downloader.FetchAsync([.. archive.Places.Select(Tools.PlaceOf)], archive.Archive, FetchWords.OfFile, access: null, cancellationToken);
        }

        if (archive.Signature is { } signature && !Tools.Store.Contains(signature.Digest))
        {
            await Tools.Downloader.FetchAsync([Tools.PlaceOf(signature.Place)], signature.Digest, FetchWords.OfFile, access: null, cancellationToken);
        }

        Tools.Tell($"unpacking `{locked.Name}`");
        return Read(locked.Name, () => Unpack(archive));
    }

    /// <inheritdoc/>
    public override async Task TraceAsync(LockedToolchain locked, ICollection<TraceLink> links, CancellationToken cancellationToken)
    {
        var archive = (LockedArchive)locked;
        var subject = archive.Dotnet is { } sdk ? $"archive of the SDK {sdk.Version}" : $"archive {string.Join(" or ", archive.Places)}";
        var problem = Tools.Examine(archive.Archive);
        links.Add(problem is null
            ? new TraceLink(1, subject, archive.Archive, archive.Dotnet is null ? "its bytes have the hash that the pipeline names" : "its bytes are what was locked", TraceState.Right)
            : new TraceLink(1, subject, archive.Archive, $"it {problem}", problem == ToolchainTools.Missing ? TraceState.NotChecked : TraceState.Wrong));
        if (problem is not null)
        {
            return;
        }

        if (archive.Dotnet?.Sha512 is { } sha512)
        {
            links.Add(DotnetSdks.Sha512Of(Tools.Store, archive.Archive) == sha512
                ? new TraceLink(2, "hash of the publisher", null, "its SHA-512 is what the publisher gave over HTTPS when it was locked; nobody signed it", TraceState.NotChecked)
                : new TraceLink(2, "hash of the publisher", null, "its SHA-512 is not what was locked", TraceState.Wrong));
        }
        else if (archive.Signature is not { } signature)
        {
            links.Add(new TraceLink(2, "signature", null, "the pipeline names none: nobody but it vouches for the archive", TraceState.NotChecked));
        }
        else if (Tools.Store.TryRead(signature.Digest, SignatureBytesMax) is not { } file)
        {
            links.Add(new TraceLink(2, $"signature {signature.Place}", signature.Digest, $"it {ToolchainTools.Missing}", TraceState.NotChecked));
        }
        else
        {
            try
            {
                var signer = await ArchiveSignature.CheckAsync(Tools, archive.Archive, file, signature.Key, signature.SignedBy, acceptExpired: true, $"the archive of `{locked.Name}`", cancellationToken);
                links.Add(new TraceLink(2, $"signature {signature.Place}", signature.Digest, $"signed by {signer}, the key that the pipeline names", TraceState.Right));
            }
            catch (ToolchainException exception)
            {
                links.Add(new TraceLink(2, $"signature {signature.Place}", signature.Digest, exception.Message, TraceState.Wrong));
            }
        }
    }

    /// <summary>The lock of a published SDK: an archive with a folder and a program of its own.</summary>
    private async Task<LockedToolchain> ResolveAsync(string name, DotnetArchive sdk, CancellationToken cancellationToken)
    {
        var archive = await new DotnetSdks(Tools).FetchAsync(sdk, ArchiveBytesMax, cancellationToken);
        return new LockedArchive
        {
            Name = name,
            Places = [sdk.Place],
            Archive = archive,
            Strip = 0,
            Placement = new ToolchainPlacement(LockedDotnet.Folder, ["dotnet"]),
            Dotnet = new LockedDotnet(sdk.Asked, sdk.Version, sdk.Sha512),
            Architecture = DebianArchive.Architecture,
            Tree = Digest.Empty,
        };
    }

    private Digest Unpack(LockedArchive archive)
    {
        List<ArchiveEntry> entries;
        if (IsZip(archive.Archive))
        {
            // A zip is read from its end.
            using var file = new FileStream(Path.Combine(Tools.Store.Directory, "downloads", $"{archive.Archive.Hash}.{Environment.ProcessId}.zip"), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            using (var source = Open(archive.Archive))
            {
                source.CopyTo(file);
            }

            file.Position = 0;
            entries = ArchiveReader.ReadZip(file, Tools.Store);
        }
        else
        {
            using var source = Open(archive.Archive);
            entries = ArchiveReader.ReadTar(source, Tools.Store, isLayer: false, out _);
        }

        var root = new RootTree();
        root.AddArchive(entries, archive.Strip, archive.Placement.FolderOf(archive.Name));
        var isEmpty = true;
        root.ForEach((_, _) => isEmpty = false);
        if (isEmpty)
        {
            throw new InvalidDataException(archive.Strip > 0 ? $"nothing of it is left with `strip: {archive.Strip}`" : "there is nothing in it");
        }

        if (archive.Dotnet is not null)
        {
            root.Add(LockedDotnet.InstallLocation, new TreeLeaf(Tools.Store.Put(Encoding.UTF8.GetBytes($"/{LockedDotnet.Folder}\n")), Executable: false));
        }

        return Keep(root, archive.Name, archive.Placement);
    }

    private bool IsZip(Digest digest)
    {
        using var source = Open(digest);
        Span<byte> start = stackalloc byte[MarkBytes];
        return ArchiveReader.IsZip(start[..source.ReadAtLeast(start, MarkBytes, throwOnEndOfStream: false)]);
    }

    private Stream Open(Digest digest) => Tools.Store.TryOpen(digest) ?? throw new ToolchainException("The archive is no longer in the store");
}
