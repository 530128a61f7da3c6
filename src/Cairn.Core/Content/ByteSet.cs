namespace Cairn.Core.Content;

/// <summary>The bytes that a bracket of an ignore pattern takes; never a slash.</summary>
internal sealed class ByteSet
{
    private readonly ulong[] _bits = new ulong[4];

    private ByteSet()
    {
    }

    /// <summary>What <c>?</c> takes.</summary>
    public static ByteSet AllButSlash { get; } = new ByteSet().Inverted().Without((byte)'/');

    /// <summary>Whether a byte is in it.</summary>
    public bool Contains(byte value) => (_bits[value >> 6] & (1UL << (value & 63))) != 0;

    /// <summary>Reads a bracket expression, from its <c>[</c> to after its <c>]</c>; null where it is not closed or names a class that does not exist.</summary>
    public static ByteSet? TryParse(ReadOnlySpan<byte> pattern, ref int at)
    {
        var set = new ByteSet();
        var i = at + 1;
        var negated = i < pattern.Length && pattern[i] is (byte)'!' or (byte)'^';
        if (negated)
        {
            i++;
        }

        // The lower end of a range, 0 where none can begin here: git takes a class or a finished range for no lower end.
        byte previous = 0;
        for (var first = true; first || i >= pattern.Length || pattern[i] != ']'; first = false)
        {
            if (i >= pattern.Length)
            {
                return null;
            }

            var value = pattern[i];
            if (value == '\\')
            {
                if (++i >= pattern.Length)
                {
                    return null;
                }

                value = pattern[i];
                set.Add(value, value);
            }
            else if (value == '-' && previous != 0 && i + 1 < pattern.Length && pattern[i + 1] != ']')
            {
                value = pattern[++i];
                if (value == '\\')
                {
                    if (++i >= pattern.Length)
                    {
                        return null;
                    }

                    value = pattern[i];
                }

                set.Add(previous, value);
                value = 0;
            }
            else if (value == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':')
            {
                var length = pattern[(i + 2)..].IndexOf((byte)']');
                if (length < 0)
                {
                    return null;
                }

                var name = pattern.Slice(i + 2, length);
                if (name.Length > 0 && name[^1] == ':')
                {
                    if (!set.TryAddClass(name[..^1]))
                    {
                        return null;
                    }

                    i += 2 + length;
                    value = 0;
                }
                else
                {
                    set.Add(value, value);
                }
            }
            else
            {
                set.Add(value, value);
            }

            previous = value;
            i++;
        }

        at = i + 1;
        return (negated ? set.Inverted() : set).Without((byte)'/');
    }

    private bool TryAddClass(ReadOnlySpan<byte> name)
    {
        switch (name)
        {
            case var _ when name.SequenceEqual("alnum"u8):
                Add('0', '9').Add('A', 'Z').Add('a', 'z');
                return true;
            case var _ when name.SequenceEqual("alpha"u8):
                Add('A', 'Z').Add('a', 'z');
                return true;
            case var _ when name.SequenceEqual("blank"u8):
                Add(' ', ' ').Add('\t', '\t');
                return true;
            case var _ when name.SequenceEqual("cntrl"u8):
                Add(0, 0x1f).Add(0x7f, 0x7f);
                return true;
            case var _ when name.SequenceEqual("digit"u8):
                Add('0', '9');
                return true;
            case var _ when name.SequenceEqual("graph"u8):
                Add('!', '~');
                return true;
            case var _ when name.SequenceEqual("lower"u8):
                Add('a', 'z');
                return true;
            case var _ when name.SequenceEqual("print"u8):
                Add(' ', '~');
                return true;
            case var _ when name.SequenceEqual("punct"u8):
                Add('!', '/').Add(':', '@').Add('[', '`').Add('{', '~');
                return true;
            case var _ when name.SequenceEqual("space"u8):
                // As git has it: no vertical tab and no form feed.
                Add(' ', ' ').Add('\t', '\n').Add('\r', '\r');
                return true;
            case var _ when name.SequenceEqual("upper"u8):
                Add('A', 'Z');
                return true;
            case var _ when name.SequenceEqual("xdigit"u8):
                Add('0', '9').Add('A', 'F').Add('a', 'f');
                return true;
            default:
                return false;
        }
    }

    private ByteSet Add(int first, int last)
    {
        for (var value = first; value <= last; value++)
        {
            _bits[value >> 6] |= 1UL << (value & 63);
        }

        return this;
    }

    private ByteSet Inverted()
    {
        for (var i = 0; i < _bits.Length; i++)
        {
            _bits[i] = ~_bits[i];
        }

        return this;
    }

    private ByteSet Without(byte value)
    {
        _bits[value >> 6] &= ~(1UL << (value & 63));
        return this;
    }
}
