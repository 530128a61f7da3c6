using System.Buffers;
using System.Runtime.InteropServices;

namespace Cairn.Store.Content;

/// <summary>Compression by the machine's libzstd; where there is none, everything is stored as it is.</summary>
internal static unsafe partial class Zstd
{
    /// <summary>The library's name.</summary>
    internal const string Library = "libzstd.so.1";
    private const int Level = 1;
    private const int ParameterLevel = 100;
    private const int EndOfFrame = 2;

    /// <summary><c>ZSTD_d_windowLogMax</c>.</summary>
    internal const int ParameterWindowLogMax = 100;

    private static int Loaded;

    /// <summary>Whether the library is there.</summary>
    public static bool IsAvailable
    {
        get
        {
            if (Loaded == 0)
            {
                Loaded = NativeLibrary.TryLoad(Library, out _) ? 1 : -1;
            }

            return Loaded > 0;
        }
    }

    /// <summary>The most bytes that compressed content may have to be worth it: four fifths.</summary>
    public static long WorthwhileBytesMax(long contentBytes) => contentBytes / 5 * 4;

    /// <summary>Whether content is worth compressing by its size and its first bytes.</summary>
    public static bool Pays(long contentBytes, ReadOnlySpan<byte> start)
    {
        if (contentBytes is < Limits.CompressedBlobBytesMin or > Limits.CompressedBlobBytesMax || !IsAvailable)
        {
            return false;
        }

        start = start[..Math.Min(start.Length, Limits.CompressionProbeBytes)];
        var buffer = ArrayPool<byte>.Shared.Rent(start.Length);
        try
        {
            return TryCompress(start, buffer) > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Compresses whole content into a buffer of at least its size; 0 where that would not pay.</summary>
    public static int TryCompress(ReadOnlySpan<byte> content, Span<byte> buffer)
    {
        var room = (nuint)WorthwhileBytesMax(content.Length);
        fixed (byte* source = content, target = buffer)
        {
            var context = CreateCompressor();
            var length = Compress(context, target, room, source, (nuint)content.Length, Level);
            _ = FreeCompressor(context);
            return IsError(length) != 0 ? 0 : (int)length;
        }
    }

    /// <summary>Compresses a stream of known length into a file.</summary>
    internal sealed class Writer : IDisposable
    {
        private readonly nint _context = CreateCompressor();
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.TransferBytes);
        private readonly int _target;

        public Writer(int target, long contentBytes)
        {
            _target = target;
            _ = SetCompressorParameter(_context, ParameterLevel, Level);
            _ = SetContentSize(_context, (ulong)contentBytes);
        }

        /// <summary>Bytes written so far.</summary>
        public long Length { get; private set; }

        /// <summary>Compresses more. False where the content is not as long as was said.</summary>
        public bool TryWrite(ReadOnlySpan<byte> content, bool isLast)
        {
            fixed (byte* source = content, target = _buffer)
            {
                var input = new Transfer { Start = source, Length = (nuint)content.Length };
                nuint remaining;
                do
                {
                    var output = new Transfer { Start = target, Length = (nuint)_buffer.Length };
                    remaining = CompressStream(_context, &output, &input, isLast ? EndOfFrame : 0);
                    if (IsError(remaining) != 0)
                    {
                        return false;
                    }

                    BlobCalls.Write(_target, _buffer.AsSpan(0, (int)output.Position));
                    Length += (long)output.Position;
                }
                while (input.Position < input.Length || (isLast && remaining > 0));
            }

            return true;
        }

        public void Dispose()
        {
            _ = FreeCompressor(_context);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    /// <summary>Decompresses a file of exactly one frame.</summary>
    internal sealed class Reader : IDisposable
    {
        private readonly nint _context = CreateDecompressor();
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.TransferBytes);
        private readonly int _source;
        private long _offset;
        private int _start;
        private int _end;
        private bool _frameEnded;

        public Reader(int source)
        {
            _source = source;
            _ = SetDecompressorParameter(_context, ParameterWindowLogMax, Limits.CompressionWindowLogMax);
        }

        /// <summary>The content's length as the file says, or negative. Before the first read.</summary>
        public long DeclaredBytes()
        {
            Fill();
            fixed (byte* start = _buffer)
            {
                var size = FrameContentSize(start, (nuint)_end);
                return size <= long.MaxValue ? (long)size : -1;
            }
        }

        /// <summary>The next bytes; 0 at the end. Throws <see cref="InvalidDataException"/> where the file is no such frame.</summary>
        public int Read(Span<byte> content)
        {
            fixed (byte* source = _buffer, target = content)
            {
                var output = new Transfer { Start = target, Length = (nuint)content.Length };
                while (output.Position == 0 && !content.IsEmpty)
                {
                    if (_start == _end)
                    {
                        Fill();
                    }

                    if (_frameEnded)
                    {
                        return _start == _end ? 0 : throw new InvalidDataException("More follows the end");
                    }

                    var input = new Transfer { Start = source, Length = (nuint)_end, Position = (nuint)_start };
                    var isAtEnd = _start == _end;
                    var state = DecompressStream(_context, &output, &input);
                    if (IsError(state) != 0 || (isAtEnd && output.Position == 0))
                    {
                        throw new InvalidDataException("Not compressed as it should be");
                    }

                    _start = (int)input.Position;
                    _frameEnded = state == 0;
                }

                return (int)output.Position;
            }
        }

        public void Dispose()
        {
            _ = FreeDecompressor(_context);
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        private void Fill()
        {
            if (_start == _end)
            {
                _start = 0;
                _end = BlobCalls.ReadAt(_source, _buffer.AsSpan(0, Limits.TransferBytes), _offset);
                _offset += _end;
            }
        }
    }

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    internal static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    private static partial nint CreateCompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    private static partial nuint FreeCompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    private static partial nuint SetCompressorParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setPledgedSrcSize")]
    private static partial nuint SetContentSize(nint context, ulong bytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressCCtx")]
    private static partial nuint Compress(nint context, byte* target, nuint room, byte* source, nuint length, int level);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressStream2")]
    private static partial nuint CompressStream(nint context, Transfer* output, Transfer* input, int operation);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    internal static partial nint CreateDecompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    internal static partial nuint FreeDecompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    internal static partial nuint SetDecompressorParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    internal static partial nuint DecompressStream(nint context, Transfer* output, Transfer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_getFrameContentSize")]
    private static partial ulong FrameContentSize(byte* start, nuint length);

    /// <summary><c>ZSTD_inBuffer</c> and <c>ZSTD_outBuffer</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Transfer
    {
        public byte* Start;
        public nuint Length;
        public nuint Position;
    }
}
