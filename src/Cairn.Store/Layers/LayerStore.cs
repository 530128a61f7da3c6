using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Tools;

namespace Cairn.Store.Layers;

/// <summary>
/// Trees laid out for sandboxes, each once: <c>layers/OWNER/KEY/root/</c> of the store, where the key names the content. A layer gets its name when it is whole. Nothing
/// writes to one after that: steps see it through an overlay. Thread-safe, and shared by processes. Whoever uses one holds a <see cref="StoreLease"/>.
/// </summary>
/// <remarks>
/// A tree that differs little from the one that its slot showed last is a delta: a layer with what is new or other, and whiteouts for what is gone, over that one. A delta always lies
/// over a complete layer, so no tree needs more than two. Use is marked, and a layer removed, under the lock of its owner's folder: what is in use is never seen as old.
/// </remarks>
public sealed partial class LayerStore
{
    /// <summary>The folder in a layer where a tree stands.</summary>
    public const string TreeFolder = "work";

    internal const string Folder = "layers";
    internal const string RootFolder = "root";
    internal const string SlotsFolder = "slots";
    internal const string LockFile = "lock";
    internal const string TemporaryPrefix = "new-";
    internal const string GonePrefix = "gone-";

    /// <summary>What the keys of layers of toolchains begin with, and the names of pins that keep these.</summary>
    public const string ToolchainPrefix = "toolchain-";

    // What comes from the machine, what every sandbox has, and trees of toolchains.
    private static readonly string[] Prefixes = ["base-", "bare-", ToolchainPrefix];

    // Of how many files one may differ for a delta: what has changed since the complete layer is laid out anew each time.
    private const int FilesPerChange = 16;

    private readonly string _path;
    private readonly string _relative;
    private readonly uint? _owner;
    private readonly TimeProvider _time;
    private readonly LayerWitness? _witness;
    private readonly ConcurrentDictionary<string, Lazy<Use>> _ready = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _slots = new(StringComparer.Ordinal);

    /// <summary>Over a store's folder.</summary>
    /// <param name="storeDirectory">The folder.</param>
    /// <param name="owner">Whose the layers are; null for the caller.</param>
    /// <param name="time">When they are used.</param>
    /// <param name="witness">Which layers that are there may be used as they are; others are read, or laid out again, first. Null to use them all: for who looks at the machine only.</param>
    public LayerStore(string storeDirectory, uint? owner, TimeProvider time, LayerWitness? witness)
    {
        _time = time;
        _witness = witness;
        ArgumentException.ThrowIfNullOrEmpty(storeDirectory);
        _owner = owner;
        _relative = $"{Folder}/{OwnerId.ToString(CultureInfo.InvariantCulture)}";
        _path = $"{Path.GetFullPath(storeDirectory)}/{_relative}";
    }

    /// <summary>A layer in use.</summary>
    /// <param name="Paths">The folders that show it, relative to the store, the uppermost first.</param>
    /// <param name="Complete">The key of the complete layer among them.</param>
    private sealed record Use(ImmutableArray<string> Paths, string Complete);

    /// <summary>Whose the layers are; null for the caller.</summary>
    public uint? Owner => _owner;

    private uint OwnerId => _owner ?? BlobCalls.UserId();

    /// <summary>Whether a name can be a layer's.</summary>
    internal static bool IsKey(ReadOnlySpan<char> name)
    {
        var digits = name;
        foreach (var prefix in Prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                digits = name[prefix.Length..];
                break;
            }
        }

