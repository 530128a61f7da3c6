using System.Runtime.InteropServices;

namespace Cairn.Store.Archives;

/// <summary>Decompresses xz by the machine's liblzma, which checks what the content itself carries to be checked.</summary>
internal sealed unsafe partial class XzStream : DecompressionStream
{
    private const string Library = "liblzma.so.5";

    // What the largest window of xz (-9e) takes is 65 MiB.
    private const ulong MemoryBytesMax = 256UL << 20;
    private const uint Concatenated = 0x08;
    private const int Run = 0;
    private const int Finish = 3;
    private const int Ok = 0;
    private const int StreamEnd = 1;
    private const int BufferError = 10;

    private readonly LzmaStream* _stream;

    public XzStream(Stream source)
        : base(source)
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            throw new InvalidDataException($"To read what xz compressed needs the library `{Library}` (package `liblzma5` or `xz-libs`)");
        }

        _stream = (LzmaStream*)NativeMemory.AllocZeroed((nuint)sizeof(LzmaStream));
        if (AutoDecoder(_stream, MemoryBytesMax, Concatenated) != Ok)
        {
            throw new InvalidDataException("liblzma gives no decoder");
        }
    }

    protected override (int Consumed, int Produced, bool Ended) Decode(ReadOnlySpan<byte> input, Span<byte> output, bool isLast)
    {
        fixed (byte* from = input, to = output)
        {
            _stream->NextIn = from;
            _stream->AvailIn = (nuint)input.Length;
            _stream->NextOut = to;
            _stream->AvailOut = (nuint)output.Length;
            var result = Code(_stream, isLast ? Finish : Run);
            return result is Ok or StreamEnd or BufferError
                ? (input.Length - (int)_stream->AvailIn, output.Length - (int)_stream->AvailOut, result == StreamEnd)
                : throw new InvalidDataException($"What xz compressed is damaged (liblzma: {result})");
        }
    }

    protected override void Free()
    {
        if (_stream is not null)
        {
            End(_stream);
            NativeMemory.Free(_stream);
        }
    }

    [LibraryImport(Library, EntryPoint = "lzma_auto_decoder")]
    private static partial int AutoDecoder(LzmaStream* stream, ulong memoryBytes, uint flags);

    [LibraryImport(Library, EntryPoint = "lzma_code")]
    private static partial int Code(LzmaStream* stream, int action);

    [LibraryImport(Library, EntryPoint = "lzma_end")]
    private static partial void End(LzmaStream* stream);

    /// <summary><c>lzma_stream</c>; its last members are reserved by the library.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 136)]
    private struct LzmaStream
    {
        public byte* NextIn;
        public nuint AvailIn;
        public ulong TotalIn;
        public byte* NextOut;
        public nuint AvailOut;
        public ulong TotalOut;
    }
}
