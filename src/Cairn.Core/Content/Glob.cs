using System.Diagnostics.CodeAnalysis;

namespace Cairn.Core.Content;

/// <summary>
/// A glob over relative paths: <c>*</c> and <c>?</c> within a segment, <c>[a-z]</c> and <c>[!a-z]</c>, <c>**</c> for any number of
/// segments, <c>{a,b}</c>, <c>\</c> to quote. A glob that names a folder (or ends in <c>/</c>) matches everything below it.
/// </summary>
public sealed class Glob
{
    /// <summary>The text as written, normalised (<c>./</c> and double slashes gone).</summary>
    public string Text { get; init; } = "";

    /// <summary>Whether it has no wildcard, so that it names one path.</summary>
    public bool IsLiteral { get; init; }

    /// <summary>The folder below which all matches stand: <c>build/</c> of <c>build/**/*.o</c>; empty for the project itself.</summary>
    public string LiteralPrefix { get; init; } = "";

    /// <summary>Parses a glob; says what is wrong with a bad one: absolute, escaping through <c>..</c>, unclosed brackets, too long, empty.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Glob? glob, [NotNullWhen(false)] out string? error) => throw new NotSupportedException();

    /// <summary>Whether a path (no leading <c>./</c>) matches, itself or by a folder above it. Linear in the path times the glob.</summary>
    public bool IsMatch(ReadOnlySpan<char> path) => throw new NotSupportedException();

    /// <summary>Whether something below this folder could match, so that a walker need not enter others.</summary>
    public bool CouldMatchBelow(ReadOnlySpan<char> folder) => throw new NotSupportedException();
}
