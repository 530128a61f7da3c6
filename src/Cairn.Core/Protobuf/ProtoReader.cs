using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

using Cairn.Core.Content;

namespace Cairn.Core.Protobuf;

/// <summary>How the value of a protobuf field is laid out. Groups (3 and 4) are not read.</summary>
public enum ProtoWireType
{
    /// <summary>A number of up to 64 bits.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>A length, and so many bytes.</summary>
    Length = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}

/// <summary>
/// Reads a protobuf message from bytes that nobody vouches for. The first mistake ends it: <see cref="Next"/> is false from then on and
/// <see cref="Error"/> says why; no method throws, and none allocates more than the bytes that are there.
/// </summary>
/// <example>
/// <code>
/// while (reader.Next())
/// {
///     switch (reader.Field)
///     {
///         case 1: name = reader.Text(); break;
///         case 2: items.Add(reader.TextItem()); break;
///         default: reader.Skip(); break;
///     }
/// }
/// </code>
/// </example>
public ref struct ProtoReader
{
    private const int VarintBytesMax = 10;
    private const int FieldMax = (1 << 29) - 1;

    private readonly ReadOnlySpan<byte> _data;
    private int _at;
    private ulong _seen;
    private ProtoWireType _type;

    /// <summary>Reads a message.</summary>
    public ProtoReader(ReadOnlySpan<byte> data) => _data = data;

    /// <summary>The number of the field that <see cref="Next"/> came to.</summary>
    public int Field { get; private set; }

    /// <summary>What is wrong with the message, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>Goes to the next field; its value must be read or skipped. False at the end, and after a mistake.</summary>
    public bool Next()
    {
        if (Error is not null || _at == _data.Length)
        {
            return false;
        }

        var tag = Raw();
        var field = tag >> 3;
        if (Error is not null)
        {
            return false;
        }

        _type = (ProtoWireType)(tag & 7);
        Field = (int)Math.Min(field, FieldMax);
        if (field is 0 or > FieldMax)
        {
            return Fail("a field number that there is not");
        }

        return _type is ProtoWireType.Varint or ProtoWireType.Fixed64 or ProtoWireType.Length or ProtoWireType.Fixed32 || Fail("a value of an unknown layout");
    }

    /// <summary>Ends the reading; always false.</summary>
    public bool Fail(string error)
    {
        Error ??= error;
        _at = _data.Length;
        return false;
    }

    /// <summary>A number of a field that stands once.</summary>
    public ulong Varint() => Single(ProtoWireType.Varint) ? Raw() : 0;

    /// <summary>A number from 0 to 2³¹-1 of a field that stands once.</summary>
    public int Count()
    {
        var value = LongCount();
        if (value <= int.MaxValue)
        {
            return (int)value;
        }

        Fail("a number that is too large");
        return 0;
    }

    /// <summary>A number from 0 to 2⁶³-1 of a field that stands once.</summary>
    public long LongCount()
    {
        var value = Varint();
        if (value <= long.MaxValue)
        {
            return (long)value;
        }

        Fail("a number that is too large");
        return 0;
    }

    /// <summary>A truth value of a field that stands once.</summary>
    public bool Bool()
    {
        var value = Varint();
        return value <= 1 ? value == 1 : Fail("a truth value that is neither 0 nor 1");
    }

    /// <summary>A finite <c>double</c> of a field that stands once.</summary>
    public double Double()
    {
        if (!Single(ProtoWireType.Fixed64))
        {
            return 0;
        }

        var bytes = Take(sizeof(ulong));
        var value = bytes.IsEmpty ? 0 : BinaryPrimitives.ReadDoubleLittleEndian(bytes);
        if (double.IsFinite(value))
        {
            return value;
        }

        Fail("a number that is not finite");
        return 0;
    }

    /// <summary>A text of a field that stands once.</summary>
    public string Text() => Decoded(Bytes());

    /// <summary>An item of a repeated text.</summary>
    public string TextItem() => Decoded(BytesItem());

    /// <summary>Bytes, or a message, of a field that stands once.</summary>
    public ReadOnlySpan<byte> Bytes() => Single(ProtoWireType.Length) ? Lengthy() : default;

    /// <summary>An item of repeated bytes or messages.</summary>
    public ReadOnlySpan<byte> BytesItem() => Is(ProtoWireType.Length) ? Lengthy() : default;

    /// <summary>A REAPI <c>Digest</c> of a field that stands once.</summary>
    public Digest Digest()
    {
        var message = new ProtoReader(Bytes());
        ReadOnlySpan<byte> hash = default;
        long sizeBytes = 0;
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    hash = message.Bytes();
                    break;
                case 2:
                    sizeBytes = message.LongCount();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        Span<byte> bytes = stackalloc byte[Content.Digest.HashBytes];
        if (Error is null && message.Error is null && TryDecodeHex(hash, bytes))
        {
            return new Digest(bytes, sizeBytes);
        }

        Fail(message.Error ?? "a digest that is none");
        return default;
    }

    /// <summary>Passes over a value.</summary>
    public void Skip()
    {
        switch (_type)
        {
            case ProtoWireType.Varint:
                Raw();
                break;
            case ProtoWireType.Fixed64:
                Take(sizeof(ulong));
                break;
            case ProtoWireType.Fixed32:
                Take(sizeof(uint));
                break;
            default:
                Lengthy();
                break;
        }
    }

    private static bool TryDecodeHex(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        if (text.Length != 2 * bytes.Length)
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var digit = text[i] switch
            {
                >= (byte)'0' and <= (byte)'9' => text[i] - '0',
                >= (byte)'a' and <= (byte)'f' => text[i] - 'a' + 10,
                _ => -1,
            };
            if (digit < 0)
            {
                return false;
            }

            bytes[i / 2] = (byte)((bytes[i / 2] << 4) | digit);
        }

        return true;
    }

    /// <summary>Two values for one field would leave it to the reader which one counts.</summary>
    private bool Single(ProtoWireType type)
    {
        var bit = Field < 64 ? 1UL << Field : 0;
        if ((_seen & bit) != 0)
        {
            return Fail("a field that stands twice");
        }

        _seen |= bit;
        return Is(type);
    }

    private bool Is(ProtoWireType type) => _type == type || Fail("a value of another type");

    private string Decoded(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        Fail("a text that is not UTF-8");
        return "";
    }

    private ReadOnlySpan<byte> Lengthy()
    {
        var length = Raw();
        return length <= (ulong)(_data.Length - _at) ? Take((int)length) : Cut();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _data.Length - _at)
        {
            return Cut();
        }

        _at += count;
        return _data.Slice(_at - count, count);
    }

    private ReadOnlySpan<byte> Cut()
    {
        Fail("an end in the middle of a value");
        return default;
    }

    private ulong Raw()
    {
        var value = 0UL;
        for (var i = 0; i < VarintBytesMax && _at < _data.Length; i++)
        {
            var b = _data[_at++];
            if (i == VarintBytesMax - 1 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                return value;
            }
        }

        Fail("a number that does not end");
        return 0;
    }
}
