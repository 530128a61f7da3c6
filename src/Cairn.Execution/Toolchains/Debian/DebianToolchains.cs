using System.Collections.Concurrent;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Content;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>Toolchains of packages of a Debian archive: resolves them and makes their trees.</summary>
internal sealed class DebianToolchains
{
    private const int DownloadsAtOnce = 6;
    private const int SmallFileBytesMax = 16 << 20;

    private readonly ContentStore _store;
    private readonly Downloader _downloader;
    private readonly Action<ToolchainProgress> _progress;
    private readonly VouchedLocks _vouched;
    private string _fetching = "fetching indexes";
    private long _received;
    private long _expected;
    private int _fetched;
    private int _missing;
    private int _unpacked;

    /// <summary>Over a store.</summary>
    /// <param name="tools">What all kinds are made with.</param>
    /// <param name="archive">The archive.</param>
    /// <param name="stateDirectory">The user's state folder.</param>
    /// <param name="progress">Hears how far it has come; from any thread.</param>
    public DebianToolchains(ToolchainTools tools, DebianArchive archive, string stateDirectory, Action<ToolchainProgress> progress)
    {
        Tools = tools;
        _store = tools.Store;
        _downloader = tools.Downloader;
        _progress = progress;
        Archive = archive;
        _vouched = new VouchedLocks(stateDirectory);
    }

    /// <summary>What all kinds are made with.</summary>
    public ToolchainTools Tools { get; }

    /// <summary>The archive.</summary>
    public DebianArchive Archive { get; }

    public ContentStore Store => _store;

    /// <summary>Resolves a toolchain by what its archive has now, and makes its tree. Throws <see cref="ToolchainException"/>, <see cref="IOException"/>.</summary>
    public async Task<LockedDebian> LockAsync(string name, ToolchainSource.Debian source, CancellationToken cancellationToken)
    {
        var locked = await ResolveAsync(name, source, cancellationToken);
        locked = locked with { Tree = await MakeAsync(locked, cancellationToken) };
        _vouched.Note(locked);
        return Keep(locked);
    }

