using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>
/// Trees laid out for sandboxes, each once: <c>layers/OWNER/KEY/</c> of the store, where the key names the content. A layer gets its name when it is whole. Nothing
/// writes to one after that: steps see it through an overlay. Thread-safe, and shared by processes.
/// </summary>
public sealed class LayerStore
{
    private const string Folder = "layers";
    private const string TemporaryPrefix = "new-";

    private readonly string _store;
    private readonly string _path;
    private readonly uint? _owner;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Lazy<string>> _ready = new(StringComparer.Ordinal);

    /// <summary>Over a store's folder. <paramref name="owner"/>: whose the layers are; null for the caller.</summary>
    public LayerStore(string storeDirectory, uint? owner, TimeProvider time)
    {
        _time = time;
        ArgumentException.ThrowIfNullOrEmpty(storeDirectory);
        _store = Path.GetFullPath(storeDirectory);
        _owner = owner;
        _path = $"{Folder}/{(owner ?? BlobCalls.UserId()).ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>Whose the layers are; null for the caller.</summary>
    public uint? Owner => _owner;

    /// <summary>The layer of a key, relative to the store, laid out by <paramref name="layOut"/> where no run has done so yet. Throws <see cref="IOException"/>.</summary>
    public string Get(string key, Action<LayerWriter> layOut)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var layer = _ready.GetOrAdd(key, static (k, state) => new Lazy<string>(() => state.Item1.Make(k, state.layOut)), (this, layOut));
        try
        {
            return layer.Value;
        }
        catch
        {
            // A full disk may be emptier for the next.
            _ = _ready.TryRemove(new(key, layer));
            throw;
        }
    }

    private string Make(string key, Action<LayerWriter> layOut)
    {
        var relative = $"{_path}/{key}";
        var final = $"{_store}/{relative}";
        if (Directory.Exists(final))
        {
            // Collection goes by the time of the last use, which is that of the folder.
            Directory.SetLastAccessTimeUtc(final, _time.GetUtcNow().UtcDateTime);
            return relative;
        }

        var name = $"{TemporaryPrefix}{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var temporary = $"{_store}/{_path}/{name}";
        Directory.CreateDirectory(temporary);
        try
        {
            using (var root = DirectoryHandle.Open(temporary))
            {
                using var writer = new LayerWriter(root, _owner);
                layOut(writer);
                writer.Finish();
            }

            Directory.Move(temporary, final);
        }
        catch (IOException) when (Directory.Exists(final))
        {
            // Another run was faster.
            Remove(name);
        }
        catch
        {
            Remove(name);
            throw;
        }

        return relative;
    }

    private void Remove(string name)
    {
        using var folder = DirectoryHandle.Open($"{_store}/{_path}");
        folder.RemoveTree(name);
    }
}
