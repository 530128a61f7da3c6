using System.Buffers;

using Cairn.Core.Diagnostics;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Bundles;

/// <summary>A part of an open file as a stream of its own.</summary>
internal sealed class FileSection(SafeFileHandle file, long start, long lengthBytes) : ForwardStream
{
    private long _read;

    public override int Read(Span<byte> buffer)
    {
        var count = RandomAccess.Read(file, buffer[..(int)Math.Min(buffer.Length, lengthBytes - _read)], start + _read);
        _read += count;
        return count;
    }
}

/// <summary>Reads a part of an open file in pieces, of which many come from one read.</summary>
internal sealed class SectionReader(SafeFileHandle file, long start, long lengthBytes) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.TransferBytes);
    private int _from;
    private int _to;
    private long _read;

    /// <summary>The next bytes, at least one and at most so many. Throws <see cref="BundleException"/> at the end.</summary>
    public ReadOnlySpan<byte> Next(int countMax, string name)
    {
        if (_from == _to)
        {
            _from = 0;
            _to = RandomAccess.Read(file, _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, lengthBytes - _read)), start + _read);
            _read += _to;
            if (_to == 0)
            {
                throw new BundleException(DiagnosticCodes.BundleUnreadable, $"The archive ends within `{name}`");
            }
        }

        var count = Math.Min(countMax, _to - _from);
        _from += count;
        return _buffer.AsSpan(_from - count, count);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
