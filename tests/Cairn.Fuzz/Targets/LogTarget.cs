using System.Text;

using Cairn.Trust.Log;

namespace Cairn.Fuzz.Targets;

/// <summary>What a log of somebody else's hands out: proofs, leaves, bundles of entries, paths of tiles.</summary>
internal sealed class LogTarget : IFuzzTarget
{
    public string Name => "log";

    public IReadOnlyList<string> Words { get; } =
    [
        "c2sp.org/tlog-proof@v1\n", "extra QQ==\n", "index 0\n", "index 18446744073709551616\n", "\n\n", "\u2014 log.example AAAAAAA=\n", "log.example - 12\n", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "{\"apiVersion\":\"0.0.1\",", "\"cairn\":{\"action\":\"", "\"kind\":\"dsse\",\"spec\":{\"envelopeHash\":{\"algorithm\":\"sha256\",\"value\":\"", "\"},\"signatures\":[{\"signature\":\"", "\",\"verifier\":\"", "\"}]}}",
        "{\"apiVersion\":\"1\",\"kind\":\"cairn-log-genesis\",\"spec\":{", "tile/", "tile/entries/", "x001/", "000", ".p/255", "tile/63/",
    ];

    public void Run(byte[] input)
    {
        if (TlogProof.TryRead(input, out var problem) is { } proof)
        {
            var again = TlogProof.TryRead(proof.ToBytes(), out var refusal);
            InvariantException.Require(again is not null && again.ToBytes().AsSpan().SequenceEqual(proof.ToBytes()), $"The proof changes when it is written again: {refusal}");
            _ = proof.Inclusion.RootOver(MerkleHash.Empty);
            _ = new ConsistencyProof(proof.Inclusion.Index, proof.Inclusion.Size, proof.Inclusion.Path).Verifies(MerkleHash.Empty, MerkleHash.Empty);
        }
        else
        {
            InvariantException.Require(problem is { Length: > 0 }, $"A proof is refused without a reason");
        }

        var entry = LogEntry.TryRead(input, out _);
        InvariantException.Require(entry is null || entry.Encode().AsSpan().SequenceEqual(input), $"A leaf is read that would be written otherwise");
        _ = entry?.KeyOf();
        var mark = LogMark.TryRead(input);
        InvariantException.Require(mark is null || mark.Encode().AsSpan().SequenceEqual(input), $"A mark is read that would be written otherwise");

        var width = input.Length > 0 ? input[0] : 1;
        if (EntryBundle.TrySplit(input, width) is { } places)
        {
            var length = places.Sum(static p => p.End.Value - p.Start.Value + EntryBundle.HeadBytes);
            InvariantException.Require(length == input.Length, $"A bundle of {width} entries has {length} bytes, not {input.Length}");
        }

        var path = Encoding.Latin1.GetString(input);
        InvariantException.Require(!TilePath.TryParse(path, out var tile) || tile.ToString() == path, $"The path `{path}` is that of `{tile}`");
    }
}
