using Cairn.Store.Content;

namespace Cairn.Store.Archives;

/// <summary>Decompresses zstd by the machine's libzstd; one frame after another, as <c>zstd</c> itself does.</summary>
internal sealed unsafe class ZstdStream : DecompressionStream
{
    // What `zstd --ultra -22` asks for.
    private const int WindowLogMax = 27;

    private readonly nint _context;
    private bool _betweenFrames = true;

    public ZstdStream(Stream source)
        : base(source)
    {
        if (!Zstd.IsAvailable)
        {
            throw new InvalidDataException($"To read what zstd compressed needs the library `{Zstd.Library}` (package `libzstd1` or `zstd`)");
        }

        _context = Zstd.CreateDecompressor();
        _ = Zstd.SetDecompressorParameter(_context, Zstd.ParameterWindowLogMax, WindowLogMax);
    }

    protected override (int Consumed, int Produced, bool Ended) Decode(ReadOnlySpan<byte> input, Span<byte> output, bool isLast)
    {
        if (input.IsEmpty && _betweenFrames)
        {
            return (0, 0, isLast);
        }

        fixed (byte* from = input, to = output)
        {
            var source = new Zstd.Transfer { Start = from, Length = (nuint)input.Length };
            var target = new Zstd.Transfer { Start = to, Length = (nuint)output.Length };
            var state = Zstd.DecompressStream(_context, &target, &source);
            if (Zstd.IsError(state) != 0)
            {
                throw new InvalidDataException("What zstd compressed is damaged");
            }

            _betweenFrames = state == 0;
            return ((int)source.Position, (int)target.Position, false);
        }
    }

    protected override void Free() => _ = Zstd.FreeDecompressor(_context);
}
