using System.Collections.Concurrent;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>Resolves toolchains and makes their trees.</summary>
public sealed class ToolchainBuilder : IAsyncDisposable
{
    private const int DownloadsAtOnce = 6;
    private const int SmallFileBytesMax = 16 << 20;

    private readonly ContentStore _store;
    private readonly ProcessHost _host;
    private readonly Downloader _downloader;
    private readonly Action<ToolchainProgress> _progress;
    private readonly StoreLease? _lease;
    private long _received;
    private long _expected;

    /// <summary>Over a store.</summary>
    /// <param name="store">Where everything goes.</param>
    /// <param name="apt">Where packages are from.</param>
    /// <param name="stateDirectory">The user's state folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="progress">Hears how far it has come; from any thread.</param>
    public ToolchainBuilder(ContentStore store, AptConfiguration apt, string stateDirectory, TimeProvider time, Action<ToolchainProgress> progress)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(apt);
        _store = store;
        _progress = progress;
        _host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"toolchain-{Environment.ProcessId}" });
        _downloader = new Downloader(store, apt.ProxyOf, time, Received);
        _lease = store.TryLease("cairn toolchain");
        Archive = new DebianArchive(apt, _downloader, store, _host, new ReleaseMemory(stateDirectory), time);
    }

    /// <summary>The archive.</summary>
    public DebianArchive Archive { get; }

    /// <summary>Where gpgv runs.</summary>
    internal ProcessHost Host => _host;

    internal ContentStore Store => _store;

    /// <summary>Resolves a toolchain by what its archive has now, and makes its tree. Throws <see cref="ToolchainException"/>, <see cref="IOException"/>.</summary>
    public async Task<LockedDebian> LockAsync(string name, ToolchainSource.Debian source, CancellationToken cancellationToken)
    {
        var locked = await ResolveAsync(name, source, cancellationToken);
        var tree = await MakeAsync(locked, cancellationToken);
        return Keep(locked with { Tree = tree });
    }

    /// <summary>Resolves a toolchain without fetching its packages; its tree is not known then.</summary>
    public async Task<LockedDebian> ResolveAsync(string name, ToolchainSource.Debian source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        _progress(new ToolchainProgress($"reading the indexes of {source.Suite}", 0, 0, InBytes: true));
        var suites = await Archive.ReadAsync(source.Suite, source.AllowExpired, cancellationToken);
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

    /// <summary>
    /// Has the tree of a lock in the store, and the packages that it is made of: fetches what is missing and makes it again where it is gone. Throws <see cref="ToolchainException"/>
    /// where what comes out is not the tree that the lock names.
    /// </summary>
    /// <returns>Whether anything had to be done.</returns>
    public async Task<bool> RestoreAsync(LockedDebian locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        CheckUsable(locked);
        if (IsWhole(locked.Tree) && locked.Contents.All(p => _store.Contains(p.Digest)))
        {
            Keep(locked);
            return false;
        }

        var tree = await MakeAsync(locked, cancellationToken);
        if (tree != locked.Tree)
        {
            throw new ToolchainException($"The packages of `{locked.Name}` became the tree {tree.Hash[..12]}, but `cairn.lock` has {locked.Tree.Hash[..12]}", "somebody changed `cairn.lock`: take it from version control, or lock anew with `cairn toolchain update`");
        }

        Keep(locked);
        return true;
    }

    /// <summary>Makes the tree of packages that are in the store, or can be fetched. Throws <see cref="ToolchainException"/>.</summary>
    public async Task<Digest> MakeAsync(LockedDebian locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        CheckUsable(locked);
        _received = 0;
        _expected = locked.Contents.Where(p => !_store.Contains(p.Digest)).Sum(static p => p.Digest.SizeBytes);

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

        _progress(new ToolchainProgress($"putting `{locked.Name}` together", 0, 0, InBytes: false));
        return Assemble(locked, unpacked);
    }

    /// <summary>Whether a tree is in the store, file by file.</summary>
    public bool IsWhole(Digest tree)
    {
        var isWhole = true;
        return StoredTree.TryForEach(tree, _store, (_, leaf) => isWhole &= leaf.Target is not null || _store.Contains(leaf.Digest)) && isWhole;
    }

    /// <summary>Reads all that a toolchain has in the store; each thing that is missing or damaged is a sentence.</summary>
    public List<string> FindDamage(LockedDebian locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        var damage = new List<string>();
        foreach (var release in locked.Releases)
        {
            Look(release.InRelease, $"the release of `{release.Suite}`");
            foreach (var index in release.Indexes)
            {
                Look(index.Digest, $"the index `{index.Path}` of `{release.Suite}`");
            }
        }

        foreach (var package in locked.Contents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Look(package.Digest, $"the package `{package.Name}`");
        }

        if (!StoredTree.TryForEach(locked.Tree, _store, (path, leaf) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (leaf.Target is null)
            {
                Look(leaf.Digest, $"`/{path}`");
            }
        }))
        {
            damage.Add("a folder of the tree is missing or damaged");
        }

        return damage;

        void Look(Digest digest, string what)
        {
            if (Examine(digest) is { } problem)
            {
                damage.Add($"{what} {problem}");
            }
        }
    }

    /// <summary>Reads a blob to its end; what is wrong with it, or null.</summary>
    internal string? Examine(Digest digest)
    {
        try
        {
            using var stream = _store.TryOpen(digest);
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

    /// <summary>What <see cref="Examine"/> says of a blob that is not there.</summary>
    internal const string Missing = "is not in the store";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _downloader.Dispose();
        _lease?.Dispose();
        await _host.DisposeAsync();
    }

    private static void CheckUsable(LockedDebian locked)
    {
        if (locked.Layout != LockedDebian.CurrentLayout)
        {
            throw new ToolchainException($"The toolchain `{locked.Name}` has the layout `{locked.Layout}`, and this `cairn` makes `{LockedDebian.CurrentLayout}`", "`cairn toolchain update` locks it anew");
        }

        if (locked.Architecture != DebianArchive.Architecture)
        {
            throw new ToolchainException($"The toolchain `{locked.Name}` is for {locked.Architecture}, and this machine is {DebianArchive.Architecture}");
        }
    }

    private async Task FetchAsync(LockedPackage package, SemaphoreSlim downloads, CancellationToken cancellationToken)
    {
        if (_store.Contains(package.Digest))
        {
            return;
        }

        await downloads.WaitAsync(cancellationToken);
        try
        {
            var places = Archive.PlacesOf(package.Suite, package.Path);
            if (places.IsEmpty)
            {
                throw new ToolchainException($"apt of this machine has no source for the suite `{package.Suite}`, which the package `{package.Name}` is from");
            }

            await _downloader.FetchAsync(places, package.Digest, cancellationToken);
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
            using var stream = _store.TryOpen(package.Digest) ?? throw new ToolchainException($"The package `{package.Name}` is not in the store");
            return DebUnpacker.Unpack(package.Name, stream, _store);
        }
        catch (InvalidDataException exception)
        {
            throw new ToolchainException(exception.Message, inner: exception);
        }
    }

    private Digest Assemble(LockedDebian locked, IEnumerable<PackageFiles> packages)
    {
        var tree = DebianTree.TryMake(packages, locked.Architecture, digest => _store.TryRead(digest, SmallFileBytesMax), content => _store.Put(content), out var problems);
        if (tree is null)
        {
            throw new ToolchainException(
                $"The toolchain `{locked.Name}` cannot be put together: {string.Join("; ", problems)}",
                "leave out the package that needs it, or use what it has by `toolchain: host` in the steps that need it; nothing of a package is run to make a toolchain");
        }

        StoredTree.Put(tree, _store);
        return tree.Digest;
    }

    /// <summary>Pins what cannot be made again: releases, indexes, packages. The tree can be, from these.</summary>
    private LockedDebian Keep(LockedDebian locked)
    {
        var blobs = locked.Contents.Select(static p => p.Digest).Concat(locked.Releases.SelectMany(static r => r.Indexes.Select(static i => i.Digest).Append(r.InRelease)));
        _store.Pin(new StorePin(PinOf(locked), [.. blobs.Distinct()], []));
        return locked;
    }

    /// <summary>The name of the pin that keeps a toolchain.</summary>
    public static string PinOf(LockedDebian locked)
    {
        ArgumentNullException.ThrowIfNull(locked);
        return $"toolchain-{locked.Tree.Hash[..32]}";
    }

    private void Received(int bytes) => _progress(new ToolchainProgress("fetching packages", Interlocked.Add(ref _received, bytes), _expected, InBytes: true));
}
