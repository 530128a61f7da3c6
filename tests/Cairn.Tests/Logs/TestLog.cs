using System.Collections.Immutable;
using System.Text;

using Cairn.Engine.Log;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Tests.Logs;

/// <summary>A log in memory that does what it is told, be it to lie: its leaves, the checkpoint that it shows, tiles that are changed or gone.</summary>
internal sealed class TestLog : ILogSource
{
    public const string Name = "log.example";
    public const string Origin = Name + " - 7";

    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static SigningKey Key { get; } = KeyOf(21);

    public static NoteSigner Signer { get; } = NoteSigner.Of(Name, Key);

    public static LogTrust Trust { get; } = new([new TrustedLog(Origin, [Signer.Verifier])], []);

    public List<byte[]> Leaves { get; } = [];

    /// <summary>Changes what is read; null for what is not there.</summary>
    public Func<TilePath, byte[], byte[]?> Change { get; set; } = static (_, bytes) => bytes;

    /// <summary>The checkpoint that is shown; null for the newest.</summary>
    public SignedNote? Shown { get; set; }

    public bool IsDown { get; set; }

    public string Place => "test log";

    public long Size => Shown is null ? Leaves.Count : Checkpoint.TryParse(Shown.Text, out _)!.Size;

    public static SigningKey KeyOf(byte seed) => SigningKey.FromSeed([.. Enumerable.Repeat(seed, SigningKey.SeedBytes)]);

    public static byte[] Leaf(int number) => Encoding.UTF8.GetBytes($"leaf {number}");

    /// <summary>An entry of an action that made something.</summary>
    public static byte[] Entry(char action, char outputs, SigningKey? key = null, string payload = "{}")
    {
        var signer = key ?? Key;
        return EntryOf(Envelope.Sign(Envelope.InTotoType, [.. Encoding.UTF8.GetBytes(payload)], signer), signer.PublicKey, new string(action, 64), new string(outputs, 64)).Encode();
    }

    /// <summary>The entry of an envelope, whatever it is said to be about.</summary>
    public static LogEntry EntryOf(Envelope envelope, PublicKey key, string? action = null, string? outputs = null) => LogEntry.Make(envelope, envelope.ToJson(), envelope.PayloadHash, key, action, outputs);

    public TestLog Add(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Leaves.Add(Leaf(Leaves.Count));
        }

        return this;
    }

    public TestLog Fork(int at)
    {
        var fork = new TestLog();
        fork.Leaves.AddRange(Leaves);
        fork.Leaves[at] = "another leaf"u8.ToArray();
        return fork;
    }

    public SignedNote Note(long? size = null, NoteSigner? signer = null)
    {
        var tree = new TileTree(new Tiles(this), size ?? Leaves.Count);
        return new Checkpoint(Origin, tree.Size, [.. tree.Root().ToArray()]).Sign([signer ?? Signer], Now);
    }

    public ConsistencyProof Prove(long from, long to) => ConsistencyProof.Make(new TileTree(new Tiles(this), to), from);

    public InclusionProof ProveLeaf(long index) => InclusionProof.Make(new TileTree(new Tiles(this), Leaves.Count), index);

    public Task<byte[]> ReadCheckpointAsync(CancellationToken cancellationToken) => IsDown ? throw new LogUnavailableException("The log is down") : Task.FromResult((Shown ?? Note()).ToBytes());

    public Task<byte[]> ReadTileAsync(TilePath tile, CancellationToken cancellationToken)
    {
        var bytes = tile.Level == TilePath.EntriesLevel ? Entries(tile) : new Tiles(this).ReadTile(tile).ToArray();
        return Task.FromResult(Change(tile, bytes) ?? throw new LogBreachException(LogBreach.Missing, $"`{tile}` is missing"));
    }

    public void Dispose()
    {
    }

    private byte[] Entries(TilePath tile)
    {
        using var bytes = new MemoryStream();
        foreach (var leaf in Leaves.Skip((int)(tile.Index * TilePath.WidthMax)).Take(tile.Width))
        {
            var entry = new byte[EntryBundle.HeadBytes + leaf.Length];
            EntryBundle.Write(entry, leaf);
            bytes.Write(entry);
        }

        return bytes.ToArray();
    }

    private sealed class Tiles(TestLog log) : ITileSource
    {
        public ReadOnlyMemory<byte> ReadTile(TilePath tile)
        {
            var bytes = new byte[tile.Bytes];
            for (var i = 0; i < tile.Width; i++)
            {
                Hash(tile.Level, (tile.Index * TilePath.WidthMax) + i).Write(bytes.AsSpan(i * MerkleHash.Bytes));
            }

            return bytes;
        }

        private MerkleHash Hash(int level, long index)
        {
            if (level == 0)
            {
                return MerkleHash.Leaf(log.Leaves[(int)index]);
            }

            var hashes = ImmutableArray.CreateBuilder<MerkleHash>();
            for (var i = 0; i < TilePath.WidthMax; i++)
            {
                hashes.Add(Hash(level - 1, (index * TilePath.WidthMax) + i));
            }

            var row = hashes.ToArray();
            for (; row.Length > 1; row = [.. row.Chunk(2).Select(static p => MerkleHash.Node(p[0], p[1]))])
            {
            }

            return row[0];
        }
    }
}
