using System.Runtime.InteropServices;

namespace Cairn.Store.Archives;

/// <summary>Decompresses bzip2 by the machine's libbz2; one stream after another, as <c>bzip2</c> itself does.</summary>
internal sealed unsafe partial class Bzip2Stream : DecompressionStream
{
    private const string Library = "libbz2.so.1.0";
    private const int Ok = 0;
    private const int StreamEnd = 4;

    private readonly BzStream* _stream;
    private bool _isOpen;

    public Bzip2Stream(Stream source)
        : base(source)
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            throw new InvalidDataException($"To read what bzip2 compressed needs the library `{Library}` (package `libbz2-1.0` or `bzip2-libs`)");
        }

        _stream = (BzStream*)NativeMemory.AllocZeroed((nuint)sizeof(BzStream));
        Begin();
    }

    protected override (int Consumed, int Produced, bool Ended) Decode(ReadOnlySpan<byte> input, Span<byte> output, bool isLast)
    {
        if (!_isOpen)
        {
            if (input.IsEmpty)
            {
                return (0, 0, isLast);
            }

            Begin();
        }

        fixed (byte* from = input, to = output)
        {
            _stream->NextIn = from;
            _stream->AvailIn = (uint)input.Length;
            _stream->NextOut = to;
            _stream->AvailOut = (uint)output.Length;
            var result = Decompress(_stream);
            if (result is not (Ok or StreamEnd))
            {
                throw new InvalidDataException($"What bzip2 compressed is damaged (libbz2: {result})");
            }

            var (consumed, produced) = (input.Length - (int)_stream->AvailIn, output.Length - (int)_stream->AvailOut);
            if (result == StreamEnd)
            {
                _ = End(_stream);
                _isOpen = false;
            }

            return (consumed, produced, false);
        }
    }

    protected override void Free()
    {
        if (_stream is not null)
        {
            if (_isOpen)
            {
                _ = End(_stream);
            }

            NativeMemory.Free(_stream);
        }
    }

    private void Begin()
    {
        *_stream = default;
        if (Init(_stream, 0, 0) != Ok)
        {
            throw new InvalidDataException("libbz2 gives no decoder");
        }

        _isOpen = true;
    }

    [LibraryImport(Library, EntryPoint = "BZ2_bzDecompressInit")]
    private static partial int Init(BzStream* stream, int verbosity, int small);

    [LibraryImport(Library, EntryPoint = "BZ2_bzDecompress")]
    private static partial int Decompress(BzStream* stream);

    [LibraryImport(Library, EntryPoint = "BZ2_bzDecompressEnd")]
    private static partial int End(BzStream* stream);

    /// <summary><c>bz_stream</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct BzStream
    {
        public byte* NextIn;
        public uint AvailIn;
        public uint TotalInLow;
        public uint TotalInHigh;
        public byte* NextOut;
        public uint AvailOut;
        public uint TotalOutLow;
        public uint TotalOutHigh;
        public void* State;
        public void* Allocate;
        public void* Release;
        public void* Opaque;
    }
}
