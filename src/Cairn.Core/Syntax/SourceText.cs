namespace Cairn.Core.Syntax;

/// <summary>The text of one source file.</summary>
/// <param name="name">The path as it is shown, relative to the project.</param>
/// <param name="text">The decoded text.</param>
public sealed class SourceText(string name, string text)
{
    private string[]? _lines;

    /// <summary>The path as it is shown, relative to the project.</summary>
    public string Name { get; } = name;

    /// <summary>The decoded text.</summary>
    public string Text { get; } = text;

    /// <summary>A line by its number from 1, without its end; empty past the end.</summary>
    public string Line(int number)
    {
        _lines ??= Text.ReplaceLineEndings("\n").Split('\n');
        return number >= 1 && number <= _lines.Length ? _lines[number - 1] : "";
    }
}
