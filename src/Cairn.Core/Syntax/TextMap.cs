using System.Collections.Immutable;

namespace Cairn.Core.Syntax;

/// <summary>Records where the characters of a scalar's text stand, as few runs as that takes.</summary>
internal sealed class TextMap(SourceText source)
{
    private readonly ImmutableArray<TextOrigin>.Builder _runs = ImmutableArray.CreateBuilder<TextOrigin>(1);
    private int _offset;
    private int _index;
    private int _line;
    private int _lineEnd = -1;

    /// <summary>The character at <paramref name="offset"/> of the text stands at <paramref name="index"/> of the source.</summary>
    public void Add(int offset, int index)
    {
        var sameLine = index < _lineEnd && _runs.Count > 0;
        if (sameLine && index - _index == offset - _offset)
        {
            return;
        }

        if (!sameLine)
        {
            (_line, _) = source.PositionAt(index);
            _lineEnd = source.LineEnd(_line) + 1;
        }

        (_offset, _index) = (offset, index);
        _runs.Add(new TextOrigin(offset, _line, index - source.LineStart(_line) + 1));
    }

    public ImmutableArray<TextOrigin> ToRuns() => _runs.DrainToImmutable();
}
