namespace Cairn.Core.Diagnostics;

/// <summary>A range in a source file. Lines and columns count from 1; columns count UTF-16 code units; the end is exclusive.</summary>
public readonly record struct SourceSpan(string File, int Line, int Column, int EndLine, int EndColumn)
{
    /// <summary>The span of a diagnostic that has no place in a file.</summary>
    public static SourceSpan None { get; } = new("", 0, 0, 0, 0);

    /// <summary>Whether this span names a place.</summary>
    public bool HasPlace => Line > 0;

    /// <summary><c>file:line:column</c>, or nothing for <see cref="None"/>.</summary>
    public override string ToString() => HasPlace ? $"{File}:{Line}:{Column}" : File ?? "";
}
