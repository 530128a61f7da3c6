using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Toolchains;
using Cairn.Execution.Toolchains.Archives;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Execution.Toolchains.Host;
using Cairn.Execution.Toolchains.Oci;
using Cairn.Store.Content;
using Cairn.Store.Layers;
using Cairn.Store.Toolchains;

namespace Cairn.Execution.Toolchains;

/// <summary>Resolves toolchains and makes their trees.</summary>
public sealed class ToolchainBuilder : IAsyncDisposable
{
    private readonly ContentStore _store;
    private readonly ProcessHost _host;
    private readonly Downloader _downloader;
    private readonly StoreLease? _lease;
    private readonly ToolchainTools _tools;
    private readonly DebianToolchains _debian;
    private readonly (OciToolchains Oci, ArchiveToolchains Archive, StepToolchains Step, HostToolchains Host) _makers;

    /// <summary>Over a store.</summary>
    /// <param name="store">Where everything goes.</param>
    /// <param name="apt">Where packages are from.</param>
    /// <param name="stateDirectory">The user's state folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="progress">Hears how far it has come; from any thread.</param>
    /// <param name="folders">Folders that <see cref="ToolchainVendor"/> wrote, absolute: looked into before all other places, and trusted no more than these.</param>
    /// <param name="patience">How patient downloads are.</param>
    /// <param name="project">The project that they belong to; null where all are Debian's.</param>
    public ToolchainBuilder(
        ContentStore store, AptConfiguration apt, string stateDirectory, TimeProvider time, Action<ToolchainProgress> progress, IEnumerable<string>? folders = null, DownloadPatience? patience = null, ToolchainProject? project = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(apt);
        project ??= new ToolchainProject { Directory = stateDirectory, Environment = ImmutableDictionary<string, string>.Empty };
        _store = store;
        _host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"toolchain-{Environment.ProcessId}" });
        string[] vendored = [.. folders ?? []];
        _downloader = new Downloader(store, apt.ProxyOf, time, Received, patience) { Vendored = vendored };
        _lease = store.TryLease("cairn toolchain");
        Archive = new DebianArchive(apt, _downloader, store, _host, new ReleaseMemory(stateDirectory), time, [.. vendored]);
        _tools = new ToolchainTools(store, _downloader, _host, project, progress);
        _debian = new DebianToolchains(_tools, Archive, stateDirectory, progress);
        _makers = (new OciToolchains(_tools), new ArchiveToolchains(_tools), new StepToolchains(_tools), new HostToolchains(_tools));
    }

    /// <summary>The archive of Debian's packages.</summary>
    public DebianArchive Archive { get; }

    /// <summary>Resolves a toolchain by what it can be made from now, and makes its tree. Throws <see cref="ToolchainException"/>, <see cref="IOException"/>.</summary>
    public async Task<LockedToolchain> LockAsync(string name, ToolchainSource source, CancellationToken cancellationToken)
    {
        if (source is ToolchainSource.Debian debian)
        {
            return await LockAsync(name, debian, cancellationToken);
        }

        var locked = await ResolveAsync(name, source, cancellationToken);
        locked = locked with { Tree = await MakerOf(locked).MakeAsync(locked, cancellationToken) };
        Keep(locked, _store);
        return locked;
    }

    /// <summary>Resolves packages of Debian, and makes their tree.</summary>
    public Task<LockedDebian> LockAsync(string name, ToolchainSource.Debian source, CancellationToken cancellationToken) => _debian.LockAsync(name, source, cancellationToken);

    /// <summary>Resolves packages of Debian without fetching them.</summary>
    public Task<LockedDebian> ResolveAsync(string name, ToolchainSource.Debian source, CancellationToken cancellationToken) => _debian.ResolveAsync(name, source, cancellationToken);

    /// <summary>Resolves a toolchain without making its tree, which is not known then.</summary>
    public async Task<LockedToolchain> ResolveAsync(string name, ToolchainSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source is ToolchainSource.Debian debian)
        {
            return await _debian.ResolveAsync(name, debian, cancellationToken);
        }

        ToolchainMaker maker = source switch
        {
            ToolchainSource.Oci => _makers.Oci,
            ToolchainSource.Archive => _makers.Archive,
            ToolchainSource.Step => _makers.Step,
            ToolchainSource.Dotnet { Installed: false } => _makers.Archive,
            _ => _makers.Host,
        };
        return await maker.ResolveAsync(name, source, cancellationToken);
    }

    /// <summary>
    /// Has the tree of a lock in the store, and what it is made from: fetches what is missing and makes it again where it is gone. Throws <see cref="ToolchainException"/> where what
    /// comes out is not the tree that the lock names.
    /// </summary>
    /// <returns>Whether anything had to be done.</returns>
    public async Task<bool> RestoreAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        if (locked is LockedDebian debian)
        {
            return await _debian.RestoreAsync(debian, cancellationToken);
        }

        CheckUsable(locked);
        if (IsWhole(locked.Tree) && (!locked.PartsAreBlobs || locked.Parts.All(p => _store.Contains(p.Digest))))
        {
            Keep(locked, _store);
            return false;
        }

        var tree = await MakeAsync(locked, cancellationToken);
        if (tree != locked.Tree)
        {
            throw new ToolchainException($"The parts of `{locked.Name}` became the tree {tree.Hash[..12]}, but `cairn.lock` has {locked.Tree.Hash[..12]}", "somebody changed `cairn.lock`: take it from version control, or lock anew with `cairn toolchain update`");
        }

        Keep(locked, _store);
        return true;
    }

    /// <summary>Makes the tree of what is in the store, or can be fetched. Throws <see cref="ToolchainException"/>.</summary>
    public Task<Digest> MakeAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        CheckUsable(locked);
        return locked is LockedDebian debian ? _debian.MakeAsync(debian, cancellationToken) : MakerOf(locked).MakeAsync(locked, cancellationToken);
    }

    /// <summary>Whether a tree is in the store, file by file.</summary>
    public bool IsWhole(Digest tree)
    {
        var isWhole = true;
        return StoredTree.TryForEach(tree, _store, (_, leaf) => isWhole &= leaf.Target is not null || _store.Contains(leaf.Digest)) && isWhole;
    }

    /// <summary>Reads all that a toolchain has in the store; each thing that is missing or damaged is a sentence.</summary>
    public List<string> FindDamage(LockedToolchain locked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(locked);
        var damage = new List<string>();
        foreach (var part in locked.Parts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (locked.PartsAreBlobs)
            {
                Look(part.Digest, part.What);
            }
            else if (locked is LockedHost && HostToolchains.Examine(_tools, part) is { } problem)
            {
                damage.Add(problem);
            }
        }

        _debian.AddTreeDamage(locked, damage, cancellationToken);
        return damage;

        void Look(Digest digest, string what)
        {
            if (_tools.Examine(digest) is { } problem)
            {
                damage.Add($"{what} {problem}");
            }
        }
    }

    /// <summary>Checks all links of a toolchain's chain again, from its tree to its seed.</summary>
    internal async Task<ImmutableArray<TraceLink>> TraceAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        if (locked is LockedDebian debian)
        {
            return await DebianTrace.WalkAsync(_debian, debian, cancellationToken);
        }

        var links = new List<TraceLink> { await TraceTreeAsync(locked, cancellationToken) };
        await MakerOf(locked).TraceAsync(locked, links, cancellationToken);
        return [.. links];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _downloader.Dispose();
        _lease?.Dispose();
        await _host.DisposeAsync();
    }

    /// <summary>The name of the pin that keeps a toolchain.</summary>
    public static string PinOf(LockedToolchain locked)
    {
        ArgumentNullException.ThrowIfNull(locked);
        return PinPrefix + locked.Tree.Hash[..32];
    }

    /// <summary>What the names of pins begin with that keep toolchains.</summary>
    public const string PinPrefix = LayerStore.ToolchainPrefix;

    private static void CheckUsable(LockedToolchain locked)
    {
        if (locked.Layout != locked.UsableLayout)
        {
            throw new ToolchainException($"The toolchain `{locked.Name}` has the layout `{locked.Layout}`, and this `cairn` makes `{locked.UsableLayout}`", "`cairn toolchain update` locks it anew");
        }

        if (locked.Architecture != DebianArchive.Architecture)
        {
            throw new ToolchainException($"The toolchain `{locked.Name}` is for {locked.Architecture}, and this machine is {DebianArchive.Architecture}");
        }
    }

    private async Task<TraceLink> TraceTreeAsync(LockedToolchain locked, CancellationToken cancellationToken)
    {
        var subject = $"tree of {locked.Name} ({locked.Layout}, {locked.Architecture})";
        if (locked.PartsAreBlobs && locked.Parts.FirstOrDefault(p => !p.IsEvidence && !_store.Contains(p.Digest)) is { } missing)
        {
            return new TraceLink(0, subject, locked.Tree, $"{missing.What} is not in the store, so it was not made again", TraceState.NotChecked);
        }

        try
        {
            var made = await MakeAsync(locked, cancellationToken);
            return made == locked.Tree
                ? new TraceLink(0, subject, locked.Tree, $"{(locked is LockedStep ? "all of it is here" : "made again from its parts")}, with the same digest", TraceState.Right)
                : new TraceLink(0, subject, locked.Tree, $"made again from its parts it is {made.Hash[..12]}", TraceState.Wrong);
        }
        catch (ToolchainException exception)
        {
            return new TraceLink(0, subject, locked.Tree, exception.Message, TraceState.Wrong);
        }
    }

    private ToolchainMaker MakerOf(LockedToolchain locked) => locked switch
    {
        LockedOci => _makers.Oci,
        LockedArchive => _makers.Archive,
        LockedStep => _makers.Step,
        _ => _makers.Host,
    };

    /// <summary>Pins what a toolchain was made from, and its tree, which could be made again but not without whoever needs it noticing.</summary>
    internal static void Keep(LockedToolchain locked, ContentStore store)
    {
        try
        {
            store.Pin(new StorePin(PinOf(locked), locked.PartsAreBlobs ? [.. locked.Parts.Select(static p => p.Digest).Distinct()] : [], []) { Trees = [locked.Tree] });
        }
        catch (StoreException) when (store.ReadOnlyReason is not null)
        {
            // Whoever may write there keeps it, or not.
        }
    }

    private void Received(long bytes)
    {
        if (_tools.IsFetching)
        {
            _tools.Received(bytes);
        }
        else
        {
            _debian.Received(bytes);
        }
    }
}
