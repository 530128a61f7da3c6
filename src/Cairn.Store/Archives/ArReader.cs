using System.Globalization;
using System.Text;

using Cairn.Store.Files;

namespace Cairn.Store.Archives;

/// <summary>Reads an <c>ar</c> archive, as a <c>.deb</c> is one, front to back.</summary>
internal sealed class ArReader
{
    private const int HeaderBytes = 60;

    private readonly Stream _source;
    private Action? _skip;

    /// <summary>Reads the beginning. Throws <see cref="InvalidDataException"/>.</summary>
    public ArReader(Stream source)
    {
        _source = source;
        Span<byte> magic = stackalloc byte[8];
        if (source.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) != magic.Length || !magic.SequenceEqual("!<arch>\n"u8))
        {
            throw new InvalidDataException("It is no ar archive");
        }
    }

    /// <summary>The next member with its content, which must be read before the one after it; null at the end. Throws <see cref="InvalidDataException"/>.</summary>
    public (string Name, Stream Content)? Next()
    {
        _skip?.Invoke();
        Span<byte> header = stackalloc byte[HeaderBytes];
        var count = _source.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        if (count == 0)
        {
            return null;
        }

        if (count != HeaderBytes || !header[58..].SequenceEqual("`\n"u8)
            || !long.TryParse(Encoding.ASCII.GetString(header[48..58]).AsSpan().TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
        {
            throw new InvalidDataException("The ar archive has a damaged header");
        }

        var member = new Member(_source, size);
        _skip = member.Skip;
        return (Encoding.ASCII.GetString(header[..16]).TrimEnd(' ').TrimEnd('/'), member);
    }

    /// <summary>A part of a stream.</summary>
    private sealed class Member(Stream source, long size) : ForwardStream
    {
        private long _rest = size;
        private bool _skipped;
        private readonly bool _isPadded = size % 2 == 1;

        public override int Read(Span<byte> buffer)
        {
            var wanted = (int)Math.Min(buffer.Length, _rest);
            if (wanted == 0)
            {
                return 0;
            }

            var count = source.Read(buffer[..wanted]);
            _rest -= count;
            return count > 0 ? count : throw new InvalidDataException("The ar archive ends too early");
        }

        public void Skip()
        {
            if (_skipped)
            {
                return;
            }

            _skipped = true;
            Span<byte> buffer = stackalloc byte[4096];
            while (Read(buffer) > 0)
            {
                // Only to get past it.
            }

            if (_isPadded)
            {
                _ = source.ReadByte();
            }
        }
    }
}
