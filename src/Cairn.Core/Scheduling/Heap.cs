namespace Cairn.Core.Scheduling;

/// <summary>Items by a key and an index, smallest first. Not the library's queue: for a pair as priority that has the runtime find a comparer by reflection and compile it.</summary>
internal sealed class Heap<T>
    where T : class
{
    private Entry[] _entries = new Entry[16];
    private int _count;

    private readonly record struct Entry(T Item, long Key, int Index)
    {
        public bool IsBefore(in Entry other) => Key != other.Key ? Key < other.Key : Index < other.Index;
    }

    public void Add(T item, long key, int index)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        var entry = new Entry(item, key, index);
        var at = _count++;
        while (at > 0 && entry.IsBefore(_entries[(at - 1) / 2]))
        {
            _entries[at] = _entries[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _entries[at] = entry;
    }

    /// <summary>The first item and its key; null where there is none.</summary>
    public T? Peek(out long key)
    {
        key = _count == 0 ? 0 : _entries[0].Key;
        return _count == 0 ? null : _entries[0].Item;
    }

    /// <summary>Takes the first item out.</summary>
    public void RemoveFirst()
    {
        var last = _entries[--_count];
        _entries[_count] = default;
        var at = 0;
        while ((2 * at) + 1 is var child && child < _count)
        {
            if (child + 1 < _count && _entries[child + 1].IsBefore(_entries[child]))
            {
                child++;
            }

            if (!_entries[child].IsBefore(last))
            {
                break;
            }

            _entries[at] = _entries[child];
            at = child;
        }

        if (_count > 0)
        {
            _entries[at] = last;
        }
    }
}
