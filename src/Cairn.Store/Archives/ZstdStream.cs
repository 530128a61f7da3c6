using System.Runtime.InteropServices;

namespace Cairn.Store.Archives;

/// <summary>Decompresses zstd by the machine's libzstd; one frame after another, as <c>zstd</c> itself does.</summary>
internal sealed unsafe partial class ZstdStream : DecompressionStream
{
    private const string Library = "libzstd.so.1";
    private const int ParameterWindowLogMax = 100;

    // What `zstd --ultra -22` asks for.
    private const int WindowLogMax = 27;

    private readonly nint _context;
    private bool _betweenFrames = true;

    public ZstdStream(Stream source)
        : base(source)
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            throw new InvalidDataException($"To read what zstd compressed needs the library `{Library}` (package `libzstd1` or `zstd`)");
        }

        _context = CreateDecompressor();
        _ = SetParameter(_context, ParameterWindowLogMax, WindowLogMax);
    }

    protected override (int Consumed, int Produced, bool Ended) Decode(ReadOnlySpan<byte> input, Span<byte> output, bool isLast)
    {
        if (input.IsEmpty && _betweenFrames)
        {
            return (0, 0, isLast);
        }

        fixed (byte* from = input, to = output)
        {
            var source = new Transfer { Start = from, Length = (nuint)input.Length };
            var target = new Transfer { Start = to, Length = (nuint)output.Length };
            var state = DecompressStream(_context, &target, &source);
            if (IsError(state) != 0)
            {
                throw new InvalidDataException("What zstd compressed is damaged");
            }

            _betweenFrames = state == 0;
            return ((int)source.Position, (int)target.Position, false);
        }
    }

    protected override void Free() => _ = FreeDecompressor(_context);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    private static partial nint CreateDecompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    private static partial nuint FreeDecompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    private static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    private static partial nuint DecompressStream(nint context, Transfer* output, Transfer* input);

    /// <summary><c>ZSTD_inBuffer</c> and <c>ZSTD_outBuffer</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Transfer
    {
        public byte* Start;
        public nuint Length;
        public nuint Position;
    }
}
