using Cairn.Core.Content;

namespace Cairn.Store.Actions;

/// <summary>
/// From digests to positive numbers: open addressing over arrays. A <see cref="Dictionary{TKey, TValue}"/> over a structure of ours would be compiled
/// when it is first used, which takes longer than a thousand look-ups.
/// </summary>
internal sealed class DigestTable
{
    private Digest[] _keys = new Digest[256];
    private long[] _values = new long[256];

    public int Count { get; private set; }

    /// <summary>The number of a digest; 0 where it is not there.</summary>
    public long this[Digest key]
    {
        get => _values[SlotOf(key)];
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            var slot = SlotOf(key);
            if (_values[slot] == 0)
            {
                if (++Count > _keys.Length / 4 * 3)
                {
                    Grow();
                    slot = SlotOf(key);
                }

                _keys[slot] = key;
            }

            _values[slot] = value;
        }
    }

    /// <summary>The digest with a hash; null where it is not there.</summary>
    public Digest? Find(ReadOnlySpan<byte> hash)
    {
        var mask = _keys.Length - 1;
        for (var slot = (int)new Digest(hash, 0).Prefix & mask; _values[slot] != 0; slot = (slot + 1) & mask)
        {
            if (_keys[slot] == new Digest(hash, _keys[slot].SizeBytes))
            {
                return _keys[slot];
            }
        }

        return null;
    }

    private int SlotOf(Digest key)
    {
        var mask = _keys.Length - 1;
        var slot = (int)key.Prefix & mask;
        while (_values[slot] != 0 && _keys[slot] != key)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void Grow()
    {
        var (keys, values) = (_keys, _values);
        _keys = new Digest[2 * keys.Length];
        _values = new long[2 * keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            if (values[i] != 0)
            {
                var slot = SlotOf(keys[i]);
                _keys[slot] = keys[i];
                _values[slot] = values[i];
            }
        }
    }
}
