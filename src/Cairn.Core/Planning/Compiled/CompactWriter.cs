using System.Buffers.Binary;
using System.Runtime.InteropServices;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Planning.Compiled;

/// <summary>Writes the primitives of a compiled graph: varints, texts by number, places.</summary>
internal sealed class CompactWriter
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _texts = [];
    private byte[] _buffer = new byte[4096];
    private int _length;
    private int _line;

    /// <summary>Writes a length, a number of something, or a mask.</summary>
    public void Write(uint value)
    {
        Reserve(5);
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }

    /// <summary>Writes a length.</summary>
    public void WriteCount(int count) => Write(checked((uint)count));

    /// <summary>Writes a whole number.</summary>
    public void WriteSigned(int value) => Write((uint)((value << 1) ^ (value >> 31)));

    /// <summary>Writes eight bytes as they are.</summary>
    public void WriteLong(long value)
    {
        Reserve(8);
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(_length), value);
        _length += 8;
    }

    /// <summary>Writes a number with all its bits.</summary>
    public void WriteDouble(double value) => WriteLong(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Writes yes or no.</summary>
    public void WriteBoolean(bool value) => Write(value ? 1u : 0u);

    /// <summary>Writes a text.</summary>
    public void WriteText(string text) => Write((uint)Number(text));

    /// <summary>Writes a text or null.</summary>
    public void WriteOptional(string? text) => Write(text is null ? 0 : (uint)Number(text) + 1);

    /// <summary>Writes a place; lines as the distance from the place before.</summary>
    public void WriteSpan(SourceSpan span)
    {
        WriteOptional(span.File);
        WriteSigned(unchecked(span.Line - _line));
        WriteSigned(span.Column);
        WriteSigned(unchecked(span.EndLine - span.Line));
        WriteSigned(span.EndColumn);
        _line = span.Line;
    }

    /// <summary>The version, the texts and all that was written.</summary>
    public byte[] ToArray(byte version)
    {
        var head = new CompactWriter();
        head.Write(version);
        head.WriteCount(_texts.Count);
        foreach (var text in _texts)
        {
            head.WriteContent(text);
        }

        var all = new byte[head._length + _length];
        head._buffer.AsSpan(0, head._length).CopyTo(all);
        _buffer.AsSpan(0, _length).CopyTo(all.AsSpan(head._length));
        return all;
    }

    /// <summary>A byte for each UTF-16 unit where that suffices, else two: no text is too odd for it.</summary>
    private void WriteContent(string text)
    {
        var isWide = text.AsSpan().ContainsAnyExceptInRange('\0', '\xFF');
        Write(checked((uint)text.Length << 1) | (isWide ? 1u : 0u));
        Reserve(text.Length * 2);
        if (isWide)
        {
            foreach (var c in text)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_length), c);
                _length += 2;
            }
        }
        else
        {
            foreach (var c in text)
            {
                _buffer[_length++] = (byte)c;
            }
        }
    }

    private int Number(string text)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, text, out var exists);
        if (!exists)
        {
            number = _texts.Count;
            _texts.Add(text);
        }

        return number;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }
    }
}