    /// <summary>Resolves a toolchain without fetching its packages; its tree is not known then.</summary>
    public async Task<LockedDebian> ResolveAsync(string name, ToolchainSource.Debian source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        (_received, _expected, _fetching) = (0, 0, $"fetching indexes of {source.Suite}");
        _progress(new ToolchainProgress(_fetching, 0, 0, InBytes: true));
        var suites = await Archive.ReadAsync(source.Suite, source.AllowExpired, cancellationToken);
        var resolution = DebianArchive.Parse(() => PackageResolver.Resolve(suites.Indexes.Select(static i => i.Packages), source.Packages, source.Essential), $"An index of `{source.Suite}`");
        if (!resolution.Problems.IsEmpty)
        {
            throw new ToolchainException($"The toolchain `{name}` cannot be put together: {string.Join("; ", resolution.Problems)}") { Code = DiagnosticCodes.ToolchainPackagesUnfit };
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
        var isVouched = _vouched.Has(locked);
        var isHere = IsWhole(locked.Tree) && locked.Contents.All(p => _store.Contains(p.Digest));
        if (isVouched && isHere)
        {
            Keep(locked);
            return false;
        }

        await VouchAsync(locked, isVouched, cancellationToken);
        var tree = await MakeAsync(locked, cancellationToken);
        if (tree != locked.Tree)
        {
            throw new ToolchainException($"The packages of `{locked.Name}` became the tree {tree.Hash[..12]}, but `cairn.lock` has {locked.Tree.Hash[..12]}", "somebody changed `cairn.lock`: take it from version control, or lock anew with `cairn toolchain update`") { Code = DiagnosticCodes.ToolchainNotVouched };
        }

        _vouched.Note(locked);
        Keep(locked);
        return !isHere;
    }

    /// <summary>
    /// Sees to it that signed indexes vouch for all packages of a lock before any is fetched or unpacked: those of its own releases or, where these are gone from everywhere, those
    /// that the archive has now. Throws <see cref="ToolchainException"/>.
    /// </summary>
    private async Task VouchAsync(LockedDebian locked, bool isKnown, CancellationToken cancellationToken)
    {
        (_received, _expected, _fetching) = (0, 0, $"fetching indexes of {locked.Suite}");
        _progress(new ToolchainProgress(_fetching, 0, 0, InBytes: true));
        var indexes = new List<PackageIndex>();
        var isGone = false;
        foreach (var release in locked.Releases)
        {
            if (await Archive.TryReadLockedAsync(release, cancellationToken) is { } found)
            {
                indexes.AddRange(found);
            }
            else
            {
                isGone = true;
            }
        }

        if (isKnown || Unvouched(locked, indexes) is not { } package)
        {
            return;
        }

        if (isGone)
        {
            indexes.AddRange((await Archive.ReadAsync(locked.Suite, locked.AllowExpired, cancellationToken)).Indexes.Select(static i => i.Packages));
            if (Unvouched(locked, indexes) is not { } still)
            {
                return;
            }

            package = still;
        }

        throw new ToolchainException(
            $"No signed index vouches for the package `{package.Name}` {package.Version} that `cairn.lock` names for `{locked.Name}`{(isGone ? ": the release that it was locked with is gone from the archive, and the present one has another" : "")}",
            isGone ? "`cairn toolchain update` locks what the archive has now; a folder that `cairn toolchain vendor` wrote has the release, too (`--from DIR`)" : "somebody changed `cairn.lock`: take it from version control, or lock anew with `cairn toolchain update`")
        { Code = DiagnosticCodes.ToolchainNotVouched };
    }

    private static LockedPackage? Unvouched(LockedDebian locked, List<PackageIndex> indexes)
    {
        foreach (var package in locked.Contents)
        {
            if (!indexes.Exists(i => IsVouchedBy(package, i)))
            {
                return package;
            }
        }

        return null;
    }

    /// <summary>Whether an index has a package as it is locked, to the last byte.</summary>
    internal static bool IsVouchedBy(LockedPackage package, PackageIndex index) =>
        index.Suite == package.Suite && DebianArchive.Parse(() => index.Find(package.Name), $"An index of `{index.Suite}`").Any(p => p.Digest == package.Digest && p.Version.ToString() == package.Version && p.Architecture == package.Architecture && p.Path == package.Path);

    /// <summary>Makes the tree of packages that are in the store, or can be fetched. Throws <see cref="ToolchainException"/>.</summary>
    public async Task<Digest> MakeAsync(LockedDebian locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        CheckUsable(locked);
        var missing = locked.Contents.Where(p => !_store.Contains(p.Digest)).ToArray();
        (_received, _fetched, _unpacked, _fetching) = (0, 0, 0, "fetching packages");
        (_expected, _missing) = (missing.Sum(static p => p.Digest.SizeBytes), missing.Length);

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
                    unpacked.Add(await UnpackAsync(package, downloads, cancel.Token));
                    var count = Interlocked.Increment(ref _unpacked);
                    if (Volatile.Read(ref _fetched) == _missing)
                    {
                        _progress(new ToolchainProgress("unpacking packages", count, locked.Contents.Length, InBytes: false));
                    }
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

    /// <summary>Reads the tree in the store, and the layers that it is laid out in; what is missing or damaged.</summary>
    internal void AddTreeDamage(LockedToolchain locked, List<string> damage, CancellationToken cancellationToken)
    {
        var isComplete = StoredTree.TryForEach(locked.Tree, _store, (path, leaf) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (leaf.Target is null && Tools.Examine(leaf.Digest) is { } problem)
            {
                damage.Add($"`/{path}` of the tree {problem}");
            }
        });
        if (!isComplete)
        {
            damage.Add("a folder of the tree is missing or damaged");
        }
        else if (StoredTree.FindLayerDamage(locked.Tree, _store, cancellationToken) is { } wrong)
        {
            damage.Add(wrong);
        }
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
                throw new ToolchainException($"apt of this machine has no source for the suite `{package.Suite}`, which the package `{package.Name}` is from", "add one, or use `--from DIR` with a folder that `cairn toolchain vendor` wrote") { Code = DiagnosticCodes.ToolchainNoSource };
            }

            await _downloader.FetchAsync(places, package.Digest, cancellationToken);
            _ = Interlocked.Increment(ref _fetched);
            Received(0);
        }
        finally
        {
            downloads.Release();
        }
    }

    /// <summary>Unpacks; a package that the store has with other bytes is fetched once more.</summary>
    private async Task<PackageFiles> UnpackAsync(LockedPackage package, SemaphoreSlim downloads, CancellationToken cancellationToken)
    {
        try
        {
            return Unpack(package);
        }
        catch (ToolchainException exception) when (exception.Code is DiagnosticCodes.ToolchainStoreUnfit && _store.ReadOnlyReason is null && Tools.Examine(package.Digest) is not null)
        {
            await FetchAsync(package, downloads, cancellationToken);
            return Unpack(package);
        }
    }

    private PackageFiles Unpack(LockedPackage package)
    {
        try
        {
            using var stream = _store.TryOpen(package.Digest) ?? throw new ToolchainException($"The package `{package.Name}` is not in the store, or not with its bytes", "`cairn toolchain lock` fetches it again") { Code = DiagnosticCodes.ToolchainStoreUnfit };
            return DebUnpacker.Unpack(package.Name, stream, _store);
        }
        catch (InvalidDataException exception)
        {
            throw new ToolchainException(exception.Message, inner: exception) { Code = DiagnosticCodes.ToolchainPackagesUnfit };
        }
        catch (StoreException exception)
        {
            throw _store.ReadOnlyReason is not null ? Downloader.Unfit(exception) : new ToolchainException($"The package `{package.Name}` cannot be used: {exception.Message}", "`cairn toolchain lock` fetches it again", exception) { Code = DiagnosticCodes.ToolchainStoreUnfit };
        }
    }

    private Digest Assemble(LockedDebian locked, IEnumerable<PackageFiles> packages)
    {
        try
        {
            var tree = DebianTree.TryMake(packages, locked.Architecture, digest => _store.TryRead(digest, SmallFileBytesMax), content => _store.Put(content), out var problems);
            if (tree is null)
            {
                const string Help = "leave out the package that needs it, or use what it has by `toolchain: host` in the steps that need it; nothing of a package is run to make a toolchain";
                throw new ToolchainException($"The toolchain `{locked.Name}` cannot be put together: {string.Join("; ", problems)}", Help) { Code = DiagnosticCodes.ToolchainPackagesUnfit };
            }

            StoredTree.Put(tree, _store);
            return tree.Digest;
        }
        catch (FormatException exception)
        {
            throw new ToolchainException($"The toolchain `{locked.Name}` cannot be put together: {exception.Message}", inner: exception) { Code = DiagnosticCodes.ToolchainPackagesUnfit };
        }
        catch (StoreException exception)
        {
            throw Downloader.Unfit(exception);
        }
    }

    private LockedDebian Keep(LockedDebian locked)
    {
        ToolchainBuilder.Keep(locked, _store);
        return locked;
    }

    /// <summary>Hears of bytes.</summary>
    public void Received(long bytes) => _progress(new ToolchainProgress(_fetching, Interlocked.Add(ref _received, bytes), _expected, InBytes: true, Volatile.Read(ref _fetched), _missing));
}
