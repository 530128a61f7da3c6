using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Core.Protobuf;

/// <summary>
/// Writes protobuf messages. They are canonical where the caller writes fields in the order of their numbers and the items of a repeated field in
/// a fixed one: lengths and numbers are as short as they can be, and a field with its default value is left out.
/// </summary>
public sealed class ProtoWriter
{
    private const int DigestCharsMax = 96;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // What one thread keeps of a message for the next: above that it was an exception.
    private const int SpareBytesMax = 1 << 16;

    [ThreadStatic]
    private static ProtoWriter? Spare;

    private byte[] _buffer = new byte[512];
    private int _length;

    /// <summary>One to write with and to <see cref="Return"/>, so that the many small messages of a run share a buffer.</summary>
    public static ProtoWriter Rent()
    {
        var writer = Spare ?? new ProtoWriter();
        Spare = null;
        return writer;
    }

    /// <summary>Gives it back, for the next message of this thread. It is not used afterwards, nor what it has <see cref="Written"/>.</summary>
    public void Return()
    {
        if (_buffer.Length <= SpareBytesMax)
        {
            Clear();
            Spare = this;
        }
    }

    /// <summary>What was written since the beginning or <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Begins anew.</summary>
    public void Clear() => _length = 0;

    /// <summary>A copy of what was written.</summary>
    public ImmutableArray<byte> ToImmutableArray() => ImmutableArray.Create(Written);

    /// <summary>Writes a number; negative ones of a signed field are sign-extended to 64 bits by the caller's cast.</summary>
    public void WriteVarint(int field, ulong value)
    {
        if (value != 0)
        {
            WriteTag(field, ProtoWireType.Varint);
            WriteRaw(value);
        }
    }

    /// <summary>Writes a truth value.</summary>
    public void WriteBool(int field, bool value) => WriteVarint(field, value ? 1UL : 0);

    /// <summary>Writes a <c>double</c>.</summary>
    public void WriteDouble(int field, double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        if (bits != 0)
        {
            WriteTag(field, ProtoWireType.Fixed64);
            BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), bits);
        }
    }

    /// <summary>Writes a text. Throws <see cref="ArgumentException"/> for one that has no UTF-8 form.</summary>
    public void WriteText(int field, ReadOnlySpan<char> value)
    {
        if (!value.IsEmpty)
        {
            WriteTextItem(field, value);
        }
    }

    /// <summary>Writes an item of a repeated text, which is there although it is empty.</summary>
    public void WriteTextItem(int field, ReadOnlySpan<char> value)
    {
        var length = StrictUtf8.GetByteCount(value);
        WriteTag(field, ProtoWireType.Length);
        WriteRaw((ulong)length);
        StrictUtf8.GetBytes(value, Take(length));
    }

    /// <summary>Writes bytes.</summary>
    public void WriteBytes(int field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            WriteTag(field, ProtoWireType.Length);
            WriteRaw((ulong)value.Length);
            value.CopyTo(Take(value.Length));
        }
    }

    /// <summary>Writes a message that is encoded already, which is there although it is empty.</summary>
    public void WriteMessage(int field, ReadOnlySpan<byte> message)
    {
        WriteTag(field, ProtoWireType.Length);
        WriteRaw((ulong)message.Length);
        message.CopyTo(Take(message.Length));
    }

    /// <summary>Writes a REAPI <c>Digest</c>: <c>hash</c> is 1, <c>size_bytes</c> is 2.</summary>
    public void WriteDigest(int field, Digest digest)
    {
        Span<char> text = stackalloc char[DigestCharsMax];
        digest.TryFormat(text, out _, default, CultureInfo.InvariantCulture);
        var message = Begin(field);
        WriteTextItem(1, text[..(2 * Digest.HashBytes)]);
        WriteVarint(2, (ulong)digest.SizeBytes);
        End(message);
    }

    /// <summary>Begins a message within this one, which is there even if it stays empty. The result is for <see cref="End"/>.</summary>
    public int Begin(int field)
    {
        WriteTag(field, ProtoWireType.Length);
        // Most messages need one byte for their length; End makes room for more.
        Take(1);
        return _length;
    }

    /// <summary>Ends a message.</summary>
    public void End(int begin)
    {
        var length = _length - begin;
        var extra = VarintSize((ulong)length) - 1;
        if (extra > 0)
        {
            Take(extra);
            _buffer.AsSpan(begin, length).CopyTo(_buffer.AsSpan(begin + extra));
        }

        PutRaw(_buffer.AsSpan(begin - 1), (ulong)length);
    }

    private static int VarintSize(ulong value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }

    private static void PutRaw(Span<byte> destination, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[at++] = (byte)(value | 0x80);
        }

        destination[at] = (byte)value;
    }

    private void WriteTag(int field, ProtoWireType type) => WriteRaw(((ulong)field << 3) | (ulong)type);

    private void WriteRaw(ulong value) => PutRaw(Take(VarintSize(value)), value);

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(checked(_length + count), (int)Math.Min(2L * _buffer.Length, Array.MaxLength)));
        }

        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