        return digits.Length is 32 or 64 && Hex.IsLower(digits);
    }

    /// <summary>The key of the layer of a toolchain's tree.</summary>
    public static string ToolchainKey(Digest tree) => ToolchainPrefix + tree.Hash;

    /// <summary>The layer of something of the machine or of a toolchain, relative to the store, laid out by <paramref name="layOut"/> where no run has done so yet. Throws <see cref="IOException"/>.</summary>
    /// <param name="key"><c>base-</c>, <c>bare-</c> or <c>toolchain-</c>, and 32 or 64 hexadecimal digits.</param>
    /// <param name="layOut">Writes it.</param>
    public string Get(string key, Action<LayerWriter> layOut)
    {
        ArgumentNullException.ThrowIfNull(layOut);
        return IsKey(key) ? Get(key, () => TryUse(key) ?? Make(key, lower: null, tree: null, layOut)).Paths[0] : throw new ArgumentException($"`{key}` cannot name a layer", nameof(key));
    }

    /// <summary>The layers that show a tree at <see cref="TreeFolder"/>, relative to the store, the uppermost first: one or two. Throws <see cref="IOException"/>.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="slot">What for, the same for the next tree that is used in this one's place.</param>
    /// <param name="add">Writes a file or link of the tree: the path in the layer, the path in the tree, and what stands there.</param>
    public ImmutableArray<string> GetTree(MerkleTree tree, string slot, Action<LayerWriter, string, string, TreeLeaf> add)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(add);
        var use = Get(tree.Digest.Hash, () => MakeTree(tree, slot, add));
        if (!_slots.TryGetValue(slot, out var known) || !string.Equals(known, use.Complete, StringComparison.Ordinal))
        {
            Remember(slot, use.Complete);
            _slots[slot] = use.Complete;
        }

        return use.Paths;
    }

    private Use Get(string key, Func<Use> make)
    {
        var use = _ready.GetOrAdd(key, static (_, make) => new Lazy<Use>(make), make);
        try
        {
            return use.Value;
        }
        catch
        {
            // A full disk may be emptier for the next.
            _ = _ready.TryRemove(new(key, use));
            throw;
        }
    }

    private Use MakeTree(MerkleTree tree, string slot, Action<LayerWriter, string, string, TreeLeaf> add)
    {
        var key = tree.Digest.Hash;
        return TryUse(key) ?? TryMakeDelta(key, tree, slot, add)
            ?? Make(key, lower: null, LayerTree.Of(tree, below: null), writer => tree.ForEach((path, leaf) => add(writer, $"{TreeFolder}/{path}", path, leaf)));
    }

    private Use? TryMakeDelta(string key, MerkleTree tree, string slot, Action<LayerWriter, string, string, TreeLeaf> add)
    {
        if (Remembered(slot) is not { } lower || TryUse(lower) is not { Paths.Length: 1 })
        {
            return null;
        }

        LayerTree shown;
        LayerDelta delta;
        using (var layer = DirectoryHandle.Open($"{_path}/{lower}"))
        {
            if (LayerTree.TryRead(layer, below: null) is not { } below)
            {
                return null;
            }

            shown = LayerTree.Of(tree, below);
            if (LayerDelta.Between(below, tree, shown, tree.Count / FilesPerChange) is not { } found)
            {
                return null;
            }

            delta = found;
        }

        return Make(key, lower, shown, writer =>
        {
            foreach (var (path, leaf) in delta.Put)
            {
                add(writer, $"{TreeFolder}/{path}", path, leaf);
            }

            foreach (var path in delta.Hide)
            {
                writer.AddWhiteout($"{TreeFolder}/{path}");
            }
        });
    }

    /// <summary>Marks the use of a layer that is there and whole, and of what it lies over; null where there is none.</summary>
    private Use? TryUse(string key)
    {
        if (!Directory.Exists($"{_path}/{key}"))
        {
            return null;
        }

        bool isWhole;
        using (SharedLock.Acquire($"{_path}/{LockFile}"))
        {
            var use = Mark(key);
            if (use is not null && (_witness is null || IsVouched(use, key)))
            {
                return use;
            }

            isWhole = use is not null;
        }

        // What is named after its content is wrong then; what is not is compared with what is laid out now.
        if (!isWhole || !IsNamedOtherwise(key))
        {
            Drop(key);
        }

        return null;
    }

    /// <summary>Whether a layer and what it lies over are as this machine left them, or hold what their names say. The lock is held.</summary>
    private bool IsVouched(Use use, string key) => IsVouched(key) && (string.Equals(use.Complete, key, StringComparison.Ordinal) || IsVouched(use.Complete));

    private bool IsVouched(string key)
    {
        using var owned = DirectoryHandle.Open(_path);
        using var layer = owned.TryOpen(key);
        return layer is not null && (_witness!.Knows(layer) || (!IsNamedOtherwise(key) && _witness.TryNote(layer, () => IsRight(owned, layer, key))));
    }

    private bool IsRight(DirectoryHandle owned, DirectoryHandle layer, string key)
    {
        using var root = layer.TryOpen(RootFolder);
        if (root is null || LayerAbout.TryRead(layer) is not { Content: null } about)
        {
            return false;
        }

        using var lower = about.Base is { } below ? owned.TryOpen(below) : null;
        return (about.Base is null || lower is not null) && LayerCheck.WrongWith(layer, key, lower, LayerListing.Read(root, OwnerId, CancellationToken.None)) is null;
    }

    /// <summary>Whether a layer's name is not the hash of the tree that it shows: it says from what it was made.</summary>
    private static bool IsNamedOtherwise(string key)
    {
        foreach (var prefix in Prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads and marks a layer; null where it is not whole. The lock is held.</summary>
    private Use? Mark(string key)
    {
        using var owned = DirectoryHandle.Open(_path);
        using var layer = owned.TryOpen(key);
        if (layer is null || LayerAbout.TryRead(layer) is not { } about)
        {
            return null;
        }

        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        var path = $"{_relative}/{key}/{RootFolder}";
        if (about.Base is not { } lower)
        {
            BlobCalls.SetModified(layer.Descriptor, [], now);
            return new Use([path], key);
        }

        using var below = owned.TryOpen(lower);
        if (below is null || LayerAbout.TryRead(below) is not { Base: null })
        {
            return null;
        }

        BlobCalls.SetModified(below.Descriptor, [], now);
        BlobCalls.SetModified(layer.Descriptor, [], now);
        return new Use([path, $"{_relative}/{lower}/{RootFolder}"], lower);
    }

    /// <summary>Removes what has a layer's name and is not whole, or lies over nothing, or was found wrong.</summary>
    private void Drop(string key)
    {
        var gone = GoneName(key);
        using var owned = DirectoryHandle.Open(_path);
        using (SharedLock.AcquireAlone($"{_path}/{LockFile}"))
        {
            // Another run may have made it meanwhile.
            if (owned.TryStat(key) is null || (Mark(key) is { } use && (_witness is null || IsVouched(use, key))))
            {
                return;
            }

            owned.Move(key, owned, gone);
        }

        owned.RemoveTree(gone);
    }

    /// <summary>The name under which a layer stands while it is removed.</summary>
    internal static string GoneName(string key) => $"{GonePrefix}{RandomNumberGenerator.GetHexString(8, lowercase: true)}-{key}";

    /// <summary>Lays one out and gives it its name, or takes that of another run that was faster.</summary>
    private Use Make(string key, string? lower, LayerTree? tree, Action<LayerWriter> layOut)
    {
        CreateFolder();
        using var owned = DirectoryHandle.Open(_path);
        using var layer = Begin(owned, out var name);
        try
        {
            LayOut(layer, lower, tree, layOut);
            using (SharedLock.Acquire($"{_path}/{LockFile}"))
            {
                try
                {
                    owned.Move(name, owned, key);
                    Note(owned, key);
                }
                catch (IOException) when (Mark(key) is not null)
                {
                    // Another run was faster, or this is the first look at it.
                    if (_witness is not null && !IsVouched(key) && !TryNoteSame(owned, key, layer))
                    {
                        Replace(owned, key, name);
                        Note(owned, key);
                    }
                    else
                    {
                        owned.RemoveTree(name);
                    }
                }

                return Mark(key) ?? throw new IOException($"The layer `{key}` vanished while it was laid out: run again");
            }
        }
        catch
        {
            owned.RemoveTree(name);
            throw;
        }
    }

    /// <summary>Notes a layer that was laid out here, under its name.</summary>
    private void Note(DirectoryHandle owned, string key)
    {
        using var layer = _witness is null ? null : owned.TryOpen(key);
        if (layer is not null)
        {
            _witness!.Note(layer);
        }
    }

    /// <summary>Notes a layer that is there where it holds the same as one that was just laid out.</summary>
    private bool TryNoteSame(DirectoryHandle owned, string key, DirectoryHandle made)
    {
        using var standing = owned.TryOpen(key);
        return standing is not null && _witness!.TryNote(standing, () =>
        {
            using var actual = standing.TryOpen(RootFolder);
            using var expected = made.TryOpen(RootFolder);
            return actual is not null && expected is not null && LayerAbout.TryRead(standing)?.Base is null
                && LayerListing.Read(expected, OwnerId, CancellationToken.None).FirstDifference(LayerListing.Read(actual, OwnerId, CancellationToken.None)) is null;
        });
    }

    /// <summary>Puts a layer in the place of a wrong one. Who has that mounted sees it until it ends; the next collection removes it.</summary>
    private static void Replace(DirectoryHandle owned, string key, string name)
    {
        owned.Move(key, owned, GoneName(key));
        owned.Move(name, owned, key);
    }

    private void LayOut(DirectoryHandle layer, string? lower, LayerTree? tree, Action<LayerWriter> layOut)
    {
        using var root = layer.TryCreatePath(RootFolder) ?? throw new IOException($"`{layer.DisplayPath}` is not empty");
        long bytes;
        using (var writer = new LayerWriter(root, _owner))
        {
            layOut(writer);
            writer.Finish();
            bytes = writer.Bytes;
        }

        if (tree is not null)
        {
            Write(layer, LayerTree.FileName, tree.Bytes);
        }

        var content = tree is null ? LayerListing.Read(root, OwnerId, CancellationToken.None).Hash() : null;
        Write(layer, LayerAbout.FileName, new LayerAbout(bytes, lower, content).ToBytes());
    }

    /// <summary>An empty folder to lay out in; its lock says that this process lives.</summary>
    private static DirectoryHandle Begin(DirectoryHandle owned, out string name)
    {
        while (true)
        {
            name = $"{TemporaryPrefix}{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
            var layer = owned.TryMake(name, out _);
            if (layer is not null)
            {
                // A collector that came between took it for a dead run's.
                if (FileNative.Lock(layer.Descriptor, FileNative.LockExclusive) == 0 && BlobCalls.LookAt(layer.Descriptor).LinkCount > 0)
                {
                    return layer;
                }

                layer.Dispose();
            }
        }
    }

    private static void Write(DirectoryHandle folder, string name, ReadOnlySpan<byte> content)
    {
        var descriptor = BlobCalls.TryOpen(folder.Descriptor, Encoding.ASCII.GetBytes(name + "\0"), FileNative.OpenReadWrite | FileNative.OpenCreate | FileNative.OpenExclusive, 0x1a4);
        if (descriptor < 0)
        {
            throw BlobCalls.Failure($"make `{folder.DisplayPath}/{name}`");
        }

        try
        {
            BlobCalls.Write(descriptor, content);
        }
        finally
        {
            _ = FileNative.Close(descriptor);
        }
    }

    /// <summary>Makes the owner's folder: with the caller's own group, as a group that a user namespace does not know cannot be copied up by an overlay.</summary>
    private void CreateFolder()
    {
        if (!Directory.Exists(_path))
        {
            Directory.CreateDirectory(_path);
            using var owned = DirectoryHandle.Open(_path);
            _ = FileNative.ChangeOwnerAt(owned.Descriptor, "", uint.MaxValue, BlobCalls.GroupId(), FileNative.AtEmptyPath);
            _ = FileNative.ChangeMode(owned.Descriptor, 0x1ed);
        }
    }
}
