using System.Collections.Immutable;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>How a table of TOML came to be, which decides who may add to it.</summary>
internal enum TomlTableKind
{
    /// <summary>Named on the way to another by a header; a header of its own may follow.</summary>
    Implied,

    /// <summary>By a header of its own.</summary>
    Header,

    /// <summary>By a dotted key; further dotted keys may add to it.</summary>
    Dotted,
}

/// <summary>A table of TOML while it is read.</summary>
internal sealed class TomlTable(TomlTableKind kind, SourceSpan span)
{
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly List<(ScalarNode Key, object Value)> _entries = [];

    public TomlTableKind Kind { get; set; } = kind;

    /// <summary>Where it begins: its header, or the key that made it.</summary>
    public SourceSpan Span { get; set; } = span;

    /// <summary>A key with its value: a <see cref="Node"/>, a <see cref="TomlTable"/>, or a list of them for an array of tables.</summary>
    public (ScalarNode Key, object Value)? Find(string key) => _index.TryGetValue(key, out var at) ? _entries[at] : null;

    /// <summary>Adds a key that is not there yet.</summary>
    public void Add(ScalarNode key, object value)
    {
        _index.Add(key.Text, _entries.Count);
        _entries.Add((key, value));
    }

    /// <summary>The table as others see it.</summary>
    public MappingNode ToNode()
    {
        var entries = ImmutableArray.CreateBuilder<MappingEntry>(_entries.Count);
        foreach (var (key, value) in _entries)
        {
            entries.Add(new MappingEntry(key, value switch
            {
                TomlTable table => table.ToNode(),
                List<TomlTable> tables => new SequenceNode([.. tables.Select(t => t.ToNode())], tables[0].Span),
                _ => (Node)value,
            }));
        }

        return new MappingNode(entries.MoveToImmutable(), Span);
    }
}
