using System.Text;

namespace Cairn.Fuzz;

/// <summary>Makes inputs from others: flips, cuts, copies, splices, words of the format, repetition. The same seed makes the same inputs.</summary>
internal sealed class Mutator(IReadOnlyList<byte[]> corpus, IReadOnlyList<string> words, Random random)
{
    private const int InputBytesMax = 64 << 10;
    private const int RepeatsMax = 2_000;

    public byte[] Next()
    {
        var input = corpus.Count == 0 ? [] : corpus[random.Next(corpus.Count)].ToArray();
        var changes = 1 << random.Next(5);
        for (var i = 0; i < changes; i++)
        {
            input = Change(input);
        }

        return input.Length > InputBytesMax ? input[..InputBytesMax] : input;
    }

    private byte[] Change(byte[] input)
    {
        var at = random.Next(input.Length + 1);
        var length = random.Next(Math.Min(64, input.Length - at) + 1);
        switch (random.Next(10))
        {
            case 0 when input.Length > 0:
                input[random.Next(input.Length)] ^= (byte)(1 << random.Next(8));
                return input;
            case 1 when input.Length > 0:
                input[random.Next(input.Length)] = (byte)random.Next(256);
                return input;
            case 2:
                return [.. input.AsSpan(0, at), .. input.AsSpan(at + length)];
            case 3:
                return Insert(input, random.Next(input.Length + 1), input.AsSpan(at, length));
            case 4 when corpus.Count > 0:
                var other = corpus[random.Next(corpus.Count)];
                return [.. input.AsSpan(0, at), .. other.AsSpan(random.Next(other.Length + 1))];
            case 5:
                return Repeat(input, at, Word());
            case 6:
                return Repeat(input, at, input.AsSpan(at, length));
            case 7:
                return [.. input.AsSpan(0, at)];
            default:
                return Insert(input, at, Word());
        }
    }

    private byte[] Word() => Encoding.UTF8.GetBytes(words[random.Next(words.Count)]);

    private byte[] Repeat(byte[] input, int at, ReadOnlySpan<byte> part)
    {
        var times = random.Next(4) == 0 ? random.Next(RepeatsMax) : random.Next(8);
        var repeated = new byte[Math.Min((long)part.Length * times, InputBytesMax)];
        for (var i = 0; i < repeated.Length; i++)
        {
            repeated[i] = part[i % part.Length];
        }

        return Insert(input, at, repeated);
    }

    private static byte[] Insert(byte[] input, int at, ReadOnlySpan<byte> part) => [.. input.AsSpan(0, at), .. part, .. input.AsSpan(at)];
}
