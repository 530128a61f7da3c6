using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Testing;

namespace Cairn.Tests.Store;

/// <summary>Who can write to the store cannot give a step other inputs than its action names: layers that were written to are laid out again.</summary>
public sealed class LayerWitnessTests : IDisposable
{
    private const string Key = "base-00112233445566778899aabbccddeeff";

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;
    private readonly Digest _blob;

    public LayerWitnessTests()
    {
        _store = ContentStore.Open(_folder["store"]);
        _blob = _store.Put("from the store"u8);
    }

    public static TheoryData<bool, string> Attacks => [.. from ofTree in (bool[])[true, false] from attack in Tampered.Keys select new TheoryDataRow<bool, string>(ofTree, attack)];

    private static readonly Dictionary<string, Action<string>> Tampered = new(StringComparer.Ordinal)
    {
        ["bytes, with the time put back"] = static file =>
        {
            var time = File.GetLastWriteTimeUtc(file);
            File.WriteAllText(file, "from elsewhere");
            File.SetLastWriteTimeUtc(file, time);
        },
        ["another file in its place"] = static file =>
        {
            File.WriteAllText(file + "~", "from elsewhere");
            File.SetLastWriteTimeUtc(file + "~", File.GetLastWriteTimeUtc(file));
            File.Move(file + "~", file, overwrite: true);
        },
        ["executable"] = static file => File.SetUnixFileMode(file, (UnixFileMode)0x1ed),
        ["a file more"] = static file => File.WriteAllText(file + "2", "more"),
        ["a file less"] = File.Delete,
        ["a link in its place"] = static file =>
        {
            File.Delete(file);
            File.CreateSymbolicLink(file, "/etc/passwd");
        },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void Get_LaysOutAgain_WhatWasWrittenTo(bool ofTree, string attack)
    {
        using (Run run = new(this))
        {
            Tampered[attack](Path.Combine(_store.Directory, run.Get(ofTree), "work/folder/file"));
        }

        using Run next = new(this);
        var root = Path.Combine(_store.Directory, next.Get(ofTree));
        Assert.Equal("from the store", File.ReadAllText($"{root}/work/folder/file"));
        Assert.Equal(["file"], Directory.GetFileSystemEntries($"{root}/work/folder").Select(Path.GetFileName));
        Assert.Null(new FileInfo($"{root}/work/folder/file").LinkTarget);
        Assert.Equal((UnixFileMode)0x1a4, File.GetUnixFileMode($"{root}/work/folder/file"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Get_TakesWhatNobodyWroteTo_AsItStands(bool ofTree)
    {
        ulong first;
        using (Run run = new(this))
        {
            first = InodeOf(run.Get(ofTree));
        }

        using Run next = new(this);
        Assert.Equal(first, InodeOf(next.Get(ofTree)));
        Assert.Equal(0, next.LaidOut);
    }

    /// <summary>Another user of the store, or one whose state is gone: what is right stays, whoever may have it mounted.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Get_OfWhatItDoesNotKnow_KeepsWhatIsRight(bool ofTree)
    {
        ulong first;
        using (Run run = new(this))
        {
            first = InodeOf(run.Get(ofTree));
        }

        File.Delete(_folder["state/layers"]);
        using (Run next = new(this))
        {
            Assert.Equal(first, InodeOf(next.Get(ofTree)));
        }

        using Run known = new(this);
        Assert.Equal(first, InodeOf(known.Get(ofTree)));
        Assert.Equal(0, known.LaidOut);
    }

    [Fact]
    public void Get_OfADelta_LooksAtTheLayerBelowToo()
    {
        var slot = "slot";
        using (Run run = new(this))
        {
            _ = run.Layers.GetTree(run.Tree(40), slot, run.Add);
            Assert.Equal(2, run.Layers.GetTree(run.Tree(41), slot, run.Add).Length);
        }

        using (Run run = new(this))
        {
            var lower = Path.Combine(_store.Directory, run.Layers.GetTree(run.Tree(40), "other", run.Add)[^1]);
            File.WriteAllText($"{lower}/work/folder/file3", "from elsewhere");
        }

        using Run next = new(this);
        var paths = next.Layers.GetTree(next.Tree(41), slot, next.Add);
        var shown = paths.Select(path => Path.Combine(_store.Directory, path, "work/folder/file3")).First(File.Exists);
        Assert.Equal("from the store", File.ReadAllText(shown));
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    private ulong InodeOf(string layer)
    {
        using var folder = DirectoryHandle.Open(Path.Combine(_store.Directory, layer));
        return BlobCalls.LookAt(folder.Descriptor).Inode;
    }

    /// <summary>One run: what it finds out is kept at its end.</summary>
    private sealed class Run : IDisposable
    {
        private readonly LayerWitnessTests _test;
        private readonly LayerWitness _witness;

        public Run(LayerWitnessTests test)
        {
            _test = test;
            _witness = new LayerWitness(VerdictMemo.Open(test._folder["state/layers"], [.. Enumerable.Repeat((byte)1, 32)], LayerWitness.Circumstances, Now, until: null));
            Layers = new LayerStore(test._store.Directory, owner: null, TimeProvider.System, _witness);
        }

        public LayerStore Layers { get; }

        public int LaidOut { get; private set; }

        public string Get(bool ofTree) => ofTree ? Assert.Single(Layers.GetTree(Tree(0), "slot", Add)) : Layers.Get(Key, layer => Add(layer, "work/folder/file", "folder/file", new TreeLeaf(_test._blob, Executable: false)));

        /// <summary>A tree of a file, and of so many more.</summary>
        public MerkleTree Tree(int more)
        {
            var tree = new MerkleTreeBuilder();
            tree.Add("folder/file", new TreeLeaf(_test._blob, Executable: false));
            for (var i = 0; i < more; i++)
            {
                tree.Add($"folder/file{i}", new TreeLeaf(_test._blob, Executable: false));
            }

            return tree.Build();
        }

        public void Add(LayerWriter layer, string path, string inTree, TreeLeaf leaf)
        {
            LaidOut++;
            Assert.True(layer.TryAddBlob(path, leaf.Digest, leaf.Executable, _test._store), inTree);
        }

        public void Dispose() => _witness.Save();
    }
}
