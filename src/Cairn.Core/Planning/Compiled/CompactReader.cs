using System.Buffers.Binary;
using System.Text;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Planning.Compiled;

/// <summary>Reads the primitives of a compiled graph. Never reads beyond the end, and never makes room for more than the bytes could fill.</summary>
internal sealed class CompactReader
{
    private readonly byte[] _bytes;
    private readonly int _end;
    private readonly string[] _texts;
    private int _at;
    private int _items;
    private int _line;

    public CompactReader(ArraySegment<byte> segment)
    {
        _bytes = segment.Array ?? [];
        _at = segment.Offset;
        _end = segment.Offset + segment.Count;
        _items = segment.Count;
        if (Read() != PlanCodec.Version)
        {
            throw Damaged();
        }

        _texts = new string[ReadCount()];
        for (var i = 0; i < _texts.Length; i++)
        {
            _texts[i] = ReadContent();
        }
    }

    /// <summary>Whether everything was read.</summary>
    public bool IsAtEnd => _at == _end;

    /// <summary>What all damage is reported as.</summary>
    public static FormatException Damaged() => new("The compiled graph is damaged or of another version");

    /// <summary>Reads a length, a number of something, or a mask.</summary>
    public uint Read()
    {
        if (_at < _end && _bytes[_at] < 0x80)
        {
            return _bytes[_at++];
        }

        return ReadLonger();
    }

    /// <summary>Reads the length of a list whose items have at least one byte each.</summary>
    public int ReadCount() => Bounded(Read());

    /// <summary>The length of a list. Each item of each list has a byte of its own, so all lists together hold no more than there are bytes.</summary>
    public int Bounded(uint count)
    {
        if (count > (uint)_items)
        {
            throw Damaged();
        }

        _items -= (int)count;
        return (int)count;
    }

    /// <summary>Reads a whole number.</summary>
    public int ReadSigned()
    {
        var value = Read();
        return (int)(value >> 1) ^ -(int)(value & 1);
    }

    /// <summary>Reads eight bytes as they are.</summary>
    public long ReadLong()
    {
        if (_end - _at < 8)
        {
            throw Damaged();
        }

        var value = BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(_at));
        _at += 8;
        return value;
    }

    /// <summary>Reads a number with all its bits.</summary>
    public double ReadDouble() => BitConverter.Int64BitsToDouble(ReadLong());

    /// <summary>Reads yes or no.</summary>
    public bool ReadBoolean() => Read() switch
    {
        0 => false,
        1 => true,
        _ => throw Damaged(),
    };

    /// <summary>Reads a text.</summary>
    public string ReadText()
    {
        var number = Read();
        return number < (uint)_texts.Length ? _texts[number] : throw Damaged();
    }

    /// <summary>Reads a text or null.</summary>
    public string? ReadOptional()
    {
        var number = Read();
        return number == 0 ? null : number <= (uint)_texts.Length ? _texts[number - 1] : throw Damaged();
    }

    /// <summary>Reads a place.</summary>
    public SourceSpan ReadSpan()
    {
        var file = ReadOptional();
        _line = unchecked(_line + ReadSigned());
        var column = ReadSigned();
        var endLine = unchecked(_line + ReadSigned());

        // A place that was never set has not even an empty name.
        return new SourceSpan(file!, _line, column, endLine, ReadSigned());
    }

    private uint ReadLonger()
    {
        var value = 0u;
        for (var shift = 0; shift < 35 && _at < _end; shift += 7)
        {
            var next = _bytes[_at++];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return shift < 28 || next <= 0xF ? value : throw Damaged();
            }
        }

        throw Damaged();
    }

    private string ReadContent()
    {
        var header = Read();
        var isWide = (header & 1) != 0;
        var length = (long)(header >> 1) << (isWide ? 1 : 0);
        if (length > _end - _at)
        {
            throw Damaged();
        }

        var content = _bytes.AsSpan(_at, (int)length);
        _at += (int)length;
        if (!isWide)
        {
            return Encoding.Latin1.GetString(content);
        }

        var text = new StringBuilder(content.Length / 2);
        for (var i = 0; i < content.Length; i += 2)
        {
            text.Append((char)BinaryPrimitives.ReadUInt16LittleEndian(content[i..]));
        }

        return text.ToString();
    }
}
