using System.Collections.Concurrent;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>Toolchains of packages of a Debian archive.</summary>
internal sealed class DebianToolchains(ToolchainTools tools) : ToolchainMaker(tools)
{
    private const int DownloadsAtOnce = 6;
    private const int SmallFileBytesMax = 16 << 20;

    /// <inheritdoc/>
    public override async Task<LockedToolchain> ResolveAsync(string name, ToolchainSource asked, CancellationToken cancellationToken)
    {
        var source = (ToolchainSource.Debian)asked;
        Tools.Tell($"reading the indexes of {source.Suite}");
        var suites = await Tools.Archive.ReadAsync(source.Suite, source.AllowExpired, cancellationToken);
        var resolution = DebianArchive.Parse(() => PackageResolver.Resolve(suites.Indexes.Select(static i => i.Packages), source.Packages, source.Essential), $"An index of `{source.Suite}`");
        if (!resolution.Problems.IsEmpty)
        {
            throw new ToolchainException($"The toolchain `{name}` cannot be put together: {string.Join("; ", resolution.Problems)}");
        }

        return new LockedDebian
        {
            Name = name,
            Suite = source.Suite,
            Packages = source.Packages,
            Essential = source.Essential,
            AllowExpired = source.AllowExpired,
            Architecture = DebianArchive.Architecture,
            Tree = Digest.Empty,
            Releases = suites.Releases,
            Contents = [.. resolution.Packages.Select(static p => new LockedPackage(p.Name, p.Version.ToString(), p.Architecture, p.Suite, p.Path, p.Digest))],
        };
    }

    /// <inheritdoc/>
    public override async Task<Digest> MakeAsync(LockedToolchain toolchain, CancellationToken cancellationToken)
    {
        var locked = (LockedDebian)toolchain;
        Tools.Expect("fetching packages", locked.Contents.Where(p => !Tools.Store.Contains(p.Digest)).Sum(static p => p.Digest.SizeBytes));

        // Whatever comes first is unpacked while the others are on their way.
        var unpacked = new ConcurrentBag<PackageFiles>();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var downloads = new SemaphoreSlim(DownloadsAtOnce);
        using var workers = new SemaphoreSlim(Environment.ProcessorCount);
        var tasks = locked.Contents.OrderByDescending(static p => p.Digest.SizeBytes).Select(package => Task.Run(async () =>
        {
            try
            {
                await FetchAsync(package, downloads, cancel.Token);
                await workers.WaitAsync(cancel.Token);
                try
                {
                    unpacked.Add(Unpack(package));
                }
                finally
                {
                    workers.Release();
                }
            }
            catch
            {
                await cancel.CancelAsync();
                throw;
            }
        }, cancel.Token)).ToArray();
        try
        {
            await Task.WhenAll(tasks);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && tasks.FirstOrDefault(static t => t.IsFaulted) is { } failed)
        {
            await failed;
        }

        Tools.Tell($"putting `{locked.Name}` together");
        return Assemble(locked, unpacked);
    }

    /// <inheritdoc/>
    public override Task TraceAsync(LockedToolchain locked, ICollection<TraceLink> links, CancellationToken cancellationToken) => DebianTrace.WalkAsync(Tools, (LockedDebian)locked, links, cancellationToken);

    private async Task FetchAsync(LockedPackage package, SemaphoreSlim downloads, CancellationToken cancellationToken)
    {
        if (Tools.Store.Contains(package.Digest))
        {
            return;
        }

        await downloads.WaitAsync(cancellationToken);
        try
        {
            var places = Tools.Archive.PlacesOf(package.Suite, package.Path);
            if (places.IsEmpty)
            {
                throw new ToolchainException($"apt of this machine has no source for the suite `{package.Suite}`, which the package `{package.Name}` is from");
            }

            await Tools.Downloader.FetchAsync(places, package.Digest, cancellationToken);
        }
        finally
        {
            downloads.Release();
        }
    }

    private PackageFiles Unpack(LockedPackage package)
    {
        try
        {
            using var stream = Tools.Store.TryOpen(package.Digest) ?? throw new ToolchainException($"The package `{package.Name}` is not in the store");
            return DebUnpacker.Unpack(package.Name, stream, Tools.Store);
        }
        catch (InvalidDataException exception)
        {
            throw new ToolchainException(exception.Message, inner: exception);
        }
    }

    private Digest Assemble(LockedDebian locked, IEnumerable<PackageFiles> packages)
    {
        var tree = DebianTree.TryMake(packages, locked.Architecture, digest => Tools.Store.TryRead(digest, SmallFileBytesMax), content => Tools.Store.Put(content), out var problems);
        if (tree is null)
        {
            throw new ToolchainException($"The toolchain `{locked.Name}` cannot be put together: {string.Join("; ", problems)}");
        }

        StoredTree.Put(tree, Tools.Store);
        return tree.Digest;
    }
}
