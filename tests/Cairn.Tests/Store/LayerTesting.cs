using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Testing;

namespace Cairn.Tests.Store;

/// <summary>Trees laid out in a store, and what an overlay of their layers shows.</summary>
internal sealed class LayerTesting : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public LayerTesting()
    {
        Store = ContentStore.Open(_folder["store"], Time);
    }

    public SettableTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    public ContentStore Store { get; }

    public string this[string path] => _folder[$"store/{path}"];

    /// <summary>The layers as another process has them: nothing is known to be there.</summary>
    public LayerStore Layers() => new(Store.Directory, owner: null, Time, witness: null);

    /// <summary>A tree of files that hold what is said here, of programs (<c>x:</c> before the content) and links (<c>-></c> before the target).</summary>
    public static MerkleTree Tree(IReadOnlyDictionary<string, string> files) => MerkleTree.Of(files.Select(static f => KeyValuePair.Create(f.Key, LeafOf(f.Value))));

    /// <summary>So many files in folders of ten.</summary>
    public static SortedDictionary<string, string> Files(int count)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            files[$"d{i / 50}/e{i / 10 % 5}/f{i % 10}"] = (i % 7) switch { 0 => $"x:{i}", 1 => $"->f{i}", _ => $"{i}" };
        }

        return files;
    }

    public ImmutableArray<string> LayOut(IReadOnlyDictionary<string, string> files, string slot = "slot") => LayOut(Layers(), files, slot);

    public static ImmutableArray<string> LayOut(LayerStore layers, IReadOnlyDictionary<string, string> files, string slot = "slot") =>
        layers.GetTree(Tree(files), slot, (writer, target, path, leaf) => Add(writer, target, files[path], leaf));

    /// <summary>What an overlay of layers shows, the uppermost first: of each file its mode and content, of each folder nothing.</summary>
    public SortedDictionary<string, string> Merged(ImmutableArray<string> paths)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in paths.Reverse())
        {
            Merge(this[path], "", merged);
        }

        return merged;
    }

    /// <summary>What a step sees of files.</summary>
    public static SortedDictionary<string, string> Shown(IReadOnlyDictionary<string, string> files)
    {
        var shown = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["work/"] = "" };
        foreach (var (path, text) in files)
        {
            shown[$"work/{path}"] = text;
            for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                shown[$"work/{path[..(slash + 1)]}"] = "";
            }
        }

        return shown;
    }

    public void Dispose()
    {
        Store.Dispose();
        _folder.Dispose();
    }

    private static TreeLeaf LeafOf(string text) => text.StartsWith("->", StringComparison.Ordinal)
        ? new TreeLeaf(Digest.Empty, Executable: false, text[2..])
        : new TreeLeaf(Digest.Of(Encoding.UTF8.GetBytes(text)), text.StartsWith("x:", StringComparison.Ordinal));

    private static void Add(LayerWriter writer, string target, string text, in TreeLeaf leaf)
    {
        if (leaf.Target is { } link)
        {
            writer.AddLink(target, link);
        }
        else
        {
            writer.AddFile(target, Encoding.UTF8.GetBytes(text), leaf.Executable);
        }
    }

    private static void Merge(string folder, string path, SortedDictionary<string, string> merged)
    {
        using var handle = DirectoryHandle.Open(folder);
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            var name = path + entry.Name;
            if (entry.LinkTarget is null && entry is DirectoryInfo)
            {
                merged.Remove(name);
                merged[name + "/"] = "";
                Merge(entry.FullName, name + "/", merged);
                continue;
            }

            foreach (var below in merged.Keys.Where(k => k == name || k.StartsWith(name + "/", StringComparison.Ordinal)).ToList())
            {
                merged.Remove(below);
            }

            if (entry.LinkTarget is { } link)
            {
                merged[name] = "->" + link;
            }
            else if (handle.TryStat(entry.Name)?.Kind == FileKind.Regular)
            {
                merged[name] = File.ReadAllText(entry.FullName);
                Assert.Equal(merged[name].StartsWith("x:", StringComparison.Ordinal), entry.UnixFileMode.HasFlag(UnixFileMode.OtherExecute));
            }
        }
    }
}
